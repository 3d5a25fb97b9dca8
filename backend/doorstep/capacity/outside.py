"""Whether rounds have room: the one question that wants to go up, answered by a room above.

A slot's budget counts minutes; only whoever plans the rounds knows whether a stop at a door still
fits between the others. Wiring hands in the answer.
"""

from collections.abc import Sequence
from typing import Protocol

from doorstep.capacity.model import Demand, Slot
from doorstep.kit.geo import Point


class Feasible(Protocol):
    """Asked of all open slots of a question at once."""

    async def crowded(self, slots: Sequence[Slot], demand: Demand, where: Point) -> frozenset[str]:
        """The ids of those slots in whose rounds such a stop finds no place."""
        ...


class AlwaysFeasible:
    """Where nobody plans rounds, the budget alone decides."""

    async def crowded(self, slots: Sequence[Slot], demand: Demand, where: Point) -> frozenset[str]:
        return frozenset()
