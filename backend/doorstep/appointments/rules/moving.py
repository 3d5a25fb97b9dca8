"""Another door for a visit: what speaks against it, what it takes, what becomes of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from doorstep.accounts.model import Role
from doorstep.addresses.model import Address, ServiceArea
from doorstep.appointments.model import (
    AccessNotes,
    Appointment,
    Because,
    BookingPolicy,
    BookingRefusal,
    ChangeRefusal,
    ChangeRefused,
    Decision,
    Destination,
    DoorChange,
    EventKind,
    PendingChange,
    Status,
)
from doorstep.appointments.rules.promises import judge_place, moved, noted
from doorstep.capacity.model import Ask, Demand, Load, Slot, SlotClosedReason, SlotRef
from doorstep.couriers.model import Courier, Shift
from doorstep.couriers.rules import Roster, serves


@dataclass(frozen=True)
class Placement:
    """Where a visit would go instead, and the place it would have there."""

    address: Address
    access: AccessNotes
    slot: Slot
    takes: Demand
    cancellable_until: datetime


_NO_DOOR: Final = {
    BookingRefusal.ADDRESS_NOT_SERVED: ChangeRefusal.ADDRESS_NOT_SERVED,
    BookingRefusal.SERVICE_NOT_OFFERED: ChangeRefusal.SERVICE_NOT_OFFERED,
    BookingRefusal.NOT_OFFERED: ChangeRefusal.NOT_OFFERED,
    BookingRefusal.NOT_FOUND: ChangeRefusal.NOT_FOUND,
}
PROMISED_ALREADY: Final = frozenset({SlotClosedReason.CUTOFF_PASSED, SlotClosedReason.CALENDAR})
"""What keeps new visits out of a slot, and not one that is in it."""


def judge_door(
    before: Appointment,
    address: Address | None,
    area: ServiceArea | None,
    slot: SlotRef | None,
    policy: BookingPolicy,
) -> ChangeRefused | None:
    """Whether we come to that door for this visit, in slots of this kind."""
    if refused := judge_place(address, area, before.services, slot):
        code, path = _NO_DOOR[refused.code], refused.path
        return ChangeRefused(code=code, path=path, current=before)
    if slot and slot.start != before.slot.start and before.changes >= policy.most_changes:
        return ChangeRefused(code=ChangeRefusal.TOO_MANY_CHANGES, path=("slotId",), current=before)
    return None


def access_at(before: Appointment, address: Address, said: AccessNotes | None) -> AccessNotes:
    """How to get in there. What was said of one door says nothing of another."""
    if said is not None:
        return said
    same = address.id == before.address_id
    return before.private.access_notes if same else AccessNotes()


def keeps_courier(
    before: Appointment, there: Placement, courier: Courier | None, roster: Roster
) -> bool:
    """Whether whoever has the visit can have it there too."""
    return (
        courier is not None
        and before.status is Status.ASSIGNED
        and there.slot.window.start == before.window.start
        and courier.id in roster.working(there.slot.window)
        and serves(
            courier,
            before.services,
            area_id=there.slot.area_id,
            branch_id=there.slot.branch_id,
        )
    )


def answer_by(
    shifts: Iterable[Shift], patience: timedelta, *, at: datetime, latest: datetime
) -> datetime:
    """Until when the courier is asked: their patience counts while they are at work."""
    begins = [max(at, shift.start) for shift in shifts if shift.end > at]
    return min(min(begins, default=at) + patience, latest)


def ask_for(before: Appointment, there: Placement, *, both: bool, at: datetime) -> Ask:
    """What to take for the new door. `both`: beside what the visit has, until it is decided.

    In the slot that the visit has, it takes the more of the two in each dimension: one visit, ready
    for either door.
    """
    if there.slot.id != before.slot.key:
        return Ask(id=before.id, at=at, demand=there.takes)
    demand = _roomiest(before.takes, there.takes) if both else there.takes
    return Ask(id=before.id, at=at, demand=demand, instead=before.takes)


def _roomiest(old: Demand, new: Demand) -> Demand:
    more = {name: max(amount, getattr(new.load, name)) for name, amount in old.load}
    return Demand(services=old.services, load=Load(**more))


def _less(load: Load, other: Load) -> Load:
    return Load(**{name: amount - getattr(other, name) for name, amount in load})


def redirected(
    before: Appointment, there: Placement, *, at: datetime, by_role: Role, reason: str | None
) -> Appointment:
    """The appointment at the other door at once, free of whoever had it or was asked to take it."""
    after = moved(
        before,
        EventKind.ADDRESS_CHANGED,
        at=at,
        recorded_at=at,
        by_role=by_role,
        note=reason,
        branch_id=there.slot.branch_id,
        branch_path=there.slot.branch_path,
        area_id=there.slot.area_id,
        address_id=there.address.id,
        door_no=before.door_no + 1,
        slot=_ref(before, there),
        takes=there.takes,
        day=there.slot.day,
        window=there.slot.window,
        cancellable_until=there.cancellable_until,
        courier_id=None,
        offered_to=None,
        eta=None,
        changes=before.changes + (there.slot.window.start != before.window.start),
        door_change=_explained(before, there, pending=False),
        private=before.private.model_copy(
            update={"address": there.address, "access_notes": there.access}
        ),
    )
    assert after is not None, "judge_change has allowed it"
    return after


def asked_elsewhere(
    before: Appointment,
    there: Placement,
    *,
    answer_by: datetime,
    at: datetime,
    by_role: Role,
    reason: str | None,
) -> Appointment:
    """The appointment where it was, with the other door until its courier agrees."""
    same = there.slot.id == before.slot.key
    takes = there.takes
    if same:
        takes = Demand(services=before.takes.services, load=there.takes.load)
    pending = PendingChange(
        sequence=before.sequence + 1,
        address_id=there.address.id,
        area_id=there.slot.area_id,
        branch_id=there.slot.branch_id,
        branch_path=there.slot.branch_path,
        slot=_ref(before, there),
        takes=takes,
        on_top=_less(_roomiest(before.takes, takes).load, before.takes.load) if same else None,
        day=there.slot.day,
        window=there.slot.window,
        cancellable_until=there.cancellable_until,
        asked_at=at,
        answer_by=answer_by,
    )
    going_to = Destination(address=there.address, access_notes=there.access)
    return noted(
        before,
        EventKind.ADDRESS_CHANGE_ASKED,
        at=at,
        recorded_at=at,
        by_role=by_role,
        note=reason,
        pending_change=pending,
        door_change=_explained(before, there, pending=True),
        private=before.private.model_copy(update={"going_to": going_to}),
    )


def taken_over(
    before: Appointment, *, at: datetime, recorded_at: datetime, by_role: Role | None
) -> Appointment:
    """The appointment at the door that was asked for. Who has it, has it still."""
    pending, going_to = before.pending_change, before.private.going_to
    assert pending is not None
    assert going_to is not None
    return noted(
        before,
        EventKind.ADDRESS_CHANGED,
        at=at,
        recorded_at=recorded_at,
        by_role=by_role,
        **{name: getattr(pending, name) for name in _TAKEN_OVER},
        door_no=before.door_no + 1,
        pending_change=None,
        private=before.private.model_copy(
            update={
                "address": going_to.address,
                "access_notes": going_to.access_notes,
                "going_to": None,
            }
        ),
    )


_TAKEN_OVER: Final = (
    *("address_id", "area_id", "branch_id", "branch_path"),
    *("slot", "takes", "day", "window", "cancellable_until"),
)


def _ref(before: Appointment, there: Placement) -> SlotRef:
    slot = there.slot
    return SlotRef(area_id=slot.area_id, start=slot.window.start, services=before.services)


def _explained(before: Appointment, there: Placement, *, pending: bool) -> DoorChange:
    slot, because = there.slot, [Because.SAME_AREA]
    if slot.branch_id != before.branch_id:
        because = [Because.OTHER_BRANCH]
    elif slot.area_id != before.area_id:
        because = [Because.OTHER_AREA]
    same = slot.window == before.window
    because.append(Because.SAME_WINDOW if same else Because.OTHER_WINDOW)
    more = there.takes.load.minutes - before.takes.load.minutes
    if more:
        because.append(Because.TAKES_MORE if more > 0 else Because.TAKES_LESS)
    if pending:
        because += [Because.COURIER_IS_ASKED, Because.BOTH_PLACES_KEPT]
        return DoorChange(decision=Decision.PENDING, because=tuple(because))
    if before.courier_id:
        because.append(Because.COURIER_FREED)
    kept = slot.id == before.slot.key and not before.courier_id
    decision = Decision.KEPT if kept else Decision.REPLACED
    return DoorChange(decision=decision, because=tuple(because))


# ------------------------------------------------------------------ of two places, one goes back


@dataclass(frozen=True)
class GivenBack:
    """What a slot gets back, and whether a visit with it."""

    key: str
    demand: Demand
    visits: int


def given_back(before: Appointment, after: Appointment) -> GivenBack | None:
    """Which of the two places goes back, once a pending change is decided. None: it is not."""
    pending = before.pending_change
    if pending is None or after.pending_change is not None:
        return None
    there = after.door_no != before.door_no
    if pending.on_top is None:
        slot, takes = (before.slot, before.takes) if there else (pending.slot, pending.takes)
        return GivenBack(slot.key, takes, visits=1)
    both = before.takes.load + pending.on_top
    rest = _less(both, pending.takes.load if there else before.takes.load)
    return GivenBack(before.slot.key, Demand(services=before.takes.services, load=rest), visits=0)
