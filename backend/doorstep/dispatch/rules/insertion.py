"""Where one more stop fits into a courier's round, and what it costs. Pure.

Units   instants as whole seconds since 1970 inside a `Line`; ways in whole seconds and metres
Bounds  a stop is reached within [start, end] of its window, the end included; a shift is over at
        its end, and whoever has left their last door by then has kept it
Judged  one position in constant time: each stop knows when it is reached at the earliest, going
        forwards, and when it has to be reached at the latest for the rest to hold, going backwards
Breaks  on the way it is paused, at a door it is not: a visit is over before the break or begins
        when that is over. Going backwards, a break is taken off once too often rather than missed

Source  Savelsbergh (1992), "The Vehicle Routing Problem with Time Windows: Minimizing Route
        Duration", ORSA J. Computing 4(2), 146-154: forward time slack.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil
from typing import Final

from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.model import VehicleKind
from doorstep.dispatch.model import Passed, PassedOver
from doorstep.dispatch.rules.ways import Trip, Ways
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow


@dataclass(frozen=True, slots=True)
class Call:
    """A stop that is made or wanted, as far as a round has to know of it."""

    id: str
    where: Point
    window: TimeWindow
    lasts: timedelta
    services: frozenset[ServiceKind] = frozenset()
    area_id: str = ""
    grams: int = 0
    litres: int = 0
    customer_id: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a round the stop goes: before the call that is at `position` now."""

    courier_id: str
    position: int
    before: str | None
    """The call there now; None: it comes last."""
    arrival: datetime
    detour: Trip


@dataclass(frozen=True, slots=True)
class _Step:
    """How a call is come to, and left."""

    way: Trip
    arrival: int
    left: int


@dataclass(frozen=True)
class Line:
    """One courier's round as it stands, while they work: calls in the order they are made."""

    courier_id: str
    shift: TimeWindow
    start: Point
    free_at: datetime
    """When they can leave `start`."""
    vehicle: VehicleKind = VehicleKind.E_TRIKE
    grams: int = 200_000
    litres: int = 1_200
    skills: frozenset[ServiceKind] = frozenset()
    area_ids: frozenset[str] = frozenset()
    """None: all of their branch's."""
    calls: tuple[Call, ...] = ()
    settled: int = 0
    """The first so many are under way: nothing comes before them, and they do not move."""
    most_in_window: int = 1000
    breaks: tuple[TimeWindow, ...] = ()
    """In order; they do not touch each other."""
    ashore: str | None = None
    """The boat by which they are on an island. None: they are on the mainland."""
    ways: Ways = field(kw_only=True, compare=False)

    def with_call(self, call: Call, position: int) -> "Line":
        calls = (*self.calls[:position], call, *self.calls[position:])
        return replace(self, calls=calls)

    def with_calls(self, calls: tuple[Call, ...], settled: int) -> "Line":
        return replace(self, calls=calls, settled=settled)

    def on_island(self, boat: str, until: datetime, settled: int) -> "Line":
        """The line of who is there with that boat, and back on it by `until`."""
        there = TimeWindow(start=self.free_at, end=until)
        return replace(self, ashore=boat, shift=there, settled=settled, breaks=())

    def without_breaks(self, spans: Iterable[TimeWindow]) -> "Line":
        """The line without the breaks that touch one of the spans."""
        taken = list(spans)
        left = tuple(each for each in self.breaks if not any(map(each.touches, taken)))
        return self if left == self.breaks else replace(self, breaks=left)

    def without(self, id: str) -> "Line":
        """The line without that call. Whoever is behind it is reached the sooner."""
        settled = sum(call.id != id for call in self.calls[: self.settled])
        calls = tuple(call for call in self.calls if call.id != id)
        return replace(self, calls=calls, settled=settled)

    @property
    def here(self) -> Point:
        """Where they are, or are about to be: at the door that they are under way to."""
        return self.calls[self.settled - 1].where if self.settled else self.start

    @cached_property
    def arrivals(self) -> tuple[int, ...]:
        """When each call is reached at the earliest."""
        return tuple(step.arrival for step in self._steps)

    @cached_property
    def departures(self) -> tuple[int, ...]:
        """When each call is left at the earliest; the first of them is leaving `start`."""
        return (_seconds(self.free_at), *(step.left for step in self._steps))

    @cached_property
    def _steps(self) -> tuple["_Step", ...]:
        here, free, found = self.start, _seconds(self.free_at), []
        for call in self.calls:
            way = self.ways.trip(here, call.where, self.vehicle, _instant(free))
            arrival = self.begun(free, way.seconds, call)
            here, free = call.where, arrival + _whole(call.lasts)
            found.append(_Step(way, arrival, free))
        return tuple(found)

    @cached_property
    def _pauses(self) -> tuple[tuple[int, int], ...]:
        return tuple((_seconds(each.start), _seconds(each.end)) for each in self.breaks)

    def begun(self, free: int, way: int, call: Call) -> int:
        """When the visit can begin for who leaves the door before at `free`."""
        arrival = max(_seconds(call.window.start), self.there(free, way))
        for start, end in self._pauses:
            if arrival < end and start < arrival + _whole(call.lasts):
                arrival = end
        return arrival

    def there(self, free: int, way: int) -> int:
        """When the next door is reached."""
        arrival = free + way
        for start, end in self._pauses:
            if free < end and start < arrival:
                arrival += end - max(start, free)
        return arrival

    def leave_by(self, latest: int, way: int) -> int:
        """When the door before has to be left for the next to be reached at the latest."""
        leave = latest - way
        for start, end in reversed(self._pauses):
            if leave < end and start < latest:
                leave -= end - start
        return leave

    def _begin_by(self, latest: int, lasts: int) -> int:
        """When a visit has to begin that no break comes into."""
        for start, end in reversed(self._pauses):
            if latest < end and start < latest + lasts:
                latest = start - lasts
        return latest

    def way_to(self, index: int) -> Trip:
        """From the call before, or from `start`."""
        return self._steps[index].way

    @cached_property
    def latest(self) -> tuple[int, ...]:
        """When each call has to be reached for it and all behind it to hold; last of all, when the
        shift is over. What is broken already is not asked to hold.
        """
        leave_by = max(_seconds(self.shift.end), self.departures[-1])
        found = [leave_by]
        for index in reversed(range(len(self.calls))):
            call = self.calls[index]
            if index + 1 < len(self.calls):
                leave_by = self.leave_by(found[-1], self.way_to(index + 1).seconds)
            lasts = _whole(call.lasts)
            by = self._begin_by(min(_seconds(call.window.end), leave_by - lasts), lasts)
            found.append(max(by, self.arrivals[index]))
        return tuple(reversed(found))

    def timetable(self) -> Iterator[tuple[Call, datetime]]:
        """When each call is reached, going forwards."""
        return zip(self.calls, map(_instant, self.arrivals), strict=True)

    @property
    def late(self) -> tuple[Call, ...]:
        """Calls that are reached after their window."""
        return tuple(
            call
            for call, arrival in zip(self.calls, self.arrivals, strict=True)
            if arrival > _seconds(call.window.end)
        )


