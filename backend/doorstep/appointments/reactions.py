"""What the room does when it, or a room below it, has spoken. Each may be done twice."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from doorstep.appointments.actions import Appointments
from doorstep.appointments.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMoved,
    AppointmentRedirected,
    AppointmentRescheduled,
)
from doorstep.calendar.events import (
    BlockAdded,
    BlockLifted,
    ClosureAdded,
    ClosureLifted,
    SailingAdded,
    SailingCancelled,
)
from doorstep.capacity.events import CapacityChanged
from doorstep.kit.events import Event

Reaction = Callable[[Appointments, Any], Awaitable[None]]


async def _mind_and_heed(
    appointments: Appointments, event: AppointmentCancelled | AppointmentMoved
) -> None:
    """What has become of a visit may leave a mark, and may leave no offer standing."""
    await appointments.mind(event)
    await appointments.heed_changed(event)


REACTIONS: Final[dict[type[Event], Reaction]] = {
    AppointmentBooked: Appointments.heed_booked,
    AppointmentCancelled: _mind_and_heed,
    AppointmentMoved: _mind_and_heed,
    AppointmentRedirected: Appointments.heed_changed,
    AppointmentRescheduled: Appointments.heed_changed,
    CapacityChanged: Appointments.heed_capacity,
    BlockAdded: Appointments.heed_shut,
    ClosureAdded: Appointments.heed_shut,
    SailingCancelled: Appointments.heed_shut,
    BlockLifted: Appointments.heed_opened,
    ClosureLifted: Appointments.heed_opened,
    SailingAdded: Appointments.heed_opened,
}
