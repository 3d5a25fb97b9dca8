"""What a visit takes, and whether what was promised still fits when there is less to give."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from doorstep.addresses.model import Address
from doorstep.appointments.actions.tools import Tools
from doorstep.appointments.model import AccessNotes, Appointment, LineAsked
from doorstep.appointments.rules import visit_of, wish_of
from doorstep.capacity.model import Demand, Slot
from doorstep.capacity.rules import beyond, demand_of
from doorstep.catalogue.model import VisitCost
from doorstep.catalogue.rules import cost_of


@dataclass(frozen=True)
class Reckoning:
    """What a visit costs, and what it takes of a slot with the room that is kept around it."""

    cost: VisitCost
    takes: Demand


@dataclass(frozen=True)
class Shortage:
    """A slot that has less than was promised, and whom it has no room for."""

    slot: Slot
    affected: list[Appointment]


@dataclass(frozen=True)
class Fitting(Tools):
    """Nothing is cancelled here: who is affected is told to whoever may decide."""

    async def reckoned(
        self, lines: Sequence[LineAsked], access: AccessNotes, address: Address | None, day: date
    ) -> Reckoning:
        """What booking would take on that day, and why."""
        wish, costs = wish_of(lines, access, None), await self.catalogue.costs(day)
        area_id = (address.area_id if address else None) or ""
        bounds = await self.capacity.bounds(wish.services, area_id, day)
        return Reckoning(
            cost=cost_of(wish.errands, wish.way_in, costs),
            takes=demand_of(wish, costs, bounds.buffer_minutes),
        )

    async def affected_by(self, slot: Slot) -> list[Appointment]:
        """The promises that the slot, as it is published, has no room for; the newest first."""
        promised = {each.id: each for each in await self.store.of_slot(slot)}
        return [promised[each.id] for each in beyond(slot, map(visit_of, promised.values()))]

    async def shortage(self, slot_key: str) -> Shortage | None:
        """None: there is no such slot, or it has room for all it was promised to."""
        slot = (await self.capacity.get_many([slot_key])).get(slot_key)
        affected = await self.affected_by(slot) if slot else []
        return Shortage(slot, affected) if slot and affected else None
