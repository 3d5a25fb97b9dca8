"""One problem from standard input, its plan to standard output. Our own process talks to us."""

import os
import pickle
import sys
import time
from typing import Final

from doorstep.dispatch.solver.searching import solve

_POLITE: Final = 10


def main() -> None:
    os.nice(_POLITE)  # whoever answers requests on this machine goes first
    problem, seed, budget, asked_at = pickle.load(sys.stdin.buffer)
    budget = budget.less(time.time() - asked_at)  # who asked has waited since
    sys.stdout.buffer.write(pickle.dumps(solve(problem, seed, budget)))


if __name__ == "__main__":
    main()
