"""Rounds for a day, by PyVRP. Pure, but for `__main__`, which solves in a process of its own."""

from doorstep.dispatch.solver.searching import solve

__all__ = ["solve"]
