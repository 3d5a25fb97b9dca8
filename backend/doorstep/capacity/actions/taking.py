"""Taking places and giving them back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from doorstep.capacity import rules
from doorstep.capacity.actions.places import Wanted, Write
from doorstep.capacity.actions.tools import Tools
from doorstep.capacity.model import Ask, Demand, Hold, NotTaken, SlotRef
from doorstep.kit.mongo.transactions import Attempt, Tx


@dataclass(frozen=True)
class Taking(Tools):
    """Nothing is taken that was not free, and nothing is given back twice."""

    async def take(self, ref: SlotRef, ask: Ask, attempt: Attempt, write: Write) -> Any:
        """What `write` came to; NotTaken, Repeated or Reused if it did not come to that."""
        return await self.places.take(ref.key, ask, attempt, write)

    async def take_all(
        self, wanted: Sequence[tuple[str, Wanted]], attempt: Attempt, id: str
    ) -> Any:
        """What each came to, if all of them can be had, remembered as `id`; else one outcome each,
        and nothing was taken. Repeated or Reused if the whole was asked for before.
        """
        return await self.places.take_all(wanted, attempt, id)

    async def rehearse(self, wants: Sequence[Sequence[tuple[str, Ask]]]) -> list[int | NotTaken]:
        """Which of the places it asks for each would get, one after the other. Takes nothing."""
        keys = {key for choices in wants for key, _ in choices}
        return rules.rehearse(await self.slots.get_many(keys), wants)

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

    async def give_back(self, hold: Hold, *, at: datetime, tx: Tx) -> None:
        """End the hold, and free the place that it keeps. Harmless when it was over already."""
        if await self.holds.end(hold, at=at, tx=tx):
            await self.slots.drop_holds(hold.slot_key, [hold.id], tx=tx)

    async def give_up(self, ref: SlotRef, hold_ids: Collection[str], *, tx: Tx) -> None:
        """Free places that are kept under these ids alone. Harmless when repeated."""
        await self.slots.drop_holds(ref.key, hold_ids, tx=tx)
