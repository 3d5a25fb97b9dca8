"""Minding how customers keep their promises: marks, what follows from them, and appeals."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from doorstep.appointments import rules
from doorstep.appointments.actions.tools import NotReadableYet, Tools
from doorstep.appointments.events import AppointmentEvent, ConductChanged
from doorstep.appointments.model import (
    Appointment,
    BookingRefused,
    ConductMark,
    ConductRefusal,
    ConductRefused,
    EventKind,
    Standing,
    Verdict,
)
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.mongo.transactions import Attempt, Overtaken, Repeated, Reused, Tx
from doorstep.kit.pages import Ask as PageAsk
from doorstep.kit.pages import Page

_KEY: Final = ("idempotencyKey",)
_MOST_SHOWN: Final = 100


@dataclass(frozen=True)
class Minding(Tools):
    """What is asked before a booking."""

    async def standing_of(self, customer_id: str, *, at: datetime) -> Standing:
        marks = await self.marks.standing_of(customer_id, at)
        return rules.standing_of(marks, at, self.conduct)

    async def judge_customer(
        self, customer_id: str, services: Iterable[ServiceKind], *, at: datetime
    ) -> Standing | BookingRefused:
        """How the customer stands, if that is well enough to book."""
        standing = await self.standing_of(customer_id, at=at)
        if refused := rules.judge_conduct(standing, services, self.conduct):
            return refused
        return await self._too_many_open(customer_id, standing, services) or standing

    async def judge_again(
        self, customer_id: str, standing: Standing, services: Iterable[ServiceKind], *, tx: Tx
    ) -> BookingRefused | None:
        """Of a customer who is limited, two bookings at once are judged one after the other."""
        if not rules.is_limited(standing, services, self.conduct):
            return None
        await self.marks.lock(customer_id, tx=tx)
        return await self._too_many_open(customer_id, standing, services, tx=tx)

    async def _too_many_open(
        self,
        customer_id: str,
        standing: Standing,
        services: Iterable[ServiceKind],
        *,
        tx: Tx | None = None,
    ) -> BookingRefused | None:
        if not rules.is_limited(standing, services, self.conduct):
            return None
        count = await self.store.open_of(customer_id, self.conduct.exempt, tx=tx)
        return rules.judge_open(count, standing, self.conduct)


@dataclass(frozen=True)
class Conduct(Minding):
    """Nothing counts against anybody that they cannot see, and object to."""

    # ------------------------------------------------------------ what counts

    async def mind(self, event: AppointmentEvent) -> None:
        """Mark what deserves it, and withdraw what was a mis-tap. Harmless when repeated."""
        appointment = await self.store.get(event.aggregate)
        if appointment is None:
            return
        if appointment.sequence < event.sequence:
            raise NotReadableYet(event.aggregate)
        step = next(each for each in appointment.history if each.sequence == event.sequence)
        if step.kind is EventKind.UNDONE:
            await self._withdraw(rules.mark_id(appointment.id, event.sequence - 1), event.at)
        elif step.kind in (EventKind.FAILED, EventKind.CANCELLED):
            await self._mark(appointment, event.sequence, step.at)

    async def _mark(self, appointment: Appointment, sequence: int, at: datetime) -> None:
        since = at - self.conduct.cancels_within
        cancelled = await self.store.cancelled_of(appointment.customer_id, since)
        earlier = rules.cancels_before(appointment, at, cancelled, self.conduct)
        mark = rules.mark_of(appointment, sequence, earlier, self.conduct)
        if mark is None:
            return

        async def body(tx: Tx) -> None:
            if await self.marks.get(mark.id, tx=tx) is None:
                await self.marks.add(mark, tx=tx)
                tx.record(_told(mark, self.clock.now()))

        await self.mongo.transact(body)

    async def _withdraw(self, id: str, at: datetime) -> None:
        async def body(tx: Tx) -> None:
            before = await self.marks.get(id, tx=tx)
            after = rules.withdrawn(before) if before else None
            if before and after:
                await self._step(before, after, at, tx)

        await self.mongo.transact(body)

    async def _step(self, before: ConductMark, after: ConductMark, at: datetime, tx: Tx) -> None:
        if not await self.marks.advance(before, after, tx=tx):
            raise Overtaken
        tx.record(_told(after, at))

    # ------------------------------------------------------------ reading

    async def marks_of(self, customer_id: str) -> list[ConductMark]:
        """Everything that was ever held against them and is not forgotten, the latest first."""
        return await self.marks.of_customer(customer_id, _MOST_SHOWN)

    async def mark(self, id: str) -> ConductMark | None:
        return await self.marks.get(id)

    async def open_appeals(self, path: str, ask: PageAsk) -> Page[ConductMark]:
        return await self.marks.under_appeal(path, ask)

    async def count_open_appeals(self, path: str) -> int:
        return await self.marks.count_under_appeal(path)

    # ------------------------------------------------------------ appeals

    async def appeal(
        self, id: str, customer_id: str, reason: str, attempt: Attempt
    ) -> ConductMark | ConductRefused:
        """Object to a mark. It counts on until a supervisor has decided."""

        async def body(tx: Tx) -> ConductMark | ConductRefused:
            found = await self.marks.get(id, tx=tx)
            before = found if found and found.customer_id == customer_id else None
            after = rules.appealed(before, reason, at=attempt.at)
            if before and isinstance(after, ConductMark):
                await self._step(before, after, attempt.at, tx)
            return after

        return await self._answered(await self.mongo.once(attempt, body))

    async def decide(
        self, id: str, verdict: Verdict, reason: str, attempt: Attempt, *, by: str, may: bool
    ) -> ConductMark | ConductRefused:
        """Uphold a mark, or strike it. `may`: whether it lies in the caller's part."""

        async def body(tx: Tx) -> ConductMark | ConductRefused:
            before = await self.marks.get(id, tx=tx) if may else None
            after = rules.decided(before, verdict, reason, at=attempt.at, by=by)
            if before and isinstance(after, ConductMark):
                await self._step(before, after, attempt.at, tx)
            return after

        return await self._answered(await self.mongo.once(attempt, body))

    async def _answered(
        self, outcome: ConductMark | ConductRefused | Repeated | Reused
    ) -> ConductMark | ConductRefused:
        match outcome:
            case Repeated(id):
                if found := await self.marks.get(id):
                    return found
                raise NotReadableYet(id)
            case Reused():
                return ConductRefused(code=ConductRefusal.IDEMPOTENCY_KEY_REUSED, path=_KEY)
        return outcome


def _told(mark: ConductMark, at: datetime) -> ConductChanged:
    return ConductChanged(
        aggregate=mark.id, sequence=mark.sequence, at=at, branch_id=mark.branch_id
    )
