"""Two ways of planning a day without a search, to measure a plan beside."""

from doorstep.dispatch.problem import Net, Problem, walked

Orders = list[list[int]]


def nearest_neighbour(problem: Problem) -> Orders:
    """Tour after tour goes to whatever of the rest is nearest and can be reached in time."""
    left = set(range(len(problem.tasks)))
    orders: Orders = [[] for _ in problem.tours]
    for number in sorted(range(len(orders)), key=lambda each: problem.tours[each].early):
        _grow(problem, number, orders, left)
    return orders


def by_area_alone(problem: Problem, area_of: dict[str, str]) -> Orders:
    """Each area belongs to the couriers who start nearest to it, as many as its share of all the
    visits; its visits are dealt among them by turns, and each of them goes nearest first.
    """
    areas: dict[str, list[int]] = {}
    for index in sorted(range(len(problem.tasks)), key=lambda each: problem.tasks[each].early):
        areas.setdefault(area_of[problem.tasks[index].id], []).append(index)
    theirs = _shared_out(problem, areas)
    mine: dict[int, set[int]] = {}
    for area, tasks in areas.items():
        turn = 0
        for index in tasks:
            able = [crew for crew in theirs[area] if _may(problem, crew, index)]
            if able:
                mine.setdefault(able[turn % len(able)], set()).add(index)
                turn += 1
    orders: Orders = [[] for _ in problem.tours]
    for number in sorted(range(len(orders)), key=lambda each: problem.tours[each].early):
        _grow(problem, number, orders, mine.get(problem.tours[number].crew, set()))
    return orders


def _shared_out(problem: Problem, areas: dict[str, list[int]]) -> dict[str, list[int]]:
    """The couriers of each area, the largest area first."""
    start = {tour.crew: tour.start for tour in reversed(problem.tours) if tour.route is None}
    free, found = set(start), {}
    for area, tasks in sorted(areas.items(), key=lambda each: -len(each[1])):
        places = [problem.tasks[index].place for index in tasks]
        metres = problem.nets[0].metres
        near = sorted(free or start, key=lambda crew: int(metres[start[crew], places].sum()))
        share = round(len(start) * len(tasks) / len(problem.tasks))
        found[area] = near[: max(1, share)]
        free -= set(found[area])
    return found


def _may(problem: Problem, crew: int, index: int) -> bool:
    task = problem.tasks[index]
    return any(tour.crew == crew and problem.may(tour, task) for tour in problem.tours)


def _grow(problem: Problem, number: int, orders: Orders, left: set[int]) -> None:
    """Always to what can be begun the soonest, the nearest first."""
    tour = problem.tours[number]
    net = problem.nets[problem.crews[tour.crew].net]
    here, now = tour.start, tour.early
    while True:
        able = sorted(each for each in left if problem.may(tour, problem.tasks[each]))
        able.sort(key=lambda each: _soonest(problem, net, here, now, each))
        fits = (each for each in able if walked(problem, tour, [*orders[number], each]).holds)
        best = next(fits, None)
        if best is None:
            return
        orders[number].append(best)
        left.discard(best)
        visit = walked(problem, tour, orders[number]).visits[-1]
        here, now = problem.tasks[best].place, visit.at + problem.tasks[best].lasts


def _soonest(problem: Problem, net: Net, here: int, now: int, index: int) -> tuple[int, int]:
    task = problem.tasks[index]
    begins = max(task.early, now + int(net.seconds[here, task.place]))
    return begins, int(net.metres[here, task.place])
