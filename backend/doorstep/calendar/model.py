"""Days, what shuts them, and when the ferry sails.

Days     local days in Asia/Shanghai; a closure shuts whole days, a block shuts a span of instants
Layers   the bureau's own table, then the State Council's, then the plain weekday: the first that
         speaks of a day holds
Paths    a closure or a block of a unit holds for all units below it
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import ClockTime, Day, Lasting, TimeWindow, at_local, local_day

# ------------------------------------------------------------ working days


class CalendarSource(StrEnum):
    """Who says what a day is."""

    BUREAU = "BUREAU"
    STATE_COUNCIL = "STATE_COUNCIL"
    WEEKDAY_RULE = "WEEKDAY_RULE"


class CalendarDay(BaseModel):
    """What one layer says of a day. `in_lieu`: moved by 调休, to work it or to be off."""

    model_config = ConfigDict(frozen=True)

    day: date
    is_workday: bool
    in_lieu: bool = False
    name: str | None = None
    source: CalendarSource
    provisional: bool = False
    citation: str


class DayAsked(BaseModel):
    """What the bureau wants a day to be, and by whose word."""

    model_config = ConfigDict(frozen=True)

    is_workday: bool
    in_lieu: bool = False
    name: str | None = Field(default=None, min_length=1, max_length=60)
    citation: str = Field(min_length=1, max_length=200)


class BureauDay(Stored):
    """A row of the bureau's own table. Cleared, it says nothing, and keeps its count of changes."""

    day: Day
    is_workday: bool
    in_lieu: bool = False
    name: str | None = Field(default=None, max_length=60)
    citation: str = Field(min_length=1)
    created_by: str | None = None
    cleared_at: datetime | None = None
    version: int = 1

    @property
    def said(self) -> CalendarDay | None:
        if self.cleared_at:
            return None
        return CalendarDay(
            day=self.day,
            is_workday=self.is_workday,
            in_lieu=self.in_lieu,
            name=self.name,
            source=CalendarSource.BUREAU,
            citation=self.citation,
        )


def bureau_day_id(day: date) -> str:
    return f"cdy_{day.isoformat()}"


# ------------------------------------------------------------ what shuts a unit


class Closure(Stored):
    """A day on which a part of the bureau does not come, and why. Of imported ones nobody knows
    who made them.
    """

    day: Day
    path: str
    reason: str
    created_by: str | None = None
    reopened_at: datetime | None = None
    version: int = 1

    def closes(self, day: date, path: str) -> bool:
        """Whether the unit at `path` stays at home on `day` for this reason."""
        return self.day == day and self.reopened_at is None and path.startswith(self.path)


def closure_id(unit_id: str, day: date) -> str:
    return f"clo_{unit_id}.{day.isoformat()}"


class BlockKind(StrEnum):
    TYPHOON = "TYPHOON"
    FLOOD = "FLOOD"
    SNOW = "SNOW"
    ROADWORKS = "ROADWORKS"
    EPIDEMIC = "EPIDEMIC"
    EVENT = "EVENT"
    OTHER = "OTHER"


class BlockAsked(BaseModel):
    """Without areas: all that the unit serves."""

    model_config = ConfigDict(frozen=True)

    area_ids: tuple[str, ...] = Field(default=(), max_length=200)
    start: datetime
    end: datetime
    kind: BlockKind
    reason: str = Field(min_length=1, max_length=200)


class Block(Lasting):
    """A span in which nobody comes to a unit's doors, or to those of some of its areas."""

    path: str
    area_ids: tuple[str, ...] = ()
    kind: BlockKind
    reason: str
    created_by: str | None = None
    lifted_at: datetime | None = None
    version: int = 1

    def touches(self, window: TimeWindow) -> bool:
        """Asked of every slot that is shown, hence without making a window of its own."""
        return self.lifted_at is None and self.start < window.end and window.start < self.end

    def touches_day(self, day: date) -> bool:
        last = local_day(self.end - timedelta(milliseconds=1))
        return self.lifted_at is None and local_day(self.start) <= day <= last

    def concerns(self, path: str, area_id: str | None) -> bool:
        """Whether it is meant for the area of the unit at `path`. No area: for any of the unit."""
        if not path.startswith(self.path):
            return False
        return not self.area_ids or area_id is None or area_id in self.area_ids


class ShutKind(StrEnum):
    CLOSURE = "CLOSURE"
    BLOCK = "BLOCK"


class Shut(BaseModel):
    """Why nobody comes in a window. `id` names the closure or the block."""

    model_config = ConfigDict(frozen=True)

    kind: ShutKind
    id: str
    reason: str
    block_kind: BlockKind | None = None


def is_closed(closures: Iterable[Closure], day: date, path: str) -> bool:
    """Whether the unit at `path`, or one above it, stays at home on `day`."""
    return any(closure.closes(day, path) for closure in closures)


