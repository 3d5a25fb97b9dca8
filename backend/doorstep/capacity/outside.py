"""Whether rounds have room: the one question that wants to go up, answered by a room above.

A slot's budget counts minutes; only whoever plans the rounds knows whether a stop at a door still
fits between the others. Wiring hands in the answer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from doorstep.capacity.model import Demand, Slot, SlotClosedReason
from doorstep.kit.geo import Point


class Feasible(Protocol):
    """Asked of all open slots of a question at once."""

    async def closed(
        self, visits: Sequence[tuple[Slot, Demand]], where: Point, *, at: datetime
    ) -> Mapping[str, SlotClosedReason]:
        """Those slots in whose rounds the visit finds no place, by id, each with the reason. What a
        visit takes may differ from day to day.
        """
        ...


class AlwaysFeasible:
    """Where nobody plans rounds, the budget alone decides."""

    async def closed(
        self, visits: Sequence[tuple[Slot, Demand]], where: Point, *, at: datetime
    ) -> Mapping[str, SlotClosedReason]:
        return {}


class AskedLater:
    """Whoever plans the rounds is built on top of us; until they are there, the budget decides."""

    def __init__(self) -> None:
        self._asked: Feasible = AlwaysFeasible()

    def ask(self, feasible: Feasible) -> None:
        self._asked = feasible

    async def closed(
        self, visits: Sequence[tuple[Slot, Demand]], where: Point, *, at: datetime
    ) -> Mapping[str, SlotClosedReason]:
        return await self._asked.closed(visits, where, at=at)
