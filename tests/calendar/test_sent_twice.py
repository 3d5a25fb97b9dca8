"""Every change of the calendar: sent twice, sent 20 times at once, sent dry. On one driver, in one
house: what the journeys ask of both drivers is not asked again.
"""

from datetime import date, timedelta
from typing import Any, Final

import pytest

from doorstep.calendar.model import BlockAsked, BlockKind, DayAsked
from doorstep.wiring import House
from tests import given
from tests.given import DAN, SU
from tests.journeys.conftest import Sign, address, app
from tests.journeys.test_sent_twice import Case, sent_again_and_again

__all__ = ["address", "app"]

DAY_SET: Final = {"day": "2027-02-05", "isWorkday": False, "citation": "本局", "expectedVersion": 0}
CLOSED: Final = {"unitId": "org_branch", "day": str(given.TOMORROW), "reason": "盘点"}
BLOCKED: Final = {
    "unitId": "org_branch",
    "areaIds": [given.WEST],
    "start": "2026-11-25T00:00:00.000Z",
    "end": "2026-11-25T04:00:00.000Z",
    "kind": "TYPHOON",
    "reason": "台风",
}


async def _set_day(house: House) -> dict[str, Any]:
    return dict(DAY_SET)


async def _clear_day(house: House) -> dict[str, Any]:
    asked = DayAsked(is_workday=False, citation="本局")
    day, attempt = date(2027, 2, 6), given.attempt(house)
    await house.calendar.set_day(day, asked, attempt, expected_version=0, by=SU.account_id)
    return {"day": str(day), "expectedVersion": 1}


async def _close(house: House) -> dict[str, Any]:
    return dict(CLOSED)


async def _reopen(house: House) -> dict[str, Any]:
    unit = await house.organisation.unit("org_branch")
    assert unit
    attempt = given.attempt(house)
    closed = await house.calendar.close(
        unit, given.TOMORROW + timedelta(days=1), "盘点", attempt, by=DAN.account_id
    )
    return {"id": closed.id, "expectedVersion": 1}


async def _block(house: House) -> dict[str, Any]:
    return dict(BLOCKED)


async def _lift(house: House) -> dict[str, Any]:
    window, unit = given.window(10), await house.organisation.unit("org_branch")
    asked = BlockAsked(start=window.start, end=window.end, kind=BlockKind.SNOW, reason="雪")
    block = await house.calendar.add_block(unit, asked, given.attempt(house), by=DAN.account_id)
    return {"id": block.id, "expectedVersion": 1}


async def _add_boat(house: House) -> dict[str, Any]:
    return {
        "routeId": given.ROUTE.id,
        "departsAt": "2026-11-25T01:00:00.000Z",
        "returnsAt": "2026-11-25T09:00:00.000Z",
    }


async def _cancel_boat(house: House) -> dict[str, Any]:
    boat, *_ = await house.calendar.sailings_of(given.ROUTE.id, given.TOMORROW, 1)
    return {"id": boat.id, "expectedVersion": 1, "reason": "大风"}


CASES: Final = [
    Case(
        "SetCalendarDay", SU, _set_day, {"name": "春节"}, {"expectedVersion": 7}, "CalendarDaySet"
    ),
    Case(
        "ClearCalendarDay",
        SU,
        _clear_day,
        {"day": "2027-02-08"},
        {"expectedVersion": 7},
        "CalendarDayCleared",
    ),
    Case("CloseUnit", DAN, _close, {"reason": "雪"}, {"unitId": "org_city"}, "UnitClosed"),
    Case("ReopenUnit", DAN, _reopen, {"id": "clo_x"}, {"expectedVersion": 7}, "UnitReopened"),
    Case("AddBlock", DAN, _block, {"areaIds": []}, {"areaIds": ["are_none"]}, "BlockAdded"),
    Case("LiftBlock", DAN, _lift, {"id": "blk_x"}, {"expectedVersion": 7}, "BlockLifted"),
    Case(
        "AddSailing",
        DAN,
        _add_boat,
        {"returnsAt": "2026-11-25T10:00:00.000Z"},
        {"routeId": "fer_none"},
        "SailingAdded",
    ),
    Case(
        "CancelSailing",
        DAN,
        _cancel_boat,
        {"reason": "雾"},
        {"expectedVersion": 7},
        "SailingCancelled",
    ),
]


@pytest.mark.row("A2", "B6")
async def test_a_change_of_the_calendar_happens_once(house: House, app: Sign):
    await given.ferry(house)
    for case in CASES:
        await sent_again_and_again(house, app, case)
