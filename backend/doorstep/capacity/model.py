"""Slots: what an area's couriers can do in a window, what of it is promised, and what is held.

Keys    a slot is kept under "area|start"; what the apps see (`SlotRef`) names the service set as
        well, so that two questions never share one cached object
Bounds  a window is [start, end); a hold is live while now < `until`
Units   minutes of couriers, grams and litres of vehicles, visits that take two people (`pairs`)
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from doorstep.catalogue.model import ServiceKind
from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import ClockTime, Day, TimeWindow, at_local

Frozen: Final = ConfigDict(frozen=True)
_KINDS: Final = tuple(ServiceKind)
"""Append only: a service's place here is its bit in stored masks and in the apps' slot ids."""
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2999
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class SlotClosedReason(StrEnum):
    FULL = "FULL"
    CUTOFF_PASSED = "CUTOFF_PASSED"
    CALENDAR = "CALENDAR"
    NO_COURIER = "NO_COURIER"
    NO_VEHICLE = "NO_VEHICLE"
    AREA = "AREA"
    NO_SAILING = "NO_SAILING"


# ------------------------------------------------------------------ what is asked of a slot


Services = Annotated[frozenset[ServiceKind], PlainSerializer(sorted, return_type=list[str])]
"""A set of services; kept as a sorted list, since BSON has no sets."""


def mask_of(services: frozenset[ServiceKind]) -> int:
    return sum(1 << _KINDS.index(kind) for kind in services)


class Load(BaseModel):
    """The four dimensions of capacity."""

    model_config = Frozen

    minutes: int = 0
    grams: int = 0
    litres: int = 0
    pairs: int = 0

    def __add__(self, other: "Load") -> "Load":
        return Load(
            minutes=self.minutes + other.minutes,
            grams=self.grams + other.grams,
            litres=self.litres + other.litres,
            pairs=self.pairs + other.pairs,
        )


class Demand(BaseModel):
    """What one visit takes of a slot, and what whoever comes has to be able to do."""

    model_config = Frozen

    services: Services
    load: Load


class Taken(BaseModel):
    """What is given away of a slot. `needs`: minutes, by the mask of the services they are for."""

    model_config = Frozen

    visits: int = 0
    load: Load = Load()
    needs: dict[str, int] = {}

    def plus(self, *demands: Demand) -> "Taken":
        """All of them at once: a slot may have hundreds of holds, and is asked all the time."""
        needs, loads = dict(self.needs), [self.load, *(each.load for each in demands)]
        for demand in demands:
            need = str(mask_of(demand.services))
            needs[need] = needs.get(need, 0) + demand.load.minutes
        return Taken(
            visits=self.visits + len(demands),
            load=Load(
                minutes=sum(load.minutes for load in loads),
                grams=sum(load.grams for load in loads),
                litres=sum(load.litres for load in loads),
                pairs=sum(load.pairs for load in loads),
            ),
            needs=needs,
        )

    def minus(self, demand: Demand) -> "Taken":
        need, less = str(mask_of(demand.services)), demand.load
        left = self.needs.get(need, 0) - less.minutes
        others = {key: minutes for key, minutes in self.needs.items() if key != need}
        return Taken(
            visits=self.visits - 1,
            load=Load(**{name: amount - getattr(less, name) for name, amount in self.load}),
            needs={**others, need: left} if left else others,
        )


class HoldMark(BaseModel):
    """A place kept for somebody who is still choosing."""

    model_config = Frozen

    id: str
    until: datetime
    demand: Demand


# ------------------------------------------------------------------ what a slot has to give


class Hands(BaseModel):
    """Couriers on shift who are alike: the same skills, and vehicles that carry the same.

    `minutes`, `grams` and `litres` are of all of them together, as far as this area has a share in
    them. A vehicle that two areas share is one that can come to either.
    """

    model_config = Frozen

    skills: Services
    people: int = Field(ge=1)
    minutes: int = Field(ge=0)
    grams: int = Field(ge=0)
    litres: int = Field(ge=0)
    vehicle_grams: int = Field(ge=0)
    vehicle_litres: int = Field(ge=0)


class CapacityBudget(BaseModel):
    """What the couriers and vehicles on shift can do in one area and window."""

    model_config = Frozen

    hands: tuple[Hands, ...] = ()
    pairs: int = Field(default=0, ge=0)

    @property
    def load(self) -> Load:
        return Load(
            minutes=sum(hand.minutes for hand in self.hands),
            grams=sum(hand.grams for hand in self.hands),
            litres=sum(hand.litres for hand in self.hands),
            pairs=self.pairs,
        )


class Cap(BaseModel):
    """What an operator will not go beyond, whoever is on shift. None: no such word."""

    model_config = Frozen

    visits: int | None = Field(default=None, ge=0)
    minutes: int | None = Field(default=None, ge=0)


class Slot(Stored):
    """One area and window.

    `edition` counts what was published of its budget and cap; `revision` counts every change of the
    document and settles races.
    """

    area_id: str
    branch_id: str
    branch_path: str
    day: Day
    window: TimeWindow
    route_id: str | None = None
    """The ferry that has to sail for this window."""
    budget: CapacityBudget = Field(default_factory=CapacityBudget)
    cap: Cap = Field(default_factory=Cap)
    edition: int = 1
    booked: Taken = Field(default_factory=Taken)
    holds: tuple[HoldMark, ...] = ()
    revision: int = 0


class EditionReason(StrEnum):
    ROSTER = "ROSTER"
    CAP = "CAP"


class Edition(Stored):
    """What had been published of a slot, until `until`, and why that changed."""

    slot_key: str
    edition: int
    budget: CapacityBudget
    cap: Cap
    until: datetime
    because: EditionReason
    by: str | None = None
    """Whose word it was; None: the roster's."""
    note: str | None = None


