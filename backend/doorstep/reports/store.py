"""Couriers' days, counted, in MongoDB."""

from collections.abc import Collection
from datetime import date
from itertools import chain
from typing import Final

from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.driver import settled
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.reports.model import COUNTS, Cell, CourierDay, Grouping, Tally

COURIER_DAYS: Final = "courier_days"
KEPT: Final = (
    Kept(
        COURIER_DAYS,
        (
            Index(("branch_id", "day")),
            # A visit is counted once, whatever is told twice or at once.
            Index(("appointment_ids",), unique=True),
        ),
        schema=stored_schema(CourierDay),
    ),
)


class CourierDayStore:
    def __init__(self, mongo: Mongo) -> None:
        self._days = mongo[COURIER_DAYS]

    async def of_branch(self, branch_id: str, first: date, last: date) -> list[CourierDay]:
        """Of these days, both included."""
        rows = self._days.find(_these(branch_id, first, last))
        return [CourierDay.of_document(row) async for row in rows]

    async def counted(self, branch_id: str, first: date, last: date, by: Grouping) -> list[Cell]:
        """The same, added up: by day, by courier, or, told apart by service, all as one."""
        these: Document = {"$match": _these(branch_id, first, last)}
        match by:
            case Grouping.DAY:
                days = await self._sums([these, _summed("$day", "$whole")])
                return [Cell(date.fromisoformat(day), None, days[day]) for day in days]
            case Grouping.COURIER:
                theirs = await self._sums([these, _summed("$courier_id", "$whole")])
                return [Cell(None, id, theirs[id]) for id in theirs]
        whole = await self._sums([these, _summed(None, "$whole")])
        each: Document = {"$project": {"one": {"$objectToArray": "$by_service"}}}
        kinds = await self._sums([these, each, {"$unwind": "$one"}, _summed("$one.k", "$one.v")])
        return [Cell(None, None, tally, kinds) for tally in whole.values()]

    async def _sums(self, pipeline: list[Document]) -> dict[str, Tally]:
        rows = await settled(self._days.aggregate(pipeline))
        return {
            row["_id"]: Tally(
                **{name: row[name] for name in COUNTS},
                minutes_to_done=tuple(sorted(chain.from_iterable(row["minutes"]))),
            )
            async for row in rows
        }

    async def concerned(
        self, appointment_id: str, ids: Collection[str], *, tx: Tx
    ) -> dict[str, CourierDay]:
        """The days with these ids, and the one in which the visit is counted."""
        either = [{"appointment_ids": appointment_id}, {"_id": {"$in": list(ids)}}]
        rows = self._days.find({"$or": either}, session=tx.session)
        return {row["_id"]: CourierDay.of_document(row) async for row in rows}

    async def put(self, before: CourierDay | None, after: CourierDay, *, tx: Tx) -> None:
        """What is empty is not kept."""
        if before is None:
            tx.insert(COURIER_DAYS, after.document())
        elif after.appointment_ids:
            await self._days.replace_one({"_id": before.id}, after.document(), session=tx.session)
        else:
            await self._days.delete_one({"_id": before.id}, session=tx.session)


def _these(branch_id: str, first: date, last: date) -> Document:
    return {"branch_id": branch_id, "day": {"$gte": first.isoformat(), "$lte": last.isoformat()}}


def _summed(key: str | None, tally: str) -> Document:
    """`model.total`, where the data is."""
    sums = {name: {"$sum": f"{tally}.{name}"} for name in COUNTS}
    return {"$group": {"_id": key, "minutes": {"$push": f"{tally}.minutes_to_done"}, **sums}}
