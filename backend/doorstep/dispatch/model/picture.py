"""A branch's day as a dispatcher sees it on a map: what is drawn, and what it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from doorstep.addresses.model import Coast, ServiceArea
from doorstep.appointments.model import Appointment
from doorstep.couriers.model import Courier
from doorstep.dispatch.model.rounds import Round
from doorstep.kit.geo import Point
from doorstep.organisation.model import OrgUnit


class Layer(StrEnum):
    """What a feature of the map is: its property `layer`."""

    COAST = "COAST"
    AREA = "AREA"
    OUTLET = "OUTLET"
    ROUND = "ROUND"
    COURIER = "COURIER"
    STOP = "STOP"
    UNASSIGNED = "UNASSIGNED"


@dataclass(frozen=True)
class Seen:
    """Where a courier was seen last, and when; `live` if their handheld says they are there now."""

    where: Point
    at: datetime
    live: bool = False


@dataclass(frozen=True)
class BranchDay:
    """Who goes where on one branch's day, and who could."""

    couriers: Sequence[Courier]
    rounds: Mapping[str, Round]
    """By courier."""
    appointments: Mapping[str, Appointment]
    positions: Mapping[str, Seen]
    """Where couriers were seen last, as far as anybody knows."""


@dataclass(frozen=True)
class Ground:
    """What lies below it."""

    coasts: Sequence[Coast] = ()
    areas: Sequence[ServiceArea] = ()
    outlets: Sequence[OrgUnit] = ()
