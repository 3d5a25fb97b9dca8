"""Asking for ways beforehand, so that whoever reckons with them need not wait."""

from collections.abc import Iterable
from dataclasses import dataclass

from doorstep.couriers.model import VehicleKind
from doorstep.dispatch.actions.tools import Tools
from doorstep.kit.geo import Point


@dataclass(frozen=True)
class Travelling(Tools):
    """Never inside a transaction: the router is another machine."""

    async def learn(self, points: Iterable[Point], vehicle: VehicleKind) -> int:
        """Have the ways between these points at hand, as far as the budget goes. How many are new;
        0 where there is no router, or it is left alone for a while.
        """
        return await self.learned.learn(points, vehicle)
