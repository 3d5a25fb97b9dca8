"""What the search left out: put where it fits, or said why it does not. Pure.

Judged  a place in constant time: each visit knows when it is left at the earliest, going forwards,
        and when it has to be begun for the rest to hold, going backwards. Who is late already is
        not asked to hold.
Source  Savelsbergh (1992), ORSA J. Computing 4(2), 146-154: forward time slack.
"""

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
    """By how many seconds somebody is, at the least."""
    over: int
    detour: int

    @property
    def worth(self) -> tuple[int, int, int, int, int]:
        return self.late, self.over, self.detour, self.tour, self.at


class _Line:
    """A tour that one more visit may be put into."""

    def __init__(self, problem: Problem, number: int, order: list[int]) -> None:
        self.problem, self.number, self.order = problem, number, order
        self.tour = problem.tours[number]
        self.tasks = [problem.tasks[each] for each in order]
        self.net = problem.nets[problem.crews[self.tour.crew].net]
        self.walk: Walk = walked(problem, self.tour, order)
        self.places = [self.tour.start, *(task.place for task in self.tasks), self.tour.end]
        self.used = [sum(loads) for loads in zip(*(t.loads for t in self.tasks), strict=True)]
        begins = [visit.at for visit in self.walk.visits]
        self.leaves = [
            self.tour.early,
            *(at + task.lasts for at, task in zip(begins, self.tasks, strict=True)),
        ]
        self.by = self._by(begins)

    def _by(self, begins: Sequence[int]) -> list[int]:
        """When each visit, and the end, has to be reached at the latest."""
        found = [max(self.tour.late, self.walk.back_at)]
        for at in reversed(range(len(self.tasks))):
            way = int(self.net.seconds[self.places[at + 1], self.places[at + 2]])
            by = min(self.tasks[at].late, found[-1] - way - self.tasks[at].lasts)
            found.append(max(by, begins[at]))
        return found[::-1]

    def tried(self, number: int) -> Iterator[_Place]:
        task = self.problem.tasks[number]
        over = self._over(task)
        for at in self._sensible(task):
            here, there = self.places[at], self.places[at + 1]
            begins = max(task.early, self.leaves[at] + int(self.net.seconds[here, task.place]))
            then = begins + task.lasts + int(self.net.seconds[task.place, there])
            late = max(0, begins - task.late, then - self.by[at])
            detour = int(self.net.metres[here, task.place] + self.net.metres[task.place, there])
            if self.order:
                detour -= int(self.net.metres[here, there])
            if self._allowed(number, at):
                yield _Place(self.number, at, late, over, detour)

    def _over(self, task: Task) -> int:
        """What more there is than fits, with the task."""
        used = self.used or [0] * len(task.loads)
        return sum(
            min(load, max(0, has + load - room))
            for has, load, room in zip(used, task.loads, self.tour.room, strict=True)
        )

    def _sensible(self, task: Task) -> Iterator[int]:
        """Not behind what begins after its window, nor before what is over by then.

        Where no place is sensible, the last one stands for all.
        """
        visits, some = self.walk.visits, False
        for at in range(len(visits) + 1):
            after = at == 0 or visits[at - 1].at <= task.late
            before = at == len(visits) or self.tasks[at].late >= task.early
            if after and before:
                some = True
                yield at
        if not some:
            yield len(visits)

    def _allowed(self, number: int, at: int) -> bool:
        """A tour with bounds of its own is gone through; few have any."""
        if self.tour.farthest is None and self.tour.longest is None:
            return True
        order = [*self.order[:at], number, *self.order[at:]]
        return not walked(self.problem, self.tour, order).beyond


def mended(problem: Problem, orders: Orders) -> tuple[Orders, list[Unplanned]]:
    """Nothing that fits at what it is worth is left out; what somebody keeps stays with them, late
    if it must be.
    """
    lines = [
        _Line(problem, number, [each for each in order if problem.may(tour, problem.tasks[each])])
        for number, (tour, order) in enumerate(zip(problem.tours, orders, strict=True))
    ]
    planned = {each for line in lines for each in line.order}
    left = [number for number in range(len(problem.tasks)) if number not in planned]
    left.sort(key=lambda each: (problem.tasks[each].kept is None, -problem.tasks[each].prize, each))
    unplanned = []
    for number in left:
        task = problem.tasks[number]
        tours = _differing(problem, lines, task)
        places = [place for line in tours for place in line.tried(number)]
        best = min(places, key=lambda each: each.worth, default=None)
        if best and (task.kept is not None or _pays(task, best)):
            order = lines[best.tour].order
            longer = [*order[: best.at], number, *order[best.at :]]
            lines[best.tour] = _Line(problem, best.tour, longer)
        else:
            unplanned.append(Unplanned(task.id, *_why(problem, task, places)))
    return [line.order for line in lines], unplanned


def _differing(problem: Problem, lines: Sequence[_Line], task: Task) -> Iterator[_Line]:
    """Those that may have it; of empty ones that are alike, the first."""
    seen = set()
    for line in lines:
        tour = line.tour
        if not problem.may(tour, task):
            continue
        if not line.order:
            look = (problem.crews[tour.crew].net, tour.start, tour.end, tour.early, tour.late)
            bounds = (tour.room, tour.longest, tour.farthest)
            if (look, bounds) in seen:
                continue
            seen.add((look, bounds))
        yield line


def _pays(task: Task, place: _Place) -> bool:
    return not place.late and not place.over and place.detour <= task.prize


def _why(problem: Problem, task: Task, places: Sequence[_Place]) -> tuple[LeftOut, int | None]:
    able = [tour for tour in problem.tours if problem.may(tour, task)]
    then = [tour for tour in able if tour.early <= task.late and task.early <= tour.late]
    if not then:
        because = LeftOut.ISLAND if task.route else LeftOut.OFF_DUTY
        return because, len({tour.crew for tour in able})
    too_much = min(_too_much(task, tour) for tour in then)
    if too_much:
        return LeftOut.TOO_HEAVY, too_much
    on_time = [each for each in places if not each.late]
    if not on_time:
        return LeftOut.TOO_LATE, min((each.late for each in places), default=None)
    if all(each.over for each in on_time):
        return LeftOut.FULL, min(each.over for each in on_time)
    return LeftOut.DETOUR, min(each.detour for each in on_time if not each.over)


def _too_much(task: Task, tour: Tour) -> int:
    pairs = zip(task.loads, tour.room, strict=True)
    return sum(max(0, load - room) for load, room in pairs)
