"""Waiting for a place in a slot that is full (候补).

State     WAITING, then OFFERED; or it is over: TAKEN, LAPSED, LEFT, PASSED
Turn      by `joined_at`; who does not fit keeps their turn
Offer     a hold of the slot under its own id, judged when it is read: good while now < `until`
Private   contact, access notes and where the door is: sealed as one with the customer's key
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from doorstep.accounts.model import Role
from doorstep.appointments.model.promises import (
    BOOKING_WORDS,
    AccessNotes,
    BookingRefusal,
    Contact,
    DeliveryAsked,
    Frozen,
    LineAsked,
    PickupAsked,
    SubscriptionAsked,
)
from doorstep.capacity.model import Demand, SlotRef
from doorstep.capacity.rules import Wish
from doorstep.catalogue.model import Channel, ServiceKind
from doorstep.kit.documents import Stored
from doorstep.kit.geo import Point
from doorstep.kit.refusals import Refusal, Words


class WaitState(StrEnum):
    WAITING = "WAITING"
    OFFERED = "OFFERED"
    TAKEN = "TAKEN"
    LAPSED = "LAPSED"
    LEFT = "LEFT"
    PASSED = "PASSED"


LIVE: Final = frozenset({WaitState.WAITING, WaitState.OFFERED})


class WaitedSlot(BaseModel):
    """A slot that would do, and what the visit would take of it."""

    model_config = Frozen

    ref: SlotRef
    demand: Demand
    cutoff_at: datetime


class WaitlistOffer(BaseModel):
    """A place that is kept for somebody whose turn it is."""

    model_config = Frozen

    hold_id: str
    slot: SlotRef
    at: datetime
    until: datetime


class WaitStep(BaseModel):
    """One thing that happened to an entry."""

    model_config = Frozen

    sequence: int
    state: WaitState
    at: datetime


class WaitPrivate(BaseModel):
    """What nobody needs to know before there is a promise."""

    model_config = Frozen

    contact: Contact
    access_notes: AccessNotes = AccessNotes()
    where: Point | None = None


_Line = Annotated[PickupAsked | DeliveryAsked | SubscriptionAsked, Field(discriminator="what")]


class WaitlistEntry(Stored):
    """Somebody who waits for a place. `version` is the sequence of the last step in `history`."""

    customer_id: str
    address_id: str
    area_id: str
    branch_id: str
    branch_path: str
    slots: tuple[WaitedSlot, ...]
    slot_keys: tuple[str, ...]
    """Of `slots`, in the same order: what the list of a slot is found by."""
    lines: tuple[_Line, ...]
    nth: int = Field(ge=1)
    """Which of the entries that this customer may have at once: two hands cannot both be one."""
    channel: Channel
    joined_at: datetime
    joined_by: str
    joined_by_role: Role
    passes_at: datetime
    """When the last of its slots is cut off."""
    state: WaitState = WaitState.WAITING
    offer: WaitlistOffer | None = None
    appointment_id: str | None = None
    ended_at: datetime | None = None
    version: int = 1
    history: tuple[WaitStep, ...]
    private: WaitPrivate | None = None
    """None where it was not opened, or cannot be any more."""

    @property
    def services(self) -> frozenset[ServiceKind]:
        return frozenset(line.kind for line in self.lines)

    def slot_of(self, key: str) -> WaitedSlot:
        return self.slots[self.slot_keys.index(key)]

    @property
    def wish(self) -> Wish:
        """What is wanted at the door. Only of an entry that was opened."""
        assert self.private is not None
        return Wish(
            errands=tuple(line.errand for line in self.lines),
            way_in=self.private.access_notes.way_in,
            where=self.private.where,
        )


class WaitlistPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = Frozen

    offer_lasts: timedelta = timedelta(minutes=15)
    handover: timedelta = timedelta(seconds=5)
    """How long a lapsed offer's place still keeps for the next in turn."""
    most_entries: int = 5
    most_slots: int = 6
    most_shown: int = 50


@dataclass(frozen=True)
class WaitRequest:
    """A wish to wait, as it was asked, whoever asks it."""

    customer_id: str
    joined_by: str
    joined_by_role: Role
    channel: Channel
    address_id: str
    slots: tuple[SlotRef, ...]
    contact: Contact
    lines: tuple[LineAsked, ...]
    access_notes: AccessNotes


# ------------------------------------------------------------------ expected no's


class WaitlistRefusal(StrEnum):
    NOT_FULL = "NOT_FULL"
    ALREADY_WAITING = "ALREADY_WAITING"
    TOO_MANY_ENTRIES = "TOO_MANY_ENTRIES"
    STALE_VERSION = "STALE_VERSION"
    NOT_ALLOWED_NOW = "NOT_ALLOWED_NOW"
    CUTOFF_PASSED = "CUTOFF_PASSED"
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    NOT_OFFERED = "NOT_OFFERED"
    ADDRESS_NOT_SERVED = "ADDRESS_NOT_SERVED"
    SERVICE_NOT_OFFERED = "SERVICE_NOT_OFFERED"
    TOO_LARGE = "TOO_LARGE"
    TOO_HEAVY = "TOO_HEAVY"
    NO_COURIER = "NO_COURIER"
    NO_VEHICLE = "NO_VEHICLE"
    NO_CONSENT = "NO_CONSENT"
    BLOCKED = "BLOCKED"
    TOO_MANY_NO_SHOWS = "TOO_MANY_NO_SHOWS"
    TOO_MANY_OPEN = "TOO_MANY_OPEN"
    NOT_FOUND = "NOT_FOUND"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


_OWN_WORDS: Final[dict[str, Words]] = {
    "NOT_FULL": Words(
        "这个时段还有名额，请直接预约。", "That window has places left. Please book it."
    ),
    "ALREADY_WAITING": Words(
        "您已在这个时段的候补名单上。", "You are on the wait-list of that window already."
    ),
    "TOO_MANY_ENTRIES": Words(
        "您的候补已达上限，请先退出一个。",
        "You wait for as many windows as we can keep. Leave one of the lists first.",
    ),
    "STALE_VERSION": Words(
        "候补刚刚有变化，请核对后再试。", "Your turn has just changed. Please look again."
    ),
    "NOT_ALLOWED_NOW": Words("这个候补已经结束。", "That wait is over already."),
}
WAITLIST_WORDS: Final[dict[WaitlistRefusal, Words]] = {
    code: _OWN_WORDS.get(code.value) or BOOKING_WORDS[BookingRefusal(code.value)]
    for code in WaitlistRefusal
}


class WaitlistRefused(Refusal):
    code: WaitlistRefusal
    current: WaitlistEntry | None = None
    until: datetime | None = None

    @classmethod
    def like(cls, refused: Any) -> "WaitlistRefused":
        """What speaks against a booking speaks against waiting for one."""
        return cls(code=WaitlistRefusal(refused.code.value), path=refused.path, until=refused.until)
