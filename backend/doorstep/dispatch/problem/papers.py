"""What is known of a day, as documents say it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from doorstep.appointments.model import Appointment
from doorstep.calendar.model import Sailing
from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.model import Vehicle
from doorstep.couriers.rules import Roster
from doorstep.dispatch.model import Round, Urgency
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow, day_span


@dataclass(frozen=True, slots=True)
class ExtraStop:
    """A stop that is no appointment: another room's, for which a round has to have time."""

    id: str
    where: Point
    window: TimeWindow
    lasts: timedelta
    area_id: str
    services: frozenset[ServiceKind] = frozenset()
    grams: int = 0
    litres: int = 0
    customer_id: str = ""
    courier_id: str | None = None
    """Whose it is; None: anybody's who can."""
    urgency: Urgency = Urgency.OTHERS


@dataclass(frozen=True, slots=True)
class Carries:
    """What fits on somebody without a vehicle."""

    grams: int
    litres: int


@dataclass(frozen=True, slots=True)
class DayPapers:
    """All that is read of a branch's day before it is planned."""

    day: date
    now: datetime
    appointments: Mapping[str, Appointment]
    """The open ones of the day, and what else its rounds name."""
    roster: Roster
    vehicles: Mapping[str, Vehicle]
    """What each courier drives in all of their hours; who is not named walks."""
    on_foot: Carries
    rounds: Mapping[str, Round] = field(default_factory=dict)
    """By courier."""
    routes: Mapping[str, str] = field(default_factory=dict)
    """The ferry route of each appointment on an island."""
    boats: tuple[Sailing, ...] = ()
    ashore: timedelta = timedelta()
    """From the boat to the first door, and from the last one to the boat."""
    declined: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Who was asked for an appointment in its window and said no, or nothing."""
    shut: frozenset[str] = frozenset()
    """Appointments that cannot be kept, whoever goes."""
    extra: tuple[ExtraStop, ...] = ()
    deadlines: Mapping[ServiceKind, timedelta] = field(default_factory=dict)
    """How soon after booking each kind is due, where anything says so."""

    def second(self, at: datetime) -> int:
        """Since local midnight of the day."""
        return int((at - day_span(self.day).start).total_seconds())

    def instant(self, second: int) -> datetime:
        return day_span(self.day).start + timedelta(seconds=second)
