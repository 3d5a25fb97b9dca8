"""Rounds for a day, by PyVRP's iterated local search.

Seeded   the same problem, seed and iterations give the same plan, on any machine
Bounded  by iterations, and by the clock as a safety net: a plan says if that cut it
Source   N.A. Wouda, L. Lan, W. Kool (2024), INFORMS Journal on Computing 36(4), 943-955
"""

import time
import warnings
from collections.abc import Sequence

from pyvrp import (
    IteratedLocalSearch,
    PenaltyManager,
    RandomNumberGenerator,
    Result,
    Solution,
    SolveParams,
)
from pyvrp.exceptions import PenaltyBoundWarning, ScalingWarning
from pyvrp.search import LocalSearch, PerturbationManager, compute_neighbours
from pyvrp.stop import MaxIterations, MaxRuntime, MultipleCriteria, StoppingCriterion

from doorstep.dispatch.problem import (
    Budget,
    Plan,
    PlannedTour,
    Problem,
    walked,
)
from doorstep.dispatch.solver.mending import mended
from doorstep.dispatch.solver.modelling import Model, model_of


def solve(problem: Problem, seed: int, budget: Budget) -> Plan:
    """The best rounds found within the budget. Same problem, seed and iterations: same plan."""
    began = time.perf_counter()
    if not problem.tasks or not problem.tours:
        return _plan(problem, [[] for _ in problem.tours], 0, False, seed, began)
    model = model_of(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        warnings.simplefilter("ignore", ScalingWarning)
        found = _search(problem, model, seed, budget, began)
    cut = budget.iterations is not None and found.num_iterations < budget.iterations
    orders = _orders(problem, model, found.best)
    return _plan(problem, orders, found.num_iterations, cut, seed, began)


def _search(problem: Problem, model: Model, seed: int, budget: Budget, began: float) -> Result:
    """As `pyvrp.solve` does it, but that a day's rounds are mended before they are begun from."""
    params, data = SolveParams(), model.data
    rng = RandomNumberGenerator(seed=seed)
    neighbours = compute_neighbours(data, params.neighbourhood)
    search = LocalSearch(data, rng, neighbours, PerturbationManager(params.perturbation))
    for operator in params.operators:
        if operator.supports(data):
            search.add_operator(operator(data))
    penalties = PenaltyManager(params.penalty.midpoint_penalties(data), params.penalty)
    warm = any(problem.rounds)
    first = model.solution(problem.rounds) if warm else Solution.make_random(data, rng)
    first = search(first, penalties.max_cost_evaluator(), exhaustive=True)
    left = budget.seconds - (time.perf_counter() - began)
    stops: list[StoppingCriterion] = [MaxRuntime(max(0.0, left))]
    if budget.iterations is not None:
        stops.append(MaxIterations(budget.iterations))
    algorithm = IteratedLocalSearch(data, penalties, search, first, params.ils)
    return algorithm.run(MultipleCriteria(stops), collect_stats=False)


def _orders(problem: Problem, model: Model, solution: Solution) -> list[list[int]]:
    """What each tour does. Of tours that are alike, a route goes to the one that has most of it."""
    routes: dict[int, list[list[int]]] = {}
    for route in solution.routes():
        visits = [each.idx for each in route if each.is_client()]
        routes.setdefault(route.vehicle_type(), []).append(visits)
    orders: list[list[int]] = [[] for _ in problem.tours]
    for kind, found in sorted(routes.items()):
        free = list(model.kin[kind])
        for visits in sorted(found):
            tour = max(free, key=lambda each: (_shared(problem, each, visits), -each))
            free.remove(tour)
            orders[tour] = visits
    return orders


def _shared(problem: Problem, tour: int, visits: Sequence[int]) -> int:
    return len(set(problem.rounds[tour]).intersection(visits)) if problem.rounds else 0


def _plan(
    problem: Problem,
    orders: list[list[int]],
    iterations: int,
    cut: bool,
    seed: int,
    began: float,
) -> Plan:
    orders, unplanned = mended(problem, orders)
    walks = [
        (number, walked(problem, tour, orders[number]))
        for number, tour in enumerate(problem.tours)
        if orders[number]
    ]
    metres = sum(walk.metres for _, walk in walks)
    left = {each.task_id for each in unplanned}
    missed = [task for task in problem.tasks if task.id in left]
    return Plan(
        tours=tuple(
            PlannedTour(number, walk.visits, walk.metres, walk.back_at) for number, walk in walks
        ),
        unplanned=(*problem.left_out, *unplanned),
        cost=metres + sum(task.prize for task in missed),
        metres=metres,
        feasible=all(walk.holds for _, walk in walks) and not any(t.required for t in missed),
        iterations=iterations,
        cut_by_clock=cut,
        seed=seed,
        seconds=round(time.perf_counter() - began, 3),
    )
