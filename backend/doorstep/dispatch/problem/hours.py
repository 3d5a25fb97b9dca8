"""When each courier can be where: shifts, less breaks, boats and what is under way. Pure.

Breaks  at the station, between two tours: PyVRP knows no break, and a tour's end is one it keeps
Boats   who goes with one is chosen before the search; on its island they do a tour of their own
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from math import ceil

from doorstep.calendar.model import Sailing
from doorstep.capacity.rules import stay_of
from doorstep.couriers.model import Courier, Shift
from doorstep.dispatch.model import UNDER_WAY, PlanPolicy, Stop, StopState
from doorstep.dispatch.problem.papers import DayPapers
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow, at_local

FROZEN = UNDER_WAY | {StopState.DONE, StopState.FAILED}
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stint:
    """A span in which a courier can do visits, from one place to another. None: the landing."""

    courier: Courier
    early: int
    late: int
    start: Point | None
    end: Point | None
    route: str | None = None
    since: int = 0
    """When it began, where part of it is over: since then the vehicle was filled."""


def stints_of(
    papers: DayPapers, courier: Courier, turn: int, boats: Iterable[Sailing], policy: PlanPolicy
) -> list[Stint]:
    """`turn`: which of the branch's couriers it is; `boats`: those they go with."""
    found = []
    for shift in papers.roster.shifts:
        if shift.courier_id == courier.id:
            early, late = max(0, papers.second(shift.start)), papers.second(shift.end)
            stint = Stint(courier, early, late, courier.station, courier.station, since=early)
            pauses = _breaks(papers, shift, stint, turn, policy)
            found.extend(_on_land(papers, stint, pauses, tuple(boats)))
    for boat in boats:
        stay = stay_of(boat, papers.ashore)
        if stay:
            early, late = papers.second(stay.start), papers.second(stay.end)
            found.append(Stint(courier, early, late, None, None, boat.route_id, early))
    found.sort(key=lambda each: each.early)
    return [each for each in _from_now(papers, found) if each.early < each.late]


def trip_of(boat: Sailing) -> tuple[datetime, datetime]:
    """From when until when it takes somebody away."""
    return boat.departs_at, boat.returns_at + (boat.arrives_at - boat.departs_at)


def _on_land(
    papers: DayPapers, whole: Stint, pauses: Sequence[_Span], boats: Sequence[Sailing]
) -> list[Stint]:
    at_sea = [(papers.second(start), papers.second(end)) for start, end in map(trip_of, boats)]
    # Who is on a boat at that time has the break aboard.
    ashore = [
        pause
        for pause in pauses
        if not any(start < pause[1] and pause[0] < end for start, end in at_sea)
    ]
    parts = [whole]
    for start, end in sorted([*at_sea, *ashore]):
        parts = [part for each in parts for part in _less(each, start, end)]
    return parts


def _breaks(
    papers: DayPapers, shift: Shift, stint: Stint, turn: int, policy: PlanPolicy
) -> list[_Span]:
    if shift.breaks:
        spans = [pause.window for pause in shift.breaks]
        return [(papers.second(span.start), papers.second(span.end)) for span in spans]
    chosen = _break_of(papers, stint, turn, policy)
    return [chosen] if chosen else []


