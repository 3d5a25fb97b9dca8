"""A dispatcher's second word."""

from collections.abc import Collection
from dataclasses import dataclass

from doorstep.accounts.model import Role
from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import Appointment, EventKind
from doorstep.appointments.rules import moved
from doorstep.dispatch import rules
from doorstep.dispatch.actions.assigning import Assigning, refuse
from doorstep.dispatch.actions.tools import freed, lies_in
from doorstep.dispatch.model import AssignmentRefusal, AssignmentRefused, Ending
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Tx


@dataclass(frozen=True)
class Reassigning(Assigning):
    """From one courier to another, with no instant in which it is nobody's."""

    async def reassign(
        self,
        appointment_id: str,
        courier_id: str,
        attempt: Attempt,
        *,
        expected_version: int,
        reason: str | None,
        may: Collection[str] | None,
        by_role: Role,
    ) -> Appointment | AssignmentRefused:
        """Give to `courier_id` what another has: nobody who set out is called back. Refused, it
        stays where it is.
        """
        id = new_id("asg")

        async def body(tx: Tx) -> Appointment | AssignmentRefused:
            before = await self._in_sight(appointment_id, may, tx)
            if before is None:
                return refuse(AssignmentRefusal.NOT_FOUND, "appointmentId")
            if code := rules.judge_unassignment(before, expected_version=expected_version):
                return refuse(code, "expectedVersion", before)
            courier = await self.couriers.get(courier_id)
            if courier is None or not lies_in(courier.branch_path, may):
                return refuse(AssignmentRefusal.NOT_FOUND, "courierId", before)
            if courier.id == before.courier_id:
                return refuse(AssignmentRefusal.ALREADY_THEIRS, "courierId", before)
            if code := await self._judge_courier(before, courier, tx):
                return refuse(code, "courierId", before)
            active = await self.assignments.active_for([appointment_id], tx=tx)
            if assignment := active.get(appointment_id):
                await self._take_off(assignment, Ending.REPLACED, attempt.at, tx, reason)
            after = moved(
                freed(before, attempt.at, by_role, reason),
                EventKind.ASSIGNED,
                at=attempt.at,
                recorded_at=attempt.at,
                by_role=by_role,
                courier_id=courier.id,
            )
            assert after is not None
            await self.appointments.save([(before, after)], AppointmentMoved, tx=tx)
            await self._give(id, after, courier, attempt.at, by_role, tx)
            return after

        async with self.turns.of(courier_id), self.at_once:
            outcome = await self.mongo.once(attempt, body)
        return await self._answered(outcome)
