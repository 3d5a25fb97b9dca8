"""Who can take a stop, in what order a round goes, and until when an offer waits. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, Status
from doorstep.couriers.model import Courier, Shift, VehicleKind
from doorstep.couriers.rules import Roster
from doorstep.dispatch.model import (
    Assignment,
    AssignmentRefusal,
    DispatchPolicy,
    Round,
    Stop,
    StopState,
)
from doorstep.dispatch.rules.ways import Ways
from doorstep.kit.geo import Point, metres_between
from doorstep.kit.windows import TimeWindow


def door_of(appointment: Appointment) -> Point | None:
    return appointment.private.address.door.location


def ranked(
    appointment: Appointment,
    roster: Roster,
    *,
    asked_before: Collection[str],
) -> list[Courier]:
    """Who could take it, the nearest first, less those who were asked before."""
    able = roster.able(appointment.window, appointment.services)
    fresh = [
        courier
        for courier in able
        if courier.id not in asked_before
        and not roster.dedicated_elsewhere(
            courier.id,
            appointment.window,
            customer_id=appointment.customer_id,
            area_id=appointment.slot.area_id,
        )
    ]
    door = door_of(appointment)
    if door is None:
        return sorted(fresh, key=lambda courier: courier.id)
    return sorted(fresh, key=lambda courier: (metres_between(courier.station, door), courier.id))


def judge_courier(
    appointment: Appointment, courier: Courier, roster: Roster, round: Round, policy: DispatchPolicy
) -> AssignmentRefusal | None:
    """Whether this courier can take it, as a dispatcher asks. Duty is judged at the window."""
    if courier.branch_id != appointment.branch_id:
        return AssignmentRefusal.OTHER_BRANCH
    if not appointment.services <= set(courier.skills):
        return AssignmentRefusal.COURIER_LACKS_SKILL
    if roster.shift_around(courier.id, appointment.window) is None:
        return AssignmentRefusal.COURIER_OFF_DUTY
    if is_full(round, appointment.window, policy):
        return AssignmentRefusal.COURIER_FULL
    return None


def judge_assignment(
    appointment: Appointment, *, expected_version: int
) -> AssignmentRefusal | None:
    """Whether a dispatcher may name a courier for it now."""
    if appointment.version != expected_version:
        return AssignmentRefusal.STALE_VERSION
    if appointment.status is Status.BOOKED:
        return None
    if appointment.status in (Status.ASSIGNED, Status.EN_ROUTE, Status.ARRIVED):
        return AssignmentRefusal.ALREADY_ASSIGNED
    return AssignmentRefusal.NOT_ALLOWED_NOW


def judge_unassignment(
    appointment: Appointment, *, expected_version: int
) -> AssignmentRefusal | None:
    if appointment.version != expected_version:
        return AssignmentRefusal.STALE_VERSION
    if appointment.status is not Status.ASSIGNED:
        return AssignmentRefusal.NOT_ALLOWED_NOW
    return None


def is_for(assignment: Assignment, appointment: Appointment) -> bool:
    """Whether what a courier was asked to take is still what there is to do."""
    return (assignment.window, assignment.door_no) == (appointment.window, appointment.door_no)


def is_full(round: Round, window: TimeWindow, policy: DispatchPolicy) -> bool:
    return round.open_in(window) >= policy.most_stops_in_window


def answer_by(
    window: TimeWindow, shifts: Iterable[Shift], policy: DispatchPolicy, *, at: datetime
) -> datetime:
    """Until when an offer waits: the courier's patience counts while they are at work.

    Who sleeps is asked when their next shift begins, but never later than the window does.
    """
    begins = [max(at, shift.start) for shift in shifts if shift.end > at]
    asked_at = min(begins, default=at)
    latest = max(at + timedelta(seconds=30), window.start)
    return min(asked_at + policy.patience, latest) if at < window.start else at + policy.patience


# ------------------------------------------------------------------ rounds


def with_stop(round: Round, stop: Stop) -> Round:
    """The round with one stop more, in the order of windows."""
    after = sorted((*round.stops, stop), key=lambda each: each.window.start)
    return round.model_copy(update={"stops": tuple(after)})


def with_state(round: Round, appointment_id: str, state: StopState) -> Round:
    """The round with the stop that is still theirs in another state."""
    current = round.stop_for(appointment_id)
    stops = tuple(
        stop.model_copy(update={"state": state}) if stop is current else stop
        for stop in round.stops
    )
    return round.model_copy(update={"stops": stops})


def at_other_door(round: Round, appointment: Appointment) -> Round:
    """The round with the stop in the window that it has at its new door."""
    current = round.stop_for(appointment.id)
    stops = tuple(
        stop.model_copy(update={"window": appointment.window}) if stop is current else stop
        for stop in round.stops
    )
    return round.model_copy(update={"stops": stops})


@dataclass(frozen=True, slots=True)
class Call:
    """Where a stop is, and how long somebody is there."""

    where: Point
    lasts: timedelta


def call_at(appointment: Appointment) -> Call | None:
    """None: nobody may know any more where it was."""
    door = door_of(appointment)
    lasts = timedelta(minutes=appointment.takes.load.minutes)
    return Call(door, lasts) if door else None


def timed(
    round: Round, calls: Mapping[str, Call], start: Point, vehicle: VehicleKind, ways: Ways
) -> Round:
    """The round with planned arrivals.

    A stop is reached when the one before is served and the way is gone, and not before its window.
    """
    here, free_at, stops = start, None, []
    for stop in round.stops:
        if stop.state is StopState.REMOVED:
            stops.append(stop)
            continue
        call = calls.get(stop.appointment_id) or Call(here, timedelta())
        arrival = stop.window.start
        if free_at is not None:
            way = ways.trip(here, call.where, vehicle, free_at)
            arrival = max(arrival, free_at + timedelta(seconds=way.seconds))
        stops.append(stop.model_copy(update={"planned_arrival": arrival, "eta": arrival}))
        here, free_at = call.where, arrival + call.lasts
    return round.model_copy(update={"stops": tuple(stops)})


def offer(
    id: str,
    appointment: Appointment,
    courier: Courier,
    *,
    at: datetime,
    answer_by: datetime | None,
    by_role: Role | None = None,
) -> Assignment:
    """That this courier is asked, or told, to take it."""
    return Assignment(
        id=id,
        appointment_id=appointment.id,
        courier_id=courier.id,
        branch_id=appointment.branch_id,
        day=appointment.day,
        window=appointment.window,
        door_no=appointment.door_no,
        at=at,
        answer_by=answer_by,
        by_role=by_role,
    )
