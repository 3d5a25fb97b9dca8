"""How long to search, said so that any machine searches alike. Pure.

Measured  on one core in November 2026, PyVRP 0.14.1: what an iteration takes by size, after the
          first 500 (60 visits to 2,000; 10 tours to 200), within a fifth of what stands here
"""

from typing import Final

from doorstep.dispatch.problem.shape import Budget, Problem

_LEAST: Final = 50
_SHARE: Final = 0.6  # the rest is for building, mending, and neighbours on the same core


def budget_of(seconds: float, problem: Problem, *, pace: float = 1.0) -> Budget:
    """As many iterations as take well less than `seconds`, where `pace` is 1.

    A machine that is slower than that is cut by the clock after `seconds`, and the plan says so.
    """
    iterations = int(seconds * _SHARE * pace / _each(problem))
    return Budget(seconds, max(_LEAST, iterations))


def _each(problem: Problem) -> float:
    """Seconds that one iteration takes."""
    return (0.3 + 0.0008 * len(problem.tasks) + 0.026 * len(problem.tours)) / 1000
