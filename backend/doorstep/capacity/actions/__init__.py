"""What an area's couriers can still promise: showing it, taking of it, and publishing it."""

from dataclasses import dataclass

from doorstep.capacity.actions.agreeing import Agreement
from doorstep.capacity.actions.granting import Granting, Turn
from doorstep.capacity.actions.publishing import Publishing
from doorstep.capacity.actions.showing import SlotView
from doorstep.capacity.actions.taking import Taking

__all__ = ["Agreement", "Capacity", "SlotView", "Turn"]


@dataclass(frozen=True)
class Capacity(Granting, Taking, Publishing):
    """All verbs of the room, over one set of tools."""
