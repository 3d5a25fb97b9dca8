"""What the desk does when a room below it speaks. Each may be done twice."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from doorstep.appointments.events import (
    AddressChangeTold,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentForeseen,
    AppointmentMoved,
    AppointmentNoted,
    AppointmentRedirected,
    AppointmentReoffered,
    AppointmentReofferLapsed,
    AppointmentReofferWithdrawn,
    AppointmentRescheduled,
)
from doorstep.capacity.events import CapacityChanged
from doorstep.couriers.events import DutyEnded
from doorstep.desk.actions import Desk
from doorstep.dispatch.events import LatenessForeseen, OfferUntaken, StopFlagged
from doorstep.kit.events import Event

Reaction = Callable[[Desk, Any], Awaitable[None]]

REACTIONS: Final[dict[type[Event], Reaction]] = {
    AppointmentBooked: Desk.tell,
    AppointmentRescheduled: Desk.tell,
    AppointmentRedirected: Desk.tell,
    AddressChangeTold: Desk.tell,
    AppointmentCancelled: Desk.tell,
    AppointmentMoved: Desk.tell,
    AppointmentNoted: Desk.tell,
    AppointmentReoffered: Desk.tell,
    AppointmentReofferLapsed: Desk.heed_reoffer_lapsed,
    AppointmentReofferWithdrawn: Desk.tell,
    AppointmentForeseen: Desk.tell_eta,
    OfferUntaken: Desk.heed_untaken,
    LatenessForeseen: Desk.heed_lateness,
    StopFlagged: Desk.heed_flagged,
    DutyEnded: Desk.heed_duty_ended,
    CapacityChanged: Desk.heed_capacity,
}
