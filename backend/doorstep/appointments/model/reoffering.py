"""Promises that cannot be kept as they are, and what is offered instead.

Causes   a closure, a block, a sailing or an area by its id; a slot that is short by a slot's id
Offers   at most one is open for an appointment, and one is ever made for an appointment and cause,
         unless it was withdrawn: whoever asks again, and how often, it is told once
Places   the first slot of an offer is kept for it until it expires; the others are only named
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, Field

from doorstep.accounts.model import Role
from doorstep.appointments.model.promises import WAITING, Frozen, Status
from doorstep.capacity.model import Demand, Slot, SlotRef
from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import Day, TimeWindow


class AffectedBecause(StrEnum):
    """Why a promise cannot be kept as it is."""

    CLOSURE = "CLOSURE"
    BLOCK = "BLOCK"
    SAILING_CANCELLED = "SAILING_CANCELLED"
    AREA_GONE = "AREA_GONE"
    CAPACITY_SHORT = "CAPACITY_SHORT"


class Promise(Stored):
    """A promise as far as its place goes: nothing private, so that thousands can be looked at."""

    branch_id: str
    branch_path: str
    area_id: str
    slot: SlotRef
    takes: Demand
    day: Day
    window: TimeWindow
    status: Status
    booked_at: datetime

    @property
    def is_waiting(self) -> bool:
        return self.status in WAITING


@dataclass(frozen=True)
class Affected:
    """A promise that cannot be kept as it is."""

    promise: Promise
    because: AffectedBecause
    cause_id: str


@dataclass(frozen=True)
class Opening:
    """A slot that could be had instead. `until`: when it is too late for it."""

    slot: Slot
    ref: SlotRef
    demand: Demand
    until: datetime


class ReofferState(StrEnum):
    OPEN = "OPEN"
    TAKEN = "TAKEN"
    DECLINED = "DECLINED"
    LAPSED = "LAPSED"
    WITHDRAWN = "WITHDRAWN"


class Reoffer(Stored):
    """Other slots, offered to a customer whose promise cannot be kept as it is."""

    appointment_id: str
    customer_id: str
    branch_id: str
    branch_path: str
    because: AffectedBecause
    cause_id: str
    instead_of: SlotRef
    window: TimeWindow
    """Of the promise that cannot be kept."""
    slots: tuple[SlotRef, ...] = Field(min_length=1)
    offered_at: datetime
    expires_at: datetime
    state: ReofferState = ReofferState.OPEN
    ended_at: datetime | None = None
    note: str | None = None
    run_id: str
    """Whose work it was: of a run that is done twice, the second finds its own."""

    @property
    def held(self) -> SlotRef:
        return self.slots[0]

    def is_open(self, at: datetime) -> bool:
        return self.state is ReofferState.OPEN and at < self.expires_at

    def state_at(self, at: datetime) -> ReofferState:
        """Judged when it is read: nobody has to have ended it."""
        lapsed = self.state is ReofferState.OPEN and at >= self.expires_at
        return ReofferState.LAPSED if lapsed else self.state


class ReofferCode(StrEnum):
    """What came of it for one appointment."""

    REOFFERED = "REOFFERED"
    NO_SLOT_LEFT = "NO_SLOT_LEFT"
    ALREADY_REOFFERED = "ALREADY_REOFFERED"
    NO_LONGER_AFFECTED = "NO_LONGER_AFFECTED"


class ReofferOutcome(BaseModel):
    model_config = Frozen

    appointment_id: str
    code: ReofferCode
    reoffer_id: str | None = None


@dataclass(frozen=True)
class ReofferOrder:
    """Whom to offer something else: all whom a cause touches, or those named."""

    cause_id: str | None
    appointment_ids: tuple[str, ...]
    note: str | None
    may: tuple[str, ...]
    """In which parts of the bureau."""
    by: str
    by_role: Role


class ReofferRun(Stored):
    """An order, kept until it is carried out: whoever dies over it, another goes on.

    It is looked at again after a while, at `next_at`: a process that had not heard of the cause yet
    may have made another promise in that instant.
    """

    cause_id: str | None
    appointment_ids: tuple[str, ...] = ()
    withdraw: bool = False
    """The cause is gone: take back what is still open because of it."""
    note: str | None = None
    may: tuple[str, ...] = ("",)
    by: str | None = None
    by_role: Role | None = None
    at: datetime
    next_at: datetime | None
    last_at: datetime
    outcomes: tuple[ReofferOutcome, ...] | None = None


class ReofferPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = Frozen

    lasts: timedelta = timedelta(hours=12)
    least_to_answer: timedelta = timedelta(hours=1)
    most_slots: int = 3
    at_once: frozenset[AffectedBecause] = frozenset({AffectedBecause.SAILING_CANCELLED})
    """What is answered with offers before anybody asks for them."""
    look_again_after: timedelta = timedelta(seconds=6)
    """Longer than any process remembers a calendar that has changed."""
    in_one_go: int = 200
    side_by_side: int = 64
    most_named: int = 200


class ReofferRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    ALREADY_ANSWERED = "ALREADY_ANSWERED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"
    NOT_ALLOWED_NOW = "NOT_ALLOWED_NOW"
    SLOT_FULL = "SLOT_FULL"
    CUTOFF_PASSED = "CUTOFF_PASSED"
    NOT_OFFERED = "NOT_OFFERED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


REOFFER_WORDS: Final[dict[ReofferRefusal, Words]] = {
    ReofferRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    ReofferRefusal.ALREADY_ANSWERED: Words("已经答复过了。", "It has been answered already."),
    ReofferRefusal.WITHDRAWN: Words("不再需要改约。", "It is not needed any more."),
    ReofferRefusal.LAPSED: Words(
        "为您保留的时段已过期，请另选。",
        "The place we kept for you has lapsed. Please choose another.",
    ),
    ReofferRefusal.NOT_ALLOWED_NOW: Words("现在不能这样做。", "That cannot be done now."),
    ReofferRefusal.SLOT_FULL: Words(
        "这个时段刚刚约满，请另选。", "That window has just filled. Please choose another."
    ),
    ReofferRefusal.CUTOFF_PASSED: Words(
        "已过这个时段的截止时间。", "It is too late for this window."
    ),
    ReofferRefusal.NOT_OFFERED: Words("这个时段不提供上门。", "We do not come at that time."),
    ReofferRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class ReofferRefused(Refusal):
    code: ReofferRefusal
    current: Reoffer | None = None
