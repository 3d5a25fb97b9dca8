"""Who can take a stop, in what order a round goes, and until when an offer waits. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, Status
from doorstep.couriers.model import Courier, Shift
from doorstep.couriers.rules import Roster
from doorstep.dispatch.model import (
    OPEN_STOPS,
    Assignment,
    AssignmentRefusal,
    DispatchPolicy,
    Round,
    Stop,
    StopState,
)
from doorstep.dispatch.rules.insertion import Choice, Line
from doorstep.kit.windows import TimeWindow


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


def behind_sooner(round: Round, window: TimeWindow) -> str | None:
    """Before which open stop a new one goes that fits nowhere: the first in a later window."""
    later = (
        stop.appointment_id
        for stop in round.stops
        if stop.state in (StopState.OFFERED, StopState.ACCEPTED)
        and stop.window.start > window.start
    )
    return next(later, None)


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


def new_stop(
    id: str,
    appointment: Appointment,
    *,
    state: StopState = StopState.OFFERED,
    at: datetime | None = None,
) -> Stop:
    """A stop for it; until it is known better, when its window begins."""
    arrival = at or appointment.window.start
    return Stop(
        id=id,
        appointment_id=appointment.id,
        window=appointment.window,
        state=state,
        planned_arrival=arrival,
        eta=arrival,
    )


def with_stop(round: Round, stop: Stop, before: str | None) -> Round:
    """The round with one stop more: before the open stop for that appointment, or else behind all
    that come in their windows sooner.
    """
    behind = [
        index
        for index, each in enumerate(round.stops)
        if each.state in OPEN_STOPS and each.appointment_id == before
    ]
    if before is None or not behind:
        after = (*round.stops, stop)
        return round.model_copy(update={"stops": after})
    stops = (*round.stops[: behind[0]], stop, *round.stops[behind[0] :])
    return round.model_copy(update={"stops": stops})


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


def timed(round: Round, *lines: Line) -> Round:
    """The round with the arrivals of those of its stops that are still to be made."""
    reached = {call.id: at for line in lines for call, at in line.timetable()}
    stops = tuple(
        stop.model_copy(update={"planned_arrival": at, "eta": at})
        if stop.state in OPEN_STOPS and (at := reached.get(stop.appointment_id))
        else stop
        for stop in round.stops
    )
    return round.model_copy(update={"stops": stops})


def offer(
    id: str,
    appointment: Appointment,
    courier: Courier,
    *,
    at: datetime,
    answer_by: datetime | None,
    by_role: Role | None = None,
    found: Choice | None = None,
    most_explained: int = 60,
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
        detour_seconds=found.place.detour.seconds if found and found.place else None,
        detour_metres=found.place.detour.metres if found and found.place else None,
        passed=found.passed[:most_explained] if found else (),
    )
