"""Changing the calendar: what other rooms then see, and what is refused."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from doorstep.calendar.model import (
    Block,
    BlockAsked,
    BlockKind,
    CalendarRefusal,
    CalendarRefused,
    CalendarSource,
    Closure,
    DayAsked,
    Sailing,
)
from doorstep.calendar.rules import Almanac
from doorstep.kit.windows import day_span
from doorstep.wiring import House
from doorstep.worker import fill_horizon
from tests import given
from tests.crowd import codes
from tests.given import BRANCH, CITY, EAST, OTHER_BRANCH, ROUTE, TODAY, TOMORROW, WEST

SPRING = date(2027, 2, 5)
NIGHT_BEFORE = 2
"""Yesterday's shifts, Bo's and Cai's, which the town was built without."""
OURS = DayAsked(is_workday=False, name="除夕", citation="本局通知")


async def almanac(house: House) -> Almanac:
    return await house.calendar.almanac(day_span(TODAY, 7))


async def blocked(house: House, *, areas: tuple[str, ...] = ()) -> Any:
    window, unit = given.window(10), await house.organisation.unit("org_branch")
    asked = BlockAsked(
        area_ids=areas, start=window.start, end=window.end, kind=BlockKind.TYPHOON, reason="台风"
    )
    return await house.calendar.add_block(unit, asked, given.attempt(house), by="acc_dan")


async def closed(house: House, day: date = TOMORROW, unit_id: str = "org_branch") -> Any:
    unit = await house.organisation.unit(unit_id)
    return await house.calendar.close(unit, day, "盘点", given.attempt(house), by="acc_dan")


async def told(house: House) -> Counter[str]:
    return Counter([row["kind"] async for row in house.mongo["outbox"].find({})])


# ------------------------------------------------------------ days


@pytest.mark.row("B6")
async def test_the_bureau_s_word_holds_until_it_is_taken_back(house: House):
    calendar, attempt = house.calendar, given.attempt(house)
    before = (await calendar.workdays()).day(SPRING)
    assert (before.source, before.provisional) == (CalendarSource.WEEKDAY_RULE, True)

    await calendar.set_day(SPRING, OURS, attempt, expected_version=0, by="acc_su")
    during = (await almanac(house)).day(SPRING)
    await calendar.clear_day(SPRING, attempt, expected_version=1)
    after = (await calendar.workdays()).day(SPRING)

    assert (during.source, during.is_workday, during.name) == (CalendarSource.BUREAU, False, "除夕")
    assert not during.provisional
    assert after == before
    again = await calendar.set_day(SPRING, OURS, attempt, expected_version=2, by="acc_su")
    assert again.version == 3
    assert await told(house) == {"CalendarDayChanged": 3}


# ------------------------------------------------------------ closures and blocks


@pytest.mark.row("B6")
async def test_a_closed_unit_shuts_its_windows_until_it_is_reopened(house: House):
    closure = await closed(house)
    shut = (await almanac(house)).shut(given.window(10), TOMORROW, BRANCH, WEST)
    assert shut is not None
    assert (shut.id, shut.reason) == (closure.id, "盘点")
    assert [each.id for each in await house.calendar.closures()] == [closure.id]

    elsewhere = await house.calendar.reopen(
        closure.id, given.attempt(house), expected_version=1, may=[OTHER_BRANCH]
    )
    await house.calendar.reopen(closure.id, given.attempt(house), expected_version=1, may=[CITY])

    assert codes([elsewhere]) == {"NOT_FOUND": 1}
    assert (await almanac(house)).shut(given.window(10), TOMORROW, BRANCH, WEST) is None
    assert await house.calendar.closures() == ()
    assert (await closed(house)).version == 3
    assert await told(house) == {"ClosureAdded": 2, "ClosureLifted": 1}


async def test_a_closure_that_was_imported_can_be_reopened_and_is_not_doubled(house: House):
    await house.mongo["closures"].insert_one(
        {"_id": "clo_old", "day": str(TOMORROW), "path": BRANCH, "reason": "台风"}
    )
    assert codes([await closed(house)]) == {"ALREADY_CLOSED": 1}

    opened = await house.calendar.reopen(
        "clo_old", given.attempt(house), expected_version=1, may=[BRANCH]
    )

    assert isinstance(opened, Closure)
    assert (await closed(house)).version == 1


@pytest.mark.row("B7")
async def test_a_block_of_an_area_shuts_it_and_only_it_until_it_is_lifted(house: House):
    block = await blocked(house, areas=(WEST,))
    assert isinstance(block, Block)
    found = await almanac(house)
    assert found.shut(given.window(11, 12), TOMORROW, BRANCH, WEST)
    assert not found.shut(given.window(11, 12), TOMORROW, BRANCH, EAST)
    day, *_ = await house.calendar.days(TOMORROW, 1, BRANCH)
    assert [each.id for each in day.blocks] == [block.id]

    await house.calendar.lift_block(
        block.id, given.attempt(house), expected_version=1, may=[BRANCH]
    )

    assert not (await almanac(house)).shut(given.window(11, 12), TOMORROW, BRANCH, WEST)
    assert await told(house) == {"BlockAdded": 1, "BlockLifted": 1}


