"""Whatever is killed, and whenever: no promise is lost, none is made twice, and all get theirs.

`make drills` runs the same several times and tells how long the customers waited.
"""

from typing import Final

from tests.drills import scenes
from tests.drills.customers import WANTED
from tests.drills.findings import Outcome
from tests.drills.members import ReplicaSet, hang, kill
from tests.drills.processes import Site

PATIENCE: Final = 30
"""Seconds without service that nothing here may reach, on however busy a machine."""


def keeps_its_word(outcome: Outcome) -> None:
    assert outcome.lost == 0
    assert outcome.doubled == 0
    assert outcome.acknowledged == WANTED
    assert outcome.faults == ()
    assert outcome.outage < PATIENCE


async def test_an_api_killed_during_200_bookings_loses_and_doubles_none(site: Site):
    keeps_its_word(await scenes.api_killed(site))


async def test_a_worker_killed_at_every_step_leaves_its_work_to_the_next_one(site: Site):
    keeps_its_word(await scenes.worker_killed(site))


async def test_a_mongod_killed_under_load_is_brought_back_with_all_it_acknowledged(site: Site):
    keeps_its_word(await scenes.mongod_killed(site))


async def test_the_primary_of_three_killed_under_load_takes_nothing_with_it(
    replicated: Site, members: ReplicaSet
):
    outcome = await scenes.primary_lost(
        replicated, members, kill, "primary killed", crowd=0, gone_for=1
    )

    keeps_its_word(outcome)


async def test_a_primary_that_hangs_for_ten_seconds_is_done_without(
    replicated: Site, members: ReplicaSet
):
    outcome = await scenes.primary_lost(
        replicated, members, hang, "primary hung", crowd=1, gone_for=scenes.HUNG_SECONDS
    )

    keeps_its_word(outcome)
