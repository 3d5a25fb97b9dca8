"""From what was recorded to the figures. Pure: the same histories give the same figures.

Lateness is judged by when it was done, by the handheld's clock, not by when we learned of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Final, TypeVar

from doorstep.appointments.model import (
    OPEN,
    Appointment,
    DeliveryLine,
    EventKind,
    HistoryEntry,
    Line,
    Unkept,
)
from doorstep.appointments.rules import standing
from doorstep.catalogue.model import FAILURES, ServiceKind
from doorstep.couriers.model import Shift
from doorstep.couriers.rules import beside
from doorstep.kit.geo import Point, metres_between
from doorstep.kit.windows import TimeWindow, day_span, local_day
from doorstep.reports.model import (
    Cell,
    CourierDay,
    DayKey,
    Difference,
    Figures,
    Group,
    Grouping,
    Mean,
    Share,
    Spread,
    Tally,
    Timing,
    Tried,
    Visit,
    total,
)

K = TypeVar("K")
_ENDS: Final = frozenset({EventKind.COMPLETED, EventKind.PARTLY_COMPLETED, EventKind.FAILED})
COUNTED: Final = _ENDS | {EventKind.ARRIVED, EventKind.UNDONE}
"""What makes a visit another than it was."""

# ------------------------------------------------------------------ one visit


def last_counted(appointment: Appointment) -> int | None:
    """The sequence of what last made its visit another than it was."""
    counted = [entry.sequence for entry in appointment.history if entry.kind in COUNTED]
    return max(counted, default=None)


def key_of(appointment: Appointment) -> DayKey | None:
    """Where its visit counts. None: nobody was there."""
    if appointment.courier_id is None or _last(appointment, {EventKind.ARRIVED}) is None:
        return None
    return DayKey(appointment.branch_id, appointment.courier_id, appointment.day)


def visit_of(appointment: Appointment, first_booked_at: datetime) -> Visit | None:
    """The visit that its history tells of. None: nobody was there.

    `first_booked_at`: when the appointment was booked of which this one may be a remainder.
    """
    arrived = _last(appointment, {EventKind.ARRIVED})
    if arrived is None:
        return None
    set_out = _last(appointment, {EventKind.SET_OUT}) or arrived
    end = _last(appointment, _ENDS)
    done = end is not None and end.kind is EventKind.COMPLETED
    return Visit(
        appointment_id=appointment.id,
        services=appointment.services,
        timing=_timing(arrived.at, appointment.window),
        set_out_at=set_out.at,
        arrived_at=arrived.at,
        left_at=end.at if end else None,
        tried=tuple(_tried(line, appointment) for line in appointment.lines if line.outcome),
        minutes_to_done=_minutes(end.at - first_booked_at) if done and end else None,
        where=appointment.where,
    )


def _last(appointment: Appointment, kinds: Iterable[EventKind]) -> HistoryEntry | None:
    stood = [entry for entry in standing(appointment.history) if entry.kind in kinds]
    return stood[-1] if stood else None


def _timing(arrived_at: datetime, window: TimeWindow) -> Timing:
    if arrived_at < window.start:
        return Timing.EARLY
    return Timing.ON_TIME if window.holds(arrived_at) else Timing.LATE


def _tried(line: Line, appointment: Appointment) -> Tried:
    """A remainder holds nothing but what was tried before."""
    again = appointment.remainder_of is not None
    if isinstance(line, DeliveryLine):
        again = again or line.attempt_no > 1
    return Tried(service=line.kind, again=again, done=line.outcome not in FAILURES)


def _minutes(span: timedelta) -> int:
    return max(0, span // timedelta(minutes=1))


def first_booked_at(appointment: Appointment, known: Mapping[str, Appointment]) -> datetime:
    """When it was booked of which this is a remainder, however many visits ago."""
    while appointment.remainder_of and (before := known.get(appointment.remainder_of)):
        appointment = before
    return appointment.booked_at


# ------------------------------------------------------------------ one courier's day


@dataclass(frozen=True)
class _Leg:
    """A visit with what only its place among the day's others tells."""

    visit: Visit
    metres: int | None
    busy_seconds: int