def slot_key(area_id: str, start: datetime) -> str:
    return f"{area_id}|{start.astimezone(UTC):%Y%m%dT%H%MZ}"


class SlotPattern(Stored):
    """Which slots an area has, week in, week out. `weekdays` are ISO: Monday is 1.

    `places`: an operator's cap on visits. On an island (`route_id`) a slot is what of the window
    lies between the boat that brings the courier and the one that takes them back.
    """

    area_id: str
    branch_id: str
    branch_path: str
    weekdays: tuple[int, ...]
    start: ClockTime
    length_minutes: int = Field(gt=0, le=24 * 60)
    places: int | None = Field(default=None, ge=0)
    route_id: str | None = None

    def windows(self, day: date) -> list[TimeWindow]:
        """What falls on `day`: one window, or none."""
        if day.isoweekday() not in self.weekdays:
            return []
        start = at_local(day, self.start)
        return [TimeWindow(start=start, end=start + timedelta(minutes=self.length_minutes))]


# ------------------------------------------------------------------ what the apps call a slot


class SlotRef(BaseModel):
    """A slot as the apps name it: area, start and service set."""

    model_config = ConfigDict(frozen=True)

    area_id: str
    start: datetime
    services: Services

    @property
    def key(self) -> str:
        return slot_key(self.area_id, self.start)

    @property
    def text(self) -> str:
        minutes = int(self.start.timestamp()) // 60
        mask = mask_of(self.services)
        return f"slt_{self.area_id.removeprefix('are_')}_{_base36(minutes)}_{_base36(mask)}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """None: that is no slot's id."""
        kind, _, rest = text.partition("_")
        parts = rest.rsplit("_", 2)
        if kind != "slt" or len(parts) != 3 or len(text) > 100:
            return None
        try:
            minutes, mask = int(parts[1], 36), int(parts[2], 36)
            start = datetime.fromtimestamp(minutes * 60, UTC)
        except (ValueError, OverflowError, OSError):
            return None
        services = frozenset(kind for i, kind in enumerate(_KINDS) if mask >> i & 1)
        if not services or mask >> len(_KINDS) or not _FIRST_YEAR <= start.year <= _LAST_YEAR:
            return None
        return cls(area_id=f"are_{parts[0]}", start=start, services=services)


