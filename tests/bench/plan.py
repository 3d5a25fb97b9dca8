"""A branch's day of 1,000 visits and 60 couriers, planned; beside two ways without a search.

    python -m tests.bench.plan --stops 1000 --people 60 --seconds 60 --seed 1

Whether every promise is kept is said by tests/dispatch/checker.py, which shares no code with what
is measured.
"""

import argparse
import asyncio
import sys
import time

from doorstep.dispatch.outside import OwnProcess
from doorstep.dispatch.problem import Budget, budget_of, figures_of, problem_of
from doorstep.dispatch.rules import StraightLines
from tests.dispatch import city
from tests.dispatch.baselines import by_area_alone, nearest_neighbour
from tests.dispatch.checker import faults


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(stops: int, people: int, seconds: int, seed: int, *, by_clock: bool) -> None:
    papers = city.made_up(1, stops, people, on_island=stops // 100)
    began = time.perf_counter()
    problem = problem_of(papers, city.POLICY, city.WEIGHTS, StraightLines())
    say(f"built in {time.perf_counter() - began:.1f} s: {len(problem.tours)} tours")
    areas = {id: each.area_id for id, each in papers.appointments.items()}
    others = {
        "nearest neighbour": nearest_neighbour(problem),
        "by area alone": by_area_alone(problem, areas),
    }
    budget = Budget(seconds) if by_clock else budget_of(seconds, problem)
    began = time.perf_counter()
    plan = await OwnProcess().plan(problem, seed, budget)
    took = time.perf_counter() - began
    for name, orders in others.items():
        figures = figures_of(problem, orders)
        say(f"{name:20} {figures.metres / 1000:8.1f} km  {figures.unplanned:4} unplanned")
    say(f"{'planned':20} {plan.metres / 1000:8.1f} km  {len(plan.unplanned):4} unplanned")
    say(f"{took:.1f} s, {plan.iterations} iterations, cut by the clock: {plan.cut_by_clock}")
    wrong = faults(city.plain(papers), city.rounds_of(problem, plan))
    say(f"the checker found {len(wrong)} faults")
    for fault in wrong[:20]:
        say(f"  {fault}")


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    for name, default in (("stops", 1000), ("people", 60), ("seconds", 60), ("seed", 1)):
        asked.add_argument(f"--{name}", type=int, default=default)
    asked.add_argument("--by-clock", action="store_true")
    asyncio.run(main(**vars(asked.parse_args())))
