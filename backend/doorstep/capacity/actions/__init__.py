"""What an area's couriers can still promise: showing it, taking of it, and publishing it."""

from dataclasses import dataclass

from doorstep.capacity.actions.agreeing import Agreement
from doorstep.capacity.actions.granting import Granting, Turn
from doorstep.capacity.actions.showing import SlotView
from doorstep.capacity.actions.taking import Taking
from doorstep.capacity.actions.vacancies import Reporting

__all__ = ["Agreement", "Capacity", "SlotView", "Turn"]


@dataclass(frozen=True)
class Capacity(Granting, Taking, Reporting):
    """All verbs of the room, over one set of tools."""
