"""What becomes of assignments and rounds when a day's plan is written. Pure.

What changed while the plan was searched for is left as it is: the plan knew nothing of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from doorstep.appointments.model import Appointment
from doorstep.couriers.model import Courier
from doorstep.couriers.rules import Roster
from doorstep.dispatch.model import Assignment, Round, Stop, StopState

_ORDERED = frozenset({StopState.OFFERED, StopState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Planned:
    """A visit as planned: whose it is, and when."""

    appointment_id: str
    courier_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How an appointment stands: what a plan has to have known to be about it."""

    status: str
    version: int
    offered_to: str | None
    assignment_id: str | None
    stop_state: StopState | None


def standing(
    appointment: Appointment | None, assignment: Assignment | None, round: Round | None
) -> Standing | None:
    """None: it is not there."""
    if appointment is None:
        return None
    stop = round.stop_for(appointment.id) if round else None
    return Standing(
        appointment.status,
        appointment.version,
        appointment.offered_to,
        assignment.id if assignment else None,
        stop.state if stop else None,
    )


def ordered(round: Round, arrivals: Mapping[str, datetime]) -> Round:
    """The round in the order of a plan. What is begun, over, or not planned keeps its place among
    its like: first what is over or under way, then what is planned, by its arrival; what is open
    and not planned stands where its own arrival puts it.
    """
    first = [stop for stop in round.stops if stop.state not in _ORDERED]
    rest = [_timed(stop, arrivals) for stop in round.stops if stop.state in _ORDERED]
    rest.sort(key=lambda stop: stop.planned_arrival)
    return round.model_copy(update={"stops": (*first, *rest)})


def _timed(stop: Stop, arrivals: Mapping[str, datetime]) -> Stop:
    at = arrivals.get(stop.appointment_id)
    return stop.model_copy(update={"planned_arrival": at, "eta": at}) if at else stop


def changed_meanwhile(
    planned: Sequence[Planned],
    then: Mapping[str, Standing | None],
    now: Mapping[str, Standing | None],
) -> list[str]:
    """Of which of these the plan did not know how they stand."""
    return [
        each.appointment_id
        for each in planned
        if each.appointment_id in then and now.get(each.appointment_id) != then[each.appointment_id]
    ]


def on_changed_duty(planned: Sequence[Planned], then: Roster, now: Roster) -> list[str]:
    """Which of these are whose work is not what the plan took it for, or is none any more."""
    before, after = _duties(then), _duties(now)
    return [
        each.appointment_id
        for each in planned
        if before.get(each.courier_id) != after.get(each.courier_id)
    ]


def _duties(roster: Roster) -> dict[str, tuple[object, ...]]:
    """What a plan reckons with of each: their hours, and what they can do."""
    hours: dict[str, list[tuple[datetime, datetime]]] = {}
    for shift in roster.shifts:
        hours.setdefault(shift.courier_id, []).append((shift.start, shift.end))
    return {each.id: (*_terms(each), *sorted(hours.get(each.id, ()))) for each in roster.couriers}


def _terms(courier: Courier) -> tuple[object, ...]:
    return courier.branch_id, courier.vehicle_id, courier.station, courier.skills, courier.area_ids
