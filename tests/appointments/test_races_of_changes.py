"""Changes that come at once: each line is tried again once, each minute counted once."""

import asyncio

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import AccessNotes, Appointment
from doorstep.catalogue.model import LineOutcome as Came
from doorstep.wiring import House
from tests import given
from tests.appointments.sheets import promises
from tests.appointments.visits import at, remainder, visited
from tests.crowd import budgets_add_up, codes
from tests.given import ADA


@pytest.mark.row("A10")
async def test_a_remainder_asked_for_twelve_times_at_once_is_promised_once(house: House):
    visit = await visited(house, Came.COLLECTED, Came.NOT_READY)
    outcomes = await asyncio.gather(
        *(
            house.appointments.rebook(remainder(visit, at(hour)), given.attempt(house))
            for hour in (12, 14, 16) * 4
        )
    )

    assert codes(outcomes) == {"OK": 1, "NOTHING_LEFT": 11}
    (again,) = [each for each in outcomes if isinstance(each, Appointment)]
    assert (await house.appointments.load([visit.id]))[visit.id].rebooked_as == (again.id,)
    assert await promises(house) == 2
    assert await budgets_add_up(house)


@pytest.mark.row("A11", "A8")
async def test_more_stairs_and_another_window_at_once_are_counted_once(house: House):
    await given.real_costs(house)
    for floor in range(5, 15):
        promise = await given.booked(house, access_notes=AccessNotes(floor=2, has_lift=False))
        notes = AccessNotes(floor=floor, has_lift=False)
        changing = house.appointments.change_access_notes(
            promise.id,
            ADA.account_id,
            notes,
            given.attempt(house),
            expected_version=1,
            by_role=Role.CUSTOMER,
        )
        moving = house.appointments.reschedule(
            promise.id,
            ADA.account_id,
            given.slot(8 + 2 * (floor % 6), day=given.TOMORROW.replace(day=27)),
            given.attempt(house),
            expected_version=1,
            by_role=Role.CUSTOMER,
            reason=None,
        )
        outcomes = await asyncio.gather(changing, moving)
        assert codes(outcomes) == {"OK": 1, "STALE_VERSION": 1}
    assert await budgets_add_up(house)
