"""Is this plan one that couriers can drive? Shares no code with what made it.

It takes plain data and says what is wrong, in sentences. Seconds since local midnight; metres;
(longitude, latitude) in degrees.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LonLat = tuple[float, float]
DETOUR = 1.4
SPEEDS = {"ON_FOOT": 1.3, "BICYCLE": 3.5, "E_TRIKE": 5.0, "VAN": 6.5}
SLOW_HOURS = {7: 0.8, 8: 0.75, 17: 0.75, 18: 0.8}


@dataclass(frozen=True)
class Job:
    """A visit that was promised."""

    id: str
    door: LonLat
    opens: int
    closes: int
    """Too late from then on."""
    minutes: float
    services: frozenset[str]
    area: str
    grams: int
    litres: int
    island: str | None = None
    holder: str | None = None
    """Who accepted it, or is on the way."""
    frozen: bool = False
    customer: str = ""


@dataclass(frozen=True)
class Kept:
    """For whom, or for which area, somebody is kept in a span."""

    start: int
    end: int
    customer: str | None = None
    area: str | None = None


@dataclass(frozen=True)
class Worker:
    id: str
    station: LonLat
    vehicle: str
    grams: int
    litres: int
    skills: frozenset[str]
    areas: frozenset[str]
    """Empty: all of them."""
    shifts: tuple[tuple[int, int], ...]
    breaks: tuple[tuple[int, int], ...] = ()
    """Where their shifts say when; else they have one at noon."""
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True)
class Boat:
    island: str
    departs: int
    arrives: int
    returns: int
    home: int


@dataclass(frozen=True)
class Rules:
    break_from: int = int(11.5 * 3600)
    break_until: int = int(13.5 * 3600)
    break_lasts: int = 45 * 60
    break_after: int = 6 * 3600
    ashore: int = 15 * 60
    now: int = 0


@dataclass(frozen=True)
class Day:
    jobs: dict[str, Job]
    workers: dict[str, Worker]
    boats: tuple[Boat, ...] = ()
    before: dict[str, list[str]] = field(default_factory=dict)
    """Each worker's frozen stops, in order."""
    rules: Rules = field(default_factory=Rules)


Rounds = dict[str, list[tuple[str, int]]]
"""Of each worker, what they do and when it begins, in order; frozen stops are not among them."""


def faults(day: Day, rounds: Rounds) -> list[str]:
    """Nothing: every promise of the plan can be kept."""
    return [*_twice(day, rounds), *_holders(day, rounds)] + [
        fault
        for worker, round in rounds.items()
        for fault in _of_worker(day, day.workers[worker], round)
    ]


def _twice(day: Day, rounds: Rounds) -> Iterator[str]:
    seen: dict[str, str] = {}
    for worker, round in rounds.items():
        for job, _ in round:
            if job not in day.jobs:
                yield f"{worker} goes to {job}, which nobody promised"
            elif job in seen:
                yield f"{job} is done by {seen[job]} and by {worker}"
            seen[job] = worker


def _holders(day: Day, rounds: Rounds) -> Iterator[str]:
    for worker, round in rounds.items():
        for id, _ in round:
            job = day.jobs.get(id)
            if job and job.frozen:
                yield f"{id} is under way, and {worker} is sent there again"
            if job and job.holder not in (None, worker):
                yield f"{id} is {job.holder}'s, and {worker} is sent"


def _of_worker(day: Day, worker: Worker, round: list[tuple[str, int]]) -> Iterator[str]:
    jobs = [(day.jobs[id], at) for id, at in round if id in day.jobs]
    for job, at in jobs:
        if not job.opens <= at < job.closes:
            yield f"{worker.id} is at {job.id} at {_clock(at)}, outside its window"
        if at < day.rules.now:
            yield f"{worker.id} is at {job.id} at {_clock(at)}, which is over"
        if not job.services <= worker.skills:
            yield f"{worker.id} cannot do {job.id}"
        if worker.areas and job.area not in worker.areas and job.holder is None:
            yield f"{worker.id} does not serve the area of {job.id}"
        yield from _elsewhere(worker, job, at)
    if [at for _, at in jobs] != sorted(at for _, at in jobs):
        yield f"{worker.id} goes back in time"
    if jobs:
        yield from _through_the_day(day, worker, jobs)


def _elsewhere(worker: Worker, job: Job, at: int) -> Iterator[str]:
    for kept in worker.kept:
        its = kept.customer == job.customer if kept.customer else kept.area == job.area
        if kept.start <= at < kept.end and not its and job.holder is None:
            yield f"{worker.id} is kept for another when at {job.id}"
    for start, end in worker.breaks:
        if start < at + round(job.minutes * 60) and at < end:
            yield f"{worker.id} is at {job.id} in the break"


