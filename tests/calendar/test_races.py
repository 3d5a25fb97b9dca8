"""Many who change the calendar at once: one of them does."""

import asyncio
from typing import Any

import pytest

from doorstep.wiring import House
from tests import given
from tests.calendar.test_changes import OURS, SPRING, boat_of, cancelled, closed, told
from tests.crowd import codes
from tests.given import ROUTE, TODAY


@pytest.mark.row("B6")
async def test_of_ten_who_change_a_day_at_once_one_does(house: House):
    def change(number: int) -> Any:
        asked = OURS.model_copy(update={"name": f"第{number}"})
        attempt = given.attempt(house)
        return house.calendar.set_day(SPRING, asked, attempt, expected_version=0, by="acc_su")

    outcomes = await asyncio.gather(*(change(number) for number in range(10)))

    assert codes(outcomes) == {"OK": 1, "STALE_VERSION": 9}
    assert await told(house) == {"CalendarDayChanged": 1}


@pytest.mark.row("B6")
async def test_of_ten_who_close_a_unit_at_once_one_does(house: House):
    outcomes = await asyncio.gather(*(closed(house) for _ in range(10)))

    assert codes(outcomes) == {"OK": 1, "ALREADY_CLOSED": 9}
    assert await told(house) == {"ClosureAdded": 1}


@pytest.mark.row("C5")
async def test_of_ten_who_cancel_a_boat_at_once_one_does(house: House):
    await given.ferry(house)
    boat = await boat_of(house)

    outcomes = await asyncio.gather(*(cancelled(house, boat) for _ in range(10)))

    assert codes(outcomes) == {"OK": 1, "STALE_VERSION": 9}
    assert await told(house) == {"SailingCancelled": 1}


@pytest.mark.row("C5")
async def test_two_workers_who_fill_at_once_make_each_boat_once(house: House):
    await given.ferry(house, days=0)

    made = await asyncio.gather(*(house.calendar.fill_sailings(TODAY, 15) for _ in range(4)))

    assert sum(made) == 15
    assert len(await house.calendar.sailings_of(ROUTE.id, TODAY, 30)) == 15
