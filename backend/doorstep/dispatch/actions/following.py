"""Rounds follow what becomes of appointments."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import OPEN, Status
from doorstep.dispatch import rules
from doorstep.dispatch.actions.tools import Tools, freed
from doorstep.dispatch.model import (
    Ending,
)
from doorstep.kit.mongo.transactions import Tx

_SWEPT_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Following(Tools):
    """Each verb is harmless when repeated: an event may be told twice."""

    async def release(self, appointment_id: str) -> None:
        """An appointment moved or was cancelled: whoever had it is free of it.

        Harmless when repeated, and when the appointment has a courier for its new window and door
        already.
        """
        now = self.clock.now()

        async def body(tx: Tx) -> None:
            found = await self.appointments.load([appointment_id], tx=tx)
            active = await self.assignments.active_for([appointment_id], tx=tx)
            appointment, assignment = found.get(appointment_id), active.get(appointment_id)
            if appointment is None or assignment is None:
                return
            if appointment.status is Status.CANCELLED:
                await self._take_off(assignment, Ending.CANCELLED, now, tx)
            elif not rules.is_for(assignment, appointment):
                await self._take_off(assignment, Ending.MOVED, now, tx)

        await self.mongo.transact(body)

    async def retell(self, appointment_id: str) -> None:
        """Whoever has it is to read it again. Harmless when repeated."""
        now = self.clock.now()

        async def body(tx: Tx) -> None:
            found = await self.appointments.load([appointment_id], tx=tx)
            active = await self.assignments.active_for([appointment_id], tx=tx)
            appointment, assignment = found.get(appointment_id), active.get(appointment_id)
            if appointment is None or assignment is None or appointment.status not in OPEN:
                return
            round = await self.rounds.get(
                assignment.courier_id, assignment.branch_id, assignment.day, tx=tx
            )
            await self.rounds.save([(round, round)], at=now, tx=tx)

        await self.mongo.transact(body)

    async def end_unanswered_changes(self) -> int:
        """Couriers who did not agree to another door in time: somebody else is asked to go there.
        How many there were.
        """
        now = self.clock.now()
        ids = await self.appointments.unanswered(now, _SWEPT_AT_ONCE)
        for id in ids:
            await self.mongo.transact(lambda tx, id=id: self.give_up_asking(id, now, tx))  # type: ignore[misc]
        return len(ids)

    async def give_up_asking(self, appointment_id: str, now: datetime, tx: Tx) -> None:
        """Judged on what stands now: the courier may have agreed since it was looked up."""
        before = (await self.appointments.load([appointment_id], tx=tx)).get(appointment_id)
        if before is None or not before.pending_change or now < before.pending_change.answer_by:
            return
        active = await self.assignments.active_for([appointment_id], tx=tx)
        if assignment := active.get(appointment_id):
            await self._take_off(assignment, Ending.NOT_ANSWERED, now, tx)
        steps = [(before, freed(before, now, None, None))]
        await self.appointments.save(steps, AppointmentMoved, tx=tx)
