"""Asking who can come, and keeping the shifts rolling."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from doorstep.couriers.events import DutyEnded
from doorstep.couriers.model import (
    Courier,
    Position,
    PositionRefusal,
    Sharing,
    Shift,
    ShiftPattern,
    Vehicle,
)
from doorstep.couriers.rules import Roster, judge_position
from doorstep.couriers.store import CourierStore, PositionStore
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import TimeWindow


@dataclass(frozen=True)
class Couriers:
    store: CourierStore
    positions: PositionStore

    async def of_account(self, account_id: str, *, tx: Tx | None = None) -> Courier | None:
        return await self.store.of_account(account_id, tx=tx)

    async def get_many(self, ids: Collection[str]) -> dict[str, Courier]:
        return await self.store.get_many(ids) if ids else {}

    async def get(self, id: str) -> Courier | None:
        return (await self.store.get_many([id])).get(id)

    async def of_branch(self, branch_id: str, *, on_duty: bool | None = None) -> list[Courier]:
        return await self.store.of_branch(branch_id, on_duty)

    async def vehicle(self, id: str) -> Vehicle | None:
        return (await self.store.vehicles([id])).get(id)

    async def vehicles_of(self, couriers: Iterable[Courier]) -> dict[str, Vehicle]:
        ids = {courier.vehicle_id for courier in couriers if courier.vehicle_id}
        return await self.store.vehicles(ids) if ids else {}

    async def roster(self, branch_id: str, span: TimeWindow) -> Roster:
        """Who belongs to the branch and who works when, over the span."""
        return Roster(
            couriers=tuple(await self.store.of_branch(branch_id)),
            shifts=tuple(await self.store.shifts_of_branch(branch_id, span)),
        )

    async def next_shifts(self, courier_id: str, after: datetime) -> list[Shift]:
        return await self.store.shifts_of_courier(courier_id, after)

    async def set_duty(self, courier: Courier, *, on_duty: bool, at: datetime, tx: Tx) -> None:
        await self.store.set_duty(courier.id, on_duty=on_duty, at=at, tx=tx)
        if not on_duty:
            await self.positions.forget(courier.id, tx=tx)
            sequence = int(at.timestamp() * 1000)
            tx.record(
                DutyEnded(
                    aggregate=courier.id, sequence=sequence, at=at, branch_id=courier.branch_id
                )
            )

    async def fill_shifts(self, first: date, days: int) -> int:
        """Make the shifts that the patterns foresee. Harmless when repeated; how many were new."""
        patterns = await self.store.patterns()
        wanted = [
            shift
            for pattern in patterns
            for offset in range(days)
            if (shift := pattern.on(first + timedelta(days=offset)))
        ]
        known = await self.store.known_shifts([shift.id for shift in wanted])
        return await self.store.add_shifts([s for s in wanted if s.id not in known])

    async def add(
        self,
        couriers: Sequence[Courier],
        vehicles: Iterable[Vehicle],
        patterns: Iterable[ShiftPattern],
        *,
        tx: Tx,
    ) -> None:
        await self.store.add(couriers, vehicles, patterns, tx=tx)

    # ------------------------------------------------------------ where they are

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
