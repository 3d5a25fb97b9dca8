"""What couriers are kept for, in MongoDB."""

from typing import Final

from doorstep.couriers.model import Dedication
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx

DEDICATIONS: Final = "dedications"
KEPT: Final = (Kept(DEDICATIONS, (Index(("branch_id",)),), schema=stored_schema(Dedication)),)


class DedicationStore:
    def __init__(self, mongo: Mongo) -> None:
        self._dedications = mongo[DEDICATIONS]

    async def get(self, id: str, *, tx: Tx | None = None) -> Dedication | None:
        found = await self._dedications.find_one({"_id": id}, session=tx.session if tx else None)
        return Dedication.of_document(found) if found else None

    async def of_branch(self, branch_id: str) -> list[Dedication]:
        """Those that have not been ended."""
        rows = self._dedications.find({"branch_id": branch_id, "ended_at": None}).sort("_id")
        return [Dedication.of_document(row) async for row in rows]

    def add(self, dedication: Dedication, *, tx: Tx) -> None:
        tx.insert(DEDICATIONS, dedication.document())

    async def replace(self, before: Dedication, after: Dedication, *, tx: Tx) -> bool:
        """False: it has changed since it was read."""
        replaced = await self._dedications.replace_one(
            {"_id": before.id, "version": before.version}, after.document(), session=tx.session
        )
        return replaced.matched_count == 1