def _through_the_day(day: Day, worker: Worker, jobs: Sequence[tuple[Job, int]]) -> Iterator[str]:
    """In some way of having the break, everything is reached in time and carried."""
    shift = next((s for s in worker.shifts if s[0] <= jobs[0][1] and jobs[-1][1] < s[1]), None)
    if shift is None:
        yield f"{worker.id} works outside the shift"
        return
    yield from _boats(day, worker, jobs, shift)
    trials = [list(_walk(day, worker, jobs, shift, gap)) for gap in _gaps(day, worker, jobs, shift)]
    if not any(not trial for trial in trials):
        yield from min(trials, key=len)


def _gaps(
    day: Day, worker: Worker, jobs: Sequence[tuple[Job, int]], shift: tuple[int, int]
) -> list[int | None]:
    """Before which of the visits the break may be; None: there need not be any."""
    rules = day.rules
    if worker.breaks:
        return [None]
    long = shift[1] - shift[0] >= rules.break_after
    inside = shift[0] < rules.break_until - rules.break_lasts and rules.break_from < shift[1]
    at_sea = any(
        boat.departs < rules.break_until and rules.break_from < boat.home
        for boat in day.boats
        if any(_aboard(boat, job, at) for job, at in jobs)
    )
    over = rules.now >= rules.break_from + rules.break_lasts
    late = shift[1] <= rules.break_until or shift[0] >= rules.break_from
    if not long or not inside or at_sea or over or late:
        return [None]
    return list(range(len(jobs) + 1))


def _aboard(boat: Boat, job: Job, at: int) -> bool:
    return job.island == boat.island and boat.arrives <= at < boat.returns


def _walk(
    day: Day,
    worker: Worker,
    jobs: Sequence[tuple[Job, int]],
    shift: tuple[int, int],
    gap: int | None,
) -> Iterator[str]:
    where, free = _stands(day, worker, shift)
    island: str | None = None
    grams = litres = 0
    for number, (job, at) in enumerate([*jobs, (None, shift[1])]):
        if number == gap:
            home = free + _travel(worker, where, worker.station, free)
            begins = max(home, day.rules.break_from)
            free, where = begins + day.rules.break_lasts, worker.station
            if free > day.rules.break_until:
                yield f"{worker.id} has no break"
            grams = litres = 0
        if job is None:
            if free + (0 if island else _travel(worker, where, worker.station, free)) > at:
                yield f"{worker.id} is not back by {_clock(at)}"
            return
        if job.island != island:
            # The boat takes them to and from the station's side: how is checked with the boats.
            island, grams, litres = job.island, 0, 0
            where = job.door if island else worker.station
            free = at if island else max(free, _home_before(day, worker, jobs, number))
        if free + _travel(worker, where, job.door, free) > at:
            yield f"{worker.id} cannot be at {job.id} by {_clock(at)}"
        grams, litres = grams + job.grams, litres + job.litres
        if grams > worker.grams or litres > worker.litres:
            yield f"{worker.id} carries {grams} g and {litres} l at {job.id}"
        where, free = job.door, at + round(job.minutes * 60)


def _stands(day: Day, worker: Worker, shift: tuple[int, int]) -> tuple[LonLat, int]:
    """Where they are now: at the station, or at the door of what is under way or was done last."""
    frozen = day.before.get(worker.id, [])
    where = day.jobs[frozen[-1]].door if frozen else worker.station
    return where, max(shift[0], day.rules.now)


def _home_before(day: Day, worker: Worker, jobs: Sequence[tuple[Job, int]], number: int) -> int:
    job, at = jobs[number - 1] if number else (None, 0)
    boats = [b for b in day.boats if job and _aboard(b, job, at)]
    return max((boat.home for boat in boats), default=0)


def _boats(
    day: Day, worker: Worker, jobs: Sequence[tuple[Job, int]], shift: tuple[int, int]
) -> Iterator[str]:
    for job, at in jobs:
        if job.island is None:
            continue
        done = at + round(job.minutes * 60)
        taken = [
            boat
            for boat in day.boats
            if boat.island == job.island
            and boat.arrives + day.rules.ashore <= at
            and done <= boat.returns - day.rules.ashore
        ]
        if not taken:
            yield f"{worker.id} is at {job.id} at {_clock(at)}, and no boat"
            continue
        boat = taken[0]
        if not (shift[0] <= boat.departs and boat.home <= shift[1]):
            yield f"{worker.id} sails outside the shift"
        for other, when in jobs:
            if other.island is None and boat.departs <= when < boat.home:
                yield f"{worker.id} is at {other.id} while at sea"


def _travel(worker: Worker, here: LonLat, there: LonLat, at: int) -> int:
    slow = SLOW_HOURS.get(at // 3600 % 24, 1.0)
    return math.floor(metres(here, there) * DETOUR / (SPEEDS[worker.vehicle] * slow))


def metres(here: LonLat, there: LonLat) -> float:
    """By the spherical law of cosines."""
    (x1, y1), (x2, y2) = here, there
    if here == there:
        return 0.0
    a, b, c = math.radians(y1), math.radians(y2), math.radians(x2 - x1)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(c)
    return 6_371_008.8 * math.acos(max(-1.0, min(1.0, cosine)))


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
