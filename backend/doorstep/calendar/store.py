"""Days, closures, blocks and sailings in MongoDB.

Changes  a row is replaced in the transaction that has read it: whoever changed it meanwhile makes
         the server refuse our write, and the transaction runs again
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from typing import Final, TypeVar

from pymongo.errors import BulkWriteError

from doorstep.calendar.model import (
    Block,
    BureauDay,
    Closure,
    FerryRoute,
    Sailing,
    SailingPattern,
    bureau_day_id,
)
from doorstep.kit.documents import Document, Stored, changes
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.driver import Collection, Session
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx

M = TypeVar("M", bound=Stored)

DAYS: Final = "calendar_days"
CLOSURES: Final = "closures"
BLOCKS: Final = "blocks"
ROUTES: Final = "ferry_routes"
SAILING_PATTERNS: Final = "sailing_patterns"
SAILINGS: Final = "sailings"
KEPT: Final = (
    Kept(DAYS, schema=stored_schema(BureauDay)),
    Kept(CLOSURES, (Index(("day", "path")),), schema=stored_schema(Closure)),
    Kept(BLOCKS, (Index(("end", "start")),), schema=stored_schema(Block)),
    Kept(ROUTES, schema=stored_schema(FerryRoute)),
    Kept(SAILING_PATTERNS, (Index(("route_id",)),), schema=stored_schema(SailingPattern)),
    Kept(
        SAILINGS,
        (
            Index(("day", "route_id")),
            Index(("pattern_id", "day"), unique=True, only={"pattern_id": {"$type": "string"}}),
        ),
        schema=stored_schema(Sailing),
    ),
)


def _session(tx: Tx | None) -> Session | None:
    return tx.session if tx else None


async def _each(model: type[M], rows: AsyncIterable[Document]) -> AsyncIterator[M]:
    async for row in rows:
        yield model.of_document(row)


async def _put(collection: Collection, before: Stored | None, after: Stored, tx: Tx) -> None:
    """Insert what was not there, or write what is other than it was read in this transaction."""
    if before is None:
        tx.insert(collection.name, after.document())
        return
    await collection.update_one(
        {"_id": before.id}, {"$set": changes(before, after)}, session=tx.session
    )


class CalendarStore:
    """What the days are, and what shuts them."""

    def __init__(self, mongo: Mongo) -> None:
        self._days = mongo[DAYS]
        self._closures = mongo[CLOSURES]
        self._blocks = mongo[BLOCKS]

    async def days(self, *, tx: Tx | None = None) -> dict[date, BureauDay]:
        rows = self._days.find(session=_session(tx))
        return {each.day: each async for each in _each(BureauDay, rows)}

    async def day(self, day: date, *, tx: Tx | None = None) -> BureauDay | None:
        found = await self._days.find_one({"_id": bureau_day_id(day)}, session=_session(tx))
        return BureauDay.of_document(found) if found else None

    async def closures(self, *, tx: Tx | None = None) -> tuple[Closure, ...]:
        """Those that hold. A closure from before there was a way back has no `reopened_at`."""
        rows = self._closures.find({"reopened_at": None}, session=_session(tx))
        return tuple([each async for each in _each(Closure, rows)])

    async def closure(self, id: str, *, tx: Tx | None = None) -> Closure | None:
        found = await self._closures.find_one({"_id": id}, session=_session(tx))
        return Closure.of_document(found) if found else None

    async def closure_on(self, day: date, path: str, *, tx: Tx) -> Closure | None:
        """The one that closes just that unit on that day."""
        wanted = {"day": day.isoformat(), "path": path, "reopened_at": None}
        found = await self._closures.find_one(wanted, session=tx.session)
        return Closure.of_document(found) if found else None

    async def blocks(
        self, since: datetime, until: datetime | None = None, *, tx: Tx | None = None
    ) -> tuple[Block, ...]:
        """Those that hold and have an instant past `since`, the first to begin first."""
        wanted: Document = {"end": {"$gt": since}, "lifted_at": None}
        if until:
            wanted["start"] = {"$lt": until}
        rows = self._blocks.find(wanted, session=_session(tx)).sort([("start", 1), ("_id", 1)])
        return tuple([each async for each in _each(Block, rows)])

    async def block(self, id: str, *, tx: Tx | None = None) -> Block | None:
        found = await self._blocks.find_one({"_id": id}, session=_session(tx))
        return Block.of_document(found) if found else None

    async def put_day(self, before: BureauDay | None, after: BureauDay, *, tx: Tx) -> None:
        await _put(self._days, before, after, tx)

    async def put_closure(self, before: Closure | None, after: Closure, *, tx: Tx) -> None:
        await _put(self._closures, before, after, tx)

    async def put_block(self, before: Block | None, after: Block, *, tx: Tx) -> None:
        await _put(self._blocks, before, after, tx)

    def add(self, closures: Iterable[Closure], days: Iterable[BureauDay], *, tx: Tx) -> None:
        for closure in closures:
            tx.insert(CLOSURES, closure.document())
        for day in days:
            tx.insert(DAYS, day.document())


class FerryStore:
    """Routes, timetables and boats."""

    def __init__(self, mongo: Mongo) -> None:
        self._routes = mongo[ROUTES]
        self._patterns = mongo[SAILING_PATTERNS]
        self._sailings = mongo[SAILINGS]

    async def routes(self) -> dict[str, FerryRoute]:
        rows = self._routes.find().sort("_id")
        return {each.id: each async for each in _each(FerryRoute, rows)}

    async def patterns(self) -> list[SailingPattern]:
        return [each async for each in _each(SailingPattern, self._patterns.find().sort("_id"))]

    async def sailings(
        self,
        first: date,
        last: date | None = None,
        *,
        route_id: str | None = None,
        tx: Tx | None = None,
    ) -> list[Sailing]:
        """Those from the first day on, in order, also those that are cancelled."""
        days = {"$gte": first.isoformat()}
        if last:
            days["$lte"] = last.isoformat()
        wanted: Document = {"day": days}
        if route_id:
            wanted["route_id"] = route_id
        rows = self._sailings.find(wanted, session=_session(tx)).sort("departs_at", 1)
        return [each async for each in _each(Sailing, rows)]

    async def sailing(self, id: str, *, tx: Tx | None = None) -> Sailing | None:
        found = await self._sailings.find_one({"_id": id}, session=_session(tx))
        return Sailing.of_document(found) if found else None

    async def known(self, wanted: Sequence[Sailing]) -> set[str]:
        """The ids of those that are there, or that their pattern has made in another form: who
        changes a timetable does not get two boats for one.
        """
        ids = [each.id for each in wanted]
        days = sorted({each.day.isoformat() for each in wanted})
        there = {"$or": [{"_id": {"$in": ids}}, {"day": {"$in": days}}]}
        rows = self._sailings.find(there, {"pattern_id": 1, "day": 1})
        found = [(row["_id"], row["pattern_id"], row["day"]) async for row in rows]
        taken = {id for id, _, _ in found}
        made = {(pattern, day) for _, pattern, day in found}
        return {
            each.id
            for each in wanted
            if each.id in taken or (each.pattern_id, each.day.isoformat()) in made
        }

    async def add_sailings(self, sailings: Sequence[Sailing]) -> int:
        """Add those that are not there. How many were not."""
        if not sailings:
            return 0
        try:
            await self._sailings.insert_many([each.document() for each in sailings], ordered=False)
        except BulkWriteError as error:
            return int((error.details or {}).get("nInserted", 0))
        return len(sailings)

    async def put_sailing(self, before: Sailing | None, after: Sailing, *, tx: Tx) -> None:
        await _put(self._sailings, before, after, tx)

    def add(
        self, routes: Iterable[FerryRoute], patterns: Iterable[SailingPattern], *, tx: Tx
    ) -> None:
        for route in routes:
            tx.insert(ROUTES, route.document())
        for pattern in patterns:
            tx.insert(SAILING_PATTERNS, pattern.document())
