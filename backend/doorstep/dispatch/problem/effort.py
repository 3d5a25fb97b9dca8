"""How long to search, said so that any machine searches alike. Pure."""

from typing import Final

from doorstep.dispatch.problem.shape import Budget, Problem

_ITERATIONS_A_SECOND: Final = 1_200_000
_PER_TASK: Final = 1_000
_LEAST: Final = 50


def budget_of(seconds: float, problem: Problem) -> Budget:
    """As many iterations as a core of 2026 makes in about two thirds of `seconds`.

    A machine that is slower than that is cut by the clock after `seconds`, and the plan says so.
    """
    each_second = _ITERATIONS_A_SECOND / (len(problem.tasks) + _PER_TASK)
    return Budget(seconds, max(_LEAST, int(seconds * each_second)))
