"""Leave, and shifts put in and struck out by hand, in MongoDB."""

from datetime import datetime
from typing import Final

from pymongo import ReturnDocument

from doorstep.couriers.model import Leave, Shift
from doorstep.couriers.store.people import COURIERS, SHIFTS
from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.windows import TimeWindow

LEAVES: Final = "leaves"
KEPT: Final = (
    Kept(
        LEAVES,
        (Index(("branch_id", "end")), Index(("courier_id", "end"))),
        schema=stored_schema(Leave),
    ),
)


class AbsenceStore:
    def __init__(self, mongo: Mongo) -> None:
        self._couriers = mongo[COURIERS]
        self._shifts = mongo[SHIFTS]
        self._leaves = mongo[LEAVES]

    async def lock(self, courier_id: str, *, tx: Tx) -> int:
        """Whoever changes somebody's hours writes here first; which change of theirs it is."""
        courier = await self._couriers.find_one_and_update(
            {"_id": courier_id},
            {"$inc": {"roster_version": 1}},
            projection={"roster_version": 1},
            return_document=ReturnDocument.AFTER,
            session=tx.session,
        )
        return int(courier["roster_version"]) if courier else 0

    async def shift(self, id: str, *, tx: Tx | None = None) -> Shift | None:
        found = await self._shifts.find_one({"_id": id}, session=tx.session if tx else None)
        return Shift.of_document(found) if found else None

    async def shifts(self, courier_id: str, span: TimeWindow, *, tx: Tx) -> list[Shift]:
        rows = self._shifts.find(_standing(courier_id, span), session=tx.session)
        return [Shift.of_document(row) async for row in rows]

    async def cancel_shift(self, id: str, *, at: datetime, reason: str, tx: Tx) -> None:
        await self._shifts.update_one(
            {"_id": id}, {"$set": {"cancelled_at": at, "reason": reason}}, session=tx.session
        )

    async def leave(self, id: str, *, tx: Tx | None = None) -> Leave | None:
        found = await self._leaves.find_one({"_id": id}, session=tx.session if tx else None)
        return Leave.of_document(found) if found else None

    async def leaves(self, courier_id: str, span: TimeWindow, *, tx: Tx) -> list[Leave]:
        rows = self._leaves.find(_standing(courier_id, span), session=tx.session)
        return [Leave.of_document(row) async for row in rows]

    async def leaves_after(self, courier_id: str, after: datetime) -> list[Leave]:
        rows = self._leaves.find(
            {"courier_id": courier_id, "end": {"$gt": after}, "cancelled_at": None}
        )
        return [Leave.of_document(row) async for row in rows]

    async def leaves_of_branch(self, branch_id: str, span: TimeWindow) -> list[Leave]:
        rows = self._leaves.find(
            {
                "branch_id": branch_id,
                "end": {"$gt": span.start},
                "start": {"$lt": span.end},
                "cancelled_at": None,
            }
        ).sort("start")
        return [Leave.of_document(row) async for row in rows]

    async def cancel_leave(self, id: str, *, at: datetime, tx: Tx) -> None:
        await self._leaves.update_one(
            {"_id": id}, {"$set": {"cancelled_at": at}}, session=tx.session
        )

    def add_shift(self, shift: Shift, *, tx: Tx) -> None:
        tx.insert(SHIFTS, shift.document())

    def add_leave(self, leave: Leave, *, tx: Tx) -> None:
        tx.insert(LEAVES, leave.document())


def _standing(courier_id: str, span: TimeWindow) -> Document:
    return {
        "courier_id": courier_id,
        "end": {"$gt": span.start},
        "start": {"$lt": span.end},
        "cancelled_at": None,
    }
