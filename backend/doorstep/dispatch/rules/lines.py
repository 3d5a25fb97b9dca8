"""A courier's day as lines: what of their round is still to do, and from where they do it. Pure.

Mainland  a trip to an island is one long call in the line of the mainland: it begins when the boat
          leaves and ends when the boat is back; who is on it at their break has it aboard
Island    whoever goes with a boat has a line of their own there, from its arrival to its departure;
          the way from the pier to the first door is what the slot's windows keep free
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Final

from doorstep.appointments.model import Appointment
from doorstep.calendar.model import Sailing
from doorstep.capacity.model import CapacityPolicy
from doorstep.couriers.model import Courier, Shift, Vehicle, VehicleKind
from doorstep.dispatch.model import OPEN_STOPS, UNDER_WAY, Stop, StopState
from doorstep.dispatch.rules.insertion import Call, Line
from doorstep.dispatch.rules.ways import Ways
from doorstep.kit.geo import Point, metres_between
from doorstep.kit.windows import TimeWindow

_OVER: Final = frozenset({StopState.DONE, StopState.FAILED})


def call_of(appointment: Appointment) -> Call | None:
    """None: nobody may know any more where it was."""
    if appointment.where is None:
        return None
    load = appointment.takes.load
    return Call(
        id=appointment.id,
        where=appointment.where,
        window=appointment.window,
        lasts=timedelta(minutes=load.minutes),
        services=appointment.services,
        area_id=appointment.area_id,
        grams=load.grams,
        litres=load.litres,
        customer_id=appointment.customer_id,
    )


@dataclass(frozen=True)
class Hand:
    """A courier in one of their shifts, with what they drive in it."""

    courier: Courier
    shift: Shift
    vehicle: Vehicle | None
    most_in_window: int
    on_foot: CapacityPolicy

    def line(self, calls: Sequence[Call], start: Point, free_at: datetime, ways: Ways) -> Line:
        vehicle = self.vehicle
        return Line(
            courier_id=self.courier.id,
            shift=self.shift.window,
            start=start,
            free_at=free_at,
            vehicle=vehicle.kind if vehicle else VehicleKind.ON_FOOT,
            grams=vehicle.capacity_kilograms * 1000 if vehicle else self.on_foot.on_foot_grams,
            litres=vehicle.capacity_litres if vehicle else self.on_foot.on_foot_litres,
            skills=frozenset(self.courier.skills),
            area_ids=frozenset(self.courier.area_ids),
            calls=tuple(calls),
            breaks=tuple(each.window for each in self.shift.breaks),
            most_in_window=self.most_in_window,
            ways=ways,
        )


@dataclass(frozen=True)
class Made:
    """A stop of a round with what it is for; `boat` is how it is come to."""

    stop: Stop
    call: Call
    boat: Sailing | None = None

    @property
    def is_open(self) -> bool:
        return self.stop.state in OPEN_STOPS


def neighbours(
    lines: Iterable[Line], where: Point, most: int
) -> Mapping[VehicleKind, tuple[Point, ...]]:
    """The places on these lines that are nearest to a door, by what would be driven there."""
    found: dict[VehicleKind, set[Point]] = {}
    for line in lines:
        found.setdefault(line.vehicle, set()).update({line.start, *(c.where for c in line.calls)})
    return {
        vehicle: tuple(nsmallest(most, points, key=lambda each: metres_between(each, where)))
        for vehicle, points in found.items()
    }


def mainland(hand: Hand, made: Sequence[Made], *, now: datetime, ways: Ways) -> Line:
    """What is left to do on the mainland, from the last door that was served or the station."""
    shift = hand.shift.window
    here = [each for each in made if each.call.window.touches(shift)]
    served = [each for each in here if each.stop.state in _OVER and each.boat is None]
    start = served[-1].call.where if served else hand.courier.station
    calls: list[Call] = []
    settled = 0
    for each in here:
        if not each.is_open:
            continue
        call = _trip(each, hand.courier.station) if each.boat else each.call
        if each.boat and any(known.window == call.window for known in calls):
            continue
        settled += each.stop.state in UNDER_WAY
        calls.append(call)
    at_sea = [each.boat for each in here if each.boat]
    line = hand.line(calls, start, max(now, shift.start), ways).without_breaks(
        TimeWindow(start=boat.departs_at, end=boat.returns_at) for boat in at_sea
    )
    return line if not settled else _settled_first(line, here, settled)


def _settled_first(line: Line, made: Iterable[Made], settled: int) -> Line:
    """Whoever is under way to a door, or at it, does that first, whatever the plan said."""
    going = {each.call.id for each in made if each.stop.state in UNDER_WAY}
    calls = sorted(line.calls, key=lambda call: call.id not in going)
    return line.with_calls(tuple(calls), settled)


def _trip(made: Made, pier: Point) -> Call:
    """The whole of the boat's journey, as the mainland sees it."""
    assert made.boat
    leaves, back = made.boat.departs_at, made.boat.returns_at
    return Call(
        id=made.call.id,
        where=pier,
        window=TimeWindow(start=leaves, end=leaves + timedelta(seconds=1)),
        lasts=back - leaves,
    )


def island(
    hand: Hand, made: Sequence[Made], boat: Sailing, at: Point, *, ways: Ways
) -> Line | None:
    """What is to do there for who goes with this boat. None: this courier cannot go with it."""
    away = TimeWindow(start=boat.departs_at, end=boat.returns_at)
    if not hand.shift.window.covers(away):
        return None
    there = [each for each in made if each.boat and each.boat.id == boat.id and each.is_open]
    elsewhere = [each for each in made if each.is_open and each not in there]
    if any(each.call.window.touches(away) for each in elsewhere):
        return None
    start = there[0].call.where if there else at
    line = hand.line([each.call for each in there], start, boat.arrives_at, ways)
    going = sum(each.stop.state in UNDER_WAY for each in there)
    return line.on_island(boat.id, boat.returns_at, going)
