"""Asking who can come, and keeping the shifts rolling."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from doorstep.couriers.actions.tools import Tools
from doorstep.couriers.events import DutyEnded
from doorstep.couriers.model import Courier, Shift, ShiftPattern, Vehicle
from doorstep.couriers.rules import Roster, worked
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import TimeWindow


@dataclass(frozen=True)
class People(Tools):
    """Who there is, who is at work, and when."""

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

    async def vehicles(self, ids: Collection[str]) -> dict[str, Vehicle]:
        return await self.store.vehicles(ids) if ids else {}

    async def vehicles_of(self, couriers: Iterable[Courier]) -> dict[str, Vehicle]:
        ids = {courier.vehicle_id for courier in couriers if courier.vehicle_id}
        return await self.store.vehicles(ids) if ids else {}

    async def roster(self, branch_id: str, span: TimeWindow) -> Roster:
        """Who belongs to the branch, who works when over the span, and who is kept for what."""
        return Roster(
            couriers=tuple(await self.store.of_branch(branch_id)),
            shifts=tuple(await self.shifts_of(branch_id, span)),
            dedications=tuple(await self.kept.of_branch(branch_id)),
        )

    async def shifts_of(self, branch_id: str, span: TimeWindow) -> list[Shift]:
        """What the branch's couriers work that has an instant in the span, leave taken off."""
        shifts = await self.store.shifts_of_branch(branch_id, span)
        return worked(shifts, await self.absences.leaves_of_branch(branch_id, span))

    async def next_shifts(self, courier_id: str, after: datetime) -> list[Shift]:
        """What they work of their next shifts."""
        shifts = await self.store.shifts_of_courier(courier_id, after)
        left = worked(shifts, await self.absences.leaves_after(courier_id, after))
        return [shift for shift in left if shift.end > after]

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
