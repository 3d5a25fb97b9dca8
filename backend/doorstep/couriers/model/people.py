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
from doorstep.kit.windows import ClockTime, Day, Lasting, TimeWindow, at_local, local_day


class VehicleKind(StrEnum):
    """How somebody gets about; it decides how fast, and by which roads."""

    ON_FOOT = "ON_FOOT"
    BICYCLE = "BICYCLE"
    E_TRIKE = "E_TRIKE"
    VAN = "VAN"


VAN_FROM_KILOGRAMS: Final = 400
"""Where nobody says what a vehicle is: a van from so much on, and less is a tricycle."""


class Vehicle(Stored):
    plate: str
    kind: VehicleKind = VehicleKind.E_TRIKE
    capacity_kilograms: int = Field(gt=0)
    capacity_litres: int = Field(gt=0)
    branch_id: str
    insured_until: Day | None = None
    """The last day it is insured; None: the bureau does not say."""

    def insured(self, window: TimeWindow) -> bool:
        """Whether its insurance lasts as long as the window does."""
        # The end belongs to the next window: whoever is back at midnight was not out the day after.
        last = local_day(window.end - timedelta(milliseconds=1))
        return self.insured_until is None or last <= self.insured_until


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
    roster_version: int = 0
    """Counts the changes of their shifts and leave. Whoever makes one writes it first: of two at
    once, one runs again.
    """


class Break(BaseModel):
    """A pause within a shift."""

    model_config = ConfigDict(frozen=True)

    start: datetime
    minutes: int = Field(gt=0)

    @property
    def window(self) -> TimeWindow:
        return TimeWindow(start=self.start, end=self.start + timedelta(minutes=self.minutes))


class Shift(Lasting):
    """A span in which a courier works. One that is cancelled stays, so that no pattern makes it
    again.
    """

    courier_id: str
    branch_id: str
    breaks: tuple[Break, ...] = ()
    cancelled_at: datetime | None = None
    reason: str | None = None

    def covers(self, window: TimeWindow) -> bool:
        return self.start <= window.start and window.end <= self.end


class BreakPattern(BaseModel):
    """A pause at the same time of every shift; before the shift's start it is the next day's."""

    model_config = ConfigDict(frozen=True)

    at: ClockTime
    minutes: int = Field(gt=0, lt=24 * 60)

    def on(self, start: datetime) -> Break:
        """The break of the shift that begins at `start`."""
        at = at_local(local_day(start), self.at)
        return Break(start=at if at >= start else at + timedelta(days=1), minutes=self.minutes)


class ShiftPattern(Stored):
    """When a courier works, week in, week out. `weekdays` are ISO: Monday is 1.

    `length` may reach past midnight, and be a whole day.
    """

    courier_id: str
    branch_id: str
    weekdays: tuple[int, ...]
    start: ClockTime
    length_minutes: int = Field(gt=0, le=24 * 60)
    breaks: tuple[BreakPattern, ...] = ()

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
            breaks=tuple(each.on(start) for each in self.breaks),
        )
