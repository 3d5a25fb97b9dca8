"""What dispatch does when a room below it speaks.

Calls go down; events come up, and they come up here. An event may be told twice, so every reaction
is one that may be done twice.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from doorstep.appointments.events import (
    AddressChangeTold,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentNoted,
    AppointmentRedirected,
    AppointmentRescheduled,
)
from doorstep.dispatch.actions import Dispatch
from doorstep.dispatch.events import OfferEnded
from doorstep.kit.events import Event

Reaction = Callable[[Dispatch, Any], Awaitable[None]]


async def offer(dispatch: Dispatch, event: AppointmentBooked) -> None:
    await dispatch.offer_next(event.aggregate, unless_after=event.sequence)


async def move(dispatch: Dispatch, event: AppointmentRescheduled | AppointmentRedirected) -> None:
    """Free whoever had the old window or door, then ask for the new one."""
    await dispatch.release(event.aggregate)
    await dispatch.offer_next(event.aggregate, unless_after=event.sequence)


async def retell(dispatch: Dispatch, event: AppointmentEvent) -> None:
    await dispatch.retell(event.aggregate)


async def drop(dispatch: Dispatch, event: AppointmentCancelled) -> None:
    await dispatch.release(event.aggregate)


async def ask_another(dispatch: Dispatch, event: OfferEnded) -> None:
    await dispatch.offer_next(event.appointment_id)


REACTIONS: Final[dict[type[Event], Reaction]] = {
    AppointmentBooked: offer,
    AppointmentRescheduled: move,
    AppointmentRedirected: move,
    AddressChangeTold: retell,
    AppointmentCancelled: drop,
    AppointmentNoted: retell,
    OfferEnded: ask_another,
}
