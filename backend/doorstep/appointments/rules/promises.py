"""What may be booked, changed and moved. Pure: time, ids and the state of the world come in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from doorstep.accounts.model import STAFF, Caller, Role
from doorstep.addresses.model import Address, ServiceArea
from doorstep.appointments.model import (
    MOVES,
    AccessNotes,
    Appointment,
    BookingPolicy,
    BookingRefusal,
    BookingRefused,
    BookingRequest,
    ChangeRefusal,
    ChangeRefused,
    DeliveryAsked,
    DeliveryLine,
    EventKind,
    HistoryEntry,
    Line,
    LineAsked,
    PickupAsked,
    PickupLine,
    Private,
    Status,
    SubscriptionLine,
)
from doorstep.capacity.model import Demand, Slot, SlotClosedReason, SlotRef
from doorstep.capacity.rules import Wish
from doorstep.catalogue.model import FAILURES, Errand, LineOutcome, ServiceKind, SizeLimits
from doorstep.kit.geo import Point
from doorstep.kit.windows import local_day

_WAITING: Final = frozenset({Status.BOOKED, Status.ASSIGNED})
_LEFT_SOMETHING: Final = frozenset({Status.PARTLY_COMPLETED, Status.FAILED})
_SAID_NO: Final = frozenset({LineOutcome.REFUSED, LineOutcome.CUSTOMER_CANCELLED})
"""Somebody does not want it: it is tried again only if it is named."""

CLOSED_TO_BOOKING: Final[dict[SlotClosedReason, BookingRefusal]] = {
    SlotClosedReason.FULL: BookingRefusal.SLOT_FULL,
    SlotClosedReason.CUTOFF_PASSED: BookingRefusal.CUTOFF_PASSED,
    SlotClosedReason.CALENDAR: BookingRefusal.NOT_OFFERED,
    SlotClosedReason.NO_COURIER: BookingRefusal.NO_COURIER,
    SlotClosedReason.NO_VEHICLE: BookingRefusal.NO_VEHICLE,
    SlotClosedReason.AREA: BookingRefusal.NOT_OFFERED,
    SlotClosedReason.NO_SAILING: BookingRefusal.NOT_OFFERED,
}
CLOSED_TO_CHANGE: Final[dict[SlotClosedReason, ChangeRefusal]] = {
    reason: {
        SlotClosedReason.FULL: ChangeRefusal.SLOT_FULL,
        SlotClosedReason.CUTOFF_PASSED: ChangeRefusal.CUTOFF_PASSED,
    }.get(reason, ChangeRefusal.NOT_OFFERED)
    for reason in SlotClosedReason
}


def judge_place(
    address: Address | None,
    area: ServiceArea | None,
    services: frozenset[ServiceKind],
    slot: SlotRef | None,
) -> BookingRefused | None:
    """Whether this door is one we come to, for these services, in slots of this kind."""
    if address is None:
        return BookingRefused(code=BookingRefusal.NOT_FOUND, path=("addressId",))
    if area is None:
        return BookingRefused(code=BookingRefusal.ADDRESS_NOT_SERVED, path=("addressId",))
    if not services <= set(area.services):
        return BookingRefused(code=BookingRefusal.SERVICE_NOT_OFFERED, path=("lines",))
    if slot and (slot.area_id != area.id or not services <= slot.services):
        return BookingRefused(code=BookingRefusal.NOT_OFFERED, path=("slotId",), area_id=area.id)
    return None


def judge_size(
    lines: Sequence[LineAsked], limits: Mapping[ServiceKind, SizeLimits]
) -> BookingRefused | None:
    """Whether every piece may be sent at all."""
    for index, line in enumerate(lines):
        if isinstance(line, PickupAsked) and (refused := _too_big(index, line, limits[line.kind])):
            return refused
    return None


def _too_big(index: int, line: PickupAsked, limits: SizeLimits) -> BookingRefused | None:
    at = ("lines", str(index), "pickup")
    if _over(line.weight_grams, limits.weight_grams):
        return BookingRefused(code=BookingRefusal.TOO_HEAVY, path=(*at, "weightGrams"))
    sides = {
        "lengthMillimetres": line.length_millimetres,
        "widthMillimetres": line.width_millimetres,
        "heightMillimetres": line.height_millimetres,
    }
    for name, side in sides.items():
        if _over(side, limits.side_millimetres):
            return BookingRefused(code=BookingRefusal.TOO_LARGE, path=(*at, name))
    if _over(sum(side or 0 for side in sides.values()), limits.sum_millimetres):
        return BookingRefused(code=BookingRefusal.TOO_LARGE, path=at)
    return None


def _over(measured: int | None, limit: int | None) -> bool:
    return measured is not None and limit is not None and measured > limit


def wish_of(
    lines: Iterable[LineAsked],
    access: AccessNotes,
    where: Point | None,
    services: Iterable[ServiceKind] = (),
) -> Wish:
    """What is wanted: the lines, and one piece of unknown size of each service without a line."""
    errands = [line.errand for line in lines]
    named = {errand.kind for errand in errands}
    errands += [Errand(kind=kind) for kind in sorted(services) if kind not in named]
    return Wish(tuple(errands), access.way_in, where)


def lines_of(asked: Iterable[LineAsked]) -> tuple[Line, ...]:
    """The lines of an appointment, numbered as they were asked."""
    return tuple(_line(f"lin_{number}", line) for number, line in enumerate(asked, start=1))


def _line(id: str, asked: LineAsked) -> Line:
    fields = {**asked.model_dump(), "id": id}
    if isinstance(asked, PickupAsked):
        return PickupLine(**fields)
    if isinstance(asked, DeliveryAsked):
        return DeliveryLine(**fields)
    return SubscriptionLine(**fields)


def promised(
    request: BookingRequest,
    slot: Slot,
    address: Address,
    *,
    takes: Demand,
    cancellable_until: datetime,
    id: str,
    pickup_code: str,
    at: datetime,
) -> Appointment:
    """The promise, once nothing speaks against it. A place is still to be taken for it."""
    booked = HistoryEntry(
        sequence=1,
        kind=EventKind.BOOKED,
        at=at,
        recorded_at=at,
        by_role=request.booked_by_role,
    )
    return Appointment(
        id=id,
        reference=reference_of(id, slot),
        customer_id=request.customer_id,
        branch_id=slot.branch_id,
        branch_path=slot.branch_path,
        area_id=slot.area_id,
        address_id=address.id,
        slot=request.slot,
        takes=takes,
        day=slot.day,
        window=slot.window,
        lines=lines_of(request.lines),
        channel=request.channel,
        cancellable_until=cancellable_until,
        booked_at=at,
        booked_by=request.booked_by,
        booked_by_role=request.booked_by_role,
        history=(booked,),
        private=Private(
            address=address,
            contact=request.contact,
            access_notes=request.access_notes,
            pickup_code=pickup_code,
        ),
    )


def reference_of(id: str, slot: Slot) -> str:
    """What people read out on the phone: the day, and eight characters of the id."""
    return f"{slot.day:%m%d}-{id[-8:-4]}-{id[-4:]}".upper()


# ------------------------------------------------------------------ changing a promise

_ONE_AT_A_TIME: Final = frozenset({EventKind.RESCHEDULED, EventKind.ADDRESS_CHANGED})
"""What nobody may ask for while the courier is being asked about another door."""


def judge_change(
    appointment: Appointment | None,
    kind: EventKind,
    *,
    expected_version: int,
    at: datetime,
    policy: BookingPolicy,
) -> ChangeRefused | None:
    """Whether the customer may still reschedule or cancel."""
    if appointment is None:
        return ChangeRefused(code=ChangeRefusal.NOT_FOUND, path=("id",))
    if appointment.version != expected_version:
        return ChangeRefused(
            code=ChangeRefusal.STALE_VERSION, path=("expectedVersion",), current=appointment
        )
    if appointment.status not in MOVES[kind].sources:
        return ChangeRefused(code=ChangeRefusal.NOT_ALLOWED_NOW, current=appointment)
    if at >= appointment.cancellable_until:
        return ChangeRefused(code=ChangeRefusal.CUTOFF_PASSED, current=appointment)
    if appointment.pending_change and kind in _ONE_AT_A_TIME:
        return ChangeRefused(code=ChangeRefusal.CHANGE_PENDING, current=appointment)
    if kind is EventKind.RESCHEDULED and appointment.changes >= policy.most_changes:
        return ChangeRefused(code=ChangeRefusal.TOO_MANY_CHANGES, current=appointment)
    return None


def changeable(
    appointment: Appointment | None,
    kind: EventKind,
    *,
    expected_version: int,
    at: datetime,
    policy: BookingPolicy,
) -> Appointment | ChangeRefused:
    """The appointment, if the customer may still reschedule or cancel it."""
    refused = judge_change(
        appointment, kind, expected_version=expected_version, at=at, policy=policy
    )
    if refused:
        return refused
    assert appointment is not None
    return appointment


def rescheduled(
    appointment: Appointment,
    slot: Slot,
    *,
    takes: Demand,
    cancellable_until: datetime,
    at: datetime,
    by_role: Role,
    reason: str | None,
) -> Appointment:
    """The appointment in another slot, free of whoever had it or was asked to take it."""
    ref = SlotRef(area_id=slot.area_id, start=slot.window.start, services=appointment.services)
    after = moved(
        appointment,
        EventKind.RESCHEDULED,
        at=at,
        recorded_at=at,
        by_role=by_role,
        note=reason,
        slot=ref,
        takes=takes,
        day=slot.day,
        window=slot.window,
        cancellable_until=cancellable_until,
        courier_id=None,
        offered_to=None,
        eta=None,
        changes=appointment.changes + 1,
    )
    assert after is not None, "judge_change has allowed it"
    return after


def moved(
    appointment: Appointment,
    kind: EventKind,
    *,
    at: datetime,
    recorded_at: datetime,
    by_role: Role | None,
    note: str | None = None,
    **changed: Any,
) -> Appointment | None:
    """The appointment after `kind` happened to it. None: from this status it cannot.

    A change of address that waits for an answer comes to nothing, unless its courier only says yes
    to the visit: who sets out before they agreed goes to the old door.
    """
    step = MOVES[kind]
    if appointment.status not in step.sources:
        return None
    if appointment.pending_change and kind is not EventKind.ACCEPTED:
        appointment = change_ended(appointment, at=at, recorded_at=recorded_at, by_role=by_role)
    return noted(
        appointment,
        kind,
        at=at,
        recorded_at=recorded_at,
        by_role=by_role,
        note=note,
        **{"status": step.target, **changed},
    )


def change_ended(
    appointment: Appointment, *, at: datetime, recorded_at: datetime, by_role: Role | None
) -> Appointment:
    """The appointment without the change of address that was asked for: it stays where it was."""
    return noted(
        appointment,
        EventKind.ADDRESS_CHANGE_ENDED,
        at=at,
        recorded_at=recorded_at,
        by_role=by_role,
        pending_change=None,
        private=appointment.private.model_copy(update={"going_to": None}),
    )


def noted(
    appointment: Appointment,
    kind: EventKind,
    *,
    at: datetime,
    recorded_at: datetime,
    by_role: Role | None,
    note: str | None = None,
    **changed: Any,
) -> Appointment:
    """The appointment with one more entry in its history, and `changed` on top."""
    entry = HistoryEntry(
        sequence=appointment.sequence + 1,
        kind=kind,
        at=at,
        recorded_at=recorded_at,
        by_role=by_role,
        note=note,
    )
    history = (*appointment.history, entry)
    after = appointment.model_copy(
        update={**changed, "sequence": entry.sequence, "history": history}
    )
    counts = _counted(after) != _counted(appointment)
    return after.model_copy(update={"version": appointment.version + counts})


def standing(history: Iterable[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """What happened, less what was taken back: an UNDONE takes back the entry just before it."""
    kept: list[HistoryEntry] = []
    for entry in history:
        if entry.kind is EventKind.UNDONE:
            kept.pop()
        else:
            kept.append(entry)
    return tuple(kept)


def _counted(appointment: Appointment) -> tuple[object, ...]:
    """What is another version when it is another."""
    private = appointment.private
    return (
        appointment.status,
        appointment.slot,
        appointment.lines,
        appointment.address_id,
        appointment.door_no,
        appointment.pending_change,
        private.contact,
        private.access_notes,
        appointment.courier_id,
    )


# ------------------------------------------------------------------ what surrounds a visit


def amendable(
    appointment: Appointment | None, *, expected_version: int
) -> Appointment | ChangeRefused:
    """The appointment, if its customer may still say whom to call and how to get in."""
    if appointment is None:
        return ChangeRefused(code=ChangeRefusal.NOT_FOUND, path=("id",))
    if appointment.version != expected_version:
        return ChangeRefused(
            code=ChangeRefusal.STALE_VERSION, path=("expectedVersion",), current=appointment
        )
    if appointment.status not in _WAITING:
        return ChangeRefused(code=ChangeRefusal.NOT_ALLOWED_NOW, current=appointment)
    return appointment


# ------------------------------------------------------------------ what a visit left undone


def left_over(
    appointment: Appointment | None, named: Sequence[str] | None
) -> tuple[Line, ...] | BookingRefused:
    """The lines to be tried again: those named, or all that failed and that nobody said no to."""
    if appointment is None:
        return BookingRefused(code=BookingRefusal.NOT_FOUND, path=("appointmentId",))
    if appointment.status not in _LEFT_SOMETHING:
        return BookingRefused(code=BookingRefusal.NOT_ALLOWED_NOW, path=("appointmentId",))
    left = [
        line for line in appointment.lines if line.outcome in FAILURES and line.rebooked_as is None
    ]
    if named is None:
        wanted = [line for line in left if line.outcome not in _SAID_NO]
    elif refused := _not_left(named, appointment, left):
        return refused
    else:
        wanted = [line for line in left if line.id in named]
    if not wanted:
        return BookingRefused(code=BookingRefusal.NOTHING_LEFT, path=("appointmentId",))
    return tuple(wanted)


def _not_left(
    named: Sequence[str], appointment: Appointment, left: Sequence[Line]
) -> BookingRefused | None:
    known, open_ones = {line.id for line in appointment.lines}, {line.id for line in left}
    for index, id in enumerate(named):
        if id not in open_ones:
            code = BookingRefusal.NOTHING_LEFT if id in known else BookingRefusal.NOT_FOUND
            return BookingRefused(code=code, path=("lineIds", str(index)))
    return None


def tried_again(line: Line) -> Line:
    """The line as it goes into the next visit, under the same id."""
    changed: dict[str, Any] = {"outcome": None}
    if isinstance(line, DeliveryLine):
        changed["attempt_no"] = line.attempt_no + 1
    return line.model_copy(update=changed)


def rebooked(
    appointment: Appointment, lines: Iterable[Line], into: str, *, at: datetime, by_role: Role
) -> Appointment:
    """The appointment, knowing in which other one these of its lines are tried again."""
    ids = {line.id for line in lines}
    return noted(
        appointment,
        EventKind.NOTED,
        at=at,
        recorded_at=at,
        by_role=by_role,
        lines=tuple(
            line.model_copy(update={"rebooked_as": into}) if line.id in ids else line
            for line in appointment.lines
        ),
    )


# ------------------------------------------------------------------ who sees what


@dataclass(frozen=True)
class Viewer:
    """Who looks at appointments. `courier_id` is theirs if they are a courier; `asked` are those
    that they are asked to take over from a colleague.
    """

    caller: Caller
    courier_id: str | None = None
    asked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sight:
    """What of one appointment somebody may see."""

    own: bool
    staff: bool
    whole_address: bool
    contact: bool
    access_notes: bool
    pickup_code: bool
    courier: bool

    @property
    def warned(self) -> bool:
        """Whoever goes there, and who sends them; not whom a warning is about."""
        return not self.own and (self.staff or self.access_notes)


_ON_THE_WAY: Final = frozenset({Status.EN_ROUTE, Status.ARRIVED})
_COMING: Final = frozenset({Status.ASSIGNED}) | _ON_THE_WAY


def sight_of(appointment: Appointment, viewer: Viewer, *, at: datetime) -> Sight | None:
    """What `viewer` may see of it. None: it is not theirs to know of.

    The assigned courier sees the contact and how to get in on the day, or once they are on their
    way; the customer sees the courier from the assignment until the work is done.
    """
    if viewer.caller.id == appointment.customer_id:
        return Sight(
            own=True,
            staff=False,
            whole_address=True,
            contact=True,
            access_notes=True,
            pickup_code=True,
            courier=appointment.status in _COMING,
        )
    theirs = (appointment.courier_id, appointment.offered_to)
    if viewer.courier_id and (viewer.courier_id in theirs or appointment.id in viewer.asked):
        return _sight_of_courier(appointment, viewer.courier_id, at)
    if viewer.caller.may(STAFF, appointment.branch_path):
        return _masked(staff=True, courier=True)
    return None


def followed_by_customer(
    appointment: Appointment, sight: Sight, policy: BookingPolicy, *, at: datetime
) -> str | None:
    """The courier whose position its customer may see now. None: nobody's."""
    if not sight.own or appointment.status not in _COMING:
        return None
    return (
        appointment.courier_id if at >= appointment.window.start - policy.position_before else None
    )


def _sight_of_courier(appointment: Appointment, courier_id: str, at: datetime) -> Sight:
    mine = courier_id == appointment.courier_id and appointment.status in _COMING
    now = mine and (local_day(at) == appointment.day or appointment.status in _ON_THE_WAY)
    return Sight(
        own=False,
        staff=False,
        whole_address=mine,
        contact=now,
        access_notes=now,
        pickup_code=False,
        courier=courier_id == appointment.courier_id,
    )


def _masked(*, staff: bool, courier: bool) -> Sight:
    return Sight(
        own=False,
        staff=staff,
        whole_address=False,
        contact=False,
        access_notes=False,
        pickup_code=False,
        courier=courier,
    )


def page_key(appointment: Appointment) -> str:
    """Where it stands in the order of windows: milliseconds since 1970, and its id."""
    return f"{int(appointment.window.start.timestamp() * 1000)}|{appointment.id}"
