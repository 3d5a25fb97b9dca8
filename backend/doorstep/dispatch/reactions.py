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
from doorstep.calendar.events import BlockLifted, ClosureLifted, SailingAdded
from doorstep.couriers.events import HoursGained
from doorstep.dispatch.actions import Dispatch
from doorstep.dispatch.events import OfferEnded
from doorstep.kit.events import Event
from doorstep.kit.windows import TimeWindow, day_span

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


async def free_way(dispatch: Dispatch, event: BlockLifted) -> None:
    span = TimeWindow(start=event.start, end=event.end)
    await dispatch.offer_anew(span, event.path, event.area_ids)


async def reopen(dispatch: Dispatch, event: ClosureLifted) -> None:
    await dispatch.offer_anew(day_span(event.day), event.path)


async def sail(dispatch: Dispatch, event: SailingAdded) -> None:
    if event.arrives_at < event.returns_at:
        await dispatch.offer_anew(TimeWindow(start=event.arrives_at, end=event.returns_at))


async def ask_who_is_back(dispatch: Dispatch, event: HoursGained) -> None:
    await dispatch.offer_anew(TimeWindow(start=event.start, end=event.end), event.branch_path)


REACTIONS: Final[dict[type[Event], Reaction]] = {
    AppointmentBooked: offer,
    AppointmentRescheduled: move,
    AppointmentRedirected: move,
    AddressChangeTold: retell,
    AppointmentCancelled: drop,
    AppointmentNoted: retell,
    OfferEnded: ask_another,
    BlockLifted: free_way,
    ClosureLifted: reopen,
    SailingAdded: sail,
    HoursGained: ask_who_is_back,
}
