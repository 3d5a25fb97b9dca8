"""Marks in MongoDB. What was written about one is sealed with the customer's key."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from doorstep.appointments.model import ConductMark, MarkState, Said
from doorstep.kit.documents import Document, changes
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import TEXT, WHOLE, shaped, stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.pages import Ask, Page, cut
from doorstep.kit.pii import OwnerKey, Vault

MARKS: Final = "conduct_marks"
HEADS: Final = "conduct_heads"
_OPEN: Final[Document] = {"state": MarkState.STANDING.value, "appeal.verdict": None}
KEPT: Final = (
    Kept(
        MARKS,
        (
            Index(("customer_id", "-at")),
            Index(("customer_id", "expires_at"), only={"state": MarkState.STANDING.value}),
            Index(("appeal.at", "_id"), only={"appeal.at": {"$exists": True}}),
            Index(("expires_at",), expire_after=timedelta(days=180)),
        ),
        schema=stored_schema(ConductMark, sealed=("private",)),
    ),
    Kept(HEADS, schema=shaped(_id=TEXT, sequence=WHOLE)),
)
_PRIVATE: Final = f"{MARKS}.private"


class MarkStore:
    def __init__(self, mongo: Mongo, vault: Vault) -> None:
        self._marks = mongo[MARKS]
        self._heads = mongo[HEADS]
        self._vault = vault

    async def get(self, id: str, *, tx: Tx | None = None) -> ConductMark | None:
        row = await self._marks.find_one({"_id": id}, session=tx.session if tx else None)
        return (await self._opened([row]))[0] if row else None

    async def add(self, mark: ConductMark, *, tx: Tx) -> None:
        key = await self._vault.key(mark.customer_id)
        tx.insert(MARKS, {**mark.document(), "private": _sealed(mark.private, key)})

    async def advance(self, before: ConductMark, after: ConductMark, *, tx: Tx) -> bool:
        """`before` becomes `after`. False: it is not as it was read."""
        changed = changes(before, after)
        if "private" in changed:
            key = await self._vault.key(after.customer_id)
            changed["private"] = _sealed(after.private, key)
        written = await self._marks.update_one(
            {"_id": before.id, "sequence": before.sequence},
            {"$set": changed},
            session=tx.session,
        )
        return written.matched_count == 1

    async def standing_of(self, customer_id: str, at: datetime) -> list[ConductMark]:
        """Those that count now, unopened: asked before every booking."""
        rows = self._marks.find(
            {
                "customer_id": customer_id,
                "state": MarkState.STANDING.value,
                "expires_at": {"$gt": at},
            }
        )
        return [ConductMark.of_document({**row, "private": Said()}) async for row in rows]

    async def lock(self, customer_id: str, *, tx: Tx) -> None:
        """Two bookings of one customer who is limited follow each other. No upsert here."""
        head = await self._heads.update_one(
            {"_id": customer_id}, {"$inc": {"sequence": 1}}, session=tx.session
        )
        if not head.matched_count:
            await self._heads.insert_one({"_id": customer_id, "sequence": 1}, session=tx.session)

    async def of_customer(self, customer_id: str, most: int) -> list[ConductMark]:
        """The latest first."""
        rows = self._marks.find({"customer_id": customer_id}).sort([("at", -1), ("_id", -1)])
        return await self._opened([row async for row in rows.limit(most)])

    async def under_appeal(self, path: str, ask: Ask) -> Page[ConductMark]:
        """Open appeals in a part of the bureau, the one that has waited longest first."""
        wanted = _appealed(path)
        if ask.after is not None:
            before = await self._marks.find_one({"_id": ask.after}, {"appeal.at": 1})
            at = before["appeal"]["at"] if before and before.get("appeal") else None
            later = {"appeal.at": {"$gt": at}}
            wanted["$or"] = [later, {"appeal.at": at, "_id": {"$gt": ask.after}}]
        rows = self._marks.find(wanted).sort([("appeal.at", 1), ("_id", 1)])
        return cut(await self._opened([row async for row in rows.limit(ask.first + 1)]), ask)

    async def count_under_appeal(self, path: str) -> int:
        return await self._marks.count_documents(_appealed(path))

    async def _opened(self, rows: Sequence[Any]) -> list[ConductMark]:
        keys = await self._vault.keys([row["customer_id"] for row in rows])
        return [_opened(row, keys.get(row["customer_id"])) for row in rows]


def _appealed(path: str) -> Document:
    lies_in = {"$regex": f"^{re.escape(path)}"}
    return {"appeal.at": {"$exists": True}, "branch_path": lies_in} | _OPEN


def _sealed(said: Said, key: OwnerKey) -> bytes:
    return key.seal(_PRIVATE, said.model_dump(mode="json"))


def _opened(row: Document, key: OwnerKey | None) -> ConductMark:
    said = key.open(_PRIVATE, row["private"]) if key else Said()
    return ConductMark.of_document({**row, "private": said})
