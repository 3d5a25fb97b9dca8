"""The promise to be at a door, and everything that can happen to it.

Status    changes only by the moves of `MOVES`
Version   counts changes of status, slot, lines, address, contact, access notes or courier
History   every change is an event with a sequence of its own; nothing is ever taken out
Private   door, contact, access notes, pickup code and proofs: sealed as one with the customer's key
"""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import prod
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from doorstep.accounts.model import Role
from doorstep.addresses.model import Address, Short, Text
from doorstep.appointments.model.moving import DoorChange, PendingChange
from doorstep.capacity.model import Demand, SlotRef
from doorstep.capacity.rules import Wish
from doorstep.catalogue.model import Channel, Errand, LineOutcome, ServiceKind, WayIn
from doorstep.kit.documents import Stored
from doorstep.kit.geo import Point
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import Day, TimeWindow
from doorstep.notes.model import Subject

Frozen: Final = ConfigDict(frozen=True)


class Status(StrEnum):
    BOOKED = "BOOKED"
    ASSIGNED = "ASSIGNED"
    EN_ROUTE = "EN_ROUTE"
    ARRIVED = "ARRIVED"
    COMPLETED = "COMPLETED"
    PARTLY_COMPLETED = "PARTLY_COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN: Final = frozenset({Status.BOOKED, Status.ASSIGNED, Status.EN_ROUTE, Status.ARRIVED})


class EventKind(StrEnum):
    BOOKED = "BOOKED"
    RESCHEDULED = "RESCHEDULED"
    CONTACT_CHANGED = "CONTACT_CHANGED"
    ADDRESS_CHANGED = "ADDRESS_CHANGED"
    ADDRESS_CHANGE_ASKED = "ADDRESS_CHANGE_ASKED"
    ADDRESS_CHANGE_ENDED = "ADDRESS_CHANGE_ENDED"
    ASSIGNED = "ASSIGNED"
    UNASSIGNED = "UNASSIGNED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    TRANSFERRED = "TRANSFERRED"
    SET_OUT = "SET_OUT"
    ARRIVED = "ARRIVED"
    COMPLETED = "COMPLETED"
    PARTLY_COMPLETED = "PARTLY_COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNDONE = "UNDONE"
    NOTED = "NOTED"
    REOFFERED = "REOFFERED"
    REOFFER_LAPSED = "REOFFER_LAPSED"
    REOFFER_WITHDRAWN = "REOFFER_WITHDRAWN"


@dataclass(frozen=True)
class Step:
    """A move is allowed from any status in `sources`, and leads to `target`."""

    sources: frozenset[Status]
    target: Status


WAITING: Final = frozenset({Status.BOOKED, Status.ASSIGNED})
"""Nobody is on the way yet."""
_AT_DOOR: Final = frozenset({Status.ARRIVED})

MOVES: Final[dict[EventKind, Step]] = {
    EventKind.RESCHEDULED: Step(WAITING, Status.BOOKED),
    EventKind.ADDRESS_CHANGED: Step(WAITING, Status.BOOKED),
    EventKind.ASSIGNED: Step(frozenset({Status.BOOKED}), Status.ASSIGNED),
    EventKind.UNASSIGNED: Step(frozenset({Status.ASSIGNED}), Status.BOOKED),
    EventKind.ACCEPTED: Step(WAITING, Status.ASSIGNED),
    EventKind.DECLINED: Step(WAITING, Status.BOOKED),
    EventKind.TRANSFERRED: Step(frozenset({Status.ASSIGNED}), Status.ASSIGNED),
    EventKind.SET_OUT: Step(frozenset({Status.ASSIGNED}), Status.EN_ROUTE),
    EventKind.ARRIVED: Step(frozenset({Status.EN_ROUTE}), Status.ARRIVED),
    EventKind.COMPLETED: Step(_AT_DOOR, Status.COMPLETED),
    EventKind.PARTLY_COMPLETED: Step(_AT_DOOR, Status.PARTLY_COMPLETED),
    EventKind.FAILED: Step(_AT_DOOR, Status.FAILED),
    EventKind.CANCELLED: Step(WAITING, Status.CANCELLED),
}


