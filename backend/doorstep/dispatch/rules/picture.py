"""A branch's day as GeoJSON (RFC 7946). Pure.

Private  a door is a point here and nothing else: no name, no phone, no line of an address
Late     whole minutes past the end of the window, begun ones counted: of an open stop by what is
         expected now, of a stop that was reached by when that was
Instants as in the schema: UTC, milliseconds
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final

from doorstep.appointments.model import OPEN, Appointment, EventKind
from doorstep.appointments.rules import standing
from doorstep.couriers.model import Courier, Position
from doorstep.dispatch.model import (
    OPEN_STOPS,
    BranchDay,
    Ground,
    Layer,
    Round,
    Seen,
    Stop,
    StopState,
)
from doorstep.kit.geo import GeoJson, Point
from doorstep.kit.windows import TimeWindow

Feature = dict[str, Any]

_REACHED: Final = frozenset({StopState.ARRIVED, StopState.DONE, StopState.FAILED})


def arrived_at(appointment: Appointment) -> datetime | None:
    """When somebody was at the door, if nobody took that back."""
    times = [e.at for e in standing(appointment.history) if e.kind is EventKind.ARRIVED]
    return times[-1] if times else None


def expected_at(stop: Stop, appointment: Appointment, now: datetime) -> datetime:
    """When the stop was reached, or will be as far as one can say: not in the past."""
    if stop.state in _REACHED:
        return arrived_at(appointment) or stop.planned_arrival
    return max(stop.eta or stop.planned_arrival, now)


def minutes_late(window: TimeWindow, at: datetime) -> int:
    """A courier who comes at the very end of the window is late: it belongs to the next one."""
    over = (at - window.end).total_seconds()
    return 0 if over < 0 else max(1, ceil(over / 60))


def last_seen(round: Round, appointments: Mapping[str, Appointment]) -> Seen | None:
    """The door where the courier was last."""
    reached = [
        Seen(door, at)
        for stop in round.stops
        if stop.state in _REACHED
        and (appointment := appointments.get(stop.appointment_id))
        and (at := arrived_at(appointment))
        and (door := appointment.where)
    ]
    return max(reached, key=lambda each: each.at, default=None)


def latest(
    at_a_door: Seen | None, position: Position | None, now: datetime, fresh_for: timedelta
) -> Seen | None:
    """The later of the two; an old position says where somebody was, no longer where they are."""
    if position is None:
        return at_a_door
    if at_a_door and at_a_door.at > position.at:
        return at_a_door
    return Seen(position.where, position.at, live=now - position.at < fresh_for)


def picture(day: BranchDay, ground: Ground, now: datetime) -> GeoJson:
    """Everything in the order in which it is to be drawn."""
    features = [*_ground(ground)]
    for courier in day.couriers:
        features += _courier(courier, day, now)
    features += _unassigned(day, now)
    return GeoJson({"type": "FeatureCollection", "features": features})


def _ground(ground: Ground) -> Iterator[Feature]:
    for coast in ground.coasts:
        yield _feature(Layer.COAST, coast.id, coast.geometry, name=coast.name)
    for area in ground.areas:
        yield _feature(Layer.AREA, area.id, area.geometry, name=area.name)
    for outlet in ground.outlets:
        if outlet.location:
            yield _feature(
                Layer.OUTLET, outlet.id, _point(outlet.location), name=outlet.name, kind=outlet.kind
            )


def _courier(courier: Courier, day: BranchDay, now: datetime) -> Iterator[Feature]:
    """The line of the round, the courier, and the stops above both."""
    round = day.rounds.get(courier.id)
    stops = list(_stops(round, day, now)) if round else []
    counts = {
        "stops": len(stops),
        "open": sum(stop["properties"]["state"] in OPEN_STOPS for stop in stops),
        "late": sum(stop["properties"]["lateMinutes"] > 0 for stop in stops),
    }
    about = {"courierId": courier.id, "name": courier.name, **counts}
    if round and stops:
        line = [_pair(courier.station), *(stop["geometry"]["coordinates"] for stop in stops)]
        geometry = {"type": "LineString", "coordinates": line}
        yield _feature(Layer.ROUND, round.id, geometry, **about, sequence=round.sequence)
    seen = day.positions.get(courier.id)
    where = seen.where if seen else courier.station
    yield _feature(
        Layer.COURIER,
        courier.id,
        _point(where),
        **about,
        onDuty=courier.on_duty,
        position=_pair(where),
        seen=seen is not None,
        seenAt=_text(seen.at) if seen else None,
        live=seen is not None and seen.live,
    )
    yield from stops


def _stops(round: Round, day: BranchDay, now: datetime) -> Iterator[Feature]:
    """Those that are still the courier's, and whose door is known."""
    for position, stop in enumerate(round.stops, start=1):
        appointment = day.appointments.get(stop.appointment_id)
        door = appointment.where if appointment else None
        if stop.state is StopState.REMOVED or appointment is None or door is None:
            continue
        expected = expected_at(stop, appointment, now)
        yield _feature(
            Layer.STOP,
            stop.id,
            _point(door),
            stopId=stop.id,
            courierId=round.courier_id,
            position=position,
            state=stop.state,
            eta=_text(expected),
            **_visit(appointment, expected),
        )


def _unassigned(day: BranchDay, now: datetime) -> Iterator[Feature]:
    """Open, and on nobody's round."""
    taken = {
        stop.appointment_id
        for round in day.rounds.values()
        for stop in round.stops
        if stop.state is not StopState.REMOVED
    }
    for appointment in day.appointments.values():
        door = appointment.where
        if door and appointment.status in OPEN and appointment.id not in taken:
            yield _feature(
                Layer.UNASSIGNED, appointment.id, _point(door), **_visit(appointment, now)
            )


def _visit(appointment: Appointment, at: datetime) -> dict[str, Any]:
    window = appointment.window
    return {
        "appointmentId": appointment.id,
        "reference": appointment.reference,
        "version": appointment.version,
        "status": appointment.status,
        "windowStart": _text(window.start),
        "windowEnd": _text(window.end),
        "lateMinutes": minutes_late(window, at),
    }


def _feature(layer: Layer, id: str, geometry: Mapping[str, Any], **properties: Any) -> Feature:
    return {
        "type": "Feature",
        "id": id,
        "geometry": geometry,
        "properties": {"layer": layer, **properties},
    }


def _point(point: Point) -> dict[str, Any]:
    return {"type": "Point", "coordinates": _pair(point)}


def _pair(point: Point) -> list[float]:
    return [point.longitude, point.latitude]


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
