"""Who can come, when, with what, and what for."""

from dataclasses import dataclass

from doorstep.couriers.actions.absences import Absences
from doorstep.couriers.actions.dedications import Dedicating
from doorstep.couriers.actions.garages import Garages
from doorstep.couriers.actions.positions import Positions
from doorstep.couriers.actions.tools import Within

__all__ = ["Couriers", "Within"]


@dataclass(frozen=True)
class Couriers(Positions, Absences, Garages, Dedicating):
    """All verbs of the room, over one set of tools."""