class HistoryEntry(BaseModel):
    """One thing that happened. `at` is when it was done, `recorded_at` when we learned of it."""

    model_config = Frozen

    sequence: int
    kind: EventKind
    at: datetime
    recorded_at: datetime
    by_role: Role | None = None
    note: str | None = None


class Contact(BaseModel):
    model_config = Frozen

    name: Short
    phone: str


class AccessNotes(BaseModel):
    """How to get in, and what waits there."""

    model_config = Frozen

    gate_code: Short | None = None
    floor: int | None = Field(default=None, ge=-10, le=200)
    has_lift: bool | None = None
    dog: bool | None = None
    where_the_goods_are: Text | None = None

    @property
    def way_in(self) -> WayIn:
        return WayIn(floor=self.floor, has_lift=self.has_lift)


class LineProof(BaseModel):
    """What was shown at the door for one line."""

    model_config = Frozen

    note: str | None = None
    signed_by: str | None = None
    signer_relationship: str | None = None
    attachment_ids: tuple[str, ...] = ()
    inspection: dict[str, Any] | None = None
    identity: dict[str, Any] | None = None


class Destination(BaseModel):
    """The door that a visit is asked to go to instead."""

    model_config = Frozen

    address: Address
    access_notes: AccessNotes


class Private(BaseModel):
    """What only those may see who need it."""

    model_config = Frozen

    address: Address
    contact: Contact
    access_notes: AccessNotes = AccessNotes()
    pickup_code: str
    proofs: dict[str, LineProof] = {}
    going_to: Destination | None = None


_Millimetres = Annotated[int, Field(gt=0, le=100_000)]
_Count = Annotated[int, Field(ge=1, le=1000)]


class PickupAsked(BaseModel):
    """Something to collect. Grams and millimetres are of one piece."""

    model_config = Frozen

    what: Literal["pickup"] = "pickup"
    kind: ServiceKind
    description: Text
    quantity: _Count = 1
    weight_grams: Annotated[int, Field(gt=0, le=10_000_000)] | None = None
    length_millimetres: _Millimetres | None = None
    width_millimetres: _Millimetres | None = None
    height_millimetres: _Millimetres | None = None

    @property
    def errand(self) -> Errand:
        sides = (self.length_millimetres, self.width_millimetres, self.height_millimetres)
        known = [side for side in sides if side is not None]
        return Errand(
            kind=self.kind,
            quantity=self.quantity,
            grams=self.weight_grams,
            longest_millimetres=max(known, default=None),
            millilitres=prod(known) // 1000 if len(known) == len(sides) else None,
        )


class DeliveryAsked(BaseModel):
    """Something to hand over."""

    model_config = Frozen

    what: Literal["delivery"] = "delivery"
    kind: ServiceKind
    item_id: str

    @property
    def errand(self) -> Errand:
        return Errand(kind=self.kind)


class SubscriptionAsked(BaseModel):
    """A newspaper to subscribe to at the door."""

    model_config = Frozen

    what: Literal["subscription"] = "subscription"
    kind: ServiceKind = ServiceKind.SUBSCRIPTION_VISIT
    distribution_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}-[0-9]{1,5}$")]
    copies: _Count = 1
    term_months: Annotated[int, Field(ge=1, le=36)] = 12

    @property
    def errand(self) -> Errand:
        return Errand(kind=self.kind)


LineAsked = PickupAsked | DeliveryAsked | SubscriptionAsked


class _Line(BaseModel):
    id: str
    outcome: LineOutcome | None = None
    rebooked_as: str | None = None
    """The appointment in which it is tried again."""


class PickupLine(PickupAsked, _Line):
    item_ids: tuple[str, ...] = ()


class DeliveryLine(DeliveryAsked, _Line):
    attempt_no: int = 1


class SubscriptionLine(SubscriptionAsked, _Line):
    pass


Line = Annotated[PickupLine | DeliveryLine | SubscriptionLine, Field(discriminator="what")]