# ------------------------------------------------------------------ may they come at all


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the branch: a stop, and what else decides who may make it."""

    call: Call
    asked_before: frozenset[str] = frozenset()
    usual_courier: str | None = None
    """Who came to this customer last."""
    dedicated: Mapping[str, str] = field(default_factory=dict)
    """For what couriers are kept in this window, by courier: a customer, or a dedication."""
    boat: str | None = None
    """The sailing by which the door is come to. None: it is on the mainland."""


def barred(line: Line, wanted: Wanted) -> Passed | None:
    """Why this courier may not come, whatever their round looks like."""
    call = wanted.call
    kept_for = wanted.dedicated.get(line.courier_id, call.customer_id)
    if kept_for != call.customer_id:
        return _passed(line, PassedOver.DEDICATED_ELSEWHERE)
    if not line.shift.covers(call.window):
        return _passed(line, PassedOver.OFF_DUTY)
    if missing := call.services - line.skills:
        return _passed(line, PassedOver.LACKS_SKILL, len(missing))
    if line.area_ids and call.area_id not in line.area_ids:
        return _passed(line, PassedOver.OTHER_AREA)
    if wanted.boat != line.ashore:
        return _passed(line, PassedOver.ISLAND)
    if line.courier_id in wanted.asked_before:
        return _passed(line, PassedOver.ASKED_BEFORE)
    if sum(each.window == call.window for each in line.calls) >= line.most_in_window:
        return _passed(line, PassedOver.FULL)
    return _too_heavy(line, call)


def _too_heavy(line: Line, call: Call) -> Passed | None:
    along = [each for each in line.calls if each.window.touches(call.window)]
    grams = sum(each.grams for each in along) + call.grams - line.grams
    litres = sum(each.litres for each in along) + call.litres - line.litres
    if call.grams and grams > 0:
        return _passed(line, PassedOver.NO_VEHICLE, ceil(grams / 1000))
    if call.litres and litres > 0:
        return _passed(line, PassedOver.NO_VEHICLE, litres)
    return None


# ------------------------------------------------------------------ where it fits


def places(line: Line, call: Call) -> Iterator[Place | Passed]:
    """Every position that is worth a look: what going there costs, or who would be missed."""
    start, end = _seconds(call.window.start), _seconds(call.window.end)
    for position in range(line.settled, len(line.calls) + 1):
        reach_by = line.latest[position]
        if reach_by < start:
            continue
        free = line.departures[position]
        if free > end and position > line.settled:
            return
        yield _judged(line, call, position, free, reach_by, end)


def _judged(
    line: Line, call: Call, position: int, free: int, reach_by: int, end: int
) -> Place | Passed:
    here = line.calls[position - 1].where if position else line.start
    there = line.ways.trip(here, call.where, line.vehicle, _instant(free))
    arrival = line.begun(free, there.seconds, call)
    if arrival > end:
        return _passed(line, PassedOver.TOO_LATE, _minutes(arrival - end))
    left = arrival + _whole(call.lasts)
    on, before = _NO_WAY, _NO_WAY
    if position < len(line.calls):
        behind = line.calls[position].where
        on = line.ways.trip(call.where, behind, line.vehicle, _instant(left))
        before = line.way_to(position)
    reached = line.there(left, on.seconds)
    if reached > reach_by:
        return _passed(line, PassedOver.FULL, _minutes(reached - reach_by))
    detour = Trip(
        there.seconds + on.seconds - before.seconds, there.metres + on.metres - before.metres
    )
    before_id = line.calls[position].id if position < len(line.calls) else None
    return Place(line.courier_id, position, before_id, _instant(arrival), detour)


def best_place(line: Line, wanted: Wanted) -> Place | Passed:
    """The place that costs least time; or why there is none, by the nearest miss."""
    choice = cheapest([line], wanted)
    return choice.place or choice.passed[0]


def beside(line: Line, wanted: Wanted, metres: int) -> Passed:
    """What speaks against this courier, where another goes a way longer by so many metres."""
    found = best_place(line, wanted)
    if isinstance(found, Passed):
        return found
    return _passed(line, PassedOver.DETOUR, found.detour.metres - metres)


def _candidates(line: Line, wanted: Wanted) -> list[Place] | Passed:
    """Where it goes by what is known of the round, the cheapest place first."""
    if passed := barred(line, wanted):
        return passed
    judged = list(places(line, wanted.call))
    found = [each for each in judged if isinstance(each, Place)]
    if found:
        return sorted(found, key=lambda each: (each.detour.seconds, each.position))
    misses = [each for each in judged if isinstance(each, Passed)]
    nearest = min(misses, key=lambda each: each.figure or 0, default=None)
    return nearest or _passed(line, PassedOver.FULL)


def _holds(line: Line, call: Call, place: Place) -> bool:
    """Whether all that was in time still is. The pace changes with the hour, and with it the ways:
    what was judged by the hours of before is walked once more, until it is as it was.
    """
    here, free = call.where, _seconds(place.arrival) + _whole(call.lasts)
    for behind, before in zip(
        line.calls[place.position :], line.arrivals[place.position :], strict=True
    ):
        way = line.ways.trip(here, behind.where, line.vehicle, _instant(free))
        arrival = line.begun(free, way.seconds, behind)
        if arrival == before:
            return True
        if before <= _seconds(behind.window.end) < arrival:
            return False
        here, free = behind.where, arrival + _whole(behind.lasts)
    return free <= max(_seconds(line.shift.end), line.departures[-1])


# ------------------------------------------------------------------ who of all of them


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is to come, if anybody can; and everybody else who was considered, each with why not."""

    place: Place | None
    passed: tuple[Passed, ...]


