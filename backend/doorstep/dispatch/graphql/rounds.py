"""Rounds and assignments as the outside world sees them."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, Final

import strawberry

from doorstep.accounts.model import COURIER, DISPATCH
from doorstep.accounts.permissions import mutation, query, subscription
from doorstep.appointments.graphql.queries import shown_to
from doorstep.appointments.graphql.types import Appointment, shown_by_id
from doorstep.appointments.model import Appointment as StoredAppointment
from doorstep.appointments.rules import Viewer
from doorstep.couriers import graphql as couriers_graphql
from doorstep.couriers.graphql import Courier
from doorstep.couriers.model import Courier as StoredCourier
from doorstep.dispatch import model
from doorstep.dispatch.actions import Change
from doorstep.dispatch.graphql.room import dispatch_of
from doorstep.dispatch.graphql.transfers import TransferRequest, transfers_shown
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Node,
    Refused,
    argument,
    asking,
    asks_for,
    at_most,
    explain,
    given,
    not_found,
    public,
    refuse,
    shown,
    worded,
)
from doorstep.kit.once import Keyed, attempt_of, said_no
from doorstep.kit.windows import local_day

_TRANSFERS: Final = frozenset({"transfers"})

explain(
    model.StopState,
    "How far a stop has come.",
    {
        model.StopState.OFFERED: "Offered, or assigned and not accepted yet.",
        model.StopState.ACCEPTED: "The courier said yes.",
        model.StopState.EN_ROUTE: "The courier has set out for it.",
        model.StopState.ARRIVED: "The courier is at the door.",
        model.StopState.DONE: "Something was done there.",
        model.StopState.FAILED: "Nothing could be done there.",
        model.StopState.REMOVED: "It is this courier's no longer: a tombstone.",
    },
)
explain(model.AssignmentRefusal, "Why an assignment is refused.", model.ASSIGNMENT_WORDS)


@public("A stop carries an appointment, newspaper drops, or both.")
class Stop:
    id: strawberry.ID = shown("Names the stop within its round.")
    appointment: Appointment | None = shown("What is to be done; null on a tombstone.")
    position: int = shown("Its place in the round, from 1.")
    planned_arrival: datetime = shown("When the round as planned gets there.")
    eta: datetime | None = shown("When the courier should be there as things stand.")
    state: model.StopState = shown("How far it has come.")


@public("What one courier does on one day, in order.")
class Round(Node):
    courier: Courier = shown("Whose round it is.")
    day: date = shown("The local day.")
    sequence: int = shown("Of its latest change: one count per courier over all days.")
    stops: list[Stop] = shown("The stops, in order.")
    transfers: list[TransferRequest] = shown(
        "转单 of that day: what the courier asks of colleagues, and colleagues of them; the latest "
        "first. Whatever becomes of one is another change of the round."
    )


@public("A change of a courier's rounds, and how the round stands now.")
class RoundChange:
    sequence: int = shown("The change's; ask again `after` the last one you had.")
    round: Round = shown("The round of the day that changed, as it stands now.")
    resync: bool = shown("Start over: read the rounds afresh.")


@public("An assignment was refused.")
class AssignmentRefused(Refused):
    code: model.AssignmentRefusal = shown("Why.")
    current: Appointment | None = shown("How the appointment stands.")


@public("An appointment has a courier, or has none any more.")
class AppointmentAssigned:
    appointment: Appointment = shown("How it stands now.")
    courier: Courier | None = shown("Null when the appointment was taken off its courier.")


AssignAppointmentResult = Annotated[
    AppointmentAssigned | AssignmentRefused | InvalidInput,
    strawberry.union("AssignAppointmentResult", description="What came of assigning."),
]


@asking("Name an appointment's courier.")
class AssignAppointmentInput(Keyed):
    appointment_id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    courier_id: strawberry.ID = given("Which courier.")


@asking("Take an appointment off its courier.")
class UnassignAppointmentInput(Keyed):
    appointment_id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    reason: str = given("Why.")


@asking("Give to another courier what one has.")
class ReassignAppointmentInput(Keyed):
    appointment_id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    courier_id: strawberry.ID = given("To which courier.")
    reason: str | None = given("Why, if there is something to say.", default=None)


async def round_shown(
    round: model.Round, courier: StoredCourier, viewer: Viewer, info: Info
) -> Round:
    """A round with its appointments, in a few questions however many there are."""
    found = await dispatch_of(info).visible_appointments(round)
    by_id = await shown_by_id(viewer, found, info)
    (card,) = await couriers_graphql.presented([courier], info)
    transfers = []
    if asks_for(info, _TRANSFERS):
        transfers = await dispatch_of(info).transfers_of(courier.id, round.day)
    return Round(
        id=strawberry.ID(round.id),
        courier=card,
        day=round.day,
        sequence=round.sequence,
        stops=[
            Stop(
                id=strawberry.ID(stop.id),
                appointment=None
                if stop.state is model.StopState.REMOVED
                else by_id.get(stop.appointment_id),
                position=position,
                planned_arrival=stop.planned_arrival,
                eta=stop.eta,
                state=stop.state,
            )
            for position, stop in enumerate(round.stops, start=1)
        ],
        transfers=await transfers_shown(transfers, viewer, info),
    )


async def _me(info: Info) -> StoredCourier:
    courier: StoredCourier | None = await info.context.house.couriers.of_account(
        info.context.caller.id
    )
    if courier is None:
        raise not_found(info.context.locale)
    return courier


@strawberry.type
class DispatchQuery:
    @query("The courier's own round, empty on a free day.", to=COURIER)
    async def my_round(
        self, info: Info, day: Annotated[date | None, argument("Which day; null: today.")] = None
    ) -> Round:
        courier, rooms = await _me(info), dispatch_of(info)
        on = day or local_day(rooms.clock.now())
        round = await rooms.round_of(courier, on)
        return await round_shown(round, courier, Viewer(info.context.caller, courier.id), info)


@strawberry.type
class DispatchMutation:
    @mutation(
        "A dispatcher names the courier. One active assignment per appointment, whatever races.",
        to=DISPATCH,
    )
    async def assign_appointment(
        self, info: Info, input: Annotated[AssignAppointmentInput, argument("Which to whom.")]
    ) -> AssignAppointmentResult:
        rooms, caller = dispatch_of(info), info.context.caller
        outcome = await rooms.assign(
            input.appointment_id,
            input.courier_id,
            attempt_of(info, input, "assignAppointment", rooms.clock.now()),
            expected_version=input.expected_version,
            may=caller.paths(DISPATCH),
            by_role=caller.acting_as(DISPATCH),
        )
        return await _assigned(outcome, info, input.courier_id)

    @mutation(
        "Give to another courier what one has and has not set out for, in one step: refused, it "
        "stays where it is.",
        to=DISPATCH,
    )
    async def reassign_appointment(
        self, info: Info, input: Annotated[ReassignAppointmentInput, argument("Which to whom.")]
    ) -> AssignAppointmentResult:
        rooms, caller = dispatch_of(info), info.context.caller
        outcome = await rooms.reassign(
            input.appointment_id,
            input.courier_id,
            attempt_of(info, input, "reassignAppointment", rooms.clock.now()),
            expected_version=input.expected_version,
            reason=at_most(input.reason, 200, "reason"),
            may=caller.paths(DISPATCH),
            by_role=caller.acting_as(DISPATCH),
        )
        return await _assigned(outcome, info, input.courier_id)

    @mutation("Take an appointment off its courier.", to=DISPATCH)
    async def unassign_appointment(
        self, info: Info, input: Annotated[UnassignAppointmentInput, argument("Which, and why.")]
    ) -> AssignAppointmentResult:
        rooms, caller = dispatch_of(info), info.context.caller
        reason = worded(input.reason, 200, "reason")
        outcome = await rooms.unassign(
            input.appointment_id,
            attempt_of(info, input, "unassignAppointment", rooms.clock.now()),
            expected_version=input.expected_version,
            reason=reason,
            may=caller.paths(DISPATCH),
            by_role=caller.acting_as(DISPATCH),
        )
        return await _assigned(outcome, info, None)


async def _assigned(
    outcome: StoredAppointment | model.AssignmentRefused, info: Info, courier_id: str | None
) -> AppointmentAssigned | AssignmentRefused:
    viewer = Viewer(info.context.caller)
    if isinstance(outcome, model.AssignmentRefused):
        current = await shown_to(viewer, [outcome.current], info) if outcome.current else []
        return AssignmentRefused(
            **said_no(outcome, model.ASSIGNMENT_WORDS, info),
            current=current[0] if current else None,
        )
    courier = await info.context.house.couriers.get(courier_id) if courier_id else None
    cards = await couriers_graphql.presented([courier], info) if courier else []
    (appointment,) = await shown_to(viewer, [outcome], info)
    return AppointmentAssigned(appointment=appointment, courier=cards[0] if cards else None)


@strawberry.type
class DispatchSubscription:
    @subscription(
        "Every change of the caller's rounds past `after` (a Round.sequence, one count per courier "
        "over all days).",
        to=COURIER,
    )
    async def round_feed(
        self,
        info: Info,
        after: Annotated[
            int | None, argument("The last sequence had; 0: everything; null: from now on.")
        ] = None,
    ) -> AsyncIterator[RoundChange]:
        courier, rooms = await _me(info), dispatch_of(info)
        if after is not None and after < 0:
            raise refuse("BAD_USER_INPUT", "after must not be negative")
        today = local_day(rooms.clock.now())
        async for change in rooms.follow(courier, today, after=after):
            yield await _change_shown(change, courier, info)


async def _change_shown(change: Change, courier: StoredCourier, info: Info) -> RoundChange:
    viewer = Viewer(info.context.caller, courier.id)
    return RoundChange(
        sequence=change.sequence,
        round=await round_shown(change.round, courier, viewer, info),
        resync=change.resync,
    )
