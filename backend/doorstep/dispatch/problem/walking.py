"""Going through tours in a given order: when each visit begins, how far it is, what is broken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from doorstep.dispatch.problem.shape import Problem, Tour, Visit


@dataclass(frozen=True, slots=True)
class Walk:
    """A tour, gone through."""

    visits: tuple[Visit, ...]
    metres: int
    back_at: int
    late: int
    """Seconds past windows, and past the end of the tour, in all."""
    over: int
    """What does not fit in, in the loads' own units."""
    beyond: int = 0
    """Seconds and metres past the tour's own bounds."""

    @property
    def holds(self) -> bool:
        return not self.late and not self.over and not self.beyond


def walked(problem: Problem, tour: Tour, order: Iterable[int]) -> Walk:
    """Each visit begins as soon as it can, and is made even if it is late."""
    net = problem.nets[problem.crews[tour.crew].net]
    here, now, metres, late = tour.start, tour.early, 0, 0
    used, visits = [0] * len(tour.room), []
    for index in order:
        task = problem.tasks[index]
        metres += int(net.metres[here, task.place])
        at = max(task.early, now + int(net.seconds[here, task.place]))
        visits.append(Visit(index, at, max(0, at - task.late)))
        late += visits[-1].late
        here, now = task.place, at + task.lasts
        used = [one + other for one, other in zip(used, task.loads, strict=True)]
    if visits:
        metres += int(net.metres[here, tour.end])
        now += int(net.seconds[here, tour.end])
        late += max(0, now - tour.late)
    over = sum(max(0, one - room) for one, room in zip(used, tour.room, strict=True))
    return Walk(tuple(visits), metres, now, late, over, _beyond(problem, tour, visits, metres))


def _beyond(problem: Problem, tour: Tour, visits: Sequence[Visit], metres: int) -> int:
    far = 0 if tour.farthest is None else max(0, metres - tour.farthest)
    if tour.longest is None or not visits:
        return far
    return far + max(0, _shortest(problem, tour, visits) - tour.longest)


def _shortest(problem: Problem, tour: Tour, visits: Sequence[Visit]) -> int:
    """How long the tour is, for who sets out as late as may be.

    Source: Vidal et al. (2013), Computers & Operations Research 40(1), 475-489: time windows of
    sequences.
    """
    net = problem.nets[problem.crews[tour.crew].net]
    lasts, last_start, here = 0, tour.late, tour.start
    for visit in visits:
        task = problem.tasks[visit.task]
        since = lasts + int(net.seconds[here, task.place])
        waits = max(0, task.early - since - last_start)
        last_start = max(tour.early, min(task.late - since, last_start))
        lasts, here = since + waits + task.lasts, task.place
    return lasts + int(net.seconds[here, tour.end])


@dataclass(frozen=True, slots=True)
class Figures:
    """What becomes of a day."""

    stops: int
    unplanned: int
    metres: int
    late_seconds: int
    late_stops: int
    tours: int


def figures_of(problem: Problem, orders: Sequence[Sequence[int]]) -> Figures:
    """`orders`: what each tour does, one for each of the problem's tours, or none at all."""
    walks = [
        walked(problem, tour, order)
        for tour, order in zip(problem.tours, orders, strict=False)
        if order
    ]
    stops = sum(len(walk.visits) for walk in walks)
    return Figures(
        stops=stops,
        unplanned=len(problem.tasks) - stops + len(problem.left_out),
        metres=sum(walk.metres for walk in walks),
        late_seconds=sum(walk.late for walk in walks),
        late_stops=sum(visit.late > 0 for walk in walks for visit in walk.visits),
        tours=len(walks),
    )


def dealt(problem: Problem, crew: int, order: Sequence[int]) -> dict[int, list[int]]:
    """A crew's tasks, in their order, dealt to its tours: each to the first tour, not before the
    last one used, that it fits into; else to the last one it may be in. What may be in none is
    left out.
    """
    mine = sorted(
        (number for number, tour in enumerate(problem.tours) if tour.crew == crew),
        key=lambda number: problem.tours[number].early,
    )
    found: dict[int, list[int]] = {number: [] for number in mine}
    first = 0
    for index in order:
        task = problem.tasks[index]
        able = [
            place
            for place, number in enumerate(mine)
            if place >= first and problem.may(problem.tours[number], task)
        ]
        if not able:
            continue
        fits = (
            place
            for place in able
            if walked(problem, problem.tours[mine[place]], [*found[mine[place]], index]).holds
        )
        first = next(fits, able[-1])
        found[mine[first]].append(index)
    return found


def orders_of(problem: Problem, plan_tours: Iterable[tuple[int, Sequence[int]]]) -> list[list[int]]:
    """What each of the problem's tours does, from those that do something."""
    orders: list[list[int]] = [[] for _ in problem.tours]
    for number, order in plan_tours:
        orders[number] = list(order)
    return orders