class Appointment(Stored):
    """A promise to be at a door in a window."""

    reference: str
    customer_id: str
    status: Status = Status.BOOKED
    version: int = 1
    sequence: int = 1
    """Of the last entry of `history`."""
    branch_id: str
    branch_path: str
    area_id: str
    address_id: str
    door_no: int = 1
    """Counts its doors: whoever was given it for another one has to be asked again."""
    slot: SlotRef
    takes: Demand
    """What was taken of the slot for it, and is given back with it."""
    day: Day
    window: TimeWindow
    lines: tuple[Line, ...]
    channel: Channel
    cancellable_until: datetime
    booked_at: datetime
    booked_by: str
    booked_by_role: Role
    courier_id: str | None = None
    offered_to: str | None = None
    """The courier who was asked and has not answered. Kept by dispatch; no change of version."""
    eta: datetime | None = None
    changes: int = 0
    """How often the customer has rescheduled."""
    cancel_reason: str | None = None
    remainder_of: str | None = None
    """The appointment that left these lines undone."""
    pending_change: PendingChange | None = None
    door_change: DoorChange | None = None
    history: tuple[HistoryEntry, ...]
    private: Private

    @property
    def services(self) -> frozenset[ServiceKind]:
        return frozenset(line.kind for line in self.lines)

    @property
    def subject(self) -> Subject:
        """Whom and which door a note would be about."""
        return Subject(
            owner_id=self.customer_id,
            door=self.private.address.key,
            branch_id=self.branch_id,
            branch_path=self.branch_path,
        )

    @property
    def where(self) -> Point | None:
        """None: nobody may know any more."""
        return self.private.address.door.location

    @property
    def rebooked_as(self) -> tuple[str, ...]:
        """The appointments in which its lines are tried again, in the order of the lines."""
        return tuple(dict.fromkeys(line.rebooked_as for line in self.lines if line.rebooked_as))

    @property
    def wish(self) -> Wish:
        return Wish(
            errands=tuple(line.errand for line in self.lines),
            way_in=self.private.access_notes.way_in,
            where=self.where,
        )


@dataclass(frozen=True)
class Unkept:
    """A promise whose window has ended, and nobody came. `courier_id` None: nobody had it."""

    day: date
    courier_id: str | None
    services: frozenset[ServiceKind]


NOT_ARRIVED: Final = OPEN - {Status.ARRIVED}
"""Nobody has been at the door yet."""


class BookingPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = Frozen

    most_changes: int = 3
    most_lines: int = 20
    most_rows: int = 1000
    """How many visits an agent may book in one call."""
    most_own_rows: int = 20
    """How many a customer may, for themselves."""
    change_patience: timedelta = timedelta(minutes=15)
    """How long a courier at work is asked to agree to another door."""
    position_before: timedelta = timedelta(hours=1)
    """How long before the window a customer may see where their courier is."""


@dataclass(frozen=True)
class Behalf:
    """For whom an agent books, and how the customer reached them."""

    customer_id: str
    agent_id: str
    channel: Channel


@dataclass(frozen=True, kw_only=True)
class VisitAsked:
    """A visit as it was asked, whoever asks it, but for the time."""

    customer_id: str
    booked_by: str
    booked_by_role: Role
    channel: Channel
    address_id: str
    contact: Contact
    lines: tuple[LineAsked, ...]
    access_notes: AccessNotes

    @property
    def services(self) -> frozenset[ServiceKind]:
        return frozenset(line.kind for line in self.lines)

    def in_slot(self, slot: SlotRef) -> "BookingRequest":
        asked = {field.name: getattr(self, field.name) for field in fields(self)}
        return BookingRequest(**asked, slot=slot, hold_id=None)


@dataclass(frozen=True, kw_only=True)
class BookingRequest(VisitAsked):
    """A visit that is asked for in one slot."""

    slot: SlotRef
    hold_id: str | None


@dataclass(frozen=True)
class RowAsked:
    """One visit of many, in a slot that was named or in any of a span."""

    visit: VisitAsked
    when: SlotRef | TimeWindow


class BulkMode(StrEnum):
    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    VALID_ROWS = "VALID_ROWS"


@dataclass(frozen=True)
class RemainderAsked:
    """What was left undone is to be tried again. `line_ids` None: all that nobody said no to."""

    appointment_id: str
    customer_id: str
    booked_by: str
    booked_by_role: Role
    channel: Channel
    slot: SlotRef
    line_ids: tuple[str, ...] | None


# ------------------------------------------------------------------ expected no's


