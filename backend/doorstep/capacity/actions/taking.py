"""Taking places and giving them back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from doorstep.capacity.actions.places import Write
from doorstep.capacity.actions.tools import Tools
from doorstep.capacity.model import Ask, Demand, Hold, NoPlace, NotTaken, SlotRef
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx


@dataclass(frozen=True)
class Taking(Tools):
    """Nothing is taken that was not free, and nothing is given back twice."""

    async def take(self, ref: SlotRef, ask: Ask, attempt: Attempt, write: Write) -> Any:
        """What `write` came to; NotTaken, Repeated or Reused if it did not come to that."""
        return await self.places.take(ref.key, ask, attempt, write)

    async def free(self, key: str, demand: Demand, *, visits: int = 1, tx: Tx) -> None:
        """Give back what a visit took; with no `visits`, a part of what one takes that stays."""
        await self.slots.free(key, demand, visits=visits, tx=tx)

    async def hold_of(self, id: str, customer_id: str, *, tx: Tx | None = None) -> Hold | None:
        return await self.holds.of_customer(id, customer_id, tx=tx)

    async def use_hold(self, hold: Hold, *, at: datetime, tx: Tx) -> bool:
        """The hold has become a promise; its place was counted by the slot itself."""
        return await self.holds.end(hold, at=at, tx=tx)

    async def keep_hold(self, hold: Hold, *, at: datetime, tx: Tx) -> bool:
        """Write a hold whose place was just taken. False: the customer holds one already."""
        if not await self.holds.claim(hold, at=at, tx=tx):
            return False
        self.holds.add(hold, tx=tx)
        return True

    async def release(
        self, id: str, customer_id: str, attempt: Attempt
    ) -> Hold | NotTaken | Repeated | Reused:
        """Give a held place back. Harmless when it was over already."""

        async def body(tx: Tx) -> Hold | NotTaken:
            hold = await self.holds.of_customer(id, customer_id, tx=tx)
            if hold is None:
                return NotTaken(code=NoPlace.GONE)
            if await self.holds.end(hold, at=attempt.at, tx=tx):
                await self.slots.drop_hold(hold.slot_key, hold.id, tx=tx)
            return hold

        return await self.mongo.once(attempt, body)
