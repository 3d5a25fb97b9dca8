"""Slots: how many promises an area and window hold, who has one, and who holds one for a moment.

Keys   a slot is kept under "area|start"; what the apps see (`SlotRef`) names the service set
       as well, so that two questions never share one cached object
Bounds a window is [start, end); a hold is live while now < `until`
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.model import ClockTime
from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal
from doorstep.kit.windows import Day, TimeWindow, at_local

_KINDS: Final = tuple(ServiceKind)
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


class HoldMark(BaseModel):
    """A place kept for somebody who is still choosing."""

    model_config = ConfigDict(frozen=True)

    id: str
    until: datetime


class Slot(Stored):
    """One area and window. `revision` counts its changes and settles races."""

    area_id: str
    branch_id: str
    branch_path: str
    day: Day
    window: TimeWindow
    places: int = Field(ge=0)
    booked: int = Field(default=0, ge=0)
    holds: tuple[HoldMark, ...] = ()
    revision: int = 0


def slot_key(area_id: str, start: datetime) -> str:
    return f"{area_id}|{start.astimezone(UTC):%Y%m%dT%H%MZ}"


class SlotPattern(Stored):
    """Which slots an area has, week in, week out. `weekdays` are ISO: Monday is 1."""

    area_id: str
    branch_id: str
    branch_path: str
    weekdays: tuple[int, ...]
    start: ClockTime
    length_minutes: int = Field(gt=0, le=24 * 60)
    places: int = Field(ge=0)

    def on(self, day: Day) -> Slot | None:
        """The slot that falls on `day`."""
        if day.isoweekday() not in self.weekdays:
            return None
        start = at_local(day, self.start)
        window = TimeWindow(start=start, end=start + timedelta(minutes=self.length_minutes))
        return Slot(
            id=slot_key(self.area_id, start),
            area_id=self.area_id,
            branch_id=self.branch_id,
            branch_path=self.branch_path,
            day=day,
            window=window,
            places=self.places,
        )


Services = Annotated[frozenset[ServiceKind], PlainSerializer(sorted, return_type=list[str])]
"""A set of services; kept as a sorted list, since BSON has no sets."""


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
        mask = sum(1 << _KINDS.index(kind) for kind in self.services)
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


class CapacityPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = ConfigDict(frozen=True)

    cutoff_before: timedelta = timedelta(minutes=60)
    horizon_days: int = 14
    hold_lasts: timedelta = timedelta(minutes=5)


class NoPlace(StrEnum):
    """Why a place could not be had after all."""

    FULL = "FULL"
    HOLD_EXPIRED = "HOLD_EXPIRED"
    GONE = "GONE"


class NotTaken(Refusal):
    code: NoPlace


class Ask(BaseModel):
    """What one customer wants of a slot.

    With `hold_until` the place is held under `id`; without, it is booked, and the hold `hold_id` is
    used up if one is named.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    at: datetime
    hold_until: datetime | None = None
    hold_id: str | None = None
