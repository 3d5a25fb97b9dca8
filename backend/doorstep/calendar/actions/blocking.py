"""Shutting the way to doors for a while."""

from collections.abc import Collection
from dataclasses import dataclass

from doorstep.calendar.actions.tools import Tools, lies_in, refuse, stale
from doorstep.calendar.events import BlockAdded, BlockLifted
from doorstep.calendar.model import Block, BlockAsked, CalendarRefusal, CalendarRefused
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Tx
from doorstep.organisation.model import OrgUnit


@dataclass(frozen=True)
class Blocking(Tools):
    """Typhoons, snow, roadworks."""

    async def add_block(
        self, unit: OrgUnit | None, asked: BlockAsked, attempt: Attempt, *, by: str
    ) -> Block | CalendarRefused:
        """Nobody comes there in that span. None: there is no such unit."""
        id = new_id("blk")
        strange = unit and [a for a in asked.area_ids if not await self._serves(unit.path, a)]

        async def body(tx: Tx) -> Block | CalendarRefused:
            if unit is None:
                return refuse(CalendarRefusal.NOT_FOUND, "unitId")
            if strange:
                return refuse(CalendarRefusal.NOT_FOUND, "areaIds")
            if asked.end <= attempt.at:
                return refuse(CalendarRefusal.IN_THE_PAST, "end")
            block = Block(id=id, path=unit.path, **asked.model_dump(), created_by=by)
            await self.store.put_block(None, block, tx=tx)
            tx.record(
                BlockAdded(
                    aggregate=id,
                    sequence=block.version,
                    at=attempt.at,
                    path=block.path,
                    area_ids=block.area_ids,
                    start=block.start,
                    end=block.end,
                    kind=block.kind,
                )
            )
            return block

        return await self._done(attempt, body, self.store.block)

    async def _serves(self, path: str, area_id: str) -> bool:
        found = await self.path_of_area(area_id)
        return found is not None and found.startswith(path)

    async def lift_block(
        self, id: str, attempt: Attempt, *, expected_version: int, may: Collection[str]
    ) -> Block | CalendarRefused:
        """The way is free again."""

        async def body(tx: Tx) -> Block | CalendarRefused:
            before = await self.store.block(id, tx=tx)
            if before is None or not lies_in(before.path, may):
                return refuse(CalendarRefusal.NOT_FOUND, "id")
            if before.version != expected_version:
                return stale(before)
            if before.lifted_at:
                return refuse(CalendarRefusal.ALREADY_LIFTED, "id", before)
            after = before.model_copy(
                update={"lifted_at": attempt.at, "version": before.version + 1}
            )
            await self.store.put_block(before, after, tx=tx)
            tx.record(
                BlockLifted(
                    aggregate=id,
                    sequence=after.version,
                    at=attempt.at,
                    path=after.path,
                    area_ids=after.area_ids,
                    start=after.start,
                    end=after.end,
                )
            )
            return after

        return await self._done(attempt, body, self.store.block)
