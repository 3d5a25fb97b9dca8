"""How long the way is between two points. Pure.

Units  whole seconds and whole metres, both rounded up; degrees in WGS 84
Hours  those of the clock in Shanghai at which the way begins
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from doorstep.couriers.model import VehicleKind
from doorstep.kit.geo import Point, metres_between
from doorstep.kit.windows import SHANGHAI


@dataclass(frozen=True, slots=True)
class Trip:
    """A way that somebody goes."""

    seconds: int
    metres: int


class Ways(Protocol):
    """What is known of ways. It answers at once: whoever asks a router asks it beforehand."""

    def trip(self, here: Point, there: Point, vehicle: VehicleKind, at: datetime) -> Trip:
        """How long it takes to get from one to the other, for who sets out at that instant."""
        ...


class Chart(Protocol):
    """What is known of all the ways between many points at once."""

    @property
    def lines(self) -> "StraightLines":
        """All of them, as long as nothing better is known."""
        ...

    def known(
        self, points: Sequence[Point], vehicle: VehicleKind
    ) -> Iterable[tuple[int, int, Trip]]:
        """From which to which something better is, and what: of empty streets."""
        ...


class Pace(BaseModel):
    """How fast people get about where no router is asked. The bureau's own figures."""

    model_config = ConfigDict(frozen=True)

    detour: float = Field(default=1.4, ge=1)
    """Metres of road for each metre in a straight line."""
    metres_per_second: Mapping[VehicleKind, float] = {
        VehicleKind.ON_FOOT: 1.3,
        VehicleKind.BICYCLE: 3.5,
        VehicleKind.E_TRIKE: 5.0,
        VehicleKind.VAN: 6.5,
    }
    """At hours of which nothing else is said."""
    of_hour: Mapping[int, float] = {7: 0.8, 8: 0.75, 17: 0.75, 18: 0.8}
    """What is left of the speed at hours (0 to 23) when the streets are full."""

    def speed(self, vehicle: VehicleKind, at: datetime) -> float:
        """Metres of road in a second."""
        return self.metres_per_second[vehicle] * self.left_at(at)

    def left_at(self, at: datetime) -> float:
        """What is left of any speed at that hour."""
        return self.of_hour.get(at.astimezone(SHANGHAI).hour, 1)


@dataclass(frozen=True, slots=True)
class StraightLines:
    """Where nothing else is known: straight lines, lengthened by the detour of the streets."""

    pace: Pace = field(default_factory=Pace)

    def trip(self, here: Point, there: Point, vehicle: VehicleKind, at: datetime) -> Trip:
        metres = metres_between(here, there) * self.pace.detour
        return Trip(ceil(metres / self.pace.speed(vehicle, at)), ceil(metres))

    @property
    def lines(self) -> "StraightLines":
        return self

    def known(
        self, points: Sequence[Point], vehicle: VehicleKind
    ) -> Iterable[tuple[int, int, Trip]]:
        return ()
