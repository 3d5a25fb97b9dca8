"""What is free, what is open, and what taking a place makes of a slot. Pure.

The same functions decide what is shown and what is accepted: offered means bookable.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from doorstep.calendar.model import Closure, is_closed
from doorstep.capacity.model import (
    Ask,
    CapacityPolicy,
    HoldMark,
    NoPlace,
    NotTaken,
    Slot,
    SlotClosedReason,
)
from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.rules import Roster


def live(holds: Iterable[HoldMark], at: datetime) -> tuple[HoldMark, ...]:
    """A hold is judged when it is read: nothing has to delete it."""
    return tuple(hold for hold in holds if at < hold.until)


def taken(slot: Slot, at: datetime) -> int:
    return slot.booked + len(live(slot.holds, at))


@dataclass(frozen=True)
class Surroundings:
    """What a slot's openness depends on, besides the slot itself."""

    roster: Roster
    closures: tuple[Closure, ...]
    policy: CapacityPolicy


def cutoff_of(slot: Slot, policy: CapacityPolicy) -> datetime:
    return slot.window.start - policy.cutoff_before


def closed_because(
    slot: Slot,
    services: frozenset[ServiceKind],
    around: Surroundings,
    *,
    at: datetime,
    hold_id: str | None = None,
) -> SlotClosedReason | None:
    """Why the slot cannot be booked for `services` at this instant. None: it can.

    The place kept by `hold_id` counts as free: it is kept for whoever asks.
    """
    if at >= cutoff_of(slot, around.policy):
        return SlotClosedReason.CUTOFF_PASSED
    if is_closed(around.closures, slot.day, slot.branch_path):
        return SlotClosedReason.CALENDAR
    if not around.roster.able(slot.window, services):
        return SlotClosedReason.NO_COURIER
    others = [hold for hold in live(slot.holds, at) if hold.id != hold_id]
    if slot.booked + len(others) >= slot.places:
        return SlotClosedReason.FULL
    return None


def take(slot: Slot, ask: Ask) -> Slot | NotTaken:
    """The slot after giving `ask` what it wants."""
    holds = live(slot.holds, ask.at)
    mine = [hold for hold in holds if hold.id == ask.hold_id]
    if ask.hold_id and not mine:
        return NotTaken(code=NoPlace.HOLD_EXPIRED)
    rest = tuple(hold for hold in holds if hold.id != ask.hold_id)
    if slot.booked + len(rest) >= slot.places:
        return NotTaken(code=NoPlace.FULL)
    if ask.hold_until:
        kept = (*rest, HoldMark(id=ask.id, until=ask.hold_until))
        return slot.model_copy(update={"holds": kept})
    return slot.model_copy(update={"booked": slot.booked + 1, "holds": rest})
