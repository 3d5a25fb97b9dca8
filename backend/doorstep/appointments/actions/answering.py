"""Answering an offer: taking another slot, or none; and what becomes of it without an answer."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from doorstep.accounts.model import Role
from doorstep.appointments import rules
from doorstep.appointments.actions.changing import Changing
from doorstep.appointments.actions.finding import Finding
from doorstep.appointments.events import (
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentReofferLapsed,
    AppointmentReofferWithdrawn,
    AppointmentRescheduled,
)
from doorstep.appointments.model import (
    WAITING,
    Appointment,
    Reoffer,
    ReofferRefusal,
    ReofferRefused,
    ReofferRun,
    ReofferState,
)
from doorstep.capacity.actions import SlotView
from doorstep.capacity.model import Ask, NoPlace, NotTaken, SlotRef
from doorstep.kit.batches import batched
from doorstep.kit.mongo.transactions import Attempt, Overtaken, Repeated, Reused, Tx

_KEY: Final = ("idempotencyKey",)
_NO_PLACE: Final = {
    NoPlace.FULL: ReofferRefusal.SLOT_FULL,
    NoPlace.NO_COURIER: ReofferRefusal.NOT_OFFERED,
    NoPlace.NO_VEHICLE: ReofferRefusal.NOT_OFFERED,
    NoPlace.HOLD_EXPIRED: ReofferRefusal.LAPSED,
    NoPlace.GONE: ReofferRefusal.NOT_OFFERED,
}
_TELLS: Final[dict[ReofferState, type[AppointmentEvent]]] = {
    ReofferState.LAPSED: AppointmentReofferLapsed,
    ReofferState.WITHDRAWN: AppointmentReofferWithdrawn,
}
_ENDED_AT_ONCE: Final = 1000
_SLOTS_AT_ONCE: Final = 8
_TOGETHER: Final = 32


@dataclass(frozen=True)
class Answering(Finding, Changing):
    """An answer moves the promise by the way of any other change, and counts against nobody."""

    async def reoffer_of(self, id: str) -> Reoffer | None:
        return await self.reoffers.get(id)

    async def reoffers_of(self, appointment_ids: Sequence[str]) -> dict[str, Reoffer]:
        """The last that each appointment was offered."""
        return await self.reoffers.latest_of(appointment_ids) if appointment_ids else {}

    async def offers_of_run(self, run: ReofferRun) -> dict[str, Reoffer]:
        """What was offered by an order, or before it to those it would have offered to."""
        ids = [each.reoffer_id for each in run.outcomes or () if each.reoffer_id]
        return await self.reoffers.get_many(ids)

    async def slots_offered(self, reoffer: Reoffer) -> list[SlotView]:
        """What was offered as it looks to its customer: what is kept for them is open."""
        appointment = await self.store.get(reoffer.appointment_id)
        if appointment is None:
            return []
        at = self.clock.now()
        hold = reoffer.id if reoffer.is_open(at) else None
        views = [
            await self.capacity.view(
                ref, appointment.wish, at=at, hold_id=hold if ref == reoffer.held else None
            )
            for ref in reoffer.slots
        ]
        return [view for view in views if view]

    async def instead_of(self, reoffer: Reoffer) -> list[SlotView]:
        """What could be had now, when what was offered cannot."""
        appointment = await self.store.get(reoffer.appointment_id)
        area = await self.addresses.area(appointment.area_id) if appointment else None
        if appointment is None or area is None:
            return []
        key = reoffer.instead_of.key
        return await self.capacity.open_slots(
            area,
            appointment.wish,
            at=self.clock.now(),
            most=self.reoffering.most_slots,
            not_key=key,
        )

    async def accept_reoffer(
        self, id: str, customer_id: str, slot: SlotRef | None, attempt: Attempt, *, by_role: Role
    ) -> Appointment | ReofferRefused:
        """Take the place that is kept, or another slot. The new place before the old is freed."""
        outcome = await self._reoffer_answered_before(attempt) or await self._accept_reoffer(
            id, customer_id, slot, attempt, by_role=by_role
        )
        if isinstance(outcome, ReofferRefused):
            return await self._reoffer_answered_before(attempt) or outcome
        return outcome

    async def _reoffer_answered_before(
        self, attempt: Attempt
    ) -> Appointment | ReofferRefused | None:
        told = await self.mongo.answered(attempt)
        return await self._answered_again(told) if told else None

    async def _answered_again(self, told: Repeated | Reused) -> Appointment | ReofferRefused:
        if isinstance(told, Reused):
            return ReofferRefused(code=ReofferRefusal.IDEMPOTENCY_KEY_REUSED, path=_KEY)
        return await self._promised(told.id)

    async def _accept_reoffer(
        self, id: str, customer_id: str, slot: SlotRef | None, attempt: Attempt, *, by_role: Role
    ) -> Appointment | ReofferRefused:
        judged = await self._judged_answer(id, customer_id, attempt, needs_place=slot is None)
        if isinstance(judged, ReofferRefused):
            return judged
        reoffer, before = judged
        target = slot or reoffer.held
        kept = target.key == reoffer.held.key and reoffer.is_open(attempt.at)
        view = await self._view_of(target, before, reoffer, attempt, kept=kept)
        if isinstance(view, ReofferRefused):
            return view

        def moved(appointment: Appointment) -> Appointment:
            return rules.moved_to(
                appointment,
                view.slot,
                takes=view.demand,
                cancellable_until=view.cancellable_until,
                at=attempt.at,
                by_role=by_role,
            )

        if attempt.dry:
            return moved(before)

        async def write(tx: Tx) -> Appointment | ReofferRefused:
            again = await self._judged_answer(
                id, customer_id, attempt, needs_place=slot is None, tx=tx
            )
            if isinstance(again, ReofferRefused):
                return again
            offered, current = again
            after = moved(current)
            # What was kept in the very slot that is taken goes with taking it, lapsed or not.
            elsewhere = target.key != reoffer.held.key
            await self._end_reoffer(offered, ReofferState.TAKEN, attempt, give_up=elsewhere, tx=tx)
            await self.save([(current, after)], AppointmentRescheduled, tx=tx)
            await self.give_back(current, at=attempt.at, tx=tx)
            return after

        hold = reoffer.id if kept else None
        ask = Ask(id=before.id, at=attempt.at, demand=view.demand, hold_id=hold)
        outcome = await self.capacity.take(target, ask, attempt, write)
        return await self._answered_reoffer(outcome, reoffer)

    async def _judged_answer(
        self,
        id: str,
        customer_id: str,
        attempt: Attempt,
        *,
        needs_place: bool,
        tx: Tx | None = None,
    ) -> tuple[Reoffer, Appointment] | ReofferRefused:
        reoffer = await self.reoffers.get(id, tx=tx)
        if reoffer and reoffer.customer_id != customer_id:
            reoffer = None
        appointment = await self.store.get(reoffer.appointment_id, tx=tx) if reoffer else None
        refused = rules.judge_answer(reoffer, appointment, needs_place=needs_place, at=attempt.at)
        if refused:
            return refused
        assert reoffer is not None
        assert appointment is not None
        # Nobody withdraws what has lapsed; yet when the way is free again the promise is as binding
        # as any other.
        lapsed = not reoffer.is_open(attempt.at)
        if lapsed and not await self.affected_of([appointment.id], ("",)):
            return ReofferRefused(
                code=ReofferRefusal.WITHDRAWN, path=("reofferId",), current=reoffer
            )
        return reoffer, appointment

    async def _view_of(
        self,
        target: SlotRef,
        before: Appointment,
        reoffer: Reoffer,
        attempt: Attempt,
        *,
        kept: bool,
    ) -> SlotView | ReofferRefused:
        hold = reoffer.id if kept else None
        view = await self.capacity.view(target, before.wish, at=attempt.at, hold_id=hold)
        code = None
        if (
            view is None
            or view.too_far
            or target.area_id != before.area_id
            or not before.services <= target.services
            or target.key == before.slot.key
        ):
            code = ReofferRefusal.NOT_OFFERED
        elif view.closed:
            code = rules.CLOSED_TO_REOFFER[view.closed]
        if code:
            return ReofferRefused(code=code, path=("slotId",), current=reoffer)
        assert view is not None
        return view

    async def _answered_reoffer(
        self, outcome: object, reoffer: Reoffer
    ) -> Appointment | ReofferRefused:
        match outcome:
            case Appointment() | ReofferRefused():
                return outcome
            case NotTaken(code=code):
                return ReofferRefused(code=_NO_PLACE[code], path=("slotId",), current=reoffer)
            case Repeated() | Reused():
                return await self._answered_again(outcome)
        raise AssertionError(outcome)

    async def decline_reoffer(
        self, id: str, customer_id: str, attempt: Attempt
    ) -> Appointment | ReofferRefused:
        """Neither the old window nor another: both places are free, and nobody is blamed."""

        async def body(tx: Tx) -> Appointment | ReofferRefused:
            judged = await self._judged_answer(id, customer_id, attempt, needs_place=False, tx=tx)
            if isinstance(judged, ReofferRefused):
                return judged
            reoffer, before = judged
            after = rules.declined(before, reoffer, at=attempt.at)
            await self._end_reoffer(reoffer, ReofferState.DECLINED, attempt, tx=tx)
            await self.save([(before, after)], AppointmentCancelled, tx=tx)
            await self.give_back(before, at=attempt.at, tx=tx)
            return after

        outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Repeated | Reused):
            return await self._answered_again(outcome)
        return outcome

    async def _end_reoffer(
        self,
        before: Reoffer,
        state: ReofferState,
        attempt: Attempt,
        *,
        give_up: bool = True,
        tx: Tx,
    ) -> Reoffer:
        """Raises Overtaken: another hand was quicker."""
        after = rules.reoffer_ended(before, state, at=attempt.at)
        if not await self.reoffers.advance(before, after, tx=tx):
            raise Overtaken
        if give_up and before.state is ReofferState.OPEN:
            await self._free_kept([before], at=attempt.at, tx=tx)
        return after

    async def _free_kept(self, ended: Sequence[Reoffer], *, at: datetime, tx: Tx) -> None:
        """Free what was kept for them in the one slot of the first, for whoever waits for it."""
        held = ended[0].held
        await self.capacity.give_up(held, [each.id for each in ended], tx=tx)
        await self.hand_on(held.key, at=at, tx=tx)

    # ------------------------------------------------------------ without an answer

    async def end_lapsed_reoffers(self) -> int:
        """Offers that nobody answered in time. The promise stands as it stood: it is for the desk
        to care. How many there were.
        """
        found = await self.reoffers.lapsed(self.clock.now(), _ENDED_AT_ONCE)
        return await self._end_all(found, ReofferState.LAPSED)

    async def withdraw_reoffers(self, found: Sequence[Reoffer]) -> int:
        """Take back what is not needed any more."""
        return await self._end_all(found, ReofferState.WITHDRAWN)

    async def heed_changed(self, event: AppointmentEvent) -> None:
        """Who helped themselves, or was visited after all, needs our offer no longer."""
        reoffer = await self.reoffers.open_of(event.aggregate)
        appointment = await self.store.get(event.aggregate) if reoffer else None
        if reoffer is None or appointment is None:
            return
        stands = appointment.status in WAITING and appointment.slot.key == reoffer.instead_of.key
        if not stands:
            await self.withdraw_reoffers([reoffer])

    async def _end_all(self, found: Sequence[Reoffer], state: ReofferState) -> int:
        """Those whose places are kept in one slot go together, in turn: never many transactions
        after one document.
        """
        by_slot: dict[str, list[Reoffer]] = defaultdict(list)
        for reoffer in found:
            by_slot[reoffer.held.key].append(reoffer)
        few = asyncio.Semaphore(_SLOTS_AT_ONCE)

        async def end(theirs: list[Reoffer]) -> int:
            async with few:
                return sum(
                    [await self._end_some(some, state) for some in batched(theirs, _TOGETHER)]
                )

        return sum(await asyncio.gather(*(end(theirs) for theirs in by_slot.values())))

    async def _end_some(self, some: Sequence[Reoffer], state: ReofferState) -> int:
        """Judged on what stands now: one may have been answered since it was looked up."""
        at = self.clock.now()

        async def body(tx: Tx) -> int:
            open_ones = await self.reoffers.open_among([each.id for each in some], tx=tx)
            if not open_ones:
                return 0
            ended = [rules.reoffer_ended(each, state, at=at) for each in open_ones]
            if not await self.reoffers.end_many(ended, tx=tx):
                raise Overtaken
            await self._free_kept(ended, at=at, tx=tx)
            whole = await self.store.get_many([each.appointment_id for each in ended], tx=tx)
            stories = [
                (before, rules.told_of_end(before, each, at=at))
                for each in ended
                if (before := whole.get(each.appointment_id))
            ]
            steps = [(before, after) for before, after in stories if after]
            await self.save(steps, _TELLS[state], tx=tx)
            return len(ended)

        return await self.mongo.transact(body)
