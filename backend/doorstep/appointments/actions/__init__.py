"""Making promises, changing them, and following what becomes of them."""

from dataclasses import dataclass

from doorstep.appointments.actions.amending import Amending
from doorstep.appointments.actions.bulk import Bulk
from doorstep.appointments.actions.conduct import Conduct
from doorstep.appointments.actions.fitting import Fitting, Reckoning
from doorstep.appointments.actions.moving import DoorAsked, Moving
from doorstep.appointments.actions.reading import Change, Reading
from doorstep.appointments.actions.rebooking import Rebooking
from doorstep.appointments.actions.reoffering import Reoffering
from doorstep.appointments.actions.serving import Offer, Serviceability, Serving
from doorstep.appointments.actions.tools import Asked
from doorstep.appointments.actions.waiting import WaitChange, Waiting

__all__ = [
    "Appointments",
    "Asked",
    "Change",
    "DoorAsked",
    "Offer",
    "Reckoning",
    "Serviceability",
    "WaitChange",
]


@dataclass(frozen=True)
class Appointments(
    Serving, Bulk, Waiting, Rebooking, Amending, Moving, Reoffering, Conduct, Reading, Fitting
):
    """All verbs of the room, over one set of tools."""
