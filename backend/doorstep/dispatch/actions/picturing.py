"""A branch's whole day, for a map."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from doorstep.appointments.model import Appointment
from doorstep.couriers.model import Position
from doorstep.dispatch import rules
from doorstep.dispatch.actions.tools import Tools
from doorstep.dispatch.model import BranchDay, Round, Seen
from doorstep.kit.windows import local_day


@dataclass(frozen=True)
class Picturing(Tools):
    """As many questions, however many stops there are."""

    async def branch_day(self, branch_id: str, day: date) -> BranchDay:
        couriers = await self.couriers.of_branch(branch_id)
        rounds = {r.courier_id: r for r in await self.rounds.of_branch(branch_id, day)}
        found = await self.appointments.of_days([branch_id], day, day)
        appointments = {appointment.id: appointment for appointment in found}
        today = day == local_day(self.clock.now())
        told = await self.couriers.positions_of([c.id for c in couriers]) if today else {}
        return BranchDay(
            couriers=couriers,
            rounds=rounds,
            appointments=appointments,
            positions=self._seen(rounds, appointments, told),
        )

    def _seen(
        self,
        rounds: Mapping[str, Round],
        appointments: Mapping[str, Appointment],
        told: Mapping[str, Position],
    ) -> Mapping[str, Seen]:
        """Where each courier was seen last: at a door, or where they say they are."""
        now, fresh_for = self.clock.now(), self.policy.position_fresh_for
        at_doors = {id: rules.last_seen(round, appointments) for id, round in rounds.items()}
        return {
            id: seen
            for id in at_doors.keys() | told.keys()
            if (seen := rules.latest(at_doors.get(id), told.get(id), now, fresh_for))
        }
