"""What planning asks of others: extra stops of rooms above, and a process to search in."""

import asyncio
import pickle
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from typing import IO, Protocol

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
        asked_at = time.time()
        with tempfile.TemporaryFile() as question:
            # Matrices are large: written from a thread they keep nobody waiting, held as bytes
            # they do.
            await asyncio.to_thread(_write, (problem, seed, budget, asked_at), question)
            answer = await self._answer(question)
        plan: Plan = pickle.loads(answer)
        return plan

    async def _answer(self, question: IO[bytes]) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "doorstep.dispatch.solver"),
            stdin=question,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            answer, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise PlannerFailed(f"exit code {process.returncode}")
        return answer


def _write(what: object, file: IO[bytes]) -> None:
    pickle.dump(what, file, protocol=5)
    file.flush()
    file.seek(0)
