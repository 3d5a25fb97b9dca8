"""The people who come to the door, their vehicles and when they work.

Units  kilograms and litres, whole; stations are points in WGS 84
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from doorstep.catalogue.model import ServiceKind
from doorstep.kit.documents import Stored
from doorstep.kit.geo import Point
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import ClockTime, Day, TimeWindow, at_local


class VehicleKind(StrEnum):
    """How somebody gets about; it decides how fast, and by which roads."""

    ON_FOOT = "ON_FOOT"
    BICYCLE = "BICYCLE"
    E_TRIKE = "E_TRIKE"
    VAN = "VAN"


class Vehicle(Stored):
    plate: str
    kind: VehicleKind = VehicleKind.E_TRIKE
    capacity_kilograms: int = Field(gt=0)
    capacity_litres: int = Field(gt=0)
    branch_id: str


class Courier(Stored):
    """Someone who comes to the door. `name` and `phone` are sealed with their account's key."""

    account_id: str
    name: str | None
    phone: str | None
    branch_id: str
    branch_path: str
    vehicle_id: str | None = None
    skills: tuple[ServiceKind, ...]
    area_ids: tuple[str, ...] = ()
    """The areas they serve. None: all of their branch's."""
    station: Point
    """Where a round of theirs starts."""
    on_duty: bool = False
    duty_changed_at: datetime | None = None


class Shift(Stored):
    """A span in which a courier works."""

    courier_id: str
    branch_id: str
    start: datetime
    end: datetime

    @property
    def window(self) -> TimeWindow:
        return TimeWindow(start=self.start, end=self.end)

    def covers(self, window: TimeWindow) -> bool:
        return self.start <= window.start and window.end <= self.end


class ShiftPattern(Stored):
    """When a courier works, week in, week out. `weekdays` are ISO: Monday is 1.

    `length` may reach past midnight, and be a whole day.
    """

    courier_id: str
    branch_id: str
    weekdays: tuple[int, ...]
    start: ClockTime
    length_minutes: int = Field(gt=0, le=24 * 60)

    def on(self, day: Day) -> Shift | None:
        """The shift that falls on `day`. Its id is made of what it is, so it is made once."""
        if day.isoweekday() not in self.weekdays:
            return None
        start = at_local(day, self.start)
        return Shift(
            id=f"sft_{self.id.removeprefix('pat_')}.{day.isoformat()}",
            courier_id=self.courier_id,
            branch_id=self.branch_id,
            start=start,
            end=start + timedelta(minutes=self.length_minutes),
        )


# ------------------------------------------------------------------ where they are


class Position(BaseModel):
    """Where somebody was, as their handheld measured it, and when by its clock."""

    model_config = ConfigDict(frozen=True)

    where: Point
    at: datetime
    accuracy_metres: int | None = Field(default=None, ge=0, le=100_000)


class Sharing(Stored):
    """Whether a courier lets us know where they are, and where they were last. `id` is theirs.

    There is one position and no track: a newer one replaces it, going home removes it.
    """

    account_id: str
    on: bool
    changed_at: datetime
    position: Position | None = None
    """Sealed with their account's key."""
    position_at: datetime | None = None
    """In the clear, so that an older one never replaces it."""


class PositionRefusal(StrEnum):
    NOT_SHARED = "NOT_SHARED"
    NOT_ON_DUTY = "NOT_ON_DUTY"
    CLOCK_SKEW = "CLOCK_SKEW"
    OUTDATED = "OUTDATED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


POSITION_WORDS: Final[dict[PositionRefusal, Words]] = {
    PositionRefusal.NOT_SHARED: Words(
        "您没有开启位置共享。", "You have not agreed to show where you are."
    ),
    PositionRefusal.NOT_ON_DUTY: Words("请先上班。", "Start duty first."),
    PositionRefusal.CLOCK_SKEW: Words(
        "手持终端的时间不对，请校准。", "The handheld's clock is wrong. Please set it."
    ),
    PositionRefusal.OUTDATED: Words("已有更新的位置。", "We know of a later position."),
    PositionRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class PositionRefused(Refusal):
    code: PositionRefusal
