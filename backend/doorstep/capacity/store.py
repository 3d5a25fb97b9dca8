"""Slots and holds in MongoDB."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError

from doorstep.capacity.model import (
    Demand,
    Edition,
    Hold,
    Slot,
    SlotPattern,
    Terms,
    mask_of,
)
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import INSTANT, TEXT, shaped, stored_schema
from doorstep.kit.mongo.transactions import Mongo, Overtaken, Tx

SLOTS: Final = "slots"
PATTERNS: Final = "slot_patterns"
EDITIONS: Final = "slot_editions"
TERMS: Final = "booking_terms"
HOLDS: Final = "holds"
CLAIMS: Final = "hold_claims"
KEPT: Final = (
    Kept(
        SLOTS,
        (Index(("area_id", "window.start")), Index(("branch_id", "day"))),
        schema=stored_schema(Slot),
    ),
    Kept(EDITIONS, (Index(("slot_key", "edition")),), schema=stored_schema(Edition)),
    Kept(TERMS, schema=stored_schema(Terms)),
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
        self._editions = mongo[EDITIONS]

    async def get(self, key: str, *, tx: Tx | None = None) -> Slot | None:
        document = await self._slots.find_one({"_id": key}, session=tx.session if tx else None)
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

    async def put(self, slot: Slot, *, tx: Tx) -> None:
        """Write what was decided on the revision that was locked. Raises Overtaken: it was changed
        since.
        """
        document = slot.document()
        written = await self._slots.update_one(
            {"_id": slot.id, "revision": slot.revision},
            {"$set": {"booked": document["booked"], "holds": document["holds"]}},
            session=tx.session,
        )
        if written.matched_count != 1:
            raise Overtaken

    async def free(self, key: str, demand: Demand, *, visits: int = 1, tx: Tx) -> None:
        """One promise less, or with no `visits` less for one that stays. Never below none."""
        less = {f"booked.load.{name}": -amount for name, amount in demand.load}
        need = f"booked.needs.{mask_of(demand.services)}"
        await self._slots.update_one(
            {"_id": key, "booked.visits": {"$gte": visits}},
            {
                "$inc": {
                    **less,
                    need: -demand.load.minutes,
                    "booked.visits": -visits,
                    "revision": 1,
                }
            },
            session=tx.session,
        )

    async def lapsed_in(self, keys: Collection[str], at: datetime) -> list[str]:
        """Which of the slots still carry holds that are over."""
        wanted = {"_id": {"$in": list(keys)}, "holds.until": {"$lte": at}}
        return [row["_id"] async for row in self._slots.find(wanted, {"_id": 1})]

    async def drop_holds(self, key: str, hold_ids: Collection[str], *, tx: Tx) -> None:
        await self._slots.update_one(
            {"_id": key},
            {"$pull": {"holds": {"id": {"$in": list(hold_ids)}}}, "$inc": {"revision": 1}},
            session=tx.session,
        )

    async def of_branch(self, branch_id: str, first: date, days: int) -> list[Slot]:
        wanted = [(first + timedelta(days=offset)).isoformat() for offset in range(days)]
        rows = self._slots.find({"branch_id": branch_id, "day": {"$in": wanted}})
        return [Slot.of_document(row) async for row in rows.sort("window.start")]

    async def republish(self, before: Slot, after: Slot, *, tx: Tx) -> bool:
        """Another budget or cap. False: another hand published meanwhile."""
        document = after.document()
        fresh = {name: document[name] for name in ("budget", "cap", "edition")}
        written = await self._slots.update_one(
            {"_id": before.id, "edition": before.edition},
            {"$set": fresh, "$inc": {"revision": 1}},
            session=tx.session,
        )
        return written.matched_count == 1

    def keep_edition(self, edition: Edition, *, tx: Tx) -> None:
        tx.insert(EDITIONS, edition.document())

    async def editions(self, keys: Collection[str]) -> dict[str, list[Edition]]:
        """Of each slot, the first one first."""
        found: dict[str, list[Edition]] = {key: [] for key in keys}
        async for row in self._editions.find({"slot_key": {"$in": list(keys)}}).sort("edition"):
            found[row["slot_key"]].append(Edition.of_document(row))
        return found

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


class TermsStore:
    def __init__(self, mongo: Mongo) -> None:
        self._terms = mongo[TERMS]

    async def all(self) -> tuple[Terms, ...]:
        """Those that were not dropped."""
        rows = self._terms.find({"dropped": False}).sort("_id")
        return tuple([Terms.of_document(row) async for row in rows])

    async def get(self, id: str, *, tx: Tx | None = None) -> Terms | None:
        document = await self._terms.find_one({"_id": id}, session=tx.session if tx else None)
        return Terms.of_document(document) if document else None

    def add(self, terms: Iterable[Terms], *, tx: Tx) -> None:
        for row in terms:
            tx.insert(TERMS, row.document())

    async def replace(self, before: Terms, after: Terms, *, tx: Tx) -> bool:
        """False: another hand changed them meanwhile."""
        written = await self._terms.replace_one(
            {"_id": before.id, "version": before.version}, after.document(), session=tx.session
        )
        return written.matched_count == 1
