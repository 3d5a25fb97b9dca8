"""What a courier did, as the handheld recorded it, possibly hours before it is sent.

`captured_at` is the handheld's clock; when we learn of it is ours. Each command id, unique
within its account, takes effect at most once.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from doorstep.appointments.model import Appointment, Line, LineProof, Status
from doorstep.catalogue.model import LineOutcome
from doorstep.dispatch.model import StopState
from doorstep.kit.documents import Stored
from doorstep.kit.geo import Point
from doorstep.kit.refusals import Refusal, Words

_Frozen: Final = ConfigDict(frozen=True)
_Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class SignerRelationship(StrEnum):
    ADDRESSEE = "ADDRESSEE"
    AUTHORIZED_RECIPIENT = "AUTHORIZED_RECIPIENT"
    COHABITING_ADULT = "COHABITING_ADULT"
    MAIL_ROOM = "MAIL_ROOM"
    LITIGATION_AGENT = "LITIGATION_AGENT"
    DESIGNATED_AGENT = "DESIGNATED_AGENT"
    LEGAL_GUARDIAN = "LEGAL_GUARDIAN"
    ORGANIZATION_REPRESENTATIVE = "ORGANIZATION_REPRESENTATIVE"


class Act(StrEnum):
    """What a command says was done."""

    START_DUTY = "START_DUTY"
    END_DUTY = "END_DUTY"
    ACCEPT = "ACCEPT"
    DECLINE = "DECLINE"
    ACKNOWLEDGE = "ACKNOWLEDGE"
    SET_OUT = "SET_OUT"
    ARRIVE = "ARRIVE"
    FINISH = "FINISH"
    UNDO = "UNDO"
    TRANSFER = "TRANSFER"
    TAKE_OVER = "TAKE_OVER"
    REFUSE_TRANSFER = "REFUSE_TRANSFER"
    WITHDRAW_TRANSFER = "WITHDRAW_TRANSFER"
    DROP_OUT = "DROP_OUT"


WITH_OTHERS: Final = frozenset(
    {
        *(Act.TRANSFER, Act.TAKE_OVER, Act.REFUSE_TRANSFER, Act.WITHDRAW_TRANSFER),
        Act.DROP_OUT,
    }
)
"""What changes other couriers' rounds as well."""


class ProofShown(BaseModel):
    model_config = _Frozen

    signed_by: _Name | None = None
    signer_relationship: SignerRelationship | None = None
    pickup_code: str | None = None
    attachment_ids: tuple[str, ...] = Field(default=(), max_length=20)


class Inspection(BaseModel):
    """收寄验视 (邮政法 Art 24-25): what was looked at, on the spot."""

    model_config = _Frozen

    passed: bool
    refused_reason: _Note | None = None
    attachment_ids: tuple[str, ...] = Field(default=(), max_length=20)


class IdentityCheck(BaseModel):
    """实名: how the sender showed who they are; never a number."""

    model_config = _Frozen

    method: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    checked_at: datetime


class LineReport(BaseModel):
    """What came of one line."""

    model_config = _Frozen

    line_id: str
    outcome: LineOutcome
    note: _Note | None = None
    weight_grams: Annotated[int, Field(gt=0, le=10_000_000)] | None = None
    item_ids: tuple[str, ...] = Field(default=(), max_length=1000)
    proof: ProofShown = ProofShown()
    inspection: Inspection | None = None
    identity: IdentityCheck | None = None

    def kept(self) -> LineProof:
        """What of it is kept with the appointment, sealed."""
        return LineProof(
            note=self.note,
            signed_by=self.proof.signed_by,
            signer_relationship=self.proof.signer_relationship,
            attachment_ids=self.proof.attachment_ids,
            inspection=self.inspection.model_dump(mode="json") if self.inspection else None,
            identity=self.identity.model_dump(mode="json") if self.identity else None,
        )


class Command(BaseModel):
    """One thing a courier did."""

    model_config = _Frozen

    id: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    act: Act
    captured_at: datetime
    appointment_id: str | None = None
    location: Point | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    lines: tuple[LineReport, ...] = Field(default=(), max_length=100)
    undoes: str | None = None
    sequence: int | None = None
    """Of the change that is agreed to."""
    to_courier_id: str | None = None
    transfer_id: str | None = None
    since: datetime | None = None
    body_hash: bytes = b""


class Unreadable(BaseModel):
    """A command that has an id and makes no sense."""

    model_config = _Frozen

    id: str
    path: tuple[str, ...]
    body_hash: bytes = b""


