"""A branch's whole day, for a map."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from doorstep.appointments.model import Appointment
from doorstep.dispatch import rules
from doorstep.dispatch.actions.tools import Tools
from doorstep.dispatch.model import BranchDay, Round
from doorstep.kit.geo import Point


@dataclass(frozen=True)
class Picturing(Tools):
    """Three questions, however many stops there are."""

    async def branch_day(self, branch_id: str, day: date) -> BranchDay:
        couriers = await self.couriers.of_branch(branch_id)
        rounds = {r.courier_id: r for r in await self.rounds.of_branch(branch_id, day)}
        found = await self.appointments.of_days([branch_id], day, day)
        appointments = {appointment.id: appointment for appointment in found}
        return BranchDay(
            couriers=couriers,
            rounds=rounds,
            appointments=appointments,
            positions=await self._positions(rounds, appointments),
        )

    async def _positions(
        self, rounds: Mapping[str, Round], appointments: Mapping[str, Appointment]
    ) -> Mapping[str, Point]:
        """Where each courier was seen last: at a door."""
        return {
            courier_id: seen
            for courier_id, round in rounds.items()
            if (seen := rules.last_seen(round, appointments))
        }
