"""Documents of a day, made into a problem. Pure.

Frozen  EN_ROUTE, ARRIVED, DONE and FAILED stops are no tasks: their courier begins where they end
Kept    what a courier accepted, or a dispatcher gave them, stays theirs and may be reordered
Pairs   a round is one courier's: a visit of two stays with who has it, and else is left out
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from doorstep.appointments.model import WAITING, Appointment, Status
from doorstep.couriers.model import Courier, VehicleKind
from doorstep.couriers.rules import serves
from doorstep.dispatch.model import PlanPolicy, StopState, Urgency
from doorstep.dispatch.problem.hours import (
    FROZEN,
    Ashore,
    Stint,
    frozen_of,
    goers_of,
    stints_of,
)
from doorstep.dispatch.problem.nets import net_of
from doorstep.dispatch.problem.papers import DayPapers, ExtraStop
from doorstep.dispatch.problem.shape import (
    Crew,
    LeftOut,
    Net,
    Problem,
    Task,
    Tour,
    Unplanned,
)
from doorstep.dispatch.problem.walking import dealt
from doorstep.dispatch.rules import Chart, priority_of, prize
from doorstep.kit.geo import Point

_KEPT_IS_WORTH = 10


Weights = Mapping[Urgency, int]
"""What an ordinary visit of each class is worth."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """A task before its crews and places have numbers."""

    stop: ExtraStop
    takers: frozenset[str]
    kept: str | None
    route: str | None


def problem_of(papers: DayPapers, policy: PlanPolicy, weights: Weights, ways: Chart) -> Problem:
    """The day as one problem: what nobody could do at all is left out of it, with its reason."""
    working = {shift.courier_id for shift in papers.roster.shifts}
    couriers = [each for each in papers.roster.couriers if each.id in working]
    visits: list[_Visit] = []
    left: list[Unplanned] = []
    for stop, kept, reason in _asked(papers):
        found = reason or _visit(papers, stop, kept, couriers)
        if isinstance(found, _Visit):
            visits.append(found)
        else:
            left.append(found)
    going = goers_of(papers, [_ashore(each) for each in visits if each.route], policy)
    stints = [
        stint
        for turn, courier in enumerate(couriers)
        for stint in stints_of(papers, courier, turn, going.get(courier.id, ()), policy)
    ]
    metres = {each: round(weight * policy.metres_of_weight) for each, weight in weights.items()}
    return _numbered(papers, couriers, visits, stints, left, metres, ways)


def _asked(papers: DayPapers) -> list[tuple[ExtraStop, str | None, Unplanned | None]]:
    """Every stop there is to plan, who keeps it, and why it is not looked at if it is not."""
    frozen = {
        stop.appointment_id
        for courier_id in papers.rounds
        for stop in frozen_of(papers, courier_id)
    }
    found: list[tuple[ExtraStop, str | None, Unplanned | None]] = []
    for id, appointment in sorted(papers.appointments.items()):
        if appointment.day != papers.day or appointment.status not in WAITING or id in frozen:
            continue
        holder = appointment.courier_id or appointment.offered_to
        two = appointment.takes.load.pairs > 0
        kept = holder if appointment.status is Status.ASSIGNED or two else None
        where = appointment.where
        if where is None:
            reason: Unplanned | None = Unplanned(id, LeftOut.NOWHERE)
            where = Point(longitude=0, latitude=0)
        elif id in papers.shut and kept is None:
            reason = Unplanned(id, LeftOut.SHUT)
        elif two and kept is None:
            reason = Unplanned(id, LeftOut.NEEDS_TWO, appointment.takes.load.pairs)
        else:
            reason = None
        found.append((_stop_of(appointment, where), kept, reason))
    return found + [(each, each.courier_id, None) for each in papers.extra]


def _stop_of(appointment: Appointment, where: Point) -> ExtraStop:
    load = appointment.takes.load
    return ExtraStop(
        id=appointment.id,
        where=where,
        window=appointment.window,
        # The minutes of a visit of two are those of both of them.
        lasts=timedelta(minutes=load.minutes) / (2 if load.pairs else 1),
        area_id=appointment.area_id,
        services=appointment.services,
        grams=load.grams,
        litres=load.litres,
        customer_id=appointment.customer_id,
    )


def _visit(
    papers: DayPapers, stop: ExtraStop, kept: str | None, couriers: Sequence[Courier]
) -> _Visit | Unplanned:
    route = papers.routes.get(stop.id)
    if kept is not None:
        if all(each.id != kept for each in couriers):
            return Unplanned(stop.id, LeftOut.OFF_DUTY, 0)
        return _Visit(stop, frozenset([kept]), kept, route)
    here = [each for each in couriers if not each.area_ids or stop.area_id in each.area_ids]
    able = [
        each
        for each in here
        if serves(each, stop.services, area_id=stop.area_id, branch_id=each.branch_id)
    ]
    free = [each for each in able if not _is_elsewhere(papers, each, stop)]
    no = papers.declined.get(stop.id, frozenset())
    willing = frozenset(each.id for each in free if each.id not in no)
    if not here:
        return Unplanned(stop.id, LeftOut.OTHER_AREA, len(couriers))
    if not able:
        return Unplanned(stop.id, LeftOut.LACKS_SKILL, len(here))
    if not free:
        return Unplanned(stop.id, LeftOut.DEDICATED_ELSEWHERE, len(able))
    if not willing:
        return Unplanned(stop.id, LeftOut.DECLINED, len(free))
    if route and all(boat.route_id != route for boat in papers.boats):
        return Unplanned(stop.id, LeftOut.ISLAND, len(papers.boats))
    return _Visit(stop, willing, None, route)


def _is_elsewhere(papers: DayPapers, courier: Courier, stop: ExtraStop) -> bool:
    kept = papers.roster.dedicated_elsewhere(
        courier.id, stop.window, customer_id=stop.customer_id, area_id=stop.area_id
    )
    return kept is not None


def _ashore(visit: _Visit) -> Ashore:
    lasts = int(visit.stop.lasts.total_seconds())
    route = visit.route or ""
    return Ashore(visit.stop.id, route, visit.stop.window, lasts, visit.takers, visit.kept)


# ------------------------------------------------------------ numbers for names


def _numbered(
    papers: DayPapers,
    couriers: Sequence[Courier],
    visits: Sequence[_Visit],
    stints: Sequence[Stint],
    left: Sequence[Unplanned],
    weights: Weights,
    ways: Chart,
) -> Problem:
    seats = {courier.id: number for number, courier in enumerate(couriers)}
    points: list[Point | None] = [visit.stop.where for visit in visits]
    spots = {
        point: len(points) + n
        for n, point in enumerate(dict.fromkeys(p for s in stints for p in (s.start, s.end)))
    }
    points.extend(spots)
    kinds = [_kind_of(papers, courier) for courier in couriers]
    nets = _nets(papers, points, sorted(set(kinds)), stints, ways) if visits and stints else {}
    crews = tuple(
        Crew(courier.id, list(nets).index(kind) if nets else 0)
        for courier, kind in zip(couriers, kinds, strict=True)
    )
    everybody = frozenset(seats)
    tasks = tuple(
        _task(papers, visit, place, seats, everybody, weights) for place, visit in enumerate(visits)
    )
    tours = tuple(_tour(papers, stint, seats, spots) for stint in stints) if nets else ()
    problem = Problem(tasks, crews, tours, tuple(nets.values()), left_out=tuple(left))
    return _with_rounds(papers, problem, seats)


def _kind_of(papers: DayPapers, courier: Courier) -> VehicleKind:
    vehicle = papers.vehicles.get(courier.id)
    return vehicle.kind if vehicle else VehicleKind.ON_FOOT


def _nets(
    papers: DayPapers,
    points: Sequence[Point | None],
    kinds: Sequence[VehicleKind],
    stints: Sequence[Stint],
    ways: Chart,
) -> dict[VehicleKind, Net]:
    first, last = min(each.early for each in stints), max(each.late for each in stints)
    hours: list[datetime] = [papers.instant(second) for second in range(first, last, 3600)]
    return {kind: net_of(points, kind, hours, ways) for kind in kinds}


def _task(
    papers: DayPapers,
    visit: _Visit,
    place: int,
    seats: Mapping[str, int],
    everybody: frozenset[str],
    weights: Weights,
) -> Task:
    stop = visit.stop
    all_may = visit.takers == everybody
    return Task(
        id=stop.id,
        place=place,
        early=papers.second(stop.window.start),
        late=papers.second(stop.window.end) - 1,  # the end belongs to the next window
        lasts=int(stop.lasts.total_seconds()),
        loads=(stop.grams, stop.litres),
        takers=None if all_may else frozenset(seats[each] for each in visit.takers),
        route=visit.route,
        prize=_prize(papers, visit, weights),
        kept=seats[visit.kept] if visit.kept else None,
    )


def _prize(papers: DayPapers, visit: _Visit, weights: Weights) -> int:
    """What leaving it out costs, in metres. Judged as the day begins: a plan that is asked for a
    moment later is the same plan.
    """
    begins = papers.instant(0)
    appointment = papers.appointments.get(visit.stop.id)
    worth = weights[visit.stop.urgency]
    if appointment:
        priority = priority_of(
            appointment.services,
            appointment.window,
            booked_at=appointment.booked_at,
            now=begins,
            deadlines=papers.deadlines,
        )
        worth = prize(priority, weights, now=begins)
    return worth * _KEPT_IS_WORTH if visit.kept else worth


def _tour(
    papers: DayPapers, stint: Stint, seats: Mapping[str, int], spots: Mapping[Point | None, int]
) -> Tour:
    return Tour(
        crew=seats[stint.courier.id],
        start=spots[stint.start],
        end=spots[stint.end],
        early=stint.early,
        late=stint.late,
        room=_room(papers, stint),
        route=stint.route,
    )


def _room(papers: DayPapers, stint: Stint) -> tuple[int, int]:
    """What still fits on the vehicle, less what was loaded since the stint began."""
    vehicle = papers.vehicles.get(stint.courier.id)
    grams, litres = papers.on_foot.grams, papers.on_foot.litres
    if vehicle:
        grams, litres = vehicle.capacity_kilograms * 1000, vehicle.capacity_litres
    for stop in frozen_of(papers, stint.courier.id):
        at = papers.second(stop.planned_arrival)
        appointment = papers.appointments.get(stop.appointment_id)
        if appointment and stint.since <= at < stint.late and stop.state is not StopState.FAILED:
            grams -= appointment.takes.load.grams
            litres -= appointment.takes.load.litres
    return max(0, grams), max(0, litres)


def _with_rounds(papers: DayPapers, problem: Problem, seats: Mapping[str, int]) -> Problem:
    """Today's rounds, dealt to the tours."""
    numbers = {task.id: number for number, task in enumerate(problem.tasks)}
    rounds: list[tuple[int, ...]] = [()] * len(problem.tours)
    for courier_id, round in papers.rounds.items():
        order = [
            numbers[stop.appointment_id]
            for stop in round.stops
            if stop.appointment_id in numbers
            and stop.state is not StopState.REMOVED
            and stop.state not in FROZEN
        ]
        if order and courier_id in seats:
            for tour, mine in dealt(problem, seats[courier_id], order).items():
                rounds[tour] = tuple(mine)
    return replace(problem, rounds=tuple(rounds))
