"""The house asks one courier after another."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from doorstep.appointments.model import Appointment, Status
from doorstep.couriers.model import Courier
from doorstep.dispatch import rules
from doorstep.dispatch.actions.surveying import Surveying
from doorstep.dispatch.actions.travelling import Travelling
from doorstep.dispatch.events import OfferUntaken
from doorstep.dispatch.model import (
    Assignment,
    Ending,
)
from doorstep.dispatch.rules import Choice, Promised
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import TimeWindow, local_day

_SWEPT_AT_ONCE: Final = 200
P = TypeVar("P", bound=Promised)


@dataclass(frozen=True)
class Offering(Surveying, Travelling):
    """Whose way it lengthens least first, each until they answer or the time is up."""

    async def offer_next(
        self, appointment_id: str, *, unless_after: int | None = None
    ) -> Assignment | None:
        """Ask the courier whose way it lengthens least, of those who were not asked yet.

        None: nobody is left, or nothing is to be asked. Harmless when repeated: who is being asked
        is asked once, and what has happened `unless_after` that entry of the history has its own
        consequences.
        """
        now = self.clock.now()
        id = new_id("asg")
        await self._learn_around(appointment_id, now)

        async def body(tx: Tx) -> Assignment | None:
            appointment = (await self.appointments.load([appointment_id], tx=tx)).get(
                appointment_id
            )
            if appointment is None or appointment.status is not Status.BOOKED:
                return None
            if unless_after is not None and appointment.sequence > unless_after:
                return None
            if await self.assignments.active_for([appointment_id], tx=tx):
                return None
            if await self.appointments.cannot_be_kept(appointment, tx=tx):
                return None
            choice, courier = await self._next_courier(appointment, now, tx)
            if courier is None or choice.place is None:
                tx.record(
                    OfferUntaken(aggregate=appointment_id, sequence=appointment.sequence, at=now)
                )
                return None
            shifts = await self.couriers.next_shifts(courier.id, now)
            until = rules.answer_by(appointment.window, shifts, self.policy, at=now)
            assignment = rules.offer(
                id,
                appointment,
                courier,
                at=now,
                answer_by=until,
                found=choice,
                most_explained=self.policy.most_explained,
            )
            offered = appointment.model_copy(update={"offered_to": courier.id})
            await self.appointments.save([(appointment, offered)], None, tx=tx)
            await self.put_on_round(
                assignment, appointment, courier, now, tx, before=choice.place.before
            )
            return assignment

        async with self.at_once:
            return await self.mongo.transact(body)

    async def _learn_around(self, appointment_id: str, now: datetime) -> None:
        """The ways to its door from the places nearby; nothing is read where there is no router."""
        if self.learned.router is None:
            return
        appointment = (await self.appointments.load([appointment_id])).get(appointment_id)
        call = rules.call_of(appointment) if appointment else None
        if appointment is None or call is None:
            return
        boat = await self.boat_to(appointment)
        survey = await self.survey(call, appointment.branch_id, boat, now=now, tx=None)
        most = self.policy.most_neighbours
        for vehicle, points in rules.neighbours(survey.lines, call.where, most).items():
            await self.learn([call.where, *points], vehicle)

    async def offer_anew(
        self, span: TimeWindow, path: str = "", area_ids: Collection[str] = ()
    ) -> None:
        """Nothing is in the way any more: ask for those that nobody has, nor is asked about, what
        is most urgent first.
        """
        for promise in await self._ordered(
            await self.appointments.unasked_in(span, path, area_ids), self.clock.now()
        ):
            await self.offer_next(promise.id)

    async def _ordered(self, promises: Iterable[P], now: datetime) -> list[P]:
        deadlines = await self.capacity.catalogue.deadlines(local_day(now))
        return rules.first_things_first(promises, now=now, deadlines=deadlines)

    async def _next_courier(
        self, appointment: Appointment, now: datetime, tx: Tx
    ) -> tuple[Choice, Courier | None]:
        """Whose way it lengthens least, and why it is none of the others."""
        considered = await self.considered(appointment, now, tx)
        if considered is None:
            return Choice(None, ()), None
        survey, wanted = considered
        choice = survey.choose(wanted, round(self.policy.usual_courier_worth.total_seconds()))
        place = choice.place
        return choice, await self.couriers.get(place.courier_id) if place else None

    async def end_lapsed(self) -> int:
        """Offers that nobody answered in time come to nothing. How many did.

        The most urgent first: who is asked next is asked in the order in which offers end.
        """
        now = self.clock.now()
        lapsed = await self.assignments.lapsed(now, _SWEPT_AT_ONCE)
        promises = await self.appointments.load({each.appointment_id for each in lapsed})
        ordered = await self._ordered(promises.values(), now)
        rank = {promise.id: number for number, promise in enumerate(ordered)}
        for assignment in sorted(lapsed, key=lambda each: rank.get(each.appointment_id, 0)):
            await self.mongo.transact(lambda tx, a=assignment: self.lapse(a, now, tx))  # type: ignore[misc]
        return len(lapsed)

    async def lapse(self, assignment: Assignment, now: datetime, tx: Tx) -> None:
        """Judged on what stands now: the courier may have said yes since it was looked up."""
        active = await self.assignments.active_for([assignment.appointment_id], tx=tx)
        if active.get(assignment.appointment_id) != assignment:
            return
        found = await self.appointments.load([assignment.appointment_id], tx=tx)
        appointment = found.get(assignment.appointment_id)
        await self._take_off(assignment, Ending.NOT_ANSWERED, now, tx)
        if appointment and appointment.offered_to == assignment.courier_id:
            free = appointment.model_copy(update={"offered_to": None})
            await self.appointments.save([(appointment, free)], None, tx=tx)
