"""Couriers' days, counted, in MongoDB."""

from collections.abc import Collection
from datetime import date
from typing import Final

from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.reports.model import CourierDay

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

    async def of_branch(
        self, branch_id: str, first: date, last: date, *, by_service: bool = True
    ) -> list[CourierDay]:
        """Of these days, both included; without `by_service` that part is left out."""
        wanted = {
            "branch_id": branch_id,
            "day": {"$gte": first.isoformat(), "$lte": last.isoformat()},
        }
        if by_service:
            return [CourierDay.of_document(row) async for row in self._days.find(wanted)]
        rows = self._days.find(wanted, {"by_service": 0, "appointment_ids": 0})
        bare: Document = {"by_service": {}, "appointment_ids": ()}
        return [CourierDay.of_document({**row, **bare}) async for row in rows]

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
