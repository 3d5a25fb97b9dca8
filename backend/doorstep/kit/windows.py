"""Half-open spans of time, and the local day.

Units    instants are timezone-aware UTC, whole milliseconds
Bounds   [start, end): the end belongs to the next window, so windows tile a day
Zone     all of China keeps Asia/Shanghai; a service day is always the server's word, never the
         client's
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, model_validator

from doorstep.kit.documents import Stored

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

Day = Annotated[date, PlainSerializer(date.isoformat, return_type=str)]
"""A local day; kept as "2026-11-24", since BSON has no date without a time."""

ClockTime = Annotated[time, PlainSerializer(time.isoformat, return_type=str)]
"""A time on the wall clock in Shanghai."""


class TimeWindow(BaseModel):
    """A promise of the form "between start and end"."""

    model_config = ConfigDict(frozen=True)

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _end_follows_start(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a window ends after it starts")
        return self

    @property
    def day(self) -> date:
        return local_day(self.start)

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def holds(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def covers(self, other: "TimeWindow") -> bool:
        return self.start <= other.start and other.end <= self.end

    def touches(self, other: "TimeWindow") -> bool:
        """Whether they have an instant in common."""
        return self.start < other.end and other.start < self.end


class Lasting(Stored):
    """A document of something that begins and ends."""

    start: datetime
    end: datetime

    @property
    def window(self) -> TimeWindow:
        return TimeWindow(start=self.start, end=self.end)


def local_day(instant: datetime) -> date:
    """The day on the wall calendar in Shanghai."""
    return instant.astimezone(SHANGHAI).date()


def at_local(day: date, clock_time: time) -> datetime:
    """The instant at which Shanghai's clocks show `clock_time` on `day`."""
    return datetime.combine(day, clock_time, SHANGHAI).astimezone(UTC)


def day_span(day: date, days: int = 1) -> TimeWindow:
    """From local midnight to local midnight, `days` later."""
    return TimeWindow(
        start=at_local(day, time.min), end=at_local(day + timedelta(days=days), time.min)
    )
