"""Changing when somebody works. What that does to their stops is asked by the room above."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from doorstep.couriers.actions.people import People
from doorstep.couriers.actions.tools import Within
from doorstep.couriers.events import HoursChanged, HoursGained, HoursLost
from doorstep.couriers.model import (
    Courier,
    Leave,
    RosterRefusal,
    RosterRefused,
    Shift,
)
from doorstep.couriers.rules import worked
from doorstep.kit.mongo.transactions import Attempt, Tx
from doorstep.kit.windows import TimeWindow, day_span

_NO: Final = (
    RosterRefused(code=RosterRefusal.NOT_FOUND, path=("id",)),
    RosterRefused(code=RosterRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",)),
)


@dataclass(frozen=True)
class Absences(People):
    """Each verb writes the courier first, so that two that overlap meet there."""

    async def shifts(self, branch_id: str, day: date) -> list[Shift]:
        """A branch's shifts that touch the day, leave not taken off."""
        found = await self.store.shifts_of_branch(branch_id, day_span(day))
        return sorted(found, key=lambda shift: (shift.start, shift.courier_id))

    async def leaves(self, branch_id: str, span: TimeWindow) -> list[Leave]:
        return await self.absences.leaves_of_branch(branch_id, span)

    async def hours(self, courier_id: str, span: TimeWindow, *, tx: Tx) -> list[Shift]:
        """What somebody works that touches the span, as the transaction sees it."""
        shifts = await self.absences.shifts(courier_id, span, tx=tx)
        return worked(shifts, await self.absences.leaves(courier_id, span, tx=tx))

    async def shift(self, id: str, *, tx: Tx | None = None) -> Shift | None:
        return await self.absences.shift(id, tx=tx)

    async def leave(self, id: str, *, tx: Tx | None = None) -> Leave | None:
        return await self.absences.leave(id, tx=tx)

    async def add_shift(
        self, wanted: Shift, attempt: Attempt, *, within: Within
    ) -> Shift | RosterRefused:
        """They work then, whatever their pattern says."""
        courier = (await self.store.get_many([wanted.courier_id])).get(wanted.courier_id)

        async def body(tx: Tx) -> Shift | RosterRefused:
            if courier is None or not within(courier.branch_id):
                return refuse(RosterRefusal.NOT_FOUND, "courierId")
            if wanted.end <= attempt.at:
                return refuse(RosterRefusal.IN_THE_PAST, "end")
            version = await self.absences.lock(courier.id, tx=tx)
            if others := await self.absences.shifts(courier.id, wanted.window, tx=tx):
                return refuse(RosterRefusal.OVERLAPS, "start", others[0])
            shift = wanted.model_copy(update={"branch_id": courier.branch_id})
            self.absences.add_shift(shift, tx=tx)
            tx.record(_said(HoursGained, courier, version, shift.window, attempt.at))
            return shift

        return await self._done(attempt, body, self.shift, _NO, wanted.courier_id)

    async def cancel_shift(
        self, courier: Courier, shift: Shift, reason: str, *, at: datetime, tx: Tx
    ) -> Shift | RosterRefused:
        """They do not work then. Who has stops in it is asked by the caller."""
        version = await self.absences.lock(courier.id, tx=tx)
        if shift.cancelled_at:
            return refuse(RosterRefusal.ALREADY_CANCELLED, "id", shift)
        if shift.end <= at:
            return refuse(RosterRefusal.IN_THE_PAST, "id", shift)
        await self.absences.cancel_shift(shift.id, at=at, reason=reason, tx=tx)
        tx.record(_said(HoursLost, courier, version, shift.window, at))
        return shift.model_copy(update={"cancelled_at": at, "reason": reason})

    async def put_leave(
        self, courier: Courier, leave: Leave, *, at: datetime, tx: Tx
    ) -> Leave | RosterRefused:
        """They are away then. Who has stops in it is asked by the caller."""
        if leave.end <= at:
            return refuse(RosterRefusal.IN_THE_PAST, "to")
        version = await self.absences.lock(courier.id, tx=tx)
        if others := await self.absences.leaves(courier.id, leave.window, tx=tx):
            return refuse(RosterRefusal.OVERLAPS, "from", others[0])
        self.absences.add_leave(leave, tx=tx)
        tx.record(_said(HoursLost, courier, version, leave.window, at))
        return leave

    async def stop_work(self, courier: Courier, leave: Leave, *, at: datetime, tx: Tx) -> None:
        """They are away from now on, whatever was said before: nobody reckons with them."""
        version = await self.absences.lock(courier.id, tx=tx)
        known = await self.absences.leaves(courier.id, leave.window, tx=tx)
        if not any(each.window.covers(leave.window) for each in known):
            self.absences.add_leave(leave, tx=tx)
            tx.record(_said(HoursLost, courier, version, leave.window, at))
        if leave.start <= at and courier.on_duty:
            await self.set_duty(courier, on_duty=False, at=at, tx=tx)

    async def cancel_leave(
        self, id: str, attempt: Attempt, *, within: Within
    ) -> Leave | RosterRefused:
        """They come after all: their shifts hold again."""

        async def body(tx: Tx) -> Leave | RosterRefused:
            leave = await self.absences.leave(id, tx=tx)
            if leave is None or not within(leave.branch_id):
                return refuse(RosterRefusal.NOT_FOUND, "id")
            if leave.cancelled_at:
                return refuse(RosterRefusal.ALREADY_CANCELLED, "id", leave)
            if leave.end <= attempt.at:
                return refuse(RosterRefusal.IN_THE_PAST, "id", leave)
            courier = (await self.store.get_many([leave.courier_id]))[leave.courier_id]
            version = await self.absences.lock(courier.id, tx=tx)
            await self.absences.cancel_leave(id, at=attempt.at, tx=tx)
            tx.record(_said(HoursGained, courier, version, leave.window, attempt.at))
            return leave.model_copy(update={"cancelled_at": attempt.at})

        return await self._done(attempt, body, self.leave, _NO, id)


def refuse(code: RosterRefusal, path: str, current: Shift | Leave | None = None) -> RosterRefused:
    return RosterRefused(code=code, path=(path,), current=current)


def _said(
    kind: type[HoursChanged], courier: Courier, version: int, span: TimeWindow, at: datetime
) -> HoursChanged:
    return kind(
        aggregate=courier.id,
        sequence=version,
        at=at,
        branch_id=courier.branch_id,
        branch_path=courier.branch_path,
        start=span.start,
        end=span.end,
    )
