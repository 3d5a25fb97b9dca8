"""Which promises cannot be kept as they are, what to offer instead, and who answers how. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from doorstep.accounts.model import Role
from doorstep.addresses.model import ServiceArea
from doorstep.appointments.model import (
    WAITING,
    Affected,
    AffectedBecause,
    Appointment,
    EventKind,
    Opening,
    Promise,
    Reoffer,
    ReofferPolicy,
    ReofferRefusal,
    ReofferRefused,
    ReofferState,
)
from doorstep.appointments.rules.promises import moved, noted, rescheduled
from doorstep.calendar.model import Block, Closure, Sailing
from doorstep.calendar.rules import Almanac
from doorstep.capacity.model import Demand, Slot, SlotClosedReason, Taken
from doorstep.capacity.rules import Visit, beyond, lacking, taken
from doorstep.kit.windows import TimeWindow

Cause = Closure | Block | Sailing | ServiceArea | Slot


@dataclass(frozen=True)
class Surroundings:
    """What keeping promises depends on."""

    slots: Mapping[str, Slot]
    areas: Mapping[str, ServiceArea | None]
    almanac: Almanac

    def is_stranded(self, promise: Promise) -> bool:
        """Whether it needs a boat, and none goes for it."""
        slot = self.slots.get(promise.slot.key)
        if slot is None or slot.route_id is None:
            return False
        return self.almanac.sailing_for(slot.route_id, promise.window) is None

    def has_no_area(self, promise: Promise) -> bool:
        area = self.areas.get(promise.area_id)
        if area is None or not area.holds_on(promise.day):
            return True
        return not promise.takes.services <= set(area.services)


# ------------------------------------------------------------ who is affected


def affected(promise: Promise, around: Surroundings) -> Affected | None:
    """Why the promise cannot be kept where it is, whatever else is promised there. None: it can."""
    shut = around.almanac.shut(promise.window, promise.day, promise.branch_path, promise.area_id)
    if shut:
        return Affected(promise, AffectedBecause(shut.kind.value), shut.id)
    if around.is_stranded(promise):
        slot = around.slots[promise.slot.key]
        boat = _missed(around.almanac, slot.route_id or "", promise.window)
        id = boat.id if boat else slot.route_id or ""
        return Affected(promise, AffectedBecause.SAILING_CANCELLED, id)
    if around.has_no_area(promise):
        return Affected(promise, AffectedBecause.AREA_GONE, promise.area_id)
    return None


def _missed(almanac: Almanac, route_id: str, window: TimeWindow) -> Sailing | None:
    """The boat that would have served the window, had it gone."""
    boats = [each for each in almanac.timetable.get(route_id, ()) if _would_serve(each, window)]
    return min(boats, key=lambda each: (each.stays, each.id), default=None)


def _would_serve(boat: Sailing, window: TimeWindow) -> bool:
    return boat.arrives_at <= window.start and window.end <= boat.returns_at


def short_of_room(slot: Slot, promises: Iterable[Promise]) -> list[Affected]:
    """Whom the slot, as it is published, has no room for: who came first stays."""
    known = {promise.id: promise for promise in promises}
    return [
        Affected(promise, AffectedBecause.CAPACITY_SHORT, promise.slot.text)
        for promise in (known[visit.id] for visit in beyond(slot, map(visit_of, known.values())))
    ]


def visit_of(promise: Promise | Appointment) -> Visit:
    """The promise, as far as a slot knows of it."""
    settled = promise.status not in WAITING
    return Visit(promise.id, promise.booked_at, promise.takes, settled=settled)


def hit_by(cause: Cause, promise: Promise, around: Surroundings) -> Affected | None:
    """Whether the promise cannot be kept because of just this cause. A slot is asked as a whole."""
    match cause:
        case Closure() if cause.closes(promise.day, promise.branch_path):
            return Affected(promise, AffectedBecause.CLOSURE, cause.id)
        case Block() if cause.touches(promise.window) and cause.concerns(
            promise.branch_path, promise.area_id
        ):
            return Affected(promise, AffectedBecause.BLOCK, cause.id)
        case Sailing() if cause.cancelled_at and _would_serve(cause, promise.window):
            slot = around.slots.get(promise.slot.key)
            if slot and slot.route_id == cause.route_id and around.is_stranded(promise):
                return Affected(promise, AffectedBecause.SAILING_CANCELLED, cause.id)
        case ServiceArea() if cause.id == promise.area_id and around.has_no_area(promise):
            return Affected(promise, AffectedBecause.AREA_GONE, cause.id)
    return None


# ------------------------------------------------------------ what is offered instead


def nearest(
    openings: Iterable[Opening], window: TimeWindow, policy: ReofferPolicy, *, at: datetime
) -> list[Opening]:
    """Those that leave time to answer: of the same day, then of the days after, then of those
    before; the nearest day first, and of a day what is most like the old time.
    """
    answerable = [each for each in openings if each.until - at >= policy.least_to_answer]

    def distance(each: Opening) -> tuple[bool, int, timedelta, datetime]:
        start, days = each.slot.window.start, (each.slot.day - window.day).days
        of_day = abs(start - window.start - timedelta(days=days))
        return days < 0, abs(days), of_day, start

    return sorted(answerable, key=distance)


def spread(
    asked: Iterable[tuple[str, Sequence[Opening]]], policy: ReofferPolicy, *, at: datetime
) -> dict[str, list[Opening]]:
    """What to offer each: the first place is theirs, and is nobody else's in the same breath."""
    given: dict[str, Taken] = {}
    full: set[tuple[str, Demand]] = set()
    offered: dict[str, list[Opening]] = {}
    for id, openings in asked:
        mine = offered.setdefault(id, [])
        for opening in openings:
            slot, demand = opening.slot, opening.demand
            if (slot.id, demand) in full:
                continue
            if slot.id not in given:
                given[slot.id] = taken(slot, at)
            if lacking(slot, given[slot.id], demand):
                full.add((slot.id, demand))
                continue
            if not mine:
                given[slot.id] = given[slot.id].plus(demand)
            mine.append(opening)
            if len(mine) == policy.most_slots:
                break
    return offered