def _base36(number: int) -> str:
    digits = []
    while True:
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
        if not number:
            return "".join(reversed(digits))


class Hold(Stored):
    """What the customer knows of their hold."""

    customer_id: str
    ref: str
    slot_key: str
    services: tuple[ServiceKind, ...]
    expires_at: datetime
    over: bool = False
    """Booked or released: it keeps no place any more."""
    kept_for: str | None = None
    """Whose turn it was; None: whoever was choosing asked for it."""


# ------------------------------------------------------------------ the bureau's own choices


class Terms(Stored):
    """What is asked of bookings for a service, in an area, or both; None: for all of them.

    Of several rows the most particular holds, figure by figure; of all services in one visit the
    strictest. A figure that no row gives is the `CapacityPolicy`'s.
    """

    service: ServiceKind | None = None
    area_id: str | None = None
    notice_minutes: int | None = Field(default=None, ge=0, le=60 * 24 * 60)
    """How long before a window it can still be booked."""
    cutoff_time: ClockTime | None = None
    """Until which time on the clock it can be booked, `cutoff_days` before its day."""
    cutoff_days: int = Field(default=0, ge=0, le=60)
    cancel_minutes: int | None = Field(default=None, ge=0, le=60 * 24 * 60)
    """How long before a window it can still be changed by its customer."""
    horizon_days: int | None = Field(default=None, ge=0, le=60)
    buffer_minutes: int | None = Field(default=None, ge=0, le=24 * 60)
    """Kept free around each visit."""
    workdays_only: bool | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    """The last day they hold."""
    version: int = 1
    changed_at: datetime | None = None
    changed_by: str | None = None
    """The account whose word they are; None: the bureau's folder's."""
    note: str | None = None
    dropped: bool = False
    """Kept, so that it can be told what held, and until when."""


class CapacityPolicy(BaseModel):
    """What holds where no terms say otherwise; no source names these figures."""

    model_config = Frozen

    cutoff_before: timedelta = timedelta(minutes=60)
    cancel_before: timedelta = timedelta(minutes=30)
    horizon_days: int = 14
    buffer_minutes: int = 0
    hold_lasts: timedelta = timedelta(minutes=5)
    on_foot_grams: int = 20_000
    """What a courier without a vehicle carries."""
    on_foot_litres: int = 60
    pair_minutes: int = 60
    """How long two people are at one visit, there and back."""
    ashore: timedelta = timedelta(minutes=15)
    """From the boat to the first door, and from the last one to the boat."""
    shortest_window: timedelta = timedelta(minutes=45)


# ------------------------------------------------------------------ taking a place


class NoPlace(StrEnum):
    """Why a place could not be had after all."""

    FULL = "FULL"
    NO_COURIER = "NO_COURIER"
    NO_VEHICLE = "NO_VEHICLE"
    HOLD_EXPIRED = "HOLD_EXPIRED"
    GONE = "GONE"


class NotTaken(Refusal):
    code: NoPlace


class Ask(BaseModel):
    """What one customer wants of a slot.

    With `hold_until` the place is held under `id`; without, it is booked, and the hold `hold_id` is
    used up if one is named. `instead`: what the asker has booked in this very slot and gives back.
    """

    model_config = Frozen

    id: str
    at: datetime
    demand: Demand
    hold_until: datetime | None = None
    hold_id: str | None = None
    instead: Demand | None = None


# ------------------------------------------------------------------ what staff may not do


class CapacityRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


CAPACITY_WORDS: Final[dict[CapacityRefusal, Words]] = {
    CapacityRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    CapacityRefusal.STALE_VERSION: Words(
        "刚刚有变化，请核对后再试。", "It has just changed. Please look again."
    ),
    CapacityRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class CapRefused(Refusal):
    code: CapacityRefusal
    current: Slot | None = None


class TermsRefused(Refusal):
    code: CapacityRefusal
    current: Terms | None = None
