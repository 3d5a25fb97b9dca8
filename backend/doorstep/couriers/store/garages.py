"""Who has booked which vehicle, in MongoDB.

A vehicle has one diary: the spans ahead in which it is taken. A span is written only where the
filter finds none that overlaps, so that no two bookings of a vehicle can overlap, whatever races.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from doorstep.couriers.model import Outage, VehicleBooking
from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import TEXT, shaped, stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.windows import TimeWindow

BOOKINGS: Final = "vehicle_bookings"
OUTAGES: Final = "vehicle_outages"
DIARIES: Final = "vehicle_diaries"
KEPT: Final = (
    Kept(
        BOOKINGS,
        (Index(("branch_id", "end")), Index(("courier_id", "end"))),
        schema=stored_schema(VehicleBooking),
    ),
    Kept(OUTAGES, (Index(("branch_id", "end")),), schema=stored_schema(Outage)),
    Kept(DIARIES, schema=shaped(_id=TEXT, taken={"bsonType": "array"})),
)


class GarageStore:
    def __init__(self, mongo: Mongo) -> None:
        self._bookings = mongo[BOOKINGS]
        self._outages = mongo[OUTAGES]
        self._diaries = mongo[DIARIES]

    async def book(self, booking: VehicleBooking, *, tx: Tx) -> bool:
        """False: the vehicle is taken in some part of the span."""
        if not await self._take(booking.vehicle_id, booking.id, booking.window, booking.at, tx):
            return False
        tx.insert(BOOKINGS, booking.document())
        return True

    async def _take(self, vehicle_id: str, id: str, span: TimeWindow, at: datetime, tx: Tx) -> bool:
        overlapping = {"start": {"$lt": span.end}, "end": {"$gt": span.start}}
        entry = {"id": id, "start": span.start, "end": span.end}
        ahead = {"$filter": {"input": "$taken", "cond": {"$gt": ["$$this.end", at]}}}
        taken = await self._diaries.update_one(
            {"_id": vehicle_id, "taken": {"$not": {"$elemMatch": overlapping}}},
            [{"$set": {"taken": {"$concatArrays": [ahead, [entry]]}}}],
            session=tx.session,
        )
        if taken.matched_count:
            return True
        if await self._diaries.find_one({"_id": vehicle_id}, {"_id": 1}, session=tx.session):
            return False
        # No upsert in a transaction: two who are first collide on the id, and one runs again.
        await self._diaries.insert_one({"_id": vehicle_id, "taken": [entry]}, session=tx.session)
        return True

    async def release(self, booking: VehicleBooking, *, at: datetime, tx: Tx) -> None:
        await self._diaries.update_one(
            {"_id": booking.vehicle_id},
            {"$pull": {"taken": {"id": booking.id}}},
            session=tx.session,
        )
        await self._bookings.update_one(
            {"_id": booking.id}, {"$set": {"released_at": at}}, session=tx.session
        )

    async def booking(self, id: str, *, tx: Tx | None = None) -> VehicleBooking | None:
        found = await self._bookings.find_one({"_id": id}, session=tx.session if tx else None)
        return VehicleBooking.of_document(found) if found else None

    async def outage(self, id: str, *, tx: Tx | None = None) -> Outage | None:
        found = await self._outages.find_one({"_id": id}, session=tx.session if tx else None)
        return Outage.of_document(found) if found else None

    async def bookings(
        self, branch_ids: Collection[str], span: TimeWindow, *, tx: Tx | None = None
    ) -> list[VehicleBooking]:
        wanted = _touching(branch_ids, span) | {"released_at": None}
        rows = self._bookings.find(wanted, session=tx.session if tx else None).sort("start")
        return [VehicleBooking.of_document(row) async for row in rows]

    async def outages(
        self, branch_ids: Collection[str], span: TimeWindow, *, tx: Tx | None = None
    ) -> list[Outage]:
        wanted = _touching(branch_ids, span) | {"ended_at": None}
        rows = self._outages.find(wanted, session=tx.session if tx else None).sort("start")
        return [Outage.of_document(row) async for row in rows]

    async def add_outage(self, outage: Outage, *, tx: Tx) -> None:
        """It writes the diary too: a booking that does not know of it yet has to run again."""
        written = await self._diaries.update_one(
            {"_id": outage.vehicle_id}, {"$inc": {"outages": 1}}, session=tx.session
        )
        if not written.matched_count:
            empty = {"_id": outage.vehicle_id, "taken": [], "outages": 1}
            await self._diaries.insert_one(empty, session=tx.session)
        tx.insert(OUTAGES, outage.document())

    async def end_outage(self, id: str, *, at: datetime, tx: Tx) -> None:
        await self._outages.update_one({"_id": id}, {"$set": {"ended_at": at}}, session=tx.session)


def _touching(branch_ids: Collection[str], span: TimeWindow) -> Document:
    return {
        "branch_id": {"$in": list(branch_ids)},
        "end": {"$gt": span.start},
        "start": {"$lt": span.end},
    }
