"""Forward-only changes of what is stored: each is carried out once, by whoever starts first.

Order    as listed; a step is only ever appended
Safe     a step may be carried out twice: MongoDB's own changes of shape know no transaction, and
         who carries one out may be killed in the middle
Checked  by the validators of the version before, since ours come after: a step that writes what
         those refuse passes `bypass_document_validation`
"""

import asyncio
import hashlib
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pymongo import timeout
from pymongo.errors import DuplicateKeyError

from doorstep.kit.clock import Clock
from doorstep.kit.mongo.collections import Kept
from doorstep.kit.mongo.driver import Database, end, heed_cancellation
from doorstep.kit.mongo.leases import Leases
from doorstep.kit.mongo.schemas import INSTANT, TEXT, WHOLE, shaped
from doorstep.kit.mongo.transactions import Mongo

log = logging.getLogger(__name__)

MIGRATIONS: Final = "migrations"
KEPT: Final = (
    Kept(MIGRATIONS, schema=shaped(_id=TEXT, hash=TEXT, at=INSTANT, milliseconds=WHOLE)),
)
LEASE: Final = "migrations"
_WAIT_SECONDS: Final = 0.1


class CannotMigrate(RuntimeError):
    """The database and the code do not fit together. The message says what to do."""


@dataclass(frozen=True)
class Step:
    """One change. `id` is for ever: "0001-eta-of-rounds"."""

    id: str
    do: Callable[[Database], Awaitable[None]]

    @property
    def hash(self) -> str:
        """Changes when the source does."""
        return hashlib.sha256(inspect.getsource(self.do).encode()).hexdigest()[:16]


async def pending(mongo: Mongo, steps: Sequence[Step]) -> list[Step]:
    """The steps that have not run here. Raises CannotMigrate."""
    ran = {row["_id"]: row["hash"] async for row in mongo[MIGRATIONS].find()}
    _refuse_newer(ran, steps)
    for step in steps:
        if step.id in ran and ran[step.id] != step.hash:
            raise CannotMigrate(
                f"migration {step.id} was edited after it ran here: put its source back as it was "
                "and append another step"
            )
    left = [step for step in steps if step.id not in ran]
    if left and ran and steps.index(left[0]) < len(ran):
        raise CannotMigrate(
            f"migration {left[0].id} was put before others that have run here: append it"
        )
    return left


def _refuse_newer(ran: dict[str, str], steps: Sequence[Step]) -> None:
    unknown = sorted(ran.keys() - {step.id for step in steps})
    if unknown:
        raise CannotMigrate(
            f"a newer doorstep has migrated this database ({unknown[-1]}): run that version, or "
            "restore the backup from before"
        )


async def migrate(
    mongo: Mongo, steps: Sequence[Step], *, leases: Leases, clock: Clock
) -> tuple[str, ...]:
    """Carry out what is left to do. Which steps we did; others may have done the rest meanwhile.

    Returns when nothing is left, whoever did it. Raises CannotMigrate, and what a step raises.
    """
    did: list[str] = []
    while await pending(mongo, steps):
        async with leases.held(LEASE) as ours:
            if ours:
                did += await _while_leased(mongo, steps, leases, clock)
            else:
                await asyncio.sleep(_WAIT_SECONDS)
    return tuple(did)


async def _while_leased(
    mongo: Mongo, steps: Sequence[Step], leases: Leases, clock: Clock
) -> list[str]:
    """Work until all is done or the lease is lost, whichever is first."""
    did: list[str] = []
    working = asyncio.create_task(_work(mongo, steps, clock, did), name="migrations")
    keeping = asyncio.create_task(_keep(leases), name="migrations-lease")
    try:
        done, _ = await asyncio.wait((working, keeping), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end(working, keeping)
    return did


async def _keep(leases: Leases) -> None:
    while await leases.take(LEASE):
        heed_cancellation()
        await asyncio.sleep(leases.lasts.total_seconds() / 3)


async def _work(mongo: Mongo, steps: Sequence[Step], clock: Clock, did: list[str]) -> None:
    for step in await pending(mongo, steps):
        log.info("migration %s", step.id)
        started = time.perf_counter()
        with timeout(None):  # a step may take longer than a request may
            await step.do(mongo.db)
        took = round((time.perf_counter() - started) * 1000)
        row = {"_id": step.id, "hash": step.hash, "at": clock.now(), "milliseconds": took}
        try:
            await mongo[MIGRATIONS].insert_one(row)
        except DuplicateKeyError:
            return  # our lease ran out, and the next holder did it too: a step may run twice
        did.append(step.id)
