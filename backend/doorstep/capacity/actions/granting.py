"""Giving what has become free to those who wait for it, before anybody else can reach for it."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from doorstep.capacity import rules
from doorstep.capacity.actions.showing import Showing, SlotView
from doorstep.capacity.model import Ask, Demand, Hold, Slot, SlotRef
from doorstep.capacity.rules import Wish
from doorstep.kit.mongo.transactions import Overtaken, Tx


@dataclass(frozen=True)
class Turn:
    """Somebody who waits for a place, and the hold that would be theirs."""

    hold_id: str
    kept_for: str
    customer_id: str
    ref: SlotRef
    demand: Demand
    """As it was when they began to wait: by it they are passed over without more questions."""
    wish: Callable[[], Awaitable[Wish | None]]
    """What they want, asked only of those for whom there seems to be room. None: nothing more."""


@dataclass(frozen=True)
class Granting(Showing):
    """A place is kept for each in turn by the functions that booking is judged by."""

    async def grant(
        self,
        key: str,
        turns: Iterable[Turn],
        *,
        at: datetime,
        lasts: timedelta,
        handover: timedelta,
        tx: Tx,
    ) -> list[Hold]:
        """Hold a place of the slot for everybody in turn whose visit fits.

        The place keeps for `handover` longer than the hold is good, so that it can go to the next
        in turn when it was not taken, and is nobody's prey in between.
        """
        before = await self.slots.get(key, tx=tx)
        if before is None:
            return []
        slot = before.model_copy(update={"holds": rules.live(before.holds, at)})
        holds = []
        for turn in turns:
            view = await self._room_for(turn, slot, at)
            if view is None:
                continue
            until = min(at + lasts, view.cutoff_at)
            ask = Ask(id=turn.hold_id, at=at, demand=view.demand, hold_until=until + handover)
            after = rules.take(slot, ask)
            assert isinstance(after, Slot), "the same rules have just said that it fits"
            slot = after
            holds.append(_hold(turn, until))
        if slot != before:
            await self._put(slot, tx)
        for hold in holds:
            self.holds.add(hold, tx=tx)
        return holds

    async def _room_for(self, turn: Turn, slot: Slot, at: datetime) -> SlotView | None:
        if rules.lacking(slot, rules.taken(slot, at), turn.demand):
            return None
        wish = await turn.wish()
        if wish is None:
            return None
        area = await self.addresses.area(slot.area_id)
        (view,) = await self._views([slot], wish, area, at)
        return None if view.closed or view.too_far else view

    async def _put(self, slot: Slot, tx: Tx) -> None:
        """The lock is the write by which another hand's change of the slot is found out."""
        locked = await self.slots.lock(slot.id, tx=tx)
        if locked is None:
            raise Overtaken
        await self.slots.put(slot.model_copy(update={"revision": locked.revision}), tx=tx)

    async def view_locked(
        self, ref: SlotRef, wish: Wish, *, at: datetime, tx: Tx
    ) -> SlotView | None:
        """One slot, which nobody else changes until the transaction ends."""
        slot = await self.slots.lock(ref.key, tx=tx)
        if slot is None:
            return None
        area = await self.addresses.area(slot.area_id)
        (view,) = await self._views([slot], wish, area, at)
        return replace(view, ref=ref)

    async def lapsed_in(self, keys: Collection[str], *, at: datetime) -> list[str]:
        """Which of the slots still carry holds that are over."""
        return await self.slots.lapsed_in(keys, at)


def _hold(turn: Turn, until: datetime) -> Hold:
    return Hold(
        id=turn.hold_id,
        customer_id=turn.customer_id,
        ref=turn.ref.text,
        slot_key=turn.ref.key,
        services=tuple(sorted(turn.ref.services)),
        expires_at=until,
        kept_for=turn.kept_for,
    )