class BookingRefusal(StrEnum):
    SLOT_FULL = "SLOT_FULL"
    CUTOFF_PASSED = "CUTOFF_PASSED"
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    NOT_OFFERED = "NOT_OFFERED"
    ADDRESS_NOT_SERVED = "ADDRESS_NOT_SERVED"
    SERVICE_NOT_OFFERED = "SERVICE_NOT_OFFERED"
    TOO_LARGE = "TOO_LARGE"
    TOO_HEAVY = "TOO_HEAVY"
    HOLD_EXPIRED = "HOLD_EXPIRED"
    TOO_MANY_HOLDS = "TOO_MANY_HOLDS"
    NO_COURIER = "NO_COURIER"
    NO_VEHICLE = "NO_VEHICLE"
    NO_CONSENT = "NO_CONSENT"
    BLOCKED = "BLOCKED"
    NO_OFFER = "NO_OFFER"
    TOO_MANY_NO_SHOWS = "TOO_MANY_NO_SHOWS"
    TOO_MANY_OPEN = "TOO_MANY_OPEN"
    NOT_ALLOWED_NOW = "NOT_ALLOWED_NOW"
    NOTHING_LEFT = "NOTHING_LEFT"
    NOT_FOUND = "NOT_FOUND"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


class BulkRefusal(StrEnum):
    ROWS_REFUSED = "ROWS_REFUSED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


class ChangeRefusal(StrEnum):
    STALE_VERSION = "STALE_VERSION"
    NOT_ALLOWED_NOW = "NOT_ALLOWED_NOW"
    CUTOFF_PASSED = "CUTOFF_PASSED"
    SLOT_FULL = "SLOT_FULL"
    NOT_OFFERED = "NOT_OFFERED"
    TOO_MANY_CHANGES = "TOO_MANY_CHANGES"
    ADDRESS_NOT_SERVED = "ADDRESS_NOT_SERVED"
    SERVICE_NOT_OFFERED = "SERVICE_NOT_OFFERED"
    CHANGE_PENDING = "CHANGE_PENDING"
    NO_CHANGE_PENDING = "NO_CHANGE_PENDING"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    NOT_FOUND = "NOT_FOUND"


_FULL: Final = Words(
    "这个时段刚刚约满，请另选。", "That window has just filled. Please choose another."
)
_LATE: Final = Words("已过这个时段的截止时间。", "It is too late for this window.")
_NOT_OFFERED: Final = Words("这个时段不提供上门。", "We do not come at that time.")
_NOT_NOW: Final = Words("现在不能这样做。", "That cannot be done now.")
_NOT_FOUND: Final = Words("没有找到。", "Not found.")
_NOT_SERVED: Final = Words("这个地址不在上门服务范围内。", "We do not come to that address.")
_NO_SERVICE: Final = Words(
    "这个地址不提供所选的服务。", "That service is not offered at this address."
)
_KEY: Final = Words(
    "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
)

