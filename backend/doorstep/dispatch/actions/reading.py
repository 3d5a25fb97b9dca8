"""Rounds as they stand, and the feed that tells of their changes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date

from doorstep.appointments.model import Appointment
from doorstep.couriers.model import Courier
from doorstep.dispatch.actions.tools import Tools
from doorstep.dispatch.model import (
    FeedEntry,
    Round,
    StopState,
)


@dataclass(frozen=True)
class Change:
    """What a handheld is told: how the round of a day stands, and whether to start over."""

    sequence: int
    round: Round
    resync: bool = False


@dataclass(frozen=True)
class Reading(Tools):
    """Nothing here changes anything."""

    async def round(self, id: str) -> Round | None:
        return (await self.rounds.get_many([id])).get(id)

    async def round_of(self, courier: Courier, day: date) -> Round:
        return await self.rounds.get(courier.id, courier.branch_id, day)

    async def follow(
        self, courier: Courier, today: date, *, after: int | None
    ) -> AsyncIterator[Change]:
        """Every change of the courier's rounds past `after`: the missed ones in order, then each
        new one as it is committed. Whoever missed more than is kept, or claims to know more than
        there is, is told once to start over.
        """
        with self.hub.listen(courier.id) as bell:
            head = await self.rounds.head(courier.id)
            told = head if after is None else after
            if told > head or await self._too_old(courier.id, told, head):
                told = head
                round = await self.rounds.get(courier.id, courier.branch_id, today)
                yield Change(head, round, resync=True)
            while True:
                entries = await self.rounds.entries(
                    courier.id, after=told, most=self.policy.most_replayed
                )
                for change in await self._changes(courier, entries):
                    told = change.sequence
                    yield change
                if not entries:
                    await bell.heard()

    async def _too_old(self, courier_id: str, told: int, head: int) -> bool:
        if told >= head:
            return False
        first = await self.rounds.entries(courier_id, after=told, most=1)
        return not first or first[0].sequence > told + 1

    async def _changes(self, courier: Courier, entries: Sequence[FeedEntry]) -> list[Change]:
        rounds = {
            day: await self.rounds.get(courier.id, courier.branch_id, day)
            for day in {entry.day for entry in entries}
        }
        return [Change(entry.sequence, rounds[entry.day]) for entry in entries]

    async def visible_appointments(self, round: Round) -> dict[str, Appointment]:
        """What hangs on a round's stops; a tombstone hangs on nothing."""
        ids = {stop.appointment_id for stop in round.stops if stop.state is not StopState.REMOVED}
        return await self.appointments.load(ids)
