"""What the search left out: put where it fits, or said why it does not. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from doorstep.dispatch.problem import LeftOut, Problem, Task, Tour, Unplanned, Walk, walked

Orders = list[list[int]]


@dataclass(frozen=True, slots=True)
class _Place:
    """What it does to a tour to have one visit more."""

    tour: int
    at: int
    late: int
    over: int
    detour: int

    @property
    def worth(self) -> tuple[int, int, int, int, int]:
        return self.late, self.over, self.detour, self.tour, self.at


def mended(problem: Problem, orders: Orders) -> tuple[Orders, list[Unplanned]]:
    """Nothing that fits at what it is worth is left out; what somebody keeps stays with them, late
    if it must be.
    """
    orders = [
        [each for each in order if problem.may(tour, problem.tasks[each])]
        for tour, order in zip(problem.tours, orders, strict=True)
    ]
    planned = {each for order in orders for each in order}
    left = [number for number in range(len(problem.tasks)) if number not in planned]
    left.sort(key=lambda each: (problem.tasks[each].kept is None, -problem.tasks[each].prize, each))
    unplanned = []
    for number in left:
        task = problem.tasks[number]
        places = list(_places(problem, orders, number))
        best = min(places, key=lambda each: each.worth, default=None)
        if best and (task.kept is not None or _pays(task, best)):
            orders[best.tour].insert(best.at, number)
        else:
            unplanned.append(Unplanned(task.id, *_why(problem, task, places)))
    return orders, unplanned


def _pays(task: Task, place: _Place) -> bool:
    return not place.late and not place.over and place.detour <= task.prize


def _places(problem: Problem, orders: Orders, number: int) -> Iterator[_Place]:
    task = problem.tasks[number]
    for index, tour in enumerate(problem.tours):
        if problem.may(tour, task):
            before = walked(problem, tour, orders[index])
            for at in _sensible(problem, before, task):
                order = [*orders[index][:at], number, *orders[index][at:]]
                after = walked(problem, tour, order)
                if _allowed(tour, after):
                    late, over = after.late - before.late, after.over - before.over
                    yield _Place(index, at, late, over, after.metres - before.metres)


def _sensible(problem: Problem, walk: Walk, task: Task) -> Iterator[int]:
    """Where in the tour: not behind what begins after its window, nor before what is over by then.

    Of a tour in which no place is sensible, the last one stands for all.
    """
    visits, some = walk.visits, False
    for at in range(len(visits) + 1):
        after = at == 0 or visits[at - 1].at <= task.late
        before = at == len(visits) or problem.tasks[visits[at].task].late >= task.early
        if after and before:
            some = True
            yield at
    if not some:
        yield len(visits)


def _allowed(tour: Tour, walk: Walk) -> bool:
    far = tour.farthest is not None and walk.metres > tour.farthest
    return not far and (tour.longest is None or walk.back_at - tour.early <= tour.longest)


def _why(problem: Problem, task: Task, places: Sequence[_Place]) -> tuple[LeftOut, int | None]:
    able = [tour for tour in problem.tours if problem.may(tour, task)]
    then = [tour for tour in able if tour.early <= task.late and task.early <= tour.late]
    if not then:
        because = LeftOut.ISLAND if task.route else LeftOut.OFF_DUTY
        return because, len({tour.crew for tour in able})
    too_much = min(
        sum(max(0, load - room) for load, room in zip(task.loads, tour.room, strict=True))
        for tour in then
    )
    if too_much:
        return LeftOut.TOO_HEAVY, too_much
    on_time = [each for each in places if not each.late]
    if not on_time:
        return LeftOut.TOO_LATE, min((each.late for each in places), default=None)
    if all(each.over for each in on_time):
        return LeftOut.FULL, min(each.over for each in on_time)
    return LeftOut.DETOUR, min(each.detour for each in on_time if not each.over)