class CommandRefusal(StrEnum):
    NOT_YOURS = "NOT_YOURS"
    NOT_ALLOWED_NOW = "NOT_ALLOWED_NOW"
    NOT_ON_DUTY = "NOT_ON_DUTY"
    PROOF_MISSING = "PROOF_MISSING"
    INVALID_INPUT = "INVALID_INPUT"
    INVALID_ITEM_ID = "INVALID_ITEM_ID"
    ITEM_MISMATCH = "ITEM_MISMATCH"
    CLOCK_SKEW = "CLOCK_SKEW"
    UNKNOWN_APPOINTMENT = "UNKNOWN_APPOINTMENT"
    UNDO_WINDOW_CLOSED = "UNDO_WINDOW_CLOSED"
    COMMAND_ID_REUSED = "COMMAND_ID_REUSED"
    BATCH_TOO_LARGE = "BATCH_TOO_LARGE"
    UNKNOWN_COURIER = "UNKNOWN_COURIER"
    UNKNOWN_TRANSFER = "UNKNOWN_TRANSFER"
    ALREADY_ASKED = "ALREADY_ASKED"
    TRANSFER_OVER = "TRANSFER_OVER"
    COURIER_OFF_DUTY = "COURIER_OFF_DUTY"
    COURIER_LACKS_SKILL = "COURIER_LACKS_SKILL"
    COURIER_FULL = "COURIER_FULL"


COMMAND_WORDS: Final[dict[CommandRefusal, Words]] = {
    CommandRefusal.NOT_YOURS: Words("这个任务已不归您。", "This is not yours any more."),
    CommandRefusal.NOT_ALLOWED_NOW: Words("现在不能这样做。", "That cannot be done now."),
    CommandRefusal.NOT_ON_DUTY: Words("请先上班。", "Start duty first."),
    CommandRefusal.PROOF_MISSING: Words("缺少必须的凭证。", "A proof is missing."),
    CommandRefusal.INVALID_INPUT: Words("请检查填写的内容。", "Please check what you entered."),
    CommandRefusal.INVALID_ITEM_ID: Words("邮件号码不对。", "That item number is not right."),
    CommandRefusal.ITEM_MISMATCH: Words("邮件与任务不符。", "That item belongs to another task."),
    CommandRefusal.CLOCK_SKEW: Words(
        "手持终端的时间不对，请校准。", "The handheld's clock is wrong. Please set it."
    ),
    CommandRefusal.UNKNOWN_APPOINTMENT: Words("没有找到。", "Not found."),
    CommandRefusal.UNDO_WINDOW_CLOSED: Words(
        "已超过可撤销的时间。", "It is too late to undo that."
    ),
    CommandRefusal.COMMAND_ID_REUSED: Words(
        "此操作编号已用于另一个操作。", "This command id was used for another command."
    ),
    CommandRefusal.BATCH_TOO_LARGE: Words("一次发送的操作过多。", "That is too many at once."),
    CommandRefusal.UNKNOWN_COURIER: Words("没有找到该揽投员。", "There is no such colleague."),
    CommandRefusal.UNKNOWN_TRANSFER: Words("没有找到转单请求。", "There is no such request."),
    CommandRefusal.ALREADY_ASKED: Words(
        "已有转单请求在等待答复。", "Somebody has been asked already, and has not answered."
    ),
    CommandRefusal.TRANSFER_OVER: Words("转单请求已失效。", "That request is over."),
    CommandRefusal.COURIER_OFF_DUTY: Words(
        "该揽投员在这个时段不上班。", "That courier does not work in this window."
    ),
    CommandRefusal.COURIER_LACKS_SKILL: Words(
        "该揽投员不具备所需的资格。", "That courier is not trained for this."
    ),
    CommandRefusal.COURIER_FULL: Words(
        "该揽投员在这个时段已排满。", "That courier's window is full."
    ),
}


class CommandRefused(Refusal):
    code: CommandRefusal


class Before(BaseModel):
    """How things stood before a command, so that it can be undone."""

    model_config = _Frozen

    status: Status
    stop_state: StopState
    lines: tuple[Line, ...]


class Record(Stored):
    """A command that was carried out or refused, for ever the same answer to its id."""

    command_id: str
    body_hash: bytes
    accepted: bool
    refusal: CommandRefusal | None = None
    path: tuple[str, ...] = ()
    appointment_id: str | None = None
    captured_at: datetime | None = None
    at: datetime
    before: Before | None = None
    sequence: int | None = None
    """The appointment's, after the command: nothing may have happened since for it to be undone."""


class Outcome(BaseModel):
    """What to answer to one command."""

    model_config = _Frozen

    command_id: str
    accepted: bool
    repeated: bool
    refused: CommandRefused | None
    appointment: Appointment | None


class HandheldPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = _Frozen

    most_commands: int = 200
    clock_ahead: timedelta = timedelta(minutes=5)
    undo_within: timedelta = timedelta(minutes=10)
