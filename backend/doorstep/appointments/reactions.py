"""What the room does when it, or a room below it, has spoken. Each may be done twice."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from doorstep.appointments.actions import Appointments
from doorstep.appointments.events import AppointmentCancelled, AppointmentRescheduled
from doorstep.calendar.events import (
    BlockAdded,
    BlockLifted,
    ClosureAdded,
    ClosureLifted,
    SailingAdded,
    SailingCancelled,
)
from doorstep.kit.events import Event

Reaction = Callable[[Appointments, Any], Awaitable[None]]

REACTIONS: Final[dict[type[Event], Reaction]] = {
    AppointmentCancelled: Appointments.heed_changed,
    AppointmentRescheduled: Appointments.heed_changed,
    BlockAdded: Appointments.heed_shut,
    ClosureAdded: Appointments.heed_shut,
    SailingCancelled: Appointments.heed_shut,
    BlockLifted: Appointments.heed_opened,
    ClosureLifted: Appointments.heed_opened,
    SailingAdded: Appointments.heed_opened,
}