# ------------------------------------------------------------ the ferry


class FerryRoute(Stored):
    """A sea route that carries couriers to an island. `path` is the unit that looks after it."""

    name: str = Field(min_length=1)
    path: str
    mainland: str = Field(min_length=1)
    island: str = Field(min_length=1)
    operator: str | None = None
    contract_ref: str | None = None
    crossing_minutes: int = Field(gt=0, le=24 * 60)


class Sailing(Stored):
    """One boat there and back: from the mainland, to the island, and off the island again."""

    route_id: str
    pattern_id: str | None = None
    """None: an extra sailing, which no timetable foresaw."""
    day: Day
    departs_at: datetime
    arrives_at: datetime
    returns_at: datetime
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    version: int = 1

    @property
    def stays(self) -> timedelta:
        """How long it lies at the island."""
        return self.returns_at - self.arrives_at

    def serves(self, window: TimeWindow) -> bool:
        """Whether who goes with it is on the island for the whole window, and gets back."""
        on_time = self.arrives_at <= window.start and window.end <= self.returns_at
        return on_time and self.cancelled_at is None


class SailingPattern(Stored):
    """A line of a route's timetable. `weekdays` are ISO: Monday is 1. `valid_to` still holds."""

    route_id: str
    weekdays: tuple[int, ...]
    departs: ClockTime
    returns: ClockTime
    valid_from: Day | None = None
    valid_to: Day | None = None

    def on(self, day: date, route: FerryRoute) -> Sailing | None:
        """The sailing that falls on `day`."""
        early = self.valid_from is not None and day < self.valid_from
        late = self.valid_to is not None and day > self.valid_to
        if early or late or day.isoweekday() not in self.weekdays:
            return None
        departs_at, returns_at = at_local(day, self.departs), at_local(day, self.returns)
        return sailing(route, day, departs_at, returns_at, pattern_id=self.id)


def sailing(
    route: FerryRoute,
    day: date,
    departs_at: datetime,
    returns_at: datetime,
    *,
    pattern_id: str | None = None,
) -> Sailing:
    """Its id is made of what it is, so that a departure is one sailing, whoever announces it."""
    return Sailing(
        id=f"sai_{route.id.removeprefix('fer_')}.{departs_at:%Y%m%dT%H%MZ}",
        route_id=route.id,
        pattern_id=pattern_id,
        day=day,
        departs_at=departs_at,
        arrives_at=departs_at + timedelta(minutes=route.crossing_minutes),
        returns_at=returns_at,
    )


# ------------------------------------------------------------ refusals


class CalendarRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"
    CITY_BUREAU_ONLY = "CITY_BUREAU_ONLY"
    NOTHING_TO_CLEAR = "NOTHING_TO_CLEAR"
    ALREADY_CLOSED = "ALREADY_CLOSED"
    ALREADY_OPEN = "ALREADY_OPEN"
    ALREADY_LIFTED = "ALREADY_LIFTED"
    ALREADY_SAILS = "ALREADY_SAILS"
    ALREADY_CANCELLED = "ALREADY_CANCELLED"
    RETURNS_TOO_SOON = "RETURNS_TOO_SOON"
    IN_THE_PAST = "IN_THE_PAST"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


CALENDAR_WORDS: Final[dict[CalendarRefusal, Words]] = {
    CalendarRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    CalendarRefusal.STALE_VERSION: Words(
        "刚刚有变化，请核对后再试。", "It has just changed. Please look again."
    ),
    CalendarRefusal.CITY_BUREAU_ONLY: Words(
        "工作日历只能由市局修改。", "Only the city bureau may change working days."
    ),
    CalendarRefusal.NOTHING_TO_CLEAR: Words(
        "本局没有为这一天另作规定。", "The bureau has said nothing about that day."
    ),
    CalendarRefusal.ALREADY_CLOSED: Words(
        "这一天已经停业。", "The unit is closed on that day already."
    ),
    CalendarRefusal.ALREADY_OPEN: Words("已经恢复营业。", "It has been reopened already."),
    CalendarRefusal.ALREADY_LIFTED: Words("已经解除。", "It has been lifted already."),
    CalendarRefusal.ALREADY_SAILS: Words(
        "这一班次已经存在。", "There is a sailing at that time already."
    ),
    CalendarRefusal.ALREADY_CANCELLED: Words(
        "这一班次已经停航。", "It has been cancelled already."
    ),
    CalendarRefusal.RETURNS_TOO_SOON: Words(
        "返程时间早于到岛时间。", "It leaves the island before it gets there."
    ),
    CalendarRefusal.IN_THE_PAST: Words("已经过去，不能再改。", "That is past already."),
    CalendarRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class CalendarRefused(Refusal):
    code: CalendarRefusal
    current: BureauDay | Closure | Block | Sailing | None = None
