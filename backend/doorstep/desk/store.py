"""Branch feeds and alarms in MongoDB."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from pymongo import ReturnDocument

from doorstep.desk.events import BranchTold
from doorstep.desk.model import Alarm, Entry
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import TEXT, WHOLE, shaped, stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx

ENTRIES: Final = "branch_feed"
HEADS: Final = "branch_heads"
ALARMS: Final = "alarms"
KEPT: Final = (
    Kept(
        ENTRIES,
        (
            Index(("branch_id", "sequence"), unique=True),
            Index(("at",), expire_after=timedelta(days=7)),
        ),
        schema=stored_schema(Entry),
    ),
    Kept(HEADS, schema=shaped(_id=TEXT, sequence=WHOLE)),
    Kept(
        ALARMS,
        (Index(("branch_id", "day")), Index(("at",), expire_after=timedelta(days=7))),
        schema=stored_schema(Alarm),
    ),
)


class DeskStore:
    def __init__(self, mongo: Mongo) -> None:
        self._entries = mongo[ENTRIES]
        self._heads = mongo[HEADS]
        self._alarms = mongo[ALARMS]

    async def knows(self, entry_id: str, *, tx: Tx) -> bool:
        found = await self._entries.find_one({"_id": entry_id}, {"_id": 1}, session=tx.session)
        return found is not None

    async def add(self, entry: Entry, *, tx: Tx) -> None:
        """The next line of the branch's feed. Its number is drawn last, inside the transaction."""
        numbered = entry.model_copy(update={"sequence": await self._next(entry.branch_id, tx)})
        tx.insert(ENTRIES, numbered.document())
        tx.record(
            BranchTold(aggregate=numbered.branch_id, sequence=numbered.sequence, at=numbered.at)
        )

    async def _next(self, branch_id: str, tx: Tx) -> int:
        head = await self._heads.find_one_and_update(
            {"_id": branch_id},
            {"$inc": {"sequence": 1}},
            return_document=ReturnDocument.AFTER,
            session=tx.session,
        )
        if head:
            return int(head["sequence"])
        # No upsert in a transaction: two who are first collide on the id, and one runs again.
        await self._heads.insert_one({"_id": branch_id, "sequence": 1}, session=tx.session)
        return 1

    async def head(self, branch_id: str) -> int:
        found = await self._heads.find_one({"_id": branch_id})
        return int(found["sequence"]) if found else 0

    async def entries(self, branch_id: str, *, after: int, most: int) -> list[Entry]:
        rows = self._entries.find({"branch_id": branch_id, "sequence": {"$gt": after}})
        return [Entry.of_document(row) async for row in rows.sort("sequence").limit(most)]

    async def raised(self, alarm_id: str, *, tx: Tx) -> bool:
        found = await self._alarms.find_one({"_id": alarm_id}, {"_id": 1}, session=tx.session)
        return found is not None

    def raise_alarm(self, alarm: Alarm, *, tx: Tx) -> None:
        tx.insert(ALARMS, alarm.document())

    async def known_alarms(self, ids: Collection[str]) -> dict[str, Alarm]:
        rows = self._alarms.find({"_id": {"$in": list(ids)}})
        return {row["_id"]: Alarm.of_document(row) async for row in rows}

    async def alarms_of(self, branch_id: str, day: date) -> list[Alarm]:
        rows = self._alarms.find({"branch_id": branch_id, "day": day.isoformat()})
        return [Alarm.of_document(row) async for row in rows.sort("at")]
