"""What was done at doors, counted: for one courier's day, and for any number of them.

Units     seconds, metres in a straight line and minutes from booking to done are whole
Sums      whatever is counted adds up over days and couriers; over services too, but for a visit
          with errands of several, which each of them counts
Formulas  docs/kpis.md
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import chain
from operator import attrgetter
from typing import Final

from pydantic import BaseModel, ConfigDict

from doorstep.catalogue.model import ServiceKind
from doorstep.kit.documents import Stored
from doorstep.kit.geo import Point
from doorstep.kit.windows import Day


class Timing(StrEnum):
    """When a courier was at the door, by the window that was promised."""

    EARLY = "EARLY"
    ON_TIME = "ON_TIME"
    LATE = "LATE"


@dataclass(frozen=True)
class Tried:
    """One errand that somebody tried to do."""

    service: ServiceKind
    again: bool
    """It had been tried before."""
    done: bool


@dataclass(frozen=True)
class Visit:
    """One visit that was made, as its history tells it; what was taken back did not happen."""

    appointment_id: str
    services: frozenset[ServiceKind]
    timing: Timing
    set_out_at: datetime
    arrived_at: datetime
    left_at: datetime | None
    """None: they are at the door still."""
    tried: tuple[Tried, ...]
    minutes_to_done: int | None
    """From the first booking until all of it was done; None: some of it was not."""
    where: Point | None
    """None: the customer was erased."""


class Tally(BaseModel):
    """What was counted."""

    model_config = ConfigDict(frozen=True)

    visits: int = 0
    early: int = 0
    late: int = 0
    missed: int = 0
    """Promises whose window has ended, and nobody came."""
    first: int = 0
    first_done: int = 0
    again: int = 0
    again_done: int = 0
    minutes_to_done: tuple[int, ...] = ()
    stays: int = 0
    """Visits of which is known how long they took at the door."""
    stay_seconds: int = 0
    ways: int = 0
    """Visits of which the way there is known."""
    way_metres: int = 0
    busy_seconds: int = 0
    """On the way to a door or at it; what overlaps counts once."""
    shift_seconds: int = 0


COUNTS: Final = tuple(name for name in Tally.model_fields if name != "minutes_to_done")
"""What of a tally is a number."""
_NUMBERS: Final = attrgetter(*COUNTS)


def total(tallies: Iterable[Tally]) -> Tally:
    """All of them as one."""
    kept = tuple(tallies)
    sums = dict(zip(COUNTS, map(sum, zip(*map(_NUMBERS, kept), strict=True)), strict=False))
    minutes = sorted(chain.from_iterable(each.minutes_to_done for each in kept))
    return Tally(minutes_to_done=tuple(minutes), **sums)


class CourierDay(Stored):
    """What one courier did at the doors of one branch on one day.

    `appointment_ids` says what is counted here. Each visit is in one of them at most: the index
    says so, whatever is told twice.
    """

    branch_id: str
    courier_id: str
    day: Day
    appointment_ids: tuple[str, ...]
    whole: Tally
    by_service: dict[str, Tally]


@dataclass(frozen=True)
class DayKey:
    """Which courier's day."""

    branch_id: str
    courier_id: str
    day: date

    @property
    def id(self) -> str:
        return f"{self.courier_id}|{self.day.isoformat()}|{self.branch_id}"


# ------------------------------------------------------------------ what is asked for


class Grouping(StrEnum):
    DAY = "DAY"
    COURIER = "COURIER"
    SERVICE = "SERVICE"


@dataclass(frozen=True)
class Cell:
    """Something that was counted, with as much of its day and courier as whoever asks needs."""

    day: date | None
    courier_id: str | None
    whole: Tally
    by_service: Mapping[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """None, not 0, where there is nothing to have a share of."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True)
class Mean:
    """So much in so many stops."""

    total: float
    stops: int

    @property
    def value(self) -> float | None:
        return self.total / self.stops if self.stops else None


@dataclass(frozen=True)
class Spread:
    """Of so many, half took no longer than the median, nine of ten no longer than `p90`."""

    median: int | None
    p90: int | None
    count: int


@dataclass(frozen=True)
class Figures:
    """The ratios, each with what it is made of."""

    tally: Tally
    on_time: Share
    first_attempt: Share
    repeat_attempts: Share
    minutes_to_done: Spread
    minutes_per_stop: Mean
    kilometres_per_stop: Mean
    utilisation: Share


@dataclass(frozen=True)
class Group:
    """The figures of one day, courier or service. `courier_id` None: nobody had it."""

    figures: Figures
    day: date | None = None
    courier_id: str | None = None
    service: ServiceKind | None = None


@dataclass(frozen=True)
class Report:
    """A branch's figures over a range of days, both days included, as of an instant."""

    branch_id: str
    first: date
    last: date
    at: datetime
    whole: Figures
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Difference:
    """A courier's day that is kept otherwise than the histories tell it."""

    id: str
    kept: CourierDay | None
    told: CourierDay | None


class ReportPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = ConfigDict(frozen=True)

    detour: float
    """Metres of road for each metre in a straight line."""
    most_days: int = 92
    """How long a range may be that is asked for at once."""
