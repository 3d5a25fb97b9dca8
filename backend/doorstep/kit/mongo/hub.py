"""One change stream a process, and a bell for whoever waits for one thing to change.

A bell carries no news: whoever hears it reads the database again. So nothing can overflow, a
listener that is slow only reads once where it might have read five times, and when the stream
breaks it is enough to ring every bell.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from pymongo.errors import PyMongoError

from doorstep.kit.documents import Document
from doorstep.kit.mongo.driver import end, heed_cancellation
from doorstep.kit.mongo.transactions import OUTBOX, Mongo

log = logging.getLogger(__name__)

_PIPELINE: Final[list[Document]] = [
    {"$match": {"operationType": "insert"}},
    {"$project": {"fullDocument.aggregate": 1, "wallTime": 1}},
]
_RETRY_SECONDS: Final = 0.5


class Bell:
    """Rings once or more; heard once."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def heard(self, *, within_seconds: float | None = None) -> bool:
        """Wait for the next ring. False when none came in time."""
        try:
            await asyncio.wait_for(self._rung.wait(), within_seconds)
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class Hub:
    """Rings the bells of those who listen for an aggregate, when an event of it is committed."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._bells: dict[str, set[Bell]] = defaultdict(set)
        self.told_lag: Callable[[float], None] = lambda seconds: None
        """Hears how many seconds passed between an event's commit and its bell."""
        self._open = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def listen(self, *aggregates: str) -> Iterator[Bell]:
        """A bell for these. Listen first and read after, so that nothing falls between the two."""
        bell = Bell()
        for aggregate in aggregates:
            self._bells[aggregate].add(bell)
        try:
            yield bell
        finally:
            for aggregate in aggregates:
                self._bells[aggregate].discard(bell)
                if not self._bells[aggregate]:
                    del self._bells[aggregate]

    async def start(self) -> None:
        """Open the stream, and return when it is open."""
        self._task = asyncio.create_task(self._run(), name="hub")
        await self._open.wait()

    async def stop(self) -> None:
        if self._task:
            await end(self._task)

    def ring_all(self) -> None:
        for bells in self._bells.values():
            for bell in bells:
                bell.ring()

    def _ring(self, aggregate: str) -> None:
        for bell in self._bells.get(aggregate, ()):
            bell.ring()

    async def _run(self) -> None:
        while True:
            heed_cancellation()
            try:
                await self._follow()
            except PyMongoError as error:
                log.warning("the hub's stream broke, opening another: %s", type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self) -> None:
        token = await self._mongo.latest(OUTBOX, _PIPELINE)  # from here on nothing is missed
        async with self._mongo.watch(OUTBOX, _PIPELINE, resume_after=token) as stream:
            self._open.set()
            self.ring_all()
            while stream.alive:  # until the collection is dropped: then another is opened
                change = await stream.try_next()
                heed_cancellation()
                if change is not None:
                    self._ring(change["fullDocument"]["aggregate"])
                    self.told_lag(time.time() - change["wallTime"].timestamp())
