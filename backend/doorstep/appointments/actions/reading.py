"""Reading promises, and following what becomes of them."""

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime

from doorstep.appointments import rules
from doorstep.appointments.actions.tools import Tools
from doorstep.appointments.model import (
    Appointment,
    HistoryEntry,
    Status,
    Unkept,
)
from doorstep.appointments.rules import Sight, Viewer
from doorstep.kit.pages import Ask as PageAsk
from doorstep.kit.pages import Page


@dataclass(frozen=True)
class Change:
    """One thing that happened to an appointment; without `entry` only its ETA did, or the reader
    must start over.
    """

    sequence: int
    entry: HistoryEntry | None
    appointment: Appointment
    resync: bool = False


@dataclass(frozen=True)
class Reading(Tools):
    """Whoever reads is shown no more than is theirs."""

    async def seen(self, id: str, viewer: Viewer) -> tuple[Appointment, Sight] | None:
        """The appointment, if it is theirs to see. Someone else's looks exactly like none."""
        appointment = await self.store.get(id)
        sight = rules.sight_of(appointment, viewer, at=self.clock.now()) if appointment else None
        return (appointment, sight) if appointment and sight else None

    async def in_use(self, address_id: str, customer_id: str) -> bool:
        """Whether an open appointment goes to this address, or one that is waited for would."""
        waiting = await self.waitlist.live_of(customer_id)
        return any(entry.address_id == address_id for entry in waiting) or (
            await self.store.in_use(address_id, customer_id)
        )

    async def ending_between(
        self, first: datetime, last: datetime, statuses: Collection[Status]
    ) -> list[Appointment]:
        """Whose window ends in (first, last], in one of these statuses."""
        return await self.store.ending_between(first, last, statuses)

    async def bound_for(self, address_id: str, customer_id: str, first: date) -> list[str]:
        """The open appointments that go to this address on that day or later."""
        return await self.store.bound_for(address_id, customer_id, first)

    async def unanswered(self, at: datetime, most: int) -> list[str]:
        """The appointments whose courier was asked about another door and has not answered."""
        return await self.store.unanswered(at, most)

    async def of_days(
        self, branch_ids: Collection[str], first: date, last: date
    ) -> list[Appointment]:
        """All of these branches' days, both days included, but for what was cancelled."""
        return await self.store.of_days(branch_ids, first, last)

    async def unkept(self, branch_id: str, first: date, last: date, at: datetime) -> list[Unkept]:
        """The promises of these days, both included, whose window had ended by then, and nobody
        was there.
        """
        return await self.store.unkept(branch_id, first, last, at)

    async def of_customer(
        self, customer_id: str, ask: PageAsk, statuses: Collection[Status] | None
    ) -> Page[Appointment]:
        return await self.store.of_customer(customer_id, ask, statuses)

    async def of_branch_day(
        self,
        branch_id: str,
        day: date,
        ask: PageAsk,
        statuses: Collection[Status] | None,
        *,
        unassigned: bool = False,
    ) -> Page[Appointment]:
        return await self.store.of_branch_day(branch_id, day, ask, statuses, unassigned=unassigned)

    async def count_of_customer(self, customer_id: str, statuses: Collection[Status] | None) -> int:
        return await self.store.count_of_customer(customer_id, statuses)

    async def count_of_branch_day(
        self,
        branch_id: str,
        day: date,
        statuses: Collection[Status] | None,
        *,
        unassigned: bool = False,
    ) -> int:
        return await self.store.count_of_branch_day(branch_id, day, statuses, unassigned=unassigned)

    async def follow(
        self, id: str, may_see: Callable[[Appointment], bool], *, after: int | None
    ) -> AsyncIterator[Change]:
        """Every entry of the history past `after`: the missed ones in order, then each new one; and
        from now on each new ETA, which has no entry.

        The bell is hung before the first reading, so nothing falls between the two. A reader who
        claims to know more than has happened starts over. Ends when it is theirs no longer.
        """
        with self.hub.listen(id) as bell:
            told, known = after, None
            while (appointment := await self.store.get(id)) and may_see(appointment):
                if told is None:
                    told = appointment.sequence
                elif told > appointment.sequence:
                    told = appointment.sequence
                    yield Change(told, None, appointment, resync=True)
                elif known and _is_another_eta(known, appointment):
                    yield Change(told, None, appointment)
                for entry in appointment.history:
                    if entry.sequence > told:
                        told = entry.sequence
                        yield Change(told, entry, appointment)
                known = appointment
                await bell.heard()


def _is_another_eta(before: Appointment, after: Appointment) -> bool:
    """Whether nothing happened but that the ETA is another."""
    return before.sequence == after.sequence and before.eta != after.eta
