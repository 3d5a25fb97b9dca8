"""Counting working days, what shuts a window, and which boat serves it."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st

from doorstep.calendar.model import (
    Block,
    BlockKind,
    BureauDay,
    Closure,
    FerryRoute,
    Sailing,
    SailingPattern,
    Shut,
    ShutKind,
    bureau_day_id,
    sailing,
)
from doorstep.calendar.rules import Almanac, Workdays, span_of
from doorstep.kit.windows import TimeWindow, at_local, day_span
from tests.given import BRANCH, CITY, EAST, OTHER_BRANCH, TODAY, TOMORROW, WEST

NOBODY = Workdays({})
ROUTE = FerryRoute(
    id="fer_1", name="一线", path=BRANCH, mainland="港", island="岛", crossing_minutes=50
)


def at(hour: float, day: date = TOMORROW) -> datetime:
    return at_local(day, time(int(hour), round(hour % 1 * 60)))


def window(start: float, end: float, day: date = TOMORROW) -> TimeWindow:
    return TimeWindow(start=at(start, day), end=at(end, day))


def boat(departs: float, returns: float, **changed) -> Sailing:
    made = sailing(ROUTE, TOMORROW, at(departs), at(returns))
    return made.model_copy(update=changed)


def almanac(closures=(), blocks=(), boats=()) -> Almanac:
    span = day_span(TODAY, 7)
    return Almanac(span, NOBODY, tuple(closures), tuple(blocks), {"fer_1": tuple(boats)})


def block(start: float, end: float, path: str = BRANCH, **changed) -> Block:
    made = Block(
        id="blk_1", path=path, start=at(start), end=at(end), kind=BlockKind.TYPHOON, reason="台风"
    )
    return made.model_copy(update=changed)


# ------------------------------------------------------------ counting


@pytest.mark.parametrize(
    ("day", "n", "found"),
    [
        pytest.param("2026-11-24", 0, "2026-11-24", id="none: the day itself if it is worked"),
        pytest.param("2026-11-28", 0, "2026-11-30", id="none from a Saturday: Monday"),
        pytest.param("2026-11-27", 1, "2026-11-30", id="one from a Friday: Monday"),
        pytest.param("2026-11-24", 5, "2026-12-01", id="five: a week"),
        pytest.param("2026-09-30", 1, "2026-10-08", id="one from the eve of the National Day"),
        pytest.param("2026-02-13", 1, "2026-02-14", id="one from a Friday: a Saturday made up"),
    ],
)
def test_the_nth_working_day_after_a_day(day, n, found):
    assert NOBODY.next_workday(date.fromisoformat(day), n) == date.fromisoformat(found)


def test_a_holiday_of_the_bureau_s_own_is_not_counted():
    row = BureauDay(id=bureau_day_id(TOMORROW), day=TOMORROW, is_workday=False, citation="本局")
    days = Workdays({TOMORROW: row})
    cleared = Workdays({TOMORROW: row.model_copy(update={"cleared_at": at(8, TODAY)})})

    assert days.next_workday(TODAY) == TOMORROW + timedelta(days=1)
    assert cleared.next_workday(TODAY) == TOMORROW


@sampled(st.dates(date(2003, 12, 1), date(2027, 2, 1)), st.integers(1, 40))
def test_there_and_back_again(day, n):
    found = NOBODY.next_workday(day, n)

    assert NOBODY.is_workday(found)
    assert NOBODY.workdays_between(day, found) == n
    assert NOBODY.previous_workday(found, n) <= day
    assert NOBODY.workdays_between(found, day) == 0


# ------------------------------------------------------------ what shuts


@pytest.mark.row("B6")
@pytest.mark.parametrize(
    ("path", "day", "shut"),
    [
        pytest.param(BRANCH, TOMORROW, True, id="the branch itself"),
        pytest.param(CITY, TOMORROW, True, id="the bureau above it"),
        pytest.param("", TOMORROW, True, id="everything"),
        pytest.param(OTHER_BRANCH, TOMORROW, False, id="its neighbour"),
        pytest.param(BRANCH, TODAY, False, id="the day before"),
    ],
)
def test_a_closure_shuts_its_unit_and_all_below_it_for_its_day(path, day, shut):
    found = almanac([Closure(id="clo_1", day=day, path=path, reason="停业")]).shut(
        window(10, 12), TOMORROW, BRANCH, WEST
    )

    assert found == (Shut(kind=ShutKind.CLOSURE, id="clo_1", reason="停业") if shut else None)


@pytest.mark.row("B6")
@pytest.mark.parametrize(
    ("start", "end", "shut"),
    [
        pytest.param(8, 10, False, id="ends as the window begins"),
        pytest.param(8, 10.5, True, id="reaches into it"),
        pytest.param(10.5, 11, True, id="lies within it"),
        pytest.param(11.5, 20, True, id="begins in it"),
        pytest.param(12, 20, False, id="begins as the window ends"),
    ],
)
def test_a_block_shuts_the_windows_it_touches(start, end, shut):
    found = almanac(blocks=[block(start, end)]).shut(window(10, 12), TOMORROW, BRANCH, WEST)

    assert (found is not None) == shut
    assert found is None or (found.kind, found.block_kind) == (ShutKind.BLOCK, BlockKind.TYPHOON)


def test_a_block_of_some_areas_leaves_the_others_alone():
    west = almanac(blocks=[block(8, 20, area_ids=(WEST,))])

    assert west.shut(window(10, 12), TOMORROW, BRANCH, WEST)
    assert not west.shut(window(10, 12), TOMORROW, BRANCH, EAST)
    assert not west.shut(window(10, 12), TOMORROW, OTHER_BRANCH, WEST)


def test_what_was_taken_back_shuts_nothing():
    closure = Closure(
        id="clo_1", day=TOMORROW, path=BRANCH, reason="停业", reopened_at=at(8, TODAY)
    )
    found = almanac([closure], [block(8, 20, lifted_at=at(8, TODAY))])

    assert found.shut(window(10, 12), TOMORROW, BRANCH, WEST) is None


# ------------------------------------------------------------ boats


@pytest.mark.row("C5")
@pytest.mark.parametrize(
    ("start", "end", "serves"),
    [
        pytest.param(8, 16.5, True, id="from landing to leaving"),
        pytest.param(7.5, 10, False, id="before it lands"),
        pytest.param(16, 18, False, id="past the way back"),
    ],
)
def test_a_boat_serves_the_windows_between_landing_and_leaving(start, end, serves):
    found = almanac(boats=[boat(7, 16.5)]).sailing_for("fer_1", window(start, end))

    assert (found is not None) == serves


@pytest.mark.row("C5")
def test_of_several_boats_the_one_that_waits_least_and_never_one_that_is_cancelled():
    early, late = boat(7, 18), boat(8, 16)
    off = boat(9, 13, cancelled_at=at(6))
    both = almanac(boats=[early, late, off])

    assert both.sailing_for("fer_1", window(10, 12)) == late
    assert both.sailing_for("fer_1", window(16, 18)) == early
    assert both.sailing_for("fer_2", window(10, 12)) is None
    assert len(both.sailings("fer_1")) == 3


@pytest.mark.parametrize(
    ("day", "sails"),
    [
        pytest.param("2026-11-01", False, id="a Sunday"),
        pytest.param("2026-11-02", True, id="a Monday, the first of the season"),
        pytest.param("2027-03-29", True, id="a Monday, the last of the season"),
        pytest.param("2027-04-05", False, id="a Monday after it"),
        pytest.param("2026-10-26", False, id="a Monday before it"),
    ],
)
def test_a_timetable_holds_on_its_weekdays_within_its_season(day, sails):
    pattern = SailingPattern(
        id="sap_1",
        route_id="fer_1",
        weekdays=(1, 3, 5),
        departs=time(7),
        returns=time(16, 30),
        valid_from=date(2026, 11, 2),
        valid_to=date(2027, 3, 29),
    )
    found = pattern.on(date.fromisoformat(day), ROUTE)

    assert (found is not None) == sails
    assert found is None or found.arrives_at - found.departs_at == timedelta(minutes=50)


@pytest.mark.parametrize("day", [date.min, date(1990, 1, 1), date.max])
def test_there_is_a_span_for_every_day(day):
    assert span_of(day, day)