async def test_a_transaction_sees_a_block_that_memory_does_not_have_yet(house: House):
    await almanac(house)
    block = await blocked(house)
    await house.mongo["blocks"].insert_one(
        {**block.document(), "_id": "blk_elsewhere", "area_ids": [EAST]}
    )

    async def look(tx: Any) -> Almanac:
        return await house.calendar.almanac(day_span(TODAY, 7), tx=tx)

    fresh = await house.mongo.transact(look)
    assert {each.id for each in fresh.blocks} == {block.id, "blk_elsewhere"}


@pytest.mark.parametrize(
    "code", [CalendarRefusal.IN_THE_PAST, CalendarRefusal.NOT_FOUND, CalendarRefusal.STALE_VERSION]
)
async def test_what_makes_no_sense_now_is_refused_and_leaves_nothing(house: House, code: Any):
    block = await blocked(house)
    before = await told(house)
    attempt, calendar = given.attempt(house), house.calendar
    refused: dict[CalendarRefusal, list[Any]] = {
        CalendarRefusal.IN_THE_PAST: [closed(house, TODAY - timedelta(days=1))],
        CalendarRefusal.NOT_FOUND: [
            closed(house, unit_id="org_none"),
            blocked(house, areas=("are_none",)),
            calendar.lift_block(block.id, attempt, expected_version=1, may=[OTHER_BRANCH]),
            calendar.cancel_sailing("sai_x", "风", attempt, expected_version=1, may=[CITY]),
        ],
        CalendarRefusal.STALE_VERSION: [
            calendar.lift_block(block.id, attempt, expected_version=2, may=[BRANCH]),
            calendar.clear_day(SPRING, attempt, expected_version=1),
        ],
    }

    outcomes = [await asking for asking in refused.pop(code)]
    for unasked in refused.values():
        for asking in unasked:
            asking.close()

    assert all(isinstance(each, CalendarRefused) and each.code == code for each in outcomes)
    assert await told(house) == before


# ------------------------------------------------------------ boats


async def boat_of(house: House, day: date = TOMORROW) -> Sailing:
    (boat,) = await house.calendar.sailings_of(ROUTE.id, day, 1)
    return boat


async def cancelled(house: House, boat: Sailing) -> Any:
    return await house.calendar.cancel_sailing(
        boat.id, "大风", given.attempt(house), expected_version=boat.version, may=[BRANCH]
    )


async def added(house: House, departs_at: datetime, returns_at: datetime) -> Any:
    attempt = given.attempt(house)
    return await house.calendar.add_sailing(ROUTE.id, departs_at, returns_at, attempt, may=[CITY])


@pytest.mark.row("C5")
async def test_a_cancelled_boat_serves_no_window_and_may_sail_after_all(house: House):
    await given.ferry(house)
    boat, window = await boat_of(house), given.window(10)
    assert (await almanac(house)).sailing_for(ROUTE.id, window) == boat

    await cancelled(house, boat)
    assert (await almanac(house)).sailing_for(ROUTE.id, window) is None
    assert await house.calendar.fill_sailings(TODAY, 15) == 0

    again = await added(house, boat.departs_at, boat.returns_at)
    assert (again.id, again.version, again.pattern_id) == (boat.id, 3, "sap_1")
    assert (await almanac(house)).sailing_for(ROUTE.id, window) == again
    assert await told(house) == {"SailingCancelled": 1, "SailingAdded": 1}


@pytest.mark.row("C5")
async def test_an_extra_boat_serves_what_the_timetable_does_not(house: House):
    await given.ferry(house)
    window = given.window(16)
    assert (await almanac(house)).sailing_for(ROUTE.id, window) is None

    extra = await added(house, window.start - timedelta(hours=1), window.end)

    assert (await almanac(house)).sailing_for(ROUTE.id, window) == extra
    assert len((await almanac(house)).sailings(ROUTE.id)) == 8
    twice = await added(house, extra.departs_at, extra.returns_at)
    swift = await added(house, window.start, window.start + timedelta(minutes=49))
    missed = await added(house, given.NOW, window.end)
    assert [each.code for each in (twice, swift, missed)] == [
        CalendarRefusal.ALREADY_SAILS,
        CalendarRefusal.RETURNS_TOO_SOON,
        CalendarRefusal.IN_THE_PAST,
    ]


@pytest.mark.row("C5")
async def test_the_worker_makes_the_boats_of_the_horizon(house: House):
    await given.ferry(house, days=0)

    assert await fill_horizon(house) == house.capacity.policy.horizon_days + 1 + NIGHT_BEFORE
    assert await fill_horizon(house) == 0
    last = TODAY + timedelta(days=house.capacity.policy.horizon_days)
    assert await boat_of(house, last)


# ------------------------------------------------------------ any day


@pytest.mark.row("B6")
@pytest.mark.parametrize("first", [date.min, date(1990, 1, 1), date(2027, 1, 1), date.max])
async def test_any_day_can_be_asked_about(house: House, first: date):
    found = await house.calendar.days(first, 31, BRANCH)

    assert found[0].layers[0].day == first
    assert len(found) == (1 if first == date.max else 31)
    assert all(each.layers[0].provisional for each in found)


async def test_yesterday_s_boats_and_blocks_are_still_known(house: House, clock: Any):
    await given.ferry(house)
    block = await blocked(house)
    clock.advance(timedelta(days=30))

    past = await house.calendar.almanac(day_span(TOMORROW))

    assert [each.id for each in past.blocks] == [block.id]
    assert past.sailing_for(ROUTE.id, given.window(10)) is not None
    assert (await house.calendar.almanac(day_span(TODAY + timedelta(days=30)))).blocks == ()
