"""What a day is, what shuts a window, and which boat serves it. Pure.

No question raises for a day it does not know: outside of the years that the State Council has
published, a weekday is what it usually is, and the answer says that it is provisional.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version
from typing import Final

import chinese_calendar

from doorstep.calendar.model import (
    Block,
    BureauDay,
    CalendarDay,
    CalendarSource,
    Closure,
    Sailing,
    Shut,
    ShutKind,
)
from doorstep.kit.windows import TimeWindow, day_span

_YEARS: Final = frozenset(day.year for day in chinese_calendar.holidays)
PUBLISHED: Final = range(min(_YEARS), max(_YEARS) + 1)
"""The years whose holidays the State Council has published, as far as the library knows."""
_CHINESE: Final = {each.value: each.chinese for each in chinese_calendar.Holiday}
_NOTICE: Final = (
    f"国务院办公厅关于部分节假日安排的通知（chinesecalendar {version('chinesecalendar')}）"
)
_RULE: Final = "周一至周五为工作日；国务院办公厅当年的节假日安排尚未收录"
_SATURDAY: Final = 6
_FIRST: Final = date.min + timedelta(days=1)
_LAST: Final = date.max - timedelta(days=1)

# ------------------------------------------------------------ working days


@lru_cache(maxsize=4096)
def state_council(day: date) -> CalendarDay | None:
    """What the State Council says of a day. None: it has not spoken of that year."""
    if day.year not in PUBLISHED:
        return None
    is_holiday, name = chinese_calendar.get_holiday_detail(day)
    made_up = day in chinese_calendar.workdays
    return CalendarDay(
        day=day,
        is_workday=not is_holiday,
        in_lieu=made_up or chinese_calendar.is_in_lieu(day),
        name=_CHINESE.get(name),
        source=CalendarSource.STATE_COUNCIL,
        citation=_NOTICE,
    )


def weekday_rule(day: date) -> CalendarDay:
    return CalendarDay(
        day=day,
        is_workday=day.isoweekday() < _SATURDAY,
        source=CalendarSource.WEEKDAY_RULE,
        provisional=True,
        citation=_RULE,
    )


@dataclass(frozen=True)
class Workdays:
    """Every day there is, by the bureau's table as it stood when this was read."""

    bureau: Mapping[date, BureauDay]

    def layers(self, day: date) -> tuple[CalendarDay, ...]:
        """Whatever speaks of the day; the first is what holds."""
        row = self.bureau.get(day)
        said = (row.said if row else None, state_council(day), weekday_rule(day))
        return tuple(layer for layer in said if layer)

    def day(self, day: date) -> CalendarDay:
        return self.layers(day)[0]

    def is_workday(self, day: date) -> bool:
        return self.day(day).is_workday

    def next_workday(self, day: date, n: int = 1) -> date:
        """The `n`th working day after `day`. n = 0: `day` itself if it is one, else the next.

        Where the calendar ends, its last day.
        """
        return self._walk(day, n, 1)

    def previous_workday(self, day: date, n: int = 1) -> date:
        """The `n`th working day before `day`. n = 0: `day` itself if it is one, else the last.

        Where the calendar begins, its first day.
        """
        return self._walk(day, n, -1)

    def workdays_between(self, after: date, until: date) -> int:
        """How many working days there are past `after`, up to and including `until`."""
        return sum(self.is_workday(day) for day in _days(after, until))

    def _walk(self, day: date, n: int, step: int) -> date:
        end = date.max if step > 0 else date.min
        left = n
        if n == 0:
            if self.is_workday(day):
                return day
            left = 1
        while left and day != end:
            day += timedelta(days=step)
            left -= self.is_workday(day)
        return day


def _days(after: date, until: date) -> Iterator[date]:
    for ordinal in range(after.toordinal() + 1, until.toordinal() + 1):
        yield date.fromordinal(ordinal)


# ------------------------------------------------------------ what shuts


def span_of(first: date, last: date) -> TimeWindow:
    """From the first day's midnight to the last one's end, as far as there are instants for it."""
    first, last = (min(max(day, _FIRST), _LAST) for day in (first, last))
    return day_span(first, (last - first).days + 1)


@dataclass(frozen=True)
class Almanac:
    """All that the calendar knows of a span, read once and asked as often as need be."""

    span: TimeWindow
    workdays: Workdays
    closures: tuple[Closure, ...]
    blocks: tuple[Block, ...]
    timetable: Mapping[str, tuple[Sailing, ...]]

    def day(self, day: date) -> CalendarDay:
        return self.workdays.day(day)

    def shut(self, window: TimeWindow, day: date, path: str, area_id: str) -> Shut | None:
        """What keeps the unit at `path` from coming to the area in the window. None: nothing."""
        for closure in self.closures:
            if closure.closes(day, path):
                return Shut(kind=ShutKind.CLOSURE, id=closure.id, reason=closure.reason)
        for block in self.blocks:
            if block.touches(window) and block.concerns(path, area_id):
                return Shut(
                    kind=ShutKind.BLOCK, id=block.id, reason=block.reason, block_kind=block.kind
                )
        return None

    def sailing_for(self, route_id: str, window: TimeWindow) -> Sailing | None:
        """The boat that has a courier on the island for the whole window: of several, the one that
        lets them wait there least.
        """
        found = [each for each in self.timetable.get(route_id, ()) if each.serves(window)]
        return min(found, key=lambda each: (each.stays, each.id), default=None)

    def sailings(self, route_id: str) -> tuple[Sailing, ...]:
        """The boats that leave within the span, in order, also those that are cancelled."""
        return tuple(
            each for each in self.timetable.get(route_id, ()) if self.span.holds(each.departs_at)
        )
