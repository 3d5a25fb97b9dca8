"""The handheld's outbox, as the outside world sees it."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from doorstep.accounts.model import COURIER
from doorstep.accounts.permissions import mutation
from doorstep.appointments.graphql.queries import shown_to, viewer_of
from doorstep.appointments.graphql.types import Appointment
from doorstep.catalogue.model import LineOutcome
from doorstep.handheld import model
from doorstep.handheld.actions import Handheld, Sent
from doorstep.handheld.model import Act
from doorstep.kit.gql import (
    CoordinatesInput,
    Info,
    InvalidAsk,
    Refused,
    argument,
    asking,
    explain,
    given,
    parsed,
    public,
    refuse,
    shown,
)
from doorstep.kit.once import body_hash
from doorstep.kit.refusals import Locale

explain(
    model.SignerRelationship,
    "What the signer is to the addressee.",
    {
        model.SignerRelationship.ADDRESSEE: "本人: the addressee.",
        model.SignerRelationship.AUTHORIZED_RECIPIENT: "代收人: whom the addressee authorised.",
        model.SignerRelationship.COHABITING_ADULT: "同住成年家属: an adult of the household.",
        model.SignerRelationship.MAIL_ROOM: "收发室: the mail room.",
        model.SignerRelationship.LITIGATION_AGENT: "诉讼代理人: the litigation agent.",
        model.SignerRelationship.DESIGNATED_AGENT: "指定代收人: whom the party designated.",
        model.SignerRelationship.LEGAL_GUARDIAN: "法定代理人: the legal guardian.",
        model.SignerRelationship.ORGANIZATION_REPRESENTATIVE: "单位代表: for an organisation.",
    },
)
explain(model.CommandRefusal, "Why a command is refused.", model.COMMAND_WORDS)


@asking("Something a courier did.")
class _Done:
    command_id: strawberry.ID = given("Unique per account: it takes effect at most once.")
    captured_at: datetime = given("When it was done, by the handheld's clock.")


@asking("The courier is at work.")
class StartDutyInput(_Done):
    pass


@asking("The courier has gone home.")
class EndDutyInput(_Done):
    pass


@asking("Something was done about a stop.")
class StopCommandInput(_Done):
    appointment_id: strawberry.ID = given("Which appointment.")
    location: CoordinatesInput | None = given("Where the handheld was.", default=None)


@asking("The courier cannot take a stop.")
class DeclineStopInput(_Done):
    appointment_id: strawberry.ID = given("Which appointment.")
    reason: str = given("Why.")


@asking("The courier agrees to go to another door.")
class AcknowledgeChangeInput(_Done):
    appointment_id: strawberry.ID = given("Which appointment.")
    sequence: int = given("The `pendingChange.sequence` that was shown.")


@asking("What was shown at the door.")
class ProofInput:
    signed_by: str | None = given("Who signed.", default=None)
    signer_relationship: model.SignerRelationship | None = given(
        "What they are to the addressee.", default=None
    )
    pickup_code: str | None = given("The code that the customer told.", default=None)
    attachment_ids: list[strawberry.ID] | None = given("Photos and signatures.", default=None)


@asking("收寄验视: what was looked at, on the spot. The proof policy says where it is required.")
class InspectionInput:
    passed: bool = given("Whether it may be sent.")
    refused_reason: str | None = given("Why not.", default=None)
    attachment_ids: list[strawberry.ID] | None = given("Photos.", default=None)


@asking("实名: how the sender showed who they are; never a number.")
class IdentityCheckInput:
    method: str = given("What they showed.")
    checked_at: datetime = given("When.")


@asking("What came of one line.")
class LineOutcomeInput:
    line_id: strawberry.ID = given("Which line of the appointment.")
    outcome: LineOutcome = given("What came of it.")
    note: str | None = given("Anything to add.", default=None)
    weight_grams: int | None = given("Grams, as weighed at the door.", default=None)
    item_ids: list[str] | None = given("Item numbers: UPU S10, or the bureau's own.", default=None)
    proof: ProofInput | None = given("What was shown.", default=None)
    inspection: InspectionInput | None = given("What was looked at.", default=None)
    identity: IdentityCheckInput | None = given("How the sender showed themselves.", default=None)


@asking("The visit is over.")
class FinishStopInput(_Done):
    appointment_id: strawberry.ID = given("Which appointment.")
    location: CoordinatesInput | None = given("Where the handheld was.", default=None)
    lines: list[LineOutcomeInput] = given("What came of each line.")


@asking("A mis-tap is taken back.")
class UndoInput(_Done):
    undoes: strawberry.ID = given("The command that is taken back.")


@asking("转单: the courier asks a colleague to take a stop over. It stays theirs until they do.")
class TransferStopInput(_Done):
    appointment_id: strawberry.ID = given("Which appointment.")
    to_courier_id: strawberry.ID = given("Which of `myColleagues`.")
    reason: str = given("Why.")


@asking("The courier takes over what a colleague asks them to.")
class AcceptTransferInput(_Done):
    transfer_id: strawberry.ID = given("Which of the round's `transfers`.")


@asking("The courier does not take over what a colleague asks them to.")
class RefuseTransferInput(_Done):
    transfer_id: strawberry.ID = given("Which of the round's `transfers`.")
    reason: str = given("Why not.")


@asking("The courier keeps the stop that they asked a colleague to take over.")
class WithdrawTransferCommandInput(_Done):
    appointment_id: strawberry.ID = given("Which appointment.")


@asking(
    "The courier cannot go on today: off duty, and what is open goes to others at once. What they "
    "are under way to stays theirs until somebody has called them."
)
class ReportUnavailableInput(_Done):
    since: datetime | None = given("From when on; null: from now.", default=None, name="from")
    reason: str = given("Why.")


@asking(
    "One thing a courier did, as the handheld recorded it, possibly hours before it is sent.",
    one_of=True,
)
class CourierCommandInput:
    start_duty: StartDutyInput | None = given("At work.", default=strawberry.UNSET)
    end_duty: EndDutyInput | None = given("Gone home.", default=strawberry.UNSET)
    accept_stop: StopCommandInput | None = given("Said yes.", default=strawberry.UNSET)
    decline_stop: DeclineStopInput | None = given("Said no.", default=strawberry.UNSET)
    acknowledge_change: AcknowledgeChangeInput | None = given(
        "Agreed to another door; declineStop says no.", default=strawberry.UNSET
    )
    set_out: StopCommandInput | None = given("Set out.", default=strawberry.UNSET)
    arrive: StopCommandInput | None = given("At the door.", default=strawberry.UNSET)
    finish_stop: FinishStopInput | None = given("Done.", default=strawberry.UNSET)
    undo: UndoInput | None = given("Taken back.", default=strawberry.UNSET)
    transfer_stop: TransferStopInput | None = given(
        "Asked a colleague to take a stop over.", default=strawberry.UNSET
    )
    accept_transfer: AcceptTransferInput | None = given(
        "Took a colleague's stop over.", default=strawberry.UNSET
    )
    refuse_transfer: RefuseTransferInput | None = given(
        "Did not take it over.", default=strawberry.UNSET
    )
    withdraw_transfer: WithdrawTransferCommandInput | None = given(
        "Keeps the stop after all.", default=strawberry.UNSET
    )
    report_unavailable: ReportUnavailableInput | None = given(
        "Cannot go on.", default=strawberry.UNSET
    )

    def parsed(self, index: int) -> Sent:
        """The command; Unreadable if it has an id and makes no sense."""
        act, input = next((act, given) for act, name in _ACTS if (given := getattr(self, name)))
        body = body_hash({act.value: input})
        if not 0 < len(input.command_id) <= 100:
            said = "commandId has 1 to 100 characters"
            raise refuse("BAD_USER_INPUT", said, commandIndex=index)
        try:
            return _read(act, input, body)
        except InvalidAsk as ask:
            path = ask.invalid.problems[0].path
            return model.Unreadable(id=input.command_id, path=path, body_hash=body)


_ACTS = (
    (Act.START_DUTY, "start_duty"),
    (Act.END_DUTY, "end_duty"),
    (Act.ACCEPT, "accept_stop"),
    (Act.DECLINE, "decline_stop"),
    (Act.ACKNOWLEDGE, "acknowledge_change"),
    (Act.SET_OUT, "set_out"),
    (Act.ARRIVE, "arrive"),
    (Act.FINISH, "finish_stop"),
    (Act.UNDO, "undo"),
    (Act.TRANSFER, "transfer_stop"),
    (Act.TAKE_OVER, "accept_transfer"),
    (Act.REFUSE_TRANSFER, "refuse_transfer"),
    (Act.WITHDRAW_TRANSFER, "withdraw_transfer"),
    (Act.DROP_OUT, "report_unavailable"),
)


def _read(act: Act, input: Any, body: bytes) -> model.Command:
    location: CoordinatesInput | None = getattr(input, "location", None)
    lines: list[LineOutcomeInput] = getattr(input, "lines", [])
    return parsed(
        model.Command,
        id=input.command_id,
        act=act,
        captured_at=input.captured_at,
        appointment_id=getattr(input, "appointment_id", None),
        location=location.parsed() if location else None,
        reason=getattr(input, "reason", None),
        lines=tuple(_report(index, line) for index, line in enumerate(lines)),
        undoes=getattr(input, "undoes", None),
        sequence=getattr(input, "sequence", None),
        to_courier_id=getattr(input, "to_courier_id", None),
        transfer_id=getattr(input, "transfer_id", None),
        since=getattr(input, "since", None),
        body_hash=body,
    )


def _report(index: int, line: LineOutcomeInput) -> model.LineReport:
    under = ("lines", str(index))
    proof = line.proof or ProofInput()
    return parsed(
        model.LineReport,
        under=under,
        line_id=line.line_id,
        outcome=line.outcome,
        note=line.note,
        weight_grams=line.weight_grams,
        item_ids=tuple(line.item_ids or ()),
        proof=parsed(
            model.ProofShown,
            under=(*under, "proof"),
            signed_by=proof.signed_by,
            signer_relationship=proof.signer_relationship,
            pickup_code=proof.pickup_code,
            attachment_ids=tuple(proof.attachment_ids or ()),
        ),
        inspection=_inspection(line.inspection, under),
        identity=_identity(line.identity, under),
    )


def _inspection(input: InspectionInput | None, under: tuple[str, ...]) -> model.Inspection | None:
    if input is None:
        return None
    return parsed(
        model.Inspection,
        under=(*under, "inspection"),
        passed=input.passed,
        refused_reason=input.refused_reason,
        attachment_ids=tuple(input.attachment_ids or ()),
    )


def _identity(
    input: IdentityCheckInput | None, under: tuple[str, ...]
) -> model.IdentityCheck | None:
    if input is None:
        return None
    return parsed(
        model.IdentityCheck,
        under=(*under, "identity"),
        method=input.method,
        checked_at=input.checked_at,
    )


@public("A command was refused.")
class CommandRefused(Refused):
    code: model.CommandRefusal = shown("Why.")
    current: Appointment | None = shown("How the appointment stands, if it is the courier's.")

    @classmethod
    def of(cls, refused: model.CommandRefused, locale: Locale, current: Appointment | None) -> Self:
        return cls(
            message=model.COMMAND_WORDS[refused.code].spoken(locale),
            path=list(refused.path) or None,
            code=refused.code,
            current=current,
        )


@public(
    "What came of one command. Each commandId (unique per account) takes effect at most once, "
    "however often it is sent."
)
class CommandOutcome:
    command_id: strawberry.ID = shown("Which command.")
    accepted: bool = shown("Whether it took effect.")
    repeated: bool = shown("Whether it had been sent before.")
    refusal: CommandRefused | None = shown("Why it was not accepted.")
    appointment: Appointment | None = shown("How the appointment stands now.")


def _handheld(info: Info) -> Handheld:
    found: Handheld = info.context.house.handheld
    return found


@strawberry.type
class HandheldMutation:
    @mutation(
        "The handheld's outbox, one command or two hundred: one outcome for each, in the order "
        "sent. A batch in which one command does not even parse answers BAD_USER_INPUT with "
        "extensions.commandIndex.",
        to=COURIER,
    )
    async def carry_out(
        self,
        info: Info,
        commands: Annotated[list[CourierCommandInput], argument("In the order they were done.")],
    ) -> list[CommandOutcome]:
        sent = [command.parsed(index) for index, command in enumerate(commands)]
        outcomes = await _handheld(info).carry_out(info.context.caller.id, sent)
        viewer = await viewer_of(info)
        unique = {o.appointment.id: o.appointment for o in outcomes if o.appointment}
        shown = await shown_to(viewer, list(unique.values()), info)
        by_id = {str(appointment.id): appointment for appointment in shown}
        return [_presented(outcome, by_id, info.context.locale) for outcome in outcomes]


def _presented(
    outcome: model.Outcome, by_id: dict[str, Appointment], locale: Locale
) -> CommandOutcome:
    current = by_id.get(outcome.appointment.id) if outcome.appointment else None
    refused = outcome.refused
    return CommandOutcome(
        command_id=strawberry.ID(outcome.command_id),
        accepted=outcome.accepted,
        repeated=outcome.repeated,
        refusal=CommandRefused.of(refused, locale, current) if refused else None,
        appointment=current,
    )
