"""The relay: every committed event, told to every reaction at least once, in order per aggregate.

The change stream is the fast path; the unsent rows are the truth. On start, after an error and
every `SWEEP_SECONDS` the relay reads the unsent rows by (aggregate, sequence), so a lost resume
token, an oplog that rolled over or a kill -9 between commit and relay loses nothing.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import orjson
from pymongo.errors import PyMongoError

from doorstep.kit.clock import Clock
from doorstep.kit.documents import Document
from doorstep.kit.events import Event
from doorstep.kit.mongo.collections import Kept
from doorstep.kit.mongo.driver import end, heed_cancellation, settled
from doorstep.kit.mongo.leases import Leases
from doorstep.kit.mongo.schemas import OBJECT, TEXT, shaped
from doorstep.kit.mongo.transactions import OUTBOX, Mongo

log = logging.getLogger(__name__)

Reaction = Callable[[Any], Awaitable[None]]

TOKENS: Final = "resume_tokens"
KEPT: Final = (Kept(TOKENS, schema=shaped(_id=TEXT, token=OBJECT)),)
LEASE: Final = "relay"
SWEEP_SECONDS: Final = 30.0
_KEEP_LEASE_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 0.5
_SWEEP_BATCH: Final = 500
_MOST_COUNTED: Final = 100_000
_PIPELINE: Final = [{"$match": {"operationType": "insert"}}]
# A token is good for the pipeline it came from and for no other (the server answers 280).
_TOKEN: Final = "relay:" + hashlib.sha256(orjson.dumps(_PIPELINE)).hexdigest()[:12]


class Relay:
    """Tells events to reactions. Any number may run: one holds the lease, the others stand by."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        leases: Leases,
        reactions: Mapping[type[Event], tuple[Reaction, ...]],
        told: Callable[[str, str], None] = lambda kind, outcome: None,
    ) -> None:
        self._mongo = mongo
        self._told = told
        self._clock = clock
        self._leases = leases
        self._reactions = {kind.__name__: (kind, answers) for kind, answers in reactions.items()}
        self._held_back: set[str] = set()

    async def run(self) -> None:
        """For ever: stand by, and relay while the lease is ours."""
        while True:
            heed_cancellation()
            try:
                if await self._leases.take(LEASE):
                    await self._while_leased()
            except PyMongoError as error:
                log.warning("the relay starts over: %s", type(error).__name__)
                await self._forget_token()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _while_leased(self) -> None:
        relaying = asyncio.create_task(self._relay(), name="relay")
        keeping = asyncio.create_task(self._keep_lease(), name="relay-lease")
        try:
            done, _ = await asyncio.wait((relaying, keeping), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end(relaying, keeping)
            await self._leases.give_back(LEASE)

    async def _keep_lease(self) -> None:
        while await self._leases.take(LEASE):
            heed_cancellation()
            await asyncio.sleep(_KEEP_LEASE_SECONDS)

    async def _relay(self) -> None:
        """Follow the stream from where it was left; sweep at the start and now and then."""
        async with self._stream() as stream:
            await self.sweep()
            swept_at = asyncio.get_running_loop().time()
            while stream.alive:
                change = await stream.try_next()
                heed_cancellation()
                if change is not None:
                    await self._tell(change["fullDocument"])
                    await self._save_token(stream.resume_token)
                now = asyncio.get_running_loop().time()
                if now - swept_at > (_RETRY_SECONDS if self._held_back else SWEEP_SECONDS):
                    await self.sweep()
                    swept_at = now
        # The collection was dropped, and no token from before leads past that.
        await self._forget_token()

    @asynccontextmanager
    async def _stream(self) -> AsyncIterator[Any]:
        """The outbox's stream, from the saved token on, or from now on without one."""
        saved = await self._mongo[TOKENS].find_one({"_id": _TOKEN})
        # Without one, what was committed before now is told by the sweep, which comes after.
        token = saved["token"] if saved else await self._mongo.latest(OUTBOX, _PIPELINE)
        async with self._mongo.watch(OUTBOX, _PIPELINE, resume_after=token) as stream:
            yield stream

    async def _forget_token(self) -> None:
        """280 or 286: a token that is not in the oplog. The sweep finds what it would have told."""
        try:
            await self._mongo[TOKENS].delete_one({"_id": _TOKEN})
        except PyMongoError:
            log.warning("the resume token could not be forgotten; that is tried again")

    async def _save_token(self, token: Any) -> None:
        await self._mongo[TOKENS].update_one(
            {"_id": _TOKEN}, {"$set": {"token": token}}, upsert=True
        )

    async def sweep(self) -> int:
        """Tell every unsent event, in order per aggregate. How many were told."""
        self._held_back.clear()
        told, passed = 0, -1
        while passed:
            rows = (
                self._mongo[OUTBOX].find({"sent": False}).sort([("aggregate", 1), ("sequence", 1)])
            )
            passed = 0
            async for row in rows.limit(_SWEEP_BATCH):
                passed += await self._tell(row)
            told += passed
        return told

    async def _tell(self, row: Document) -> bool:
        """Tell one event to each reaction, then mark it sent. False: it has to be told again.

        After a failure the later events of the same aggregate wait for the sweep, so that none
        overtakes it; other aggregates go on.
        """
        if row["aggregate"] in self._held_back:
            return False
        if not await self._still_unsent(row):
            return True
        try:
            await self._react(row)
        except Exception:  # a reaction's bug must not stop the others' events
            log.exception("a reaction to %s failed; it will be told again", row["kind"])
            self._told(row["kind"], "failed")
            self._held_back.add(row["aggregate"])
            return False
        await self._mongo[OUTBOX].update_one(
            {"_id": row["_id"]}, {"$set": {"sent": True, "sent_at": self._clock.now()}}
        )
        return True

    async def _still_unsent(self, row: Document) -> bool:
        found = await self._mongo[OUTBOX].find_one({"_id": row["_id"]}, {"sent": 1})
        return found is not None and not found["sent"]

    async def _react(self, row: Document) -> None:
        if row["kind"] not in self._reactions:
            return
        kind, answers = self._reactions[row["kind"]]
        event = kind.model_validate(row["body"])
        for answer in answers:
            await answer(event)
        self._told(row["kind"], "ok")


async def backlog(mongo: Mongo, now: datetime) -> tuple[int, float]:
    """How many events wait to be told, and how many seconds the first of them has.

    The hint: a predicate on `sent` alone would not choose the partial index, and read every row.
    """
    pipeline: list[Document] = [
        {"$match": {"sent": False}},
        {"$limit": _MOST_COUNTED},
        {"$group": {"_id": None, "waiting": {"$sum": 1}, "first": {"$min": "$at"}}},
    ]
    rows = mongo[OUTBOX].aggregate(pipeline, hint={"aggregate": 1, "sequence": 1})
    async for row in await settled(rows):
        return row["waiting"], max((now - row["first"]).total_seconds(), 0.0)
    return 0, 0.0
