"""Who may do a thing that only one should do at a time.

A lease is a row with a holder and an end. It is taken or kept by one conditional update, and a
holder that dies lets it run out.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from pymongo.errors import DuplicateKeyError

from doorstep.kit.clock import Clock
from doorstep.kit.mongo.collections import Kept
from doorstep.kit.mongo.schemas import INSTANT, TEXT, shaped
from doorstep.kit.mongo.transactions import Mongo

LEASES: Final = "leases"
KEPT: Final = (Kept(LEASES, schema=shaped(_id=TEXT, holder=TEXT, until=INSTANT)),)


class Leases:
    """`holder` says who we are: unique to this process."""

    def __init__(
        self, mongo: Mongo, clock: Clock, *, holder: str, lasts: timedelta = timedelta(seconds=6)
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        self._holder = holder
        self.lasts = lasts

    async def take(self, name: str) -> bool:
        """Take the lease, or keep it if it is ours already. False: another holds it."""
        now = self._clock.now()
        kept = await self._mongo[LEASES].update_one(
            {"_id": name, "$or": [{"holder": self._holder}, {"until": {"$lte": now}}]},
            {"$set": {"holder": self._holder, "until": now + self.lasts}},
        )
        return kept.matched_count == 1 or await self._first(name)

    async def _first(self, name: str) -> bool:
        lease = {"_id": name, "holder": self._holder, "until": self._clock.now() + self.lasts}
        try:
            await self._mongo[LEASES].insert_one(lease)
        except DuplicateKeyError:
            return False
        return True

    async def give_back(self, name: str) -> None:
        """Let the next one in at once."""
        await self._mongo[LEASES].delete_one({"_id": name, "holder": self._holder})

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[bool]:
        """Try for the lease; whoever got it gives it back at the end."""
        got = await self.take(name)
        try:
            yield got
        finally:
            if got:
                await self.give_back(name)
