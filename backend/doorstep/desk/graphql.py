"""The dispatcher's desk as the outside world sees it."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, Any

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import query, subscription
from doorstep.appointments.graphql.queries import shown_to
from doorstep.appointments.graphql.types import Appointment, AppointmentEvent, shown_by_id
from doorstep.appointments.model import Appointment as StoredAppointment
from doorstep.appointments.rules import Viewer
from doorstep.capacity.graphql import SlotCapacity, capacities_shown
from doorstep.couriers.graphql import Courier, cards
from doorstep.desk import model
from doorstep.desk.actions import Desk, Told
from doorstep.desk.rules import minutes_late
from doorstep.kit.gql import Info, argument, explain, not_found, public, refuse, shown

explain(model.AlarmKind, "What should worry a dispatcher.", model.ALARM_WORDS)


@public("Something that should worry the dispatcher.")
class Alarm:
    id: strawberry.ID = shown("Names the alarm: raised once.")
    kind: model.AlarmKind = shown("What is wrong.")
    message: str = shown("Fit to show, in the language of Accept-Language.")
    at: datetime = shown("When it was raised.")
    appointment: Appointment | None = shown("What it is about, if it is about an appointment.")
    courier: Courier | None = shown("Whom it is about, if it is about a courier.")
    minutes_late: int | None = shown(
        "How many minutes after the window the courier comes as things stand, if that is what is "
        "wrong; 0: just before it ends."
    )
    capacity: SlotCapacity | None = shown("What it is about, if it is about a slot.")
    affected: list[Appointment] = shown(
        "The appointments that the slot has no room for now; the newest booked first."
    )


@public("One line of a branch's feed.")
class BranchChange:
    sequence: int = shown("The line's; ask again `after` the last one you had.")
    event: AppointmentEvent | None = shown("What happened to the appointment.")
    appointment: Appointment | None = shown("How the appointment stands now.")
    alarm: Alarm | None = shown("What should worry you, if the line is an alarm.")
    resync: bool = shown("Start over: read the branch's day afresh.")


def _desk(info: Info) -> Desk:
    found: Desk = info.context.house.desk
    return found


async def _is_theirs(branch_id: str, info: Info) -> bool:
    context = info.context
    theirs: bool = await context.house.organisation.in_reach(branch_id, context.caller, DISPATCH)
    return theirs


async def alarms_shown(
    alarms: list[model.Alarm], found: dict[str, StoredAppointment], info: Info
) -> list[Alarm]:
    """Alarms with what they are about, in a few questions however many they are."""
    viewer = Viewer(info.context.caller)
    appointments = await shown_by_id(viewer, found, info)
    couriers = await cards((a.courier_id for a in alarms if a.courier_id), info)
    return [
        Alarm(
            id=strawberry.ID(alarm.id),
            kind=alarm.kind,
            message=model.ALARM_WORDS[alarm.kind].spoken(info.context.locale),
            at=alarm.at,
            appointment=appointments.get(alarm.appointment_id or ""),
            courier=couriers.get(alarm.courier_id or ""),
            minutes_late=_minutes_late(alarm, found),
            **await _shortage_shown(alarm, viewer, info),
        )
        for alarm in alarms
    ]


def _minutes_late(alarm: model.Alarm, found: dict[str, StoredAppointment]) -> int | None:
    about = found.get(alarm.appointment_id or "")
    late = alarm.kind is model.AlarmKind.RUNNING_LATE and about
    return minutes_late(about) if about and late else None


async def _shortage_shown(alarm: model.Alarm, viewer: Viewer, info: Info) -> dict[str, Any]:
    """What a slot has, and whom it has no room for; nothing, if there is room again."""
    found = None
    if alarm.slot_key:
        found = await info.context.house.appointments.shortage(alarm.slot_key)
    if found is None:
        return {"capacity": None, "affected": []}
    (capacity,) = await capacities_shown([found.slot], info)
    return {"capacity": capacity, "affected": await shown_to(viewer, found.affected, info)}


@strawberry.type
class DeskQuery:
    @query("The alarms of a branch's day whose reason still lasts.", to=DISPATCH)
    async def alarms(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        day: Annotated[date, argument("Which local day.")],
    ) -> list[Alarm]:
        if not await _is_theirs(branch_id, info):
            return []
        found = await _desk(info).open_alarms(branch_id, day)
        about = {alarm.appointment_id for alarm in found if alarm.appointment_id}
        appointments = await info.context.house.appointments.load(about)
        return await alarms_shown(found, appointments, info)


@strawberry.type
class DeskSubscription:
    @subscription(
        "Everything that happens in a branch past `after` (a BranchChange.sequence): each step of "
        "its appointments, and each alarm.",
        to=DISPATCH,
    )
    async def branch_feed(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        after: Annotated[
            int | None, argument("The last sequence had; 0: everything; null: from now on.")
        ] = None,
    ) -> AsyncIterator[BranchChange]:
        if after is not None and after < 0:
            raise refuse("BAD_USER_INPUT", "after must not be negative")
        if not await _is_theirs(branch_id, info):
            raise not_found(info.context.locale)
        async for line in _desk(info).follow(branch_id, after=after):
            yield await _shown(line, info)


async def _shown(line: Told, info: Info) -> BranchChange:
    viewer, stored = Viewer(info.context.caller), line.appointment
    shown = await shown_to(viewer, [stored], info) if stored else []
    found = {stored.id: stored} if stored else {}
    alarms = await alarms_shown([line.alarm], found, info) if line.alarm else []
    return BranchChange(
        sequence=line.sequence,
        event=_event(line),
        appointment=shown[0] if shown else None,
        alarm=alarms[0] if alarms else None,
        resync=line.entry is None,
    )


def _event(line: Told) -> AppointmentEvent | None:
    """The step of the appointment's history that the line tells of."""
    wanted = line.entry.appointment_sequence if line.entry else None
    history = line.appointment.history if line.appointment else ()
    return next((AppointmentEvent.of(e) for e in history if e.sequence == wanted), None)