def new_reoffer(
    appointment: Appointment,
    affected: Affected,
    openings: Sequence[Opening],
    policy: ReofferPolicy,
    *,
    id: str,
    run_id: str,
    note: str | None,
    at: datetime,
) -> Reoffer:
    return Reoffer(
        id=id,
        appointment_id=appointment.id,
        customer_id=appointment.customer_id,
        branch_id=appointment.branch_id,
        branch_path=appointment.branch_path,
        because=affected.because,
        cause_id=affected.cause_id,
        instead_of=appointment.slot,
        window=appointment.window,
        slots=tuple(opening.ref for opening in openings),
        offered_at=at,
        expires_at=min(at + policy.lasts, openings[0].until),
        note=note,
        run_id=run_id,
    )


def is_spoken_for(affected: Affected, known: Iterable[Reoffer]) -> Reoffer | None:
    """What was offered already: because of the same cause, or of another and still open."""
    return next(
        (
            each
            for each in known
            if each.state is ReofferState.OPEN or each.cause_id == affected.cause_id
        ),
        None,
    )


def reoffered(
    appointment: Appointment, reoffer: Reoffer, *, at: datetime, by_role: Role | None
) -> Appointment:
    """Its customer is told, by one entry in its history that names the offer."""
    return noted(
        appointment,
        EventKind.REOFFERED,
        at=at,
        recorded_at=at,
        by_role=by_role,
        note=reoffer.id,
    )


def was_reoffered(appointment: Appointment) -> bool:
    """Whether we could not keep what was promised last: what then becomes of it is no fault of its
    customer.
    """
    for entry in reversed(appointment.history):
        if entry.kind in (EventKind.REOFFERED, EventKind.REOFFER_LAPSED):
            return True
        if entry.kind in (EventKind.RESCHEDULED, EventKind.REOFFER_WITHDRAWN):
            return False
    return False


# ------------------------------------------------------------ answering

CLOSED_TO_REOFFER: Final[dict[SlotClosedReason, ReofferRefusal]] = {
    reason: {
        SlotClosedReason.FULL: ReofferRefusal.SLOT_FULL,
        SlotClosedReason.CUTOFF_PASSED: ReofferRefusal.CUTOFF_PASSED,
    }.get(reason, ReofferRefusal.NOT_OFFERED)
    for reason in SlotClosedReason
}
_ANSWERABLE: Final = frozenset({ReofferState.OPEN, ReofferState.LAPSED})


def judge_answer(
    reoffer: Reoffer | None, appointment: Appointment | None, *, needs_place: bool, at: datetime
) -> ReofferRefused | None:
    """Whether it can still be answered; and, if the place that is kept is wanted, still with that.

    Who is too late for the place may still choose another slot: it is we who let them down.
    """
    if reoffer is None or appointment is None:
        return ReofferRefused(code=ReofferRefusal.NOT_FOUND, path=("reofferId",))
    code = None
    if reoffer.state is ReofferState.WITHDRAWN:
        code = ReofferRefusal.WITHDRAWN
    elif reoffer.state not in _ANSWERABLE:
        code = ReofferRefusal.ALREADY_ANSWERED
    elif appointment.status not in WAITING:
        code = ReofferRefusal.NOT_ALLOWED_NOW
    elif appointment.slot.key != reoffer.instead_of.key:
        code = ReofferRefusal.WITHDRAWN
    elif needs_place and not reoffer.is_open(at):
        code = ReofferRefusal.LAPSED
    return ReofferRefused(code=code, path=("reofferId",), current=reoffer) if code else None


def moved_to(
    appointment: Appointment,
    slot: Slot,
    *,
    takes: Demand,
    cancellable_until: datetime,
    at: datetime,
    by_role: Role,
) -> Appointment:
    """Rescheduled, and not counted against its customer."""
    after = rescheduled(
        appointment,
        slot,
        takes=takes,
        cancellable_until=cancellable_until,
        at=at,
        by_role=by_role,
        reason=None,
    )
    return after.model_copy(update={"changes": appointment.changes})


def declined(appointment: Appointment, reoffer: Reoffer, *, at: datetime) -> Appointment:
    """Cancelled in the name of the house, which could not keep its word: no mark on anybody."""
    after = moved(
        appointment,
        EventKind.CANCELLED,
        at=at,
        recorded_at=at,
        by_role=None,
        note=reoffer.id,
        offered_to=None,
    )
    assert after is not None, "judge_answer has allowed it"
    return after


def reoffer_ended(reoffer: Reoffer, state: ReofferState, *, at: datetime) -> Reoffer:
    return reoffer.model_copy(update={"state": state, "ended_at": at})


_ENDINGS: Final = {
    ReofferState.LAPSED: EventKind.REOFFER_LAPSED,
    ReofferState.WITHDRAWN: EventKind.REOFFER_WITHDRAWN,
}


def told_of_end(
    appointment: Appointment | None, reoffer: Reoffer, *, at: datetime
) -> Appointment | None:
    """The appointment with the news that its offer has ended. None: that is no news any more, since
    it was moved or cancelled meanwhile.
    """
    if appointment is None or appointment.status not in WAITING:
        return None
    if appointment.slot.key != reoffer.instead_of.key:
        return None
    kind = _ENDINGS[reoffer.state]
    return noted(appointment, kind, at=at, recorded_at=at, by_role=None, note=reoffer.id)