BOOKING_WORDS: Final[dict[BookingRefusal, Words]] = {
    BookingRefusal.SLOT_FULL: _FULL,
    BookingRefusal.CUTOFF_PASSED: _LATE,
    BookingRefusal.TOO_FAR_AHEAD: Words(
        "还不能预约这么远的日期。", "We do not book that far ahead."
    ),
    BookingRefusal.NOT_OFFERED: _NOT_OFFERED,
    BookingRefusal.ADDRESS_NOT_SERVED: _NOT_SERVED,
    BookingRefusal.SERVICE_NOT_OFFERED: _NO_SERVICE,
    BookingRefusal.TOO_LARGE: Words("尺寸超过了可收寄的上限。", "That is larger than may be sent."),
    BookingRefusal.TOO_HEAVY: Words(
        "重量超过了可收寄的上限。", "That is heavier than may be sent."
    ),
    BookingRefusal.HOLD_EXPIRED: Words(
        "为您保留的时段已过期，请重新选择。", "The place we held for you has lapsed. Choose again."
    ),
    BookingRefusal.TOO_MANY_HOLDS: Words(
        "您已保留了一个时段，请先用掉或放弃它。",
        "You hold a place already. Use it or release it first.",
    ),
    BookingRefusal.NO_COURIER: Words(
        "这个时段没有合适的揽投员。", "No courier who can do this works in that window."
    ),
    BookingRefusal.NO_VEHICLE: Words(
        "这个时段没有装得下的车辆。", "No vehicle that carries all of it comes in that window."
    ),
    BookingRefusal.NO_CONSENT: Words(
        "代客户预约前须取得客户同意。", "The customer has to agree first."
    ),
    BookingRefusal.BLOCKED: Words(
        "暂时不能上门。您可以在“我的备注”中查看原因、期限并申请复核。",
        "We do not come there for a while. Your notes say why and until when; you can ask for a "
        "review.",
    ),
    BookingRefusal.NO_OFFER: Words(
        "目前没有为您保留的名额。", "No place is kept for you at the moment."
    ),
    BookingRefusal.TOO_MANY_NO_SHOWS: Words(
        "您近期多次爽约，暂时不能预约。可在“我的守约记录”中查看截止时间并提出申诉。",
        "You missed or cancelled too many visits lately, so we take no bookings for now. "
        "See your record for until when, and appeal there if a mark is wrong.",
    ),
    BookingRefusal.TOO_MANY_OPEN: Words(
        "您近期有爽约记录，同时只能有少量未完成的预约。可在“我的守约记录”中查看并申诉。",
        "With the marks on your record you may have only a few open visits at once. "
        "See your record for until when, and appeal there if a mark is wrong.",
    ),
    BookingRefusal.NOT_ALLOWED_NOW: _NOT_NOW,
    BookingRefusal.NOTHING_LEFT: Words(
        "没有可以重新预约的事项。", "There is nothing left to book again."
    ),
    BookingRefusal.NOT_FOUND: _NOT_FOUND,
    BookingRefusal.IDEMPOTENCY_KEY_REUSED: _KEY,
}
BULK_WORDS: Final[dict[BulkRefusal, Words]] = {
    BulkRefusal.ROWS_REFUSED: Words(
        "有的行不能预约，所以一行也没有预约。",
        "Some rows cannot be booked, so none was.",
    ),
    BulkRefusal.IDEMPOTENCY_KEY_REUSED: _KEY,
}
CHANGE_WORDS: Final[dict[ChangeRefusal, Words]] = {
    ChangeRefusal.STALE_VERSION: Words(
        "预约刚刚有变化，请核对后再试。", "The appointment has just changed. Please look again."
    ),
    ChangeRefusal.NOT_ALLOWED_NOW: _NOT_NOW,
    ChangeRefusal.CUTOFF_PASSED: _LATE,
    ChangeRefusal.SLOT_FULL: _FULL,
    ChangeRefusal.NOT_OFFERED: _NOT_OFFERED,
    ChangeRefusal.TOO_MANY_CHANGES: Words(
        "改约次数已达上限。", "It has been rescheduled as often as we can."
    ),
    ChangeRefusal.ADDRESS_NOT_SERVED: _NOT_SERVED,
    ChangeRefusal.SERVICE_NOT_OFFERED: _NO_SERVICE,
    ChangeRefusal.CHANGE_PENDING: Words(
        "改址申请正在等待揽投员确认，请先撤回。",
        "The courier is being asked about another address. Withdraw that first.",
    ),
    ChangeRefusal.NO_CHANGE_PENDING: Words(
        "没有待确认的改址申请。", "No change of address is waiting for an answer."
    ),
    ChangeRefusal.IDEMPOTENCY_KEY_REUSED: _KEY,
    ChangeRefusal.NOT_FOUND: _NOT_FOUND,
}


class BookingRefused(Refusal):
    code: BookingRefusal
    cutoff_at: datetime | None = None
    area_id: str | None = None
    """Where to look for alternatives, when there can be some."""
    until: datetime | None = None
    """When the marks that speak against it will have expired."""


class ChangeRefused(Refusal):
    code: ChangeRefusal
    current: Appointment | None = None


class BulkRefused(Refusal):
    code: BulkRefusal
    rows: dict[int, BookingRefused] = Field(default_factory=dict)
    """Which rows stand in the way, and why."""


class RowRefused(Stored):
    """What a row of many came to that was not booked, kept as long as the key of the whole."""

    code: BookingRefusal
    row_path: tuple[str, ...]
    cutoff_at: datetime | None = None
    at: datetime
