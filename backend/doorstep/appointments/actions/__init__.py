"""Making promises, changing them, and following what becomes of them."""

from dataclasses import dataclass

from doorstep.appointments.actions.booking import Booking
from doorstep.appointments.actions.moving import DoorAsked, Moving
from doorstep.appointments.actions.reading import Change, Reading
from doorstep.appointments.actions.serving import Offer, Serviceability, Serving
from doorstep.appointments.actions.tools import Asked

__all__ = ["Appointments", "Asked", "Change", "DoorAsked", "Offer", "Serviceability"]


@dataclass(frozen=True)
class Appointments(Serving, Booking, Moving, Reading):
    """All verbs of the room, over one set of tools."""
