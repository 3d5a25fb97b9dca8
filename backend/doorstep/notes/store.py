"""Notes in MongoDB. What was written is sealed with the key of whom it is about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.pii import OwnerKey, Vault
from doorstep.notes.model import Note

NOTES: Final = "notes"
_SEALED: Final = ("text", "reviews")
KEPT: Final = (
    Kept(
        NOTES,
        (
            Index(("door_index",), only={"door_index": {"$type": "binData"}}),
            Index(("owner_id",)),
            Index(("branch_id", "review_at")),
        ),
        schema=stored_schema(Note, sealed=_SEALED),
    ),
)


class NoteStore:
    def __init__(self, mongo: Mongo, vault: Vault) -> None:
        self._notes = mongo[NOTES]
        self._vault = vault

    async def get(self, id: str, *, tx: Tx | None = None) -> Note | None:
        row = await self._notes.find_one({"_id": id}, session=tx.session if tx else None)
        return (await self._opened([row]))[0] if row else None

    async def concerning(self, owner_id: str, door_index: bytes | None, at: datetime) -> list[Note]:
        """What holds of the person, and of the door if one is named."""
        about: list[Document] = [{"owner_id": owner_id, "about": "CUSTOMER"}]
        if door_index is not None:
            about.append({"door_index": door_index})
        return await self._found({"$or": about, "expires_at": {"$gt": at}, "withdrawn_at": None})

    async def of_owner(self, owner_id: str, at: datetime) -> list[Note]:
        """What holds of the person and of their doors."""
        return await self._found(
            {"owner_id": owner_id, "expires_at": {"$gt": at}, "withdrawn_at": None}
        )

    async def of_branch(self, branch_id: str, at: datetime, *, due: bool) -> list[Note]:
        """What holds there; `due`: only what somebody should look at again."""
        wanted: Document = {
            "branch_id": branch_id,
            "expires_at": {"$gt": at},
            "withdrawn_at": None,
        }
        if due:
            wanted["review_at"] = {"$lte": at}
        return await self._found(wanted)

    async def add(self, note: Note, *, tx: Tx) -> None:
        key = await self._vault.key(note.owner_id)
        tx.insert(NOTES, _sealed(note, key))

    async def replace(self, before: Note, after: Note, *, tx: Tx) -> bool:
        """False: it is not as it was read."""
        key = await self._vault.key(after.owner_id)
        written = await self._notes.replace_one(
            {"_id": before.id, "version": before.version},
            _sealed(after, key),
            session=tx.session,
        )
        return written.matched_count == 1

    async def _found(self, wanted: Document) -> list[Note]:
        return await self._opened([row async for row in self._notes.find(wanted).sort("_id")])

    async def _opened(self, rows: Sequence[Any]) -> list[Note]:
        keys = await self._vault.keys([row["owner_id"] for row in rows])
        return [_opened(row, keys.get(row["owner_id"])) for row in rows]


def _sealed(note: Note, key: OwnerKey) -> Document:
    told = note.model_dump(mode="json", include=set(_SEALED))
    return {
        **note.document(),
        **{name: key.seal(f"{NOTES}.{name}", told[name]) for name in _SEALED},
    }


def _opened(row: Document, key: OwnerKey | None) -> Note:
    """Who was erased left the note, without its words."""
    if key is None:
        return Note.of_document({**row, "text": None, "reviews": ()})
    return Note.of_document(
        {**row, **{name: key.open(f"{NOTES}.{name}", row[name]) for name in _SEALED}}
    )
