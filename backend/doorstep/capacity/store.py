"""Slots and holds in MongoDB."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError

from doorstep.capacity.model import Hold, Slot, SlotPattern
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import INSTANT, TEXT, shaped, stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx

SLOTS: Final = "slots"
PATTERNS: Final = "slot_patterns"
HOLDS: Final = "holds"
CLAIMS: Final = "hold_claims"
KEPT: Final = (
    Kept(SLOTS, (Index(("area_id", "window.start")),), schema=stored_schema(Slot)),
    Kept(PATTERNS, schema=stored_schema(SlotPattern)),
    Kept(
        HOLDS,
        (Index(("expires_at",), expire_after=timedelta(days=2)),),
        schema=stored_schema(Hold),
    ),
    Kept(
        CLAIMS,
        (Index(("until",), expire_after=timedelta(days=2)),),
        schema=shaped(_id=TEXT, hold_id=TEXT, until=INSTANT),
    ),
)


class SlotStore:
    def __init__(self, mongo: Mongo) -> None:
        self._slots = mongo[SLOTS]
        self._patterns = mongo[PATTERNS]

    async def get(self, key: str) -> Slot | None:
        document = await self._slots.find_one({"_id": key})
        return Slot.of_document(document) if document else None

    async def get_many(self, keys: Collection[str]) -> dict[str, Slot]:
        rows = self._slots.find({"_id": {"$in": list(keys)}})
        return {row["_id"]: Slot.of_document(row) async for row in rows}

    async def of_area(
        self, area_id: str, start: datetime, end: datetime, most: int = 0
    ) -> list[Slot]:
        """The slots that start in [start, end), in order; `most` of them, or all."""
        rows = self._slots.find(
            {"area_id": area_id, "window.start": {"$gte": start, "$lt": end}}
        ).sort("window.start")
        return [Slot.of_document(row) async for row in rows.limit(most)]

    async def lock(self, key: str, *, tx: Tx) -> Slot | None:
        """The slot, ours until the transaction ends: whoever else wants it conflicts at once."""
        document = await self._slots.find_one_and_update(
            {"_id": key},
            {"$inc": {"revision": 1}},
            return_document=ReturnDocument.AFTER,
            session=tx.session,
        )
        return Slot.of_document(document) if document else None

    async def put(self, slot: Slot, *, tx: Tx) -> bool:
        """Write what was decided on the revision that was locked."""
        document = slot.document()
        written = await self._slots.update_one(
            {"_id": slot.id, "revision": slot.revision},
            {"$set": {"booked": document["booked"], "holds": document["holds"]}},
            session=tx.session,
        )
        return written.matched_count == 1

    async def free(self, key: str, *, tx: Tx) -> None:
        """One promise less. Never below none."""
        await self._slots.update_one(
            {"_id": key, "booked": {"$gt": 0}},
            {"$inc": {"booked": -1, "revision": 1}},
            session=tx.session,
        )

    async def drop_hold(self, key: str, hold_id: str, *, tx: Tx) -> None:
        await self._slots.update_one(
            {"_id": key},
            {"$pull": {"holds": {"id": hold_id}}, "$inc": {"revision": 1}},
            session=tx.session,
        )

    async def patterns(self) -> list[SlotPattern]:
        return [SlotPattern.of_document(row) async for row in self._patterns.find()]

    async def known(self, keys: Collection[str]) -> set[str]:
        rows = self._slots.find({"_id": {"$in": list(keys)}}, {"_id": 1})
        return {row["_id"] async for row in rows}

    async def add(self, slots: Sequence[Slot]) -> int:
        """Add those that are not there. How many were not."""
        if not slots:
            return 0
        try:
            await self._slots.insert_many([slot.document() for slot in slots], ordered=False)
        except BulkWriteError as error:
            return int((error.details or {}).get("nInserted", 0))
        return len(slots)

    def add_patterns(self, patterns: Iterable[SlotPattern], *, tx: Tx) -> None:
        for pattern in patterns:
            tx.insert(PATTERNS, pattern.document())


class HoldStore:
    def __init__(self, mongo: Mongo) -> None:
        self._holds = mongo[HOLDS]
        self._claims = mongo[CLAIMS]

    async def of_customer(self, id: str, customer_id: str, *, tx: Tx | None = None) -> Hold | None:
        """The hold, if it is theirs. Someone else's looks exactly like none."""
        document = await self._holds.find_one(
            {"_id": id, "customer_id": customer_id}, session=tx.session if tx else None
        )
        return Hold.of_document(document) if document else None

    def add(self, hold: Hold, *, tx: Tx) -> None:
        tx.insert(HOLDS, hold.document())

    async def claim(self, hold: Hold, *, at: datetime, tx: Tx) -> bool:
        """One live hold for each customer and service: the claim is the row they would share."""
        keys = [_claim_key(hold.customer_id, service) for service in hold.services]
        rows = self._claims.find({"_id": {"$in": keys}}, session=tx.session)
        known = {row["_id"]: row["until"] async for row in rows}
        if any(until > at for until in known.values()):
            return False
        claim = {"hold_id": hold.id, "until": hold.expires_at}
        if known:
            await self._claims.update_many(
                {"_id": {"$in": list(known)}}, {"$set": claim}, session=tx.session
            )
        # Written now, not with the commit: the transaction's next waiter has to see it.
        if fresh := [{"_id": key, **claim} for key in keys if key not in known]:
            await self._claims.insert_many(fresh, session=tx.session)
        return True

    async def end(self, hold: Hold, *, at: datetime, tx: Tx) -> bool:
        """Booked or released. False: it was over already."""
        ended = await self._holds.update_one(
            {"_id": hold.id, "over": False}, {"$set": {"over": True}}, session=tx.session
        )
        if not ended.matched_count:
            return False
        keys = [_claim_key(hold.customer_id, service) for service in hold.services]
        await self._claims.update_many(
            {"_id": {"$in": keys}, "hold_id": hold.id}, {"$set": {"until": at}}, session=tx.session
        )
        return True


def _claim_key(customer_id: str, service: ServiceKind) -> str:
    return f"{customer_id}|{service.value}"
