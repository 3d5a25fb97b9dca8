"""What follows a customer to their new address: each room that binds something to one joins here.

A room hands wiring a `Follows`; whatever it names is asked one by one, again after a crash, and
never twice to any effect: what has followed already says so.
"""

from collections.abc import Sequence
from typing import Protocol

from doorstep.addresses.model import Address
from doorstep.capacity.actions import SlotView
from doorstep.kit.mongo.transactions import Attempt
from doorstep.relocation.model import Followed, HouseMove, Subject


class Follows(Protocol):
    """One kind of thing that is bound to addresses."""

    @property
    def what(self) -> Subject: ...

    async def bound(self, move: HouseMove) -> list[str]:
        """The ids of what is bound to the old address on the day or later."""
        ...

    async def follow_move(
        self, move: HouseMove, to: Address, id: str, attempt: Attempt
    ) -> Followed:
        """Bind it to the new address, if that can be. A dry attempt only judges."""
        ...

    async def instead(self, to: Address, id: str) -> Sequence[SlotView]:
        """What can be chosen for it at the new address."""
        ...
