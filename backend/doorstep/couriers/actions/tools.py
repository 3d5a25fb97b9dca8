"""What every verb of the room works with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from doorstep.couriers.store import (
    AbsenceStore,
    CourierStore,
    DedicationStore,
    GarageStore,
    PositionStore,
)
from doorstep.kit.documents import Stored
from doorstep.kit.mongo.transactions import Attempt, Mongo, Repeated, Tx
from doorstep.kit.refusals import Refusal
from doorstep.kit.turns import Turns

T = TypeVar("T", bound=Stored)
R = TypeVar("R", bound=Refusal)

Within = Callable[[str], bool]
"""Whether a branch lies in the caller's part of the bureau."""


@dataclass(frozen=True)
class Tools:
    """The stores, and whose turn it is."""

    mongo: Mongo
    store: CourierStore
    absences: AbsenceStore
    garages: GarageStore
    kept: DedicationStore
    positions: PositionStore
    turns: Turns = field(default_factory=Turns)
    """Who is about to change one courier's hours, or one vehicle's."""

    async def _done(
        self,
        attempt: Attempt,
        body: Callable[[Tx], Awaitable[T | R]],
        read: Callable[[str], Awaitable[T | None]],
        no: tuple[R, R],
        whose: str,
    ) -> T | R:
        """What came of it; a repeat answers with what stands now. `no`: gone, and key reused.
        `whose`: those who change the same thing take turns.
        """
        async with self.turns.of(whose):
            outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Repeated):
            return await read(outcome.id) or no[0]
        if isinstance(outcome, Stored | Refusal):
            return outcome
        return no[1]
