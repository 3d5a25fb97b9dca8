"""Wait-lists in MongoDB. What is private is sealed as one, with the customer's key."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from doorstep.appointments.model import LIVE, WaitlistEntry, WaitPrivate, WaitState
from doorstep.kit.documents import Document, changes
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.pages import Ask, Page, cut
from doorstep.kit.pii import OwnerKey, Vault

WAITLIST: Final = "waitlist"
_LIVE: Final[Document] = {"state": {"$in": sorted(LIVE)}}
_WAITING: Final[Document] = {"state": WaitState.WAITING.value}
_OFFERED: Final[Document] = {"state": WaitState.OFFERED.value}
KEPT: Final = (
    Kept(
        WAITLIST,
        (
            Index(("slot_keys", "joined_at", "_id"), only=_LIVE),
            Index(("state", "slot_keys"), only=_LIVE),
            Index(("customer_id", "slot_keys"), unique=True, only=_LIVE),
            Index(("customer_id", "nth"), unique=True, only=_LIVE),
            Index(("customer_id", "-joined_at")),
            Index(("offer.until",), only=_OFFERED),
            Index(("passes_at",), only=_WAITING),
            Index(("ended_at",), expire_after=timedelta(days=30)),
        ),
        schema=stored_schema(WaitlistEntry, sealed=("private",)),
    ),
)
_PRIVATE: Final = f"{WAITLIST}.private"


class WaitlistStore:
    """Entries come unopened, but for those that somebody is to see or to be asked about."""

    def __init__(self, mongo: Mongo, vault: Vault) -> None:
        self._mongo = mongo
        self._entries = mongo[WAITLIST]
        self._vault = vault

    async def get(self, id: str, *, tx: Tx | None = None) -> WaitlistEntry | None:
        row = await self._entries.find_one({"_id": id}, session=tx.session if tx else None)
        return (await self.opened([_closed(row)], tx=tx))[0] if row else None

    async def add(self, entry: WaitlistEntry, *, tx: Tx) -> None:
        assert entry.private is not None
        key = await self._vault.key(entry.customer_id)
        sealed = key.seal(_PRIVATE, entry.private.model_dump(mode="json"))
        # Written now, not with the commit: two who are the same must collide before they are told.
        await self._entries.insert_one({**entry.document(), "private": sealed}, session=tx.session)

    async def advance(self, before: WaitlistEntry, after: WaitlistEntry, *, tx: Tx) -> bool:
        """`before` becomes `after`. False: it is not as it was read."""
        written = await self._entries.update_one(
            {"_id": before.id, "version": before.version},
            {"$set": changes(before, after)},
            session=tx.session,
        )
        return written.matched_count == 1

    # ------------------------------------------------------------ whose turn it is

    async def waiting_for(self, key: str, *, tx: Tx | None = None) -> list[WaitlistEntry]:
        """Who waits for a place in this slot, in their turn."""
        rows = self._entries.find(
            {"slot_keys": key} | _WAITING, session=tx.session if tx else None
        ).sort([("joined_at", 1), ("_id", 1)])
        return [_closed(row) async for row in rows]

    async def anybody(self) -> bool:
        return await self._entries.find_one(_LIVE, {"_id": 1}) is not None

    async def waited_for(self) -> list[str]:
        """The slots that somebody waits for."""
        found: list[str] = await self._entries.distinct("slot_keys", _WAITING)
        return found

    async def lapsed(self, at: datetime) -> list[WaitlistEntry]:
        """Whose offer is over and was not taken."""
        return await self._found({"offer.until": {"$lte": at}} | _OFFERED)

    async def passed(self, at: datetime) -> list[WaitlistEntry]:
        """Who waited in vain: every slot of theirs is cut off."""
        return await self._found({"passes_at": {"$lte": at}} | _WAITING)

    # ------------------------------------------------------------ whose they are

    async def live_of(self, customer_id: str, *, tx: Tx | None = None) -> list[WaitlistEntry]:
        return await self._found({"customer_id": customer_id} | _LIVE, tx=tx)

    async def of_customer(self, customer_id: str, most: int) -> list[WaitlistEntry]:
        """The latest joined first."""
        rows = self._entries.find({"customer_id": customer_id}).sort(
            [("joined_at", -1), ("_id", -1)]
        )
        return await self.opened([_closed(row) async for row in rows.limit(most)])

    async def of_slot(self, key: str, ask: Ask) -> Page[WaitlistEntry]:
        """Those who wait or were offered a place, in their turn."""
        wanted: Document = {"slot_keys": key} | _LIVE
        if ask.after is not None:
            before = await self._entries.find_one({"_id": ask.after}, {"joined_at": 1})
            at = before["joined_at"] if before else None
            later = {"joined_at": {"$gt": at}}
            wanted |= {"$or": [later, {"joined_at": at, "_id": {"$gt": ask.after}}]}
        rows = self._entries.find(wanted).sort([("joined_at", 1), ("_id", 1)])
        page = [_closed(row) async for row in rows.limit(ask.first + 1)]
        return cut(await self.opened(page), ask)

    async def count_of_slot(self, key: str) -> int:
        return await self._entries.count_documents({"slot_keys": key} | _LIVE)

    async def _found(self, wanted: Document, *, tx: Tx | None = None) -> list[WaitlistEntry]:
        rows = self._entries.find(wanted, session=tx.session if tx else None)
        return [_closed(row) async for row in rows]

    async def opened(
        self, entries: Sequence[WaitlistEntry], *, tx: Tx | None = None
    ) -> list[WaitlistEntry]:
        """With what is private of each, as far as there is a key to open it.

        Whoever read them in a transaction opens them in it: outside, they may not be seen yet.
        """
        rows = self._entries.find(
            {"_id": {"$in": [entry.id for entry in entries]}},
            {"private": 1},
            session=tx.session if tx else None,
        )
        sealed = {row["_id"]: row["private"] async for row in rows}
        keys = await self._vault.keys([entry.customer_id for entry in entries])
        return [_opened(entry, sealed, keys.get(entry.customer_id)) for entry in entries]


def _opened(
    entry: WaitlistEntry, sealed: Mapping[str, bytes], key: OwnerKey | None
) -> WaitlistEntry:
    if key is None or entry.id not in sealed:
        return entry
    private = WaitPrivate.model_validate(key.open(_PRIVATE, sealed[entry.id]))
    return entry.model_copy(update={"private": private})


def _closed(row: Any) -> WaitlistEntry:
    return WaitlistEntry.of_document({**row, "private": None})
