"""A dispatcher's word."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from doorstep.accounts.model import Role
from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import Appointment, EventKind
from doorstep.appointments.rules import moved
from doorstep.couriers.model import Courier
from doorstep.dispatch import rules
from doorstep.dispatch.actions.surveying import Surveying
from doorstep.dispatch.actions.tools import freed, lies_in
from doorstep.dispatch.model import (
    Assignment,
    AssignmentRefusal,
    AssignmentRefused,
    Ending,
    StopState,
)
from doorstep.dispatch.rules import Choice
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx


@dataclass(frozen=True)
class Assigning(Surveying):
    """It replaces an offer; of two who give theirs at once, one wins."""

    async def assign(
        self,
        appointment_id: str,
        courier_id: str,
        attempt: Attempt,
        *,
        expected_version: int,
        may: Collection[str] | None,
        by_role: Role,
    ) -> Appointment | AssignmentRefused:
        """Name the courier. It replaces an offer; of two who do it at once, one wins."""
        id = new_id("asg")

        async def body(tx: Tx) -> Appointment | AssignmentRefused:
            before = await self._in_sight(appointment_id, may, tx)
            if before is None:
                return refuse(AssignmentRefusal.NOT_FOUND, "appointmentId")
            if code := rules.judge_assignment(before, expected_version=expected_version):
                return refuse(code, "expectedVersion", before)
            courier = await self.couriers.get(courier_id)
            if courier is None or not lies_in(courier.branch_path, may):
                return refuse(AssignmentRefusal.NOT_FOUND, "courierId", before)
            if code := await self._judge_courier(before, courier, tx):
                return refuse(code, "courierId", before)
            await self._replace_offer(before, attempt.at, tx)
            after = moved(
                before,
                EventKind.ASSIGNED,
                at=attempt.at,
                recorded_at=attempt.at,
                by_role=by_role,
                courier_id=courier.id,
                offered_to=None,
            )
            assert after is not None
            await self.appointments.save([(before, after)], AppointmentMoved, tx=tx)
            await self._give(id, after, courier, attempt.at, by_role, tx)
            return after

        if refused := await self._refused_early(appointment_id, attempt, expected_version, may):
            return refused
        async with self.turns.of(courier_id), self.at_once:
            outcome = await self.mongo.once(attempt, body)
        return await self._answered(outcome)

    async def _refused_early(
        self,
        appointment_id: str,
        attempt: Attempt,
        expected_version: int,
        may: Collection[str] | None,
    ) -> AssignmentRefused | None:
        """Who comes too late is told so without waiting for their turn: a refusal leaves nothing
        behind, so that no transaction is needed for it. What took effect before is answered again.
        """
        found = (await self.appointments.load([appointment_id])).get(appointment_id)
        if found is None or not lies_in(found.branch_path, may):
            return None
        code = rules.judge_assignment(found, expected_version=expected_version)
        if code is None or await self.mongo.answered(attempt):
            return None
        return refuse(code, "expectedVersion", found)

    async def _give(
        self,
        id: str,
        appointment: Appointment,
        courier: Courier,
        now: datetime,
        by_role: Role,
        tx: Tx,
    ) -> None:
        """To the courier who was named, where it lengthens their way least; where it fits nowhere,
        in the order of windows: the word holds.
        """
        found = Choice(None, ())
        if considered := await self.considered(appointment, now, tx):
            survey, wanted = considered
            found = survey.named(courier.id, wanted)
        round = await self.rounds.get(courier.id, courier.branch_id, appointment.day, tx=tx)
        fits = found.place.before if found.place else rules.behind_sooner(round, appointment.window)
        word = rules.offer(
            id,
            appointment,
            courier,
            at=now,
            answer_by=None,
            by_role=by_role,
            found=found,
            most_explained=self.policy.most_explained,
        )
        await self.put_on_round(word, appointment, courier, now, tx, before=fits)

    async def _judge_courier(
        self, appointment: Appointment, courier: Courier, tx: Tx
    ) -> AssignmentRefusal | None:
        roster = await self.couriers.roster(appointment.branch_id, appointment.window)
        round = await self.rounds.get(courier.id, courier.branch_id, appointment.day, tx=tx)
        without = rules.with_state(round, appointment.id, StopState.REMOVED)
        return rules.judge_courier(appointment, courier, roster, without, self.policy)

    async def _replace_offer(self, appointment: Appointment, now: datetime, tx: Tx) -> None:
        active = await self.assignments.active_for([appointment.id], tx=tx)
        if assignment := active.get(appointment.id):
            await self._take_off(assignment, Ending.REPLACED, now, tx)

    async def unassign(
        self,
        appointment_id: str,
        attempt: Attempt,
        *,
        expected_version: int,
        reason: str,
        may: Collection[str] | None,
        by_role: Role,
    ) -> Appointment | AssignmentRefused:
        """Take it off its courier. It waits on the dispatcher's list: a word is not undone by an
        offer nobody asked for.
        """

        async def body(tx: Tx) -> Appointment | AssignmentRefused:
            before = await self._in_sight(appointment_id, may, tx)
            if before is None:
                return refuse(AssignmentRefusal.NOT_FOUND, "appointmentId")
            if code := rules.judge_unassignment(before, expected_version=expected_version):
                return refuse(code, "expectedVersion", before)
            active = await self.assignments.active_for([appointment_id], tx=tx)
            if assignment := active.get(appointment_id):
                await self._take_off(assignment, Ending.UNASSIGNED, attempt.at, tx, reason)
            after = freed(before, attempt.at, by_role, reason)
            await self.appointments.save([(before, after)], AppointmentMoved, tx=tx)
            return after

        return await self._answered(await self.mongo.once(attempt, body))

    async def assignments_of(
        self, appointment_id: str, may: Collection[str] | None
    ) -> list[Assignment]:
        """Who was asked, in order. Somebody else's appointment looks exactly like none."""
        found = (await self.appointments.load([appointment_id])).get(appointment_id)
        if found is None or not lies_in(found.branch_path, may):
            return []
        return await self.assignments.all_of(appointment_id)

    async def _in_sight(
        self, appointment_id: str, may: Collection[str] | None, tx: Tx
    ) -> Appointment | None:
        """The appointment, if it lies in the caller's part of the bureau."""
        found = (await self.appointments.load([appointment_id], tx=tx)).get(appointment_id)
        return found if found and lies_in(found.branch_path, may) else None

    async def _answered(
        self, outcome: Appointment | AssignmentRefused | Repeated | Reused
    ) -> Appointment | AssignmentRefused:
        if isinstance(outcome, Repeated):
            found = await self.appointments.load([outcome.id])
            return found[outcome.id]
        if isinstance(outcome, Reused):
            return refuse(AssignmentRefusal.IDEMPOTENCY_KEY_REUSED, "idempotencyKey")
        return outcome


def refuse(
    code: AssignmentRefusal, path: str, current: Appointment | None = None
) -> AssignmentRefused:
    return AssignmentRefused(code=code, path=(path,), current=current)
