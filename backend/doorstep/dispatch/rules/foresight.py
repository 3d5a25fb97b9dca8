"""When a courier will be where, as things stand. Pure.

A stop is reached from where the courier was last seen, or from the last door they were at, or from
their station; each further one when the one before is served and the way is gone. Nobody comes
before a window starts, and nobody who has not come yet came before now.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from doorstep.appointments.model import Appointment, EventKind, Status
from doorstep.couriers.model import Position, VehicleKind
from doorstep.dispatch.model import DispatchPolicy, Round, Stop, StopState
from doorstep.dispatch.rules.insertion import Call
from doorstep.dispatch.rules.ways import Ways
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow

WATCHED: Final = frozenset({StopState.ACCEPTED, StopState.EN_ROUTE})
"""Promised by a courier, and nobody is there yet."""
AHEAD: Final = WATCHED | {StopState.OFFERED}
_BEEN: Final = frozenset({StopState.ARRIVED, StopState.DONE, StopState.FAILED})
_LAST_STEP: Final[Mapping[Status, Collection[EventKind]]] = {
    Status.EN_ROUTE: {EventKind.SET_OUT},
    Status.ARRIVED: {EventKind.ARRIVED},
    Status.COMPLETED: {EventKind.COMPLETED},
    Status.PARTLY_COMPLETED: {EventKind.PARTLY_COMPLETED},
    Status.FAILED: {EventKind.FAILED},
}


def stepped_at(appointment: Appointment) -> datetime | None:
    """When its courier took the step that it stands at; None before they set out."""
    kinds = _LAST_STEP.get(appointment.status, ())
    return next((e.at for e in reversed(appointment.history) if e.kind in kinds), None)


@dataclass(frozen=True, slots=True)
class Outset:
    """Where the next way begins, and from when."""

    where: Point
    since: datetime | None
    """None: nothing is known of them today."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a round beside its stops."""

    calls: Mapping[str, Call]
    """By appointment."""
    steps: Mapping[str, datetime]
    """When each appointment's courier took the step it stands at."""
    seen: Position | None
    station: Point
    vehicle: VehicleKind


def outset(round: Round, around: Surroundings, now: datetime) -> Outset:
    """Where the courier is: at a door, where they were seen since, or at the last door."""
    for stop in round.stops:
        call = around.calls.get(stop.appointment_id)
        if stop.state is StopState.ARRIVED and call:
            came = around.steps.get(stop.appointment_id, now)
            return Outset(call.where, max(now, came + call.lasts))
    been = [
        Outset(call.where, min(now, step))
        for stop in round.stops
        if stop.state in _BEEN
        and (call := around.calls.get(stop.appointment_id))
        and (step := around.steps.get(stop.appointment_id))
    ]
    if around.seen:
        been.append(Outset(around.seen.where, min(now, around.seen.at)))
    return max(been, key=_since, default=Outset(around.station, None))


def _since(outset: Outset) -> float:
    return outset.since.timestamp() if outset.since else 0.0


def ahead(round: Round) -> list[Stop]:
    """What is still to be reached, in the order in which it will be."""
    left = [stop for stop in round.stops if stop.state in AHEAD]
    return sorted(left, key=lambda stop: stop.state is not StopState.EN_ROUTE)


def etas(round: Round, around: Surroundings, now: datetime, ways: Ways) -> dict[str, datetime]:
    """When each stop that is still ahead will be reached, by its id."""
    start = outset(round, around, now)
    here, free_at = start.where, start.since
    told: dict[str, datetime] = {}
    for stop in ahead(round):
        call = around.calls.get(stop.appointment_id)
        there, lasts = (call.where, call.lasts) if call else (here, timedelta())
        left = _leaves(stop, free_at, around.steps.get(stop.appointment_id), now)
        way = ways.trip(here, there, around.vehicle, left)
        arrival = max(stop.window.start, now, left + timedelta(seconds=way.seconds))
        told[stop.id] = arrival
        here, free_at = there, arrival + lasts
    return told


def _leaves(
    stop: Stop, free_at: datetime | None, set_out: datetime | None, now: datetime
) -> datetime:
    """When the way to it began, or will. Who has not set out may still be standing there."""
    if stop.state is not StopState.EN_ROUTE:
        return max(free_at or now, now)
    return max((at for at in (free_at, set_out and min(now, set_out)) if at), default=now)


def is_late(eta: datetime | None, window: TimeWindow, policy: DispatchPolicy) -> bool:
    return eta is not None and eta > window.end - policy.late_margin


def foreseen(round: Round, told: Mapping[str, datetime], policy: DispatchPolicy) -> Round:
    """The round with those ETAs that are worth a word; the others stay as they were."""
    stops = tuple(
        stop.model_copy(update={"eta": eta})
        if (eta := told.get(stop.id)) and _is_news(stop, eta, policy)
        else stop
        for stop in round.stops
    )
    return round.model_copy(update={"stops": stops}) if stops != round.stops else round


def _is_news(stop: Stop, eta: datetime, policy: DispatchPolicy) -> bool:
    """Back from late only by a whole step: else who is on the brink would be told each time."""
    if stop.eta is None or abs(eta - stop.eta) >= policy.eta_step:
        return True
    return is_late(eta, stop.window, policy) and not is_late(stop.eta, stop.window, policy)


def newly_late(before: Round, after: Round, policy: DispatchPolicy) -> list[Stop]:
    """Stops that will be late as things stand, and would not have been as they stood."""
    known = {
        stop.id
        for stop in before.stops
        if stop.state in WATCHED and is_late(stop.eta, stop.window, policy)
    }
    return [
        stop
        for stop in after.stops
        if stop.state in WATCHED and stop.id not in known and is_late(stop.eta, stop.window, policy)
    ]