def courier_day(
    key: DayKey, appointment_ids: Iterable[str], visits: Iterable[Visit], station: Point | None
) -> CourierDay:
    """The day of a courier who started at `station` and made these visits."""
    legs = _legs(visits, station)
    services = sorted({service for leg in legs for service in leg.visit.services})
    return CourierDay(
        id=key.id,
        branch_id=key.branch_id,
        courier_id=key.courier_id,
        day=key.day,
        appointment_ids=tuple(sorted(appointment_ids)),
        whole=total(_tally(leg) for leg in legs),
        by_service={
            service.value: total(_tally(leg, service) for leg in legs) for service in services
        },
    )


def _legs(visits: Iterable[Visit], station: Point | None) -> list[_Leg]:
    """In the order in which they were there. A door that nobody may know is passed by."""
    legs, here, busy_until = [], station, None
    for visit in sorted(visits, key=lambda each: (each.arrived_at, each.appointment_id)):
        metres = metres_between(here, visit.where) if here and visit.where else None
        here, busy = visit.where or here, 0
        if visit.left_at is not None:
            since = max(visit.set_out_at, busy_until or visit.set_out_at)
            busy = max(0, _seconds(visit.left_at - since))
            busy_until = max(visit.left_at, busy_until or visit.left_at)
        legs.append(_Leg(visit, metres, busy))
    return legs


def _tally(leg: _Leg, service: ServiceKind | None = None) -> Tally:
    """What a visit counts; for one service, only if it was for that, and only its errands."""
    visit = leg.visit
    if service is not None and service not in visit.services:
        return Tally()
    tried = [each for each in visit.tried if service in (None, each.service)]
    again = [each for each in tried if each.again]
    first = [each for each in tried if not each.again]
    stay = _seconds(visit.left_at - visit.arrived_at) if visit.left_at else -1
    return Tally(
        visits=1,
        early=visit.timing is Timing.EARLY,
        late=visit.timing is Timing.LATE,
        first=len(first),
        first_done=sum(each.done for each in first),
        again=len(again),
        again_done=sum(each.done for each in again),
        minutes_to_done=() if visit.minutes_to_done is None else (visit.minutes_to_done,),
        stays=stay >= 0,
        stay_seconds=max(0, stay),
        ways=leg.metres is not None,
        way_metres=leg.metres or 0,
        busy_seconds=leg.busy_seconds,
    )


def _seconds(span: timedelta) -> int:
    return span // timedelta(seconds=1)


# ------------------------------------------------------------------ what is in no courier's day


def unkept_in(appointments: Iterable[Appointment], at: datetime) -> list[Unkept]:
    """The promises whose window has ended by then, and nobody was there."""
    return [
        Unkept(each.day, each.courier_id, each.services)
        for each in appointments
        if each.status in OPEN and each.window.end <= at and key_of(each) is None
    ]


def missed(unkept: Iterable[Unkept]) -> list[Cell]:
    one = Tally(missed=1)
    return [
        Cell(each.day, each.courier_id, one, {kind.value: one for kind in each.services})
        for each in unkept
    ]


def _parts(shifts: Iterable[Shift]) -> Iterator[tuple[Shift, TimeWindow]]:
    for shift in shifts:
        for part in beside(shift.window, [each.window for each in shift.breaks]):
            yield shift, part


