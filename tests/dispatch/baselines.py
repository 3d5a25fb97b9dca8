"""Two ways of planning a day without a search, to measure a plan beside."""

from doorstep.dispatch.problem import Problem, walked

Orders = list[list[int]]


def nearest_neighbour(problem: Problem) -> Orders:
    """Tour after tour goes to whatever of the rest is nearest and can be reached in time."""
    left = set(range(len(problem.tasks)))
    orders: Orders = [[] for _ in problem.tours]
    for number in sorted(range(len(orders)), key=lambda each: problem.tours[each].early):
        _grow(problem, number, orders, left)
    return orders


def by_area_alone(problem: Problem, area_of: dict[str, str]) -> Orders:
    """Each area is divided among its couriers by turns; each of them goes nearest first."""
    turns: dict[str, int] = {}
    mine: dict[int, set[int]] = {}
    for index in sorted(
        range(len(problem.tasks)),
        key=lambda each: (area_of[problem.tasks[each].id], problem.tasks[each].early, each),
    ):
        task = problem.tasks[index]
        able = [
            crew
            for crew in range(len(problem.crews))
            if any(t.crew == crew and problem.may(t, task) for t in problem.tours)
        ]
        if able:
            area = area_of[task.id]
            turns[area] = turns.get(area, -1) + 1
            mine.setdefault(able[turns[area] % len(able)], set()).add(index)
    orders: Orders = [[] for _ in problem.tours]
    for number in sorted(range(len(orders)), key=lambda each: problem.tours[each].early):
        _grow(problem, number, orders, mine.get(problem.tours[number].crew, set()))
    return orders


def _grow(problem: Problem, number: int, orders: Orders, left: set[int]) -> None:
    tour = problem.tours[number]
    net = problem.nets[problem.crews[tour.crew].net]
    here = tour.start
    while True:
        able = sorted(
            (each for each in left if problem.may(tour, problem.tasks[each])),
            key=lambda each: (int(net.metres[here, problem.tasks[each].place]), each),
        )
        fits = (each for each in able if walked(problem, tour, [*orders[number], each]).holds)
        best = next(fits, None)
        if best is None:
            return
        orders[number].append(best)
        left.discard(best)
        here = problem.tasks[best].place
