"""What planning asks of others: extra stops of rooms above, and a process to search in."""

import asyncio
import pickle
import sys
import time
from collections.abc import Sequence
from datetime import date
from typing import Protocol

from doorstep.dispatch.problem import Budget, ExtraStop, Plan, Problem


class Extras(Protocol):
    """Stops that are no appointments: standing collections, beats' extra stops."""

    async def extra_stops(self, branch_id: str, day: date) -> Sequence[ExtraStop]:
        """Those of a branch's day for which rounds have to have time."""
        ...


class NoExtras:
    """Where no room above has any."""

    async def extra_stops(self, branch_id: str, day: date) -> Sequence[ExtraStop]:
        return ()


class Planner(Protocol):
    """Where a search is made. Whoever waits for it must not keep others waiting."""

    async def plan(self, problem: Problem, seed: int, budget: Budget) -> Plan: ...


class PlannerFailed(RuntimeError):
    """The process that searched ended without a plan."""


class OwnProcess:
    """Searches in a process of its own, which ends with the search or with whoever awaits it."""

    async def plan(self, problem: Problem, seed: int, budget: Budget) -> Plan:
        began = time.time()
        question = await asyncio.to_thread(pickle.dumps, (problem, seed, budget, began))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "doorstep.dispatch.solver"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            answer, _ = await process.communicate(question)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise PlannerFailed(f"exit code {process.returncode}")
        plan: Plan = pickle.loads(answer)
        return plan
