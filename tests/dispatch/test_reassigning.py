"""A dispatcher gives to another courier what one has."""

import asyncio
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, EventKind
from doorstep.dispatch.model import AssignmentRefusal, AssignmentRefused, Ending, StopState
from doorstep.handheld.model import Act
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.dispatch.live import promised, round_of
from tests.dispatch.test_races import now, say
from tests.given import BO, BRANCH, CAI, TODAY, Person


async def reassign(
    house: House, promise: Appointment, to: str = CAI.courier_id, **more: Any
) -> Appointment | AssignmentRefused:
    asked = {
        "expected_version": promise.version,
        "reason": None,
        "may": [BRANCH],
        "by_role": Role.DISPATCHER,
        **more,
    }
    return await house.dispatch.reassign(promise.id, to, given.attempt(house), **asked)


async def untrained(house: House) -> str:
    """A courier who may do nothing at all."""
    dee = Person("acc_dee", "+8613900002003", "Dee", (), courier_id="cou_dee")
    await given.people(house, [dee])
    card = given.courier(dee, longitude=122.1, vehicle_id="veh_dee")

    async def build(tx: Tx) -> None:
        pattern = given.shifts(card.id)
        no_skills = card.model_copy(update={"skills": ()})
        await house.couriers.add(
            (no_skills,), (given.vehicle("veh_dee", "鲁K3"),), (pattern,), tx=tx
        )

    await house.mongo.transact(build)
    await house.couriers.fill_shifts(TODAY, 2)
    return card.id


@pytest.mark.row("F3")
async def test_it_goes_from_one_round_to_the_other_in_one_step(house: House):
    promise = await promised(house)

    after = await reassign(house, promise, reason="近")

    assert isinstance(after, Appointment), after
    assert after.courier_id == CAI.courier_id
    assert [entry.kind for entry in after.history[-2:]] == [
        EventKind.UNASSIGNED,
        EventKind.ASSIGNED,
    ]
    (gone,), (come,) = (await round_of(house)).stops, (await round_of(house, CAI)).stops
    assert (gone.state, come.state) == (StopState.REMOVED, StopState.OFFERED)
    first, second = await house.dispatch.assignments_of(promise.id, [BRANCH])
    assert (first.ended, first.reason) == (Ending.REPLACED, "近")
    assert (second.courier_id, second.active) == (CAI.courier_id, True)


@pytest.mark.row("F3")
async def test_refused_it_stays_where_it_is(house: House):
    promise = await promised(house)
    stranger = "cou_none"

    async def code(to: str = CAI.courier_id, **more: Any) -> AssignmentRefusal:
        outcome = await reassign(house, await now(house, promise), to, **more)
        assert isinstance(outcome, AssignmentRefused), outcome
        assert (await now(house, promise)).courier_id == BO.courier_id
        return outcome.code

    assert await code(BO.courier_id) is AssignmentRefusal.ALREADY_THEIRS
    assert await code(stranger) is AssignmentRefusal.NOT_FOUND
    assert await code(expected_version=99) is AssignmentRefusal.STALE_VERSION
    assert await code(await untrained(house)) is AssignmentRefusal.COURIER_LACKS_SKILL
    assert await code(may=["/org_city/org_other/"]) is AssignmentRefusal.NOT_FOUND
    await say(house, BO, Act.SET_OUT, promise)
    assert await code() is AssignmentRefusal.NOT_ALLOWED_NOW


@pytest.mark.row("F3")
async def test_of_two_dispatchers_at_once_one_wins(house: House):
    promise = await promised(house)
    dee = await untrained(house)

    outcomes = await asyncio.gather(
        *(reassign(house, promise, to) for to in [CAI.courier_id, dee] * 10)
    )

    won = [each for each in outcomes if isinstance(each, Appointment)]
    assert len(won) == 1
    assigned = await house.dispatch.assignments_of(promise.id, [BRANCH])
    assert [each.courier_id for each in assigned if each.active] == [CAI.courier_id]
