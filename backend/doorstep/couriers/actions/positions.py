"""Where couriers are, while they let it be known."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from doorstep.couriers.actions.tools import Tools
from doorstep.couriers.model import Courier, Position, PositionRefusal, Sharing
from doorstep.couriers.rules import judge_position
from doorstep.kit.mongo.transactions import Tx


@dataclass(frozen=True)
class Positions(Tools):
    """One place each: a newer one takes the place of the older."""

    async def position_of(self, courier_id: str, *, tx: Tx | None = None) -> Position | None:
        """Where the courier was last, while they are on duty and let it be known."""
        sharing = (await self.positions.get_many([courier_id], tx=tx)).get(courier_id)
        return sharing.position if sharing else None

    async def positions_of(self, courier_ids: Collection[str]) -> dict[str, Position]:
        found = await self.positions.get_many(courier_ids) if courier_ids else {}
        return {id: each.position for id, each in found.items() if each.position}

    async def share_position(self, courier: Courier, *, on: bool, at: datetime, tx: Tx) -> Sharing:
        """Let it be known, or not any more: then it is forgotten."""
        before = (await self.positions.get_many([courier.id], tx=tx)).get(courier.id)
        if before and before.on is on:
            return before
        after = Sharing(id=courier.id, account_id=courier.account_id, on=on, changed_at=at)
        await self.positions.put(after, known=before is not None, tx=tx)
        return after

    async def keep_position(
        self,
        courier: Courier,
        position: Position,
        *,
        now: datetime,
        clock_ahead: timedelta,
        tx: Tx,
    ) -> Sharing | PositionRefusal:
        """Keep where the courier is, in the place of where they were."""
        before = (await self.positions.get_many([courier.id], tx=tx)).get(courier.id)
        code = judge_position(position, courier, before, now=now, clock_ahead=clock_ahead)
        if code or before is None:
            return code or PositionRefusal.NOT_SHARED
        if before.position_at == position.at:
            return before
        if not await self.positions.move(before, position, tx=tx):
            return PositionRefusal.OUTDATED
        return before.model_copy(update={"position": position, "position_at": position.at})
