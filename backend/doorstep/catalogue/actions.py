"""Asking the catalogue."""

from dataclasses import dataclass
from datetime import date, timedelta

from doorstep.catalogue.model import PICKUPS, ServiceKind, SizeLimits
from doorstep.catalogue.rules import COSTS, DEADLINES, CostModel
from doorstep.rulebook.actions import Rulebook
from doorstep.rulebook.model import RuleRow


@dataclass(frozen=True)
class Catalogue:
    rulebook: Rulebook
    bulky: SizeLimits
    """No law read so far limits a bulky print run: what a branch's vans carry is configuration."""

    async def limits(self, on: date) -> dict[ServiceKind, SizeLimits]:
        """What a customer may hand over, by kind of pickup."""
        parcel = SizeLimits(
            weight_grams=await self.rulebook.number("parcel.weight", on),
            side_millimetres=await self.rulebook.number("parcel.side", on),
            sum_millimetres=await self.rulebook.number("parcel.sum", on),
        )
        return {
            kind: parcel if kind is ServiceKind.PARCEL_PICKUP else self.bulky for kind in PICKUPS
        }

    async def cost_rows(self, on: date) -> list[RuleRow]:
        """The rows that say so, by their keys."""
        return (await self.rulebook.table()).all_in_force(COSTS, on)

    async def costs(self, on: date) -> CostModel:
        """What visits cost on that day."""
        return CostModel(await self.rulebook.table(), on)

    async def deadlines(self, on: date) -> dict[ServiceKind, timedelta]:
        """How long after it was asked for a kind may wait, of those that a row speaks of."""
        rows = (await self.rulebook.table()).all_in_force(DEADLINES, on)
        return {
            ServiceKind(row.key.removeprefix(DEADLINES)): timedelta(seconds=row.value)
            for row in rows
        }
