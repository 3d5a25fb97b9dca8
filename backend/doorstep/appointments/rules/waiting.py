"""Who may wait, and what becomes of those who do. Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from doorstep.accounts.model import DISPATCH, Caller, Role
from doorstep.appointments.model import (
    LIVE,
    Appointment,
    BookingRequest,
    WaitedSlot,
    WaitlistEntry,
    WaitlistOffer,
    WaitlistPolicy,
    WaitlistRefusal,
    WaitlistRefused,
    WaitPrivate,
    WaitRequest,
    WaitState,
    WaitStep,
)
from doorstep.appointments.rules.promises import CLOSED_TO_BOOKING
from doorstep.capacity.model import Hold, SlotClosedReason
from doorstep.catalogue.model import Channel
from doorstep.kit.geo import Point

_NOT_FULL: Final = WaitlistRefusal.NOT_FULL


def judge_wait(closed: SlotClosedReason | None, *, index: int) -> WaitlistRefused | None:
    """One can wait for a slot that is full, and for no other."""
    if closed is SlotClosedReason.FULL:
        return None
    code = WaitlistRefusal(CLOSED_TO_BOOKING[closed].value) if closed else _NOT_FULL
    return WaitlistRefused(code=code, path=("slotIds", str(index)))


def judge_number(
    mine: Sequence[WaitlistEntry], wanted: Collection[str], policy: WaitlistPolicy
) -> int | WaitlistRefused:
    """Which of the customer's entries the new one is. `mine`: those that live."""
    for entry in mine:
        if not set(wanted).isdisjoint(entry.slot_keys):
            return WaitlistRefused(
                code=WaitlistRefusal.ALREADY_WAITING, path=("slotIds",), current=entry
            )
    taken = {entry.nth for entry in mine}
    free = [nth for nth in range(1, policy.most_entries + 1) if nth not in taken]
    return free[0] if free else WaitlistRefused(code=WaitlistRefusal.TOO_MANY_ENTRIES)


def joined(
    request: WaitRequest,
    slots: Sequence[WaitedSlot],
    *,
    branch_id: str,
    branch_path: str,
    where: Point | None,
    id: str,
    nth: int,
    at: datetime,
) -> WaitlistEntry:
    return WaitlistEntry(
        id=id,
        customer_id=request.customer_id,
        address_id=request.address_id,
        area_id=slots[0].ref.area_id,
        branch_id=branch_id,
        branch_path=branch_path,
        slots=tuple(slots),
        slot_keys=tuple(slot.ref.key for slot in slots),
        lines=request.lines,
        nth=nth,
        channel=request.channel,
        joined_at=at,
        joined_by=request.joined_by,
        joined_by_role=request.joined_by_role,
        passes_at=max(slot.cutoff_at for slot in slots),
        history=(WaitStep(sequence=1, state=WaitState.WAITING, at=at),),
        private=WaitPrivate(
            contact=request.contact, access_notes=request.access_notes, where=where
        ),
    )


def offered(entry: WaitlistEntry, hold: Hold, *, at: datetime) -> WaitlistEntry:
    """It is their turn: the place that `hold` keeps is theirs to take."""
    slot = entry.slot_of(hold.slot_key).ref
    offer = WaitlistOffer(hold_id=hold.id, slot=slot, at=at, until=hold.expires_at)
    return _after(entry, WaitState.OFFERED, at, offer=offer)


def ended(
    entry: WaitlistEntry, state: WaitState, *, at: datetime, appointment_id: str | None = None
) -> WaitlistEntry:
    assert state not in LIVE
    return _after(entry, state, at, ended_at=at, appointment_id=appointment_id)


def _after(entry: WaitlistEntry, state: WaitState, at: datetime, **changed: Any) -> WaitlistEntry:
    step = WaitStep(sequence=entry.version + 1, state=state, at=at)
    return entry.model_copy(
        update={
            **changed,
            "state": state,
            "version": step.sequence,
            "history": (*entry.history, step),
        }
    )


def next_hold_id(entry: WaitlistEntry) -> str:
    """Of the offer that this entry would get now. A transaction that runs again names it alike."""
    return f"hld_{entry.id.partition('_')[2]}v{entry.version}"


def leavable(entry: WaitlistEntry | None, *, expected_version: int) -> WaitlistRefused | None:
    if entry is None:
        return WaitlistRefused(code=WaitlistRefusal.NOT_FOUND, path=("id",))
    if entry.version != expected_version:
        return WaitlistRefused(
            code=WaitlistRefusal.STALE_VERSION, path=("expectedVersion",), current=entry
        )
    if entry.state not in LIVE:
        return WaitlistRefused(code=WaitlistRefusal.NOT_ALLOWED_NOW, current=entry)
    return None


def has_lapsed(entry: WaitlistEntry, at: datetime) -> bool:
    """An offer is good while now < `until`."""
    return entry.state is WaitState.OFFERED and entry.offer is not None and entry.offer.until <= at


def is_served_by(entry: WaitlistEntry, appointment: Appointment) -> bool:
    """Whether who waits got by another way what they wait for."""
    return (
        entry.state is WaitState.WAITING
        and entry.address_id == appointment.address_id
        and appointment.slot.key in entry.slot_keys
        and entry.services <= appointment.services
    )


def accepted(
    entry: WaitlistEntry,
    offer: WaitlistOffer,
    private: WaitPrivate,
    *,
    by: str,
    by_role: Role,
    channel: Channel,
) -> BookingRequest:
    """The booking that an offer stands for."""
    return BookingRequest(
        customer_id=entry.customer_id,
        booked_by=by,
        booked_by_role=by_role,
        channel=channel,
        address_id=entry.address_id,
        slot=offer.slot,
        hold_id=offer.hold_id,
        contact=private.contact,
        lines=entry.lines,
        access_notes=private.access_notes,
    )


def may_see_entry(entry: WaitlistEntry, caller: Caller) -> bool:
    """Their own, or one of a branch in which they dispatch."""
    return entry.customer_id == caller.id or caller.may(DISPATCH, entry.branch_path)