def rostered(shifts: Iterable[Shift], first: date, last: date, at: datetime) -> list[Cell]:
    """The shifts without their breaks, as far as they lie in these days and have been worked by
    then, day by day.
    """
    spans = [day_span(first + timedelta(days=n)) for n in range((last - first).days + 1)]
    worked: dict[tuple[date, str], int] = defaultdict(int)
    for shift, part in _parts(shifts):
        begins = max(0, (local_day(part.start) - first).days)
        for number in range(begins, len(spans)):
            span = spans[number]
            if span.start >= part.end:
                break
            seconds = _seconds(min(part.end, span.end, at) - max(part.start, span.start))
            if seconds > 0:
                worked[first + timedelta(days=number), shift.courier_id] += seconds
    return [Cell(day, who, Tally(shift_seconds=each)) for (day, who), each in worked.items()]


def cell_of(kept: CourierDay) -> Cell:
    return Cell(kept.day, kept.courier_id, kept.whole, kept.by_service)


# ------------------------------------------------------------------ figures


def figures(tally: Tally, detour: float) -> Figures:
    """docs/kpis.md, in code."""
    tried = tally.first + tally.again
    return Figures(
        tally=tally,
        on_time=Share(tally.visits - tally.early - tally.late, tally.visits + tally.missed),
        first_attempt=Share(tally.first_done, tally.first),
        repeat_attempts=Share(tally.again, tried),
        minutes_to_done=Spread(
            median=percentile(tally.minutes_to_done, 50),
            p90=percentile(tally.minutes_to_done, 90),
            count=len(tally.minutes_to_done),
        ),
        minutes_per_stop=Mean(tally.stay_seconds / 60, tally.stays),
        kilometres_per_stop=Mean(tally.way_metres * detour / 1000, tally.ways),
        utilisation=Share(tally.busy_seconds, tally.shift_seconds),
    )


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """The smallest that so many of a hundred do not exceed: the nearest rank. None of none."""
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None


def grouped(cells: Sequence[Cell], by: Grouping, detour: float) -> tuple[Group, ...]:
    """One group for each day, courier or service of which there is anything, in order."""
    match by:
        case Grouping.DAY:
            days = _gathered((cell.day, cell.whole) for cell in cells if cell.day)
            return tuple(Group(figures(days[day], detour), day=day) for day in sorted(days))
        case Grouping.COURIER:
            theirs = _gathered((cell.courier_id, cell.whole) for cell in cells)
            ids = sorted(theirs, key=lambda id: (id is None, id))
            return tuple(Group(figures(theirs[id], detour), courier_id=id) for id in ids)
    kinds = _gathered(pair for cell in cells for pair in cell.by_service.items())
    return tuple(
        Group(figures(kinds[kind], detour), service=kind) for kind in ServiceKind if kind in kinds
    )


def _gathered(pairs: Iterable[tuple[K, Tally]]) -> dict[K, Tally]:
    found: dict[K, list[Tally]] = defaultdict(list)
    for key, tally in pairs:
        found[key].append(tally)
    return {key: total(tallies) for key, tallies in found.items()}


# ------------------------------------------------------------------ the same, from the histories


def recounted(
    appointments: Iterable[Appointment],
    known: Mapping[str, Appointment],
    stations: Mapping[str, Point],
) -> list[CourierDay]:
    """What is to be kept of these appointments, and of no others.

    `known`: also those of which one may be a remainder. `stations`: by courier.
    """
    days: dict[DayKey, list[Visit]] = defaultdict(list)
    for appointment in appointments:
        key = key_of(appointment)
        visit = visit_of(appointment, first_booked_at(appointment, known))
        if key and visit:
            days[key].append(visit)
    return [
        courier_day(
            key, [visit.appointment_id for visit in visits], visits, stations.get(key.courier_id)
        )
        for key, visits in days.items()
    ]


def differences(kept: Iterable[CourierDay], told: Iterable[CourierDay]) -> list[Difference]:
    """Where the two say something else, in order."""
    here, there = ({day.id: day for day in days} for days in (kept, told))
    return [
        Difference(id, here.get(id), there.get(id))
        for id in sorted(here.keys() | there.keys())
        if here.get(id) != there.get(id)
    ]