def cheapest(lines: Iterable[Line], wanted: Wanted, *, worth_seconds: int = 0) -> Choice:
    """Who can come at the least cost of time; ties go to the lower id.

    Args:
        worth_seconds: how much longer the way of the customer's usual courier may be for them to
            be chosen all the same.
    """
    passed, open_to = [], []
    for line in lines:
        found = _candidates(line, wanted)
        if isinstance(found, Passed):
            passed.append(found)
        else:
            open_to.append((line, found))
    while open_to:
        line, found = min(open_to, key=lambda each: _cost(each[1][0], wanted, worth_seconds))
        if _holds(line, wanted.call, found[0]):
            others = [each[0] for _, each in open_to if each is not found]
            longer = sorted(_longer(others, found[0]), key=lambda each: each.figure or 0)
            return Choice(found[0], (*longer, *passed))
        del found[0]
        if not found:
            open_to = [each for each in open_to if each[1]]
            passed.append(_passed(line, PassedOver.FULL))
    return Choice(None, tuple(passed))


def _longer(others: Iterable[Place], chosen: Place) -> Iterator[Passed]:
    for each in others:
        metres = each.detour.metres - chosen.detour.metres
        yield Passed(courier_id=each.courier_id, code=PassedOver.DETOUR, figure=metres)


def _cost(place: Place, wanted: Wanted, worth_seconds: int) -> tuple[int, str]:
    usual = place.courier_id == wanted.usual_courier
    return place.detour.seconds - (worth_seconds if usual else 0), place.courier_id


def _passed(line: Line, code: PassedOver, figure: int | None = None) -> Passed:
    return Passed(courier_id=line.courier_id, code=code, figure=figure)


_NO_WAY: Final = Trip(0, 0)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _whole(span: timedelta) -> int:
    return ceil(span.total_seconds())


def _minutes(seconds: int) -> int:
    return ceil(seconds / 60)
