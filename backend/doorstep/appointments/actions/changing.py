"""Changing a promise: another window, or none."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from doorstep.appointments import rules
from doorstep.appointments.actions.handing import Handing
from doorstep.appointments.events import (
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentForeseen,
    AppointmentRescheduled,
)
from doorstep.appointments.model import (
    Appointment,
    ChangeRefusal,
    ChangeRefused,
    EventKind,
)
from doorstep.capacity.actions import SlotView
from doorstep.capacity.model import Ask, NoPlace, NotTaken, SlotRef
from doorstep.kit.mongo.transactions import (
    Attempt,
    Overtaken,
    Repeated,
    Reused,
    Tx,
)

_KEY: Final = ("idempotencyKey",)
_NO_CHANGE: Final = {
    NoPlace.FULL: ChangeRefusal.SLOT_FULL,
    NoPlace.NO_COURIER: ChangeRefusal.NOT_OFFERED,
    NoPlace.NO_VEHICLE: ChangeRefusal.NOT_OFFERED,
    NoPlace.HOLD_EXPIRED: ChangeRefusal.SLOT_FULL,
    NoPlace.GONE: ChangeRefusal.NOT_OFFERED,
}


@dataclass(frozen=True)
class Changing(Handing):
    """Rescheduling and cancelling, and what rooms above do to a promise."""

    async def reschedule(
        self,
        id: str,
        customer_id: str,
        slot: SlotRef,
        attempt: Attempt,
        *,
        expected_version: int,
        by_role: Any,
        reason: str | None,
    ) -> Appointment | ChangeRefused:
        """Another window: the new place is taken before the old one is given back."""
        outcome = await self._changed_before(attempt) or await self._reschedule(
            id,
            customer_id,
            slot,
            attempt,
            expected_version=expected_version,
            by_role=by_role,
            reason=reason,
        )
        if isinstance(outcome, ChangeRefused):
            return await self._changed_before(attempt) or outcome
        return outcome

    async def _changed_before(self, attempt: Attempt) -> Appointment | ChangeRefused | None:
        told = await self.mongo.answered(attempt)
        return await self._changed(told, None) if told else None

    async def _reschedule(
        self,
        id: str,
        customer_id: str,
        slot: SlotRef,
        attempt: Attempt,
        *,
        expected_version: int,
        by_role: Any,
        reason: str | None,
    ) -> Appointment | ChangeRefused:
        def judged(found: Appointment | None) -> Appointment | ChangeRefused:
            return rules.changeable(
                found,
                EventKind.RESCHEDULED,
                expected_version=expected_version,
                at=attempt.at,
                policy=self.policy,
            )

        before = judged(await self._of_customer(id, customer_id))
        if isinstance(before, ChangeRefused):
            return before
        view = await self._other_slot(before, slot, attempt.at)
        if isinstance(view, ChangeRefused):
            return view

        def rescheduled(appointment: Appointment) -> Appointment:
            return rules.rescheduled(
                appointment,
                view.slot,
                takes=view.demand,
                cancellable_until=view.cancellable_until,
                at=attempt.at,
                by_role=by_role,
                reason=reason,
            )

        if attempt.dry:
            return rescheduled(before)

        async def write(tx: Tx) -> Appointment | ChangeRefused:
            # Read again: an offer may have come meanwhile, which is no change of version.
            current = judged(await self._of_customer(id, customer_id, tx=tx))
            if isinstance(current, ChangeRefused):
                return current
            after = rescheduled(current)
            await self.save([(current, after)], AppointmentRescheduled, tx=tx)
            await self.give_back(current, at=attempt.at, tx=tx)
            return after

        ask = Ask(id=id, at=attempt.at, demand=view.demand)
        outcome = await self.capacity.take(slot, ask, attempt, write)
        return await self._changed(outcome, before)

    async def _other_slot(
        self, before: Appointment, slot: SlotRef, at: datetime
    ) -> SlotView | ChangeRefused:
        view = await self.capacity.view(slot, before.wish, at=at)
        not_offered = (
            view is None
            or view.too_far
            or slot.area_id != before.area_id
            or not before.services <= slot.services
            or slot.key == before.slot.key
        )
        if view is None or not_offered:
            return ChangeRefused(code=ChangeRefusal.NOT_OFFERED, path=("slotId",), current=before)
        if view.closed:
            return ChangeRefused(
                code=rules.CLOSED_TO_CHANGE[view.closed], path=("slotId",), current=before
            )
        return view

    async def cancel(
        self,
        id: str,
        customer_id: str,
        attempt: Attempt,
        *,
        expected_version: int,
        by_role: Any,
        reason: str | None,
    ) -> Appointment | ChangeRefused:
        """Take the promise back, and free its place in the same breath."""

        async def body(tx: Tx) -> Appointment | ChangeRefused:
            before = rules.changeable(
                await self._of_customer(id, customer_id, tx=tx),
                EventKind.CANCELLED,
                expected_version=expected_version,
                at=attempt.at,
                policy=self.policy,
            )
            if isinstance(before, ChangeRefused):
                return before
            after = rules.moved(
                before,
                EventKind.CANCELLED,
                at=attempt.at,
                recorded_at=attempt.at,
                by_role=by_role,
                note=reason,
                cancel_reason=reason,
                offered_to=None,
            )
            assert after is not None
            await self.save([(before, after)], AppointmentCancelled, tx=tx)
            await self.give_back(before, at=attempt.at, tx=tx)
            return after

        outcome = await self.mongo.once(attempt, body)
        return await self._changed(outcome, None)

    async def _changed(
        self, outcome: object, before: Appointment | None
    ) -> Appointment | ChangeRefused:
        match outcome:
            case ChangeRefused(code=ChangeRefusal.STALE_VERSION, current=Appointment(id=id)):
                current = await self.store.get(id)
                return outcome.model_copy(update={"current": current})
            case Appointment() | ChangeRefused():
                return outcome
            case NotTaken(code=code):
                return ChangeRefused(code=_NO_CHANGE[code], path=("slotId",), current=before)
            case Repeated(id):
                return await self._promised(id)
            case Reused():
                return ChangeRefused(code=ChangeRefusal.IDEMPOTENCY_KEY_REUSED, path=_KEY)
        raise AssertionError(outcome)

    async def last_courier(self, customer_id: str) -> str | None:
        """Who came to this customer last, and did all there was to do."""
        return await self.store.last_courier(customer_id)

    async def load(self, ids: Collection[str], *, tx: Tx | None = None) -> dict[str, Appointment]:
        return await self.store.get_many(ids, tx=tx) if ids else {}

    async def save(
        self,
        steps: Sequence[tuple[Appointment, Appointment]],
        event: type[AppointmentEvent] | None,
        *,
        tx: Tx,
    ) -> None:
        """Write what was decided, and say so. Raises Overtaken if one was changed meanwhile.

        Of the two places of a change of address that is decided by it, one goes back.
        What leaves no entry in the history (an offer) is nobody else's news.
        """
        if not await self.store.advance(steps, tx=tx):
            raise Overtaken
        for before, after in steps:
            if back := rules.given_back(before, after):
                await self.capacity.free(back.key, back.demand, visits=back.visits, tx=tx)
                await self.hand_on(back.key, at=after.history[-1].recorded_at, tx=tx)
            for told in event.since(after, before.sequence) if event else ():
                tx.record(told)

    async def foresee(
        self, etas: Sequence[tuple[Appointment, datetime]], *, at: datetime, tx: Tx
    ) -> None:
        """Keep when each will be visited, and say so. It is no change of version, and no entry of
        the history. Raises Overtaken if one was changed meanwhile.
        """
        steps = [(each, each.model_copy(update={"eta": eta})) for each, eta in etas]
        await self.save(steps, None, tx=tx)
        for each, _ in etas:
            tx.record(
                AppointmentForeseen(
                    aggregate=each.id, sequence=each.sequence, at=at, branch_id=each.branch_id
                )
            )
