"""转单 as couriers and dispatchers see it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from doorstep.accounts.model import COURIER, DISPATCH
from doorstep.accounts.permissions import mutation, query
from doorstep.appointments.graphql.queries import shown_to
from doorstep.appointments.graphql.types import Appointment, shown_by_id
from doorstep.appointments.rules import Viewer
from doorstep.couriers.graphql import Courier, cards, presented
from doorstep.dispatch import model
from doorstep.dispatch.graphql.room import dispatch_of
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Node,
    Refused,
    argument,
    asking,
    explain,
    given,
    public,
    shown,
    worded,
)
from doorstep.kit.once import Keyed, attempt_of, said_no

explain(
    model.TransferState,
    "What became of asking a courier to take a visit over.",
    {
        model.TransferState.PENDING: "Not answered yet; the visit is still the first courier's.",
        model.TransferState.ACCEPTED: "The visit is the second courier's.",
        model.TransferState.REFUSED: "They said no, and why; it stays with the first courier.",
        model.TransferState.WITHDRAWN: "Whoever asked took the question back.",
        model.TransferState.LAPSED: "No answer in time: the house asks somebody else.",
        model.TransferState.OVERTAKEN: "The visit was moved, cancelled, begun or given away.",
    },
)
explain(model.TransferRefusal, "Why a visit is not passed on.", model.TRANSFER_WORDS)


@public("转单: that a courier is asked to take over what another has.")
class TransferRequest(Node):
    state: model.TransferState = shown("What became of it.")
    appointment: Appointment | None = shown("The visit; null when it is no longer yours to see.")
    from_courier: Courier | None = shown("Whose the visit is until somebody says yes.")
    to_courier: Courier | None = shown("Who is asked.")
    reason: str = shown("Why it is to be passed on.")
    answer: str | None = shown("Why it was refused, or taken back.")
    asked_at: datetime = shown("When they were asked.")
    answer_by: datetime = shown("Unanswered by then, it goes to whoever the house finds.")
    ended_at: datetime | None = shown("When it was answered, taken back or over.")


@public("A courier is asked to take a visit over.")
class TransferAsked:
    transfer: TransferRequest = shown("How it stands now.")


@public("A visit is not passed on.")
class TransferRefused(Refused):
    code: model.TransferRefusal = shown("Why.")
    current: Appointment | None = shown("How the appointment stands.")


TransferResult = Annotated[
    TransferAsked | TransferRefused | InvalidInput,
    strawberry.union("TransferResult", description="What came of passing a visit on."),
]


@asking("Ask a courier to take over what another has.")
class TransferAppointmentInput(Keyed):
    appointment_id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    to_courier_id: strawberry.ID = given("Who is to take it over.")
    reason: str = given("Why.")


@asking("Take back a question that was not answered yet.")
class WithdrawTransferInput(Keyed):
    transfer_id: strawberry.ID = given("Which request.")
    reason: str = given("Why.")


def viewer_asked(viewer: Viewer, transfers: Sequence[model.Transfer]) -> Viewer:
    """Whoever is asked to take a visit over sees of it what whoever is offered one does."""
    asked = {
        each.appointment_id
        for each in transfers
        if each.to_courier_id == viewer.courier_id and each.state is model.TransferState.PENDING
    }
    return Viewer(viewer.caller, viewer.courier_id, frozenset(asked))


async def transfers_shown(
    transfers: Sequence[model.Transfer], viewer: Viewer, info: Info
) -> list[TransferRequest]:
    """Requests with who and what they are about, in a few questions however many they are."""
    if not transfers:
        return []
    house = info.context.house
    found = await house.appointments.load({each.appointment_id for each in transfers})
    sees = viewer_asked(viewer, transfers)
    appointments = await shown_by_id(sees, found, info)
    ids = {id for each in transfers for id in (each.from_courier_id, each.to_courier_id)}
    couriers = await cards(ids, info)
    return [
        TransferRequest(
            id=strawberry.ID(each.id),
            state=each.state,
            appointment=appointments.get(each.appointment_id),
            from_courier=couriers.get(each.from_courier_id),
            to_courier=couriers.get(each.to_courier_id),
            reason=each.reason,
            answer=each.answer,
            asked_at=each.at,
            answer_by=each.answer_by,
            ended_at=each.ended_at,
        )
        for each in transfers
    ]


@strawberry.type
class TransferQuery:
    @query("Who else works in the courier's branch, and may be asked to take a stop.", to=COURIER)
    async def my_colleagues(self, info: Info) -> list[Courier]:
        couriers = info.context.house.couriers
        me = await couriers.of_account(info.context.caller.id)
        if me is None:
            return []
        found = await couriers.of_branch(me.branch_id)
        return await presented([c for c in found if c.id != me.id], info)

    @query(
        "Who is asked to take over what in a branch; the latest first, 100 at most.", to=DISPATCH
    )
    async def transfers(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        day: Annotated[date, argument("Which local day.")],
        pending: Annotated[bool, argument("Only what is not answered yet.")] = True,
    ) -> list[TransferRequest]:
        organisation = info.context.house.organisation
        if not await organisation.in_reach(branch_id, info.context.caller, DISPATCH):
            return []
        found = await dispatch_of(info).transfers_in(branch_id, day, pending=pending)
        return await transfers_shown(found, Viewer(info.context.caller), info)


@strawberry.type
class TransferMutation:
    @mutation(
        "转单: ask another courier of the branch to take over what one has accepted and not set "
        "out for. It stays with the first until the second says yes; unanswered by `answerBy`, the "
        "house finds somebody else.",
        to=DISPATCH,
    )
    async def transfer_appointment(
        self, info: Info, input: Annotated[TransferAppointmentInput, argument("Which to whom.")]
    ) -> TransferResult:
        rooms, caller = dispatch_of(info), info.context.caller
        outcome = await rooms.transfer(
            input.appointment_id,
            input.to_courier_id,
            attempt_of(info, input, "transferAppointment", rooms.clock.now()),
            expected_version=input.expected_version,
            reason=worded(input.reason, 200, "reason"),
            may=caller.paths(DISPATCH),
            by_role=caller.acting_as(DISPATCH),
        )
        return await _told(outcome, info)

    @mutation("Take back what a courier was asked to take over and has not answered.", to=DISPATCH)
    async def withdraw_transfer(
        self, info: Info, input: Annotated[WithdrawTransferInput, argument("Which, and why.")]
    ) -> TransferResult:
        rooms = dispatch_of(info)
        outcome = await rooms.withdraw_transfer(
            input.transfer_id,
            attempt_of(info, input, "withdrawTransfer", rooms.clock.now()),
            reason=worded(input.reason, 200, "reason"),
            may=info.context.caller.paths(DISPATCH),
        )
        return await _told(outcome, info)


async def _told(
    outcome: model.Transfer | model.TransferRefused, info: Info
) -> TransferAsked | TransferRefused:
    viewer = Viewer(info.context.caller)
    if isinstance(outcome, model.Transfer):
        (transfer,) = await transfers_shown([outcome], viewer, info)
        return TransferAsked(transfer=transfer)
    current = await shown_to(viewer, [outcome.current], info) if outcome.current else []
    return TransferRefused(
        **said_no(outcome, model.TRANSFER_WORDS, info),
        current=current[0] if current else None,
    )
