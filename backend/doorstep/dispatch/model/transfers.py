"""转单: a courier's visit that a colleague is asked to take over.

Until they say yes it is the first courier's, who answers for it: no promise is without a courier.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import Day, TimeWindow


class TransferState(StrEnum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"
    OVERTAKEN = "OVERTAKEN"


class Transfer(Stored):
    """That somebody is asked to take an appointment over, or was."""

    appointment_id: str
    assignment_id: str
    """The one that ends when they say yes."""
    from_courier_id: str
    to_courier_id: str
    branch_id: str
    branch_path: str
    day: Day
    window: TimeWindow
    reason: str
    by_role: Role
    at: datetime
    answer_by: datetime
    state: TransferState = TransferState.PENDING
    answer: str | None = None
    """Why it was refused, or taken back."""
    ended_at: datetime | None = None


class TransferRefusal(StrEnum):
    STALE_VERSION = "STALE_VERSION"
    NOT_ALLOWED_NOW = "NOT_ALLOWED_NOW"
    ALREADY_ASKED = "ALREADY_ASKED"
    TRANSFER_OVER = "TRANSFER_OVER"
    COURIER_OFF_DUTY = "COURIER_OFF_DUTY"
    COURIER_LACKS_SKILL = "COURIER_LACKS_SKILL"
    COURIER_FULL = "COURIER_FULL"
    OTHER_BRANCH = "OTHER_BRANCH"
    NOT_FOUND = "NOT_FOUND"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


TRANSFER_WORDS: Final[dict[TransferRefusal, Words]] = {
    TransferRefusal.STALE_VERSION: Words(
        "预约刚刚有变化，请核对后再试。", "The appointment has just changed. Please look again."
    ),
    TransferRefusal.NOT_ALLOWED_NOW: Words(
        "只有已接单、尚未出发的任务可以转单。",
        "Only a visit that has a courier who has not set out can be passed on.",
    ),
    TransferRefusal.ALREADY_ASKED: Words(
        "已有转单请求在等待答复。", "Somebody has been asked already, and has not answered."
    ),
    TransferRefusal.TRANSFER_OVER: Words("转单请求已失效。", "That request is over."),
    TransferRefusal.COURIER_OFF_DUTY: Words(
        "该揽投员在这个时段不上班。", "That courier does not work in this window."
    ),
    TransferRefusal.COURIER_LACKS_SKILL: Words(
        "该揽投员不具备所需的资格。", "That courier is not trained for this."
    ),
    TransferRefusal.COURIER_FULL: Words(
        "该揽投员在这个时段已排满。", "That courier's window is full."
    ),
    TransferRefusal.OTHER_BRANCH: Words(
        "该揽投员属于另一个支局。", "That courier belongs to another branch."
    ),
    TransferRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    TransferRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class TransferRefused(Refusal):
    code: TransferRefusal
    current: Appointment | None = None
