"""Every day of 2004 to 2026 as two other calendars have it; every other day without one."""

import csv
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import chinese_calendar
import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st

from doorstep.calendar import rules
from doorstep.calendar.model import BureauDay, CalendarDay, CalendarSource, bureau_day_id
from doorstep.calendar.rules import Workdays
from tests.api.conftest import run_node

FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)
EVERY: Final = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
NOBODY: Final = Workdays({})
DIFFERENCES: Final = list(
    csv.DictReader(Path(__file__).with_name("differences.csv").read_text("utf-8").splitlines())
)
Difference = tuple[str, str, str, str]


def explained(between: str) -> set[Difference]:
    rows = [row for row in DIFFERENCES if row["between"] == between]
    assert all(row["why"] and row["right"] in ("ours", "theirs") for row in rows)
    return {(row["day"], row["about"], row["ours"], row["theirs"]) for row in rows}


def differences(theirs: dict[str, dict[str, Any]]) -> set[Difference]:
    return {
        (day, about, str(ours[about] or ""), str(said[about] or ""))
        for day, said in theirs.items()
        for ours in [as_they_say(NOBODY.day(date.fromisoformat(day)))]
        for about in said
        if (ours[about] or "") != (said[about] or "")
    }


def as_they_say(day: CalendarDay) -> dict[str, Any]:
    """With two words for 调休: to be off by it, which they call in lieu; to work is no word."""
    off = day.in_lieu and not day.is_workday
    return {"is_workday": day.is_workday, "is_off_in_lieu": off, "name": day.name}


@pytest.mark.row("B6")
def test_every_day_is_what_chinesecalendar_says_it_is():
    chinese = {each.value: each.chinese for each in chinese_calendar.Holiday}
    theirs = {
        str(day): {
            "is_workday": chinese_calendar.is_workday(day),
            "is_off_in_lieu": chinese_calendar.is_in_lieu(day),
            "name": chinese.get(chinese_calendar.get_holiday_detail(day)[1]),
        }
        for day in EVERY
    }

    assert len(theirs) == 8401
    assert differences(theirs) == explained("chinesecalendar") == set()
    assert {NOBODY.day(day).source for day in EVERY} == {CalendarSource.STATE_COUNCIL}
    assert not any(NOBODY.day(day).provisional for day in EVERY)


@pytest.mark.row("B6")
async def test_every_day_is_what_chinese_days_says_but_for_what_is_explained():
    said = json.loads(await run_node("calendar.mjs", str(FIRST), str(LAST)))
    theirs = {
        day: {"is_workday": work, "is_off_in_lieu": lieu, "name": name}
        for day, (work, lieu, name) in said.items()
    }

    assert len(theirs) == 8401
    assert differences(theirs) == explained("chinese-days")


@pytest.mark.parametrize("row", [row for row in DIFFERENCES if row["between"] == "notice"])
def test_what_both_of_them_miss_a_row_of_the_bureau_mends(row):
    day, worked = date.fromisoformat(row["day"]), row["theirs"] == "True"
    assert str(NOBODY.day(day).is_workday) == row["ours"] != row["theirs"]
    said = BureauDay(id=bureau_day_id(day), day=day, is_workday=worked, citation=row["why"])

    mended = Workdays({day: said})

    assert mended.day(day).is_workday == worked
    assert mended.day(day).source is CalendarSource.BUREAU
    assert [layer.source for layer in mended.layers(day)] == list(CalendarSource)


def test_a_weekend_that_is_worked_and_a_weekday_that_is_not_are_both_in_lieu():
    moved = [NOBODY.day(day) for day in EVERY if NOBODY.day(day).in_lieu]
    worked = {day.day.isoweekday() > 5 for day in moved if day.is_workday}
    off = {day.day.isoweekday() > 5 for day in moved if not day.is_workday}

    assert (worked, off) == ({True}, {False})


@pytest.mark.row("B6")
@pytest.mark.parametrize("year", [1, 1990, 2003, *range(2027, 2101), 9999])
def test_a_year_that_nobody_has_published_is_answered_by_the_weekday_and_says_so(year):
    day = date(year, 1, 1)
    while day.year == year:
        said = NOBODY.day(day)
        assert (said.source, said.provisional) == (CalendarSource.WEEKDAY_RULE, True)
        assert said.is_workday == (day.isoweekday() <= 5)
        if day == date.max:
            break
        day += timedelta(days=1)


@sampled(st.dates())
def test_no_day_raises(day):
    said = NOBODY.day(day)

    assert said.day == day
    assert said.citation
    assert said.provisional == (day.year not in rules.PUBLISHED)


def test_counting_stops_where_the_calendar_does():
    assert NOBODY.next_workday(date.max, 3) == date.max
    assert NOBODY.previous_workday(date.min, 3) == date.min
