"""What the room does when it, or a room below it, has spoken. Each may be done twice."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from doorstep.appointments.actions import Appointments
from doorstep.appointments.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMoved,
)
from doorstep.capacity.events import CapacityChanged
from doorstep.kit.events import Event

Reaction = Callable[[Appointments, Any], Awaitable[None]]

REACTIONS: Final[dict[type[Event], Reaction]] = {
    AppointmentBooked: Appointments.heed_booked,
    AppointmentCancelled: Appointments.mind,
    AppointmentMoved: Appointments.mind,
    CapacityChanged: Appointments.heed_capacity,
}