def _break_of(papers: DayPapers, shift: Stint, turn: int, policy: PlanPolicy) -> _Span | None:
    lasts = int(policy.break_lasts.total_seconds())
    if not lasts or shift.late - shift.early < policy.break_after.total_seconds():
        return None
    opens, closes = (papers.second(at_local(papers.day, at)) for at in _between(policy))
    step = max(1, int(policy.break_step.total_seconds()))
    choices = max(1, (closes - lasts - opens) // step + 1)
    start = opens + turn % choices * step
    return (start, start + lasts) if shift.early < start and start + lasts < shift.late else None


def _between(policy: PlanPolicy) -> tuple[time, time]:
    return policy.break_from, policy.break_until


def _less(stint: Stint, start: int, end: int) -> Iterator[Stint]:
    """What is left of it without that span."""
    if end <= stint.early or stint.late <= start:
        yield stint
        return
    if stint.early < start:
        yield replace(stint, late=start)
    if end < stint.late:
        yield replace(stint, early=end, since=end)


# ------------------------------------------------------------ what is under way


def frozen_of(papers: DayPapers, courier_id: str) -> list[Stop]:
    """The stops that stay where they are, in their order."""
    round = papers.rounds.get(courier_id)
    return [stop for stop in round.stops if stop.state in FROZEN] if round else []


def _from_now(papers: DayPapers, stints: Sequence[Stint]) -> Iterator[Stint]:
    """None begins before now, nor before the courier is done where they are."""
    now = papers.second(papers.now)
    if not stints:
        return
    frozen = frozen_of(papers, stints[0].courier.id)
    where, free_at = _stands(papers, frozen)
    on_island = bool(frozen) and frozen[-1].appointment_id in papers.routes
    for stint in stints:
        begun = where is not None and stint.early <= now < stint.late
        if begun and on_island == (stint.route is not None):
            stint = replace(stint, start=where)
        yield replace(stint, early=max(stint.early, now, free_at))


def _stands(papers: DayPapers, frozen: Sequence[Stop]) -> tuple[Point | None, int]:
    """Where the courier is bound for or was last, and from when on they are free."""
    if not frozen:
        return None, 0
    last = next((stop for stop in frozen if stop.state in UNDER_WAY), frozen[-1])
    appointment = papers.appointments.get(last.appointment_id)
    if appointment is None:
        return None, 0
    if last.state not in UNDER_WAY:
        return appointment.where, 0
    due = max(papers.now, last.eta or last.planned_arrival, last.window.start)
    lasts = timedelta(minutes=appointment.takes.load.minutes)
    return appointment.where, papers.second(due + lasts)


# ------------------------------------------------------------ who goes with which boat


@dataclass(frozen=True, slots=True)
class Ashore:
    """A visit on an island, and who may do it."""

    id: str
    route: str
    window: TimeWindow
    lasts: int
    takers: frozenset[str]
    kept: str | None


def goers_of(
    papers: DayPapers, visits: Sequence[Ashore], policy: PlanPolicy
) -> dict[str, list[Sailing]]:
    """The boats each courier goes with: as few couriers as the visits' minutes need, and enough
    that somebody may do each of them. First who has visits there already, then who may do most.
    """
    going: dict[str, list[Sailing]] = {}
    for boat in sorted(papers.boats, key=lambda each: (each.departs_at, each.id)):
        stay = stay_of(boat, papers.ashore)
        if stay is None:
            continue
        theirs = [v for v in visits if v.route == boat.route_id and v.window.touches(stay)]
        minutes = sum(visit.lasts for visit in theirs) * policy.island_share
        need = ceil(minutes / stay.length.total_seconds())
        for courier_id in _chosen(papers, boat, theirs, need, going):
            going.setdefault(courier_id, []).append(boat)
    return going


def _chosen(
    papers: DayPapers,
    boat: Sailing,
    visits: Sequence[Ashore],
    need: int,
    going: dict[str, list[Sailing]],
) -> list[str]:
    chosen: list[str] = []
    open_for = {
        courier.id
        for courier in papers.roster.couriers
        if _can_sail(papers, courier.id, boat, going.get(courier.id, ()))
    }
    while left := [visit for visit in visits if not visit.takers.intersection(chosen)] or (
        visits if len(chosen) < need else []
    ):
        useful = {
            courier: (
                sum(visit.kept == courier for visit in left),
                sum(courier in visit.takers for visit in left),
            )
            for courier in sorted(open_for.difference(chosen))
        }
        best = max(useful, key=lambda each: useful[each], default=None)
        if best is None or not useful[best][1]:
            break
        chosen.append(best)
    return chosen


def _can_sail(papers: DayPapers, courier_id: str, boat: Sailing, others: Sequence[Sailing]) -> bool:
    start, end = trip_of(boat)
    trip = TimeWindow(start=start, end=end)
    busy = any(
        TimeWindow(start=s, end=e).touches(trip) for s, e in (trip_of(other) for other in others)
    )
    return not busy and papers.roster.shift_around(courier_id, trip) is not None
