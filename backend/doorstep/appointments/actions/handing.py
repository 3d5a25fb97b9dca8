"""Handing what has become free to those who wait for it, each in their turn."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from doorstep.appointments import rules
from doorstep.appointments.actions.tools import Tools
from doorstep.appointments.events import WaitlistChanged, WaitlistOffered
from doorstep.appointments.model import Appointment, WaitlistEntry, WaitState
from doorstep.capacity.actions import Turn
from doorstep.capacity.model import Hold
from doorstep.capacity.rules import Wish
from doorstep.kit.mongo.transactions import Overtaken, Tx


@dataclass(frozen=True)
class Handing(Tools):
    """Whoever frees a place hands it on in the same transaction: nobody can snatch it between."""

    async def give_back(self, appointment: Appointment, *, at: datetime, tx: Tx) -> None:
        """Free what the appointment took of its slot, for whoever waits for it."""
        await self.capacity.free(appointment.slot.key, appointment.takes, tx=tx)
        await self.hand_on(appointment.slot.key, at=at, tx=tx)

    async def hand_on(self, key: str, *, at: datetime, tx: Tx) -> int:
        """Offer what is free of the slot to those who wait, as far as it goes. To how many."""
        waiting = await self.waitlist.waiting_for(key, tx=tx)
        if not waiting:
            return 0
        holds = await self.capacity.grant(
            key,
            [self._turn(entry, key, tx) for entry in waiting],
            at=at,
            lasts=self.waiting.offer_lasts,
            handover=self.waiting.handover,
            tx=tx,
        )
        entries = {entry.id: entry for entry in waiting}
        for hold in holds:
            before = entries[hold.kept_for or ""]
            await self.step(before, rules.offered(before, hold, at=at), tx=tx)
        return len(holds)

    async def offer_places(self, key: str) -> int:
        """Look at one slot's list again, whatever it was that changed. How many were offered."""
        now = self.clock.now()

        async def body(tx: Tx) -> int:
            return await self.hand_on(key, at=now, tx=tx)

        return await self.mongo.transact(body)

    def _turn(self, entry: WaitlistEntry, key: str, tx: Tx) -> Turn:
        slot = entry.slot_of(key)
        return Turn(
            hold_id=rules.next_hold_id(entry),
            kept_for=entry.id,
            customer_id=entry.customer_id,
            ref=slot.ref,
            demand=slot.demand,
            wish=self._wish_of(entry, tx),
        )

    def _wish_of(self, entry: WaitlistEntry, tx: Tx) -> Callable[[], Awaitable[Wish | None]]:
        async def wish() -> Wish | None:
            (opened,) = await self.waitlist.opened([entry], tx=tx)
            return opened.wish if opened.private else None

        return wish

    async def step(self, before: WaitlistEntry, after: WaitlistEntry, *, tx: Tx) -> None:
        """Write what became of an entry, and say so. Raises Overtaken if it changed meanwhile."""
        if not await self.waitlist.advance(before, after, tx=tx):
            raise Overtaken
        tx.record(_told(after))

    async def take_offer(self, hold: Hold, appointment: Appointment, *, tx: Tx) -> None:
        """The hold has become a promise: whoever it was kept for waits no longer."""
        if entry := await self._offered(hold, tx):
            at, id = appointment.booked_at, appointment.id
            taken = rules.ended(entry, WaitState.TAKEN, at=at, appointment_id=id)
            await self.step(entry, taken, tx=tx)

    async def decline_offer(self, hold: Hold, *, at: datetime, tx: Tx) -> None:
        """The hold was given back: whoever it was kept for has left."""
        if entry := await self._offered(hold, tx):
            await self.step(entry, rules.ended(entry, WaitState.LEFT, at=at), tx=tx)

    async def _offered(self, hold: Hold, tx: Tx) -> WaitlistEntry | None:
        """The entry that the hold was kept for, while that is offered to it."""
        entry = await self.waitlist.get(hold.kept_for, tx=tx) if hold.kept_for else None
        return entry if entry and entry.state is WaitState.OFFERED else None


def _told(entry: WaitlistEntry) -> WaitlistChanged:
    step = entry.history[-1]
    if entry.state is WaitState.OFFERED and entry.offer:
        return WaitlistOffered(
            aggregate=entry.id,
            sequence=step.sequence,
            at=step.at,
            branch_id=entry.branch_id,
            hold_id=entry.offer.hold_id,
        )
    return WaitlistChanged(
        aggregate=entry.id, sequence=step.sequence, at=step.at, branch_id=entry.branch_id
    )
