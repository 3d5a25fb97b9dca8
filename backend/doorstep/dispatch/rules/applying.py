"""What becomes of assignments and rounds when a day's plan is written. Pure.

What changed while the plan was searched for is left as it is: the plan knew nothing of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from doorstep.appointments.model import Appointment
from doorstep.couriers.model import Shift, Vehicle
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


Duty = tuple[object, ...]


def on_changed_duty(
    planned: Sequence[Planned], then: Mapping[str, Duty], now: Mapping[str, Duty]
) -> list[str]:
    """Which of these are whose work is not what the plan took it for, or is none any more."""
    return [
        each.appointment_id
        for each in planned
        if then.get(each.courier_id) != now.get(each.courier_id)
    ]


def duties(roster: Roster, vehicles: Mapping[str, Vehicle]) -> dict[str, Duty]:
    """What a plan reckons with of each: their hours, and what they can do."""
    shifts: dict[str, list[Shift]] = {}
    for shift in roster.shifts:
        shifts.setdefault(shift.courier_id, []).append(shift)
    return {
        each.id: (
            *(each.branch_id, each.station, each.skills, each.area_ids, vehicles.get(each.id)),
            sorted((s.start, s.end, s.breaks) for s in shifts.get(each.id, ())),
            [kept for kept in roster.dedications if each.id in kept.courier_ids],
        )
        for each in roster.couriers
    }
