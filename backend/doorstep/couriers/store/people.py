"""Couriers, vehicles and shifts in MongoDB."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo.errors import BulkWriteError

from doorstep.couriers.model import Courier, Shift, ShiftPattern, Vehicle
from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.pii import OwnerKey, Vault
from doorstep.kit.windows import TimeWindow

COURIERS: Final = "couriers"
VEHICLES: Final = "vehicles"
SHIFTS: Final = "shifts"
PATTERNS: Final = "shift_patterns"
_SEALED: Final = ("name", "phone")
KEPT: Final = (
    Kept(
        COURIERS,
        (Index(("account_id",), unique=True), Index(("branch_id",))),
        schema=stored_schema(Courier, sealed=_SEALED),
    ),
    Kept(
        VEHICLES,
        (Index(("branch_id",)), Index(("plate",), unique=True)),
        schema=stored_schema(Vehicle),
    ),
    Kept(
        SHIFTS,
        (Index(("branch_id", "end", "start")), Index(("courier_id", "end"))),
        schema=stored_schema(Shift),
    ),
    Kept(PATTERNS, (Index(("courier_id",)),), schema=stored_schema(ShiftPattern)),
)


class CourierStore:
    def __init__(self, mongo: Mongo, vault: Vault) -> None:
        self._couriers = mongo[COURIERS]
        self._vehicles = mongo[VEHICLES]
        self._shifts = mongo[SHIFTS]
        self._patterns = mongo[PATTERNS]
        self._vault = vault

    async def of_account(self, account_id: str, *, tx: Tx | None = None) -> Courier | None:
        document = await self._couriers.find_one(
            {"account_id": account_id}, session=tx.session if tx else None
        )
        return (await self._opened([document]))[0] if document else None

    async def get_many(self, ids: Collection[str]) -> dict[str, Courier]:
        rows = [row async for row in self._couriers.find({"_id": {"$in": list(ids)}})]
        return {courier.id: courier for courier in await self._opened(rows)}

    async def of_branch(self, branch_id: str, on_duty: bool | None = None) -> list[Courier]:
        wanted: Document = {"branch_id": branch_id}
        if on_duty is not None:
            wanted["on_duty"] = on_duty
        return await self._opened([row async for row in self._couriers.find(wanted).sort("_id")])

    async def vehicles(self, ids: Collection[str]) -> dict[str, Vehicle]:
        rows = self._vehicles.find({"_id": {"$in": list(ids)}})
        return {row["_id"]: Vehicle.of_document(row) async for row in rows}

    async def fleet(self, branch_id: str) -> dict[str, Vehicle]:
        """The vehicles that stand in the branch's yard."""
        rows = self._vehicles.find({"branch_id": branch_id})
        return {row["_id"]: Vehicle.of_document(row) async for row in rows}

    async def shifts_of_branch(self, branch_id: str, span: TimeWindow) -> list[Shift]:
        rows = self._shifts.find(
            {
                "branch_id": branch_id,
                "end": {"$gt": span.start},
                "start": {"$lt": span.end},
                "cancelled_at": None,
            }
        )
        return [Shift.of_document(row) async for row in rows]

    async def shifts_of_courier(self, courier_id: str, after: datetime) -> list[Shift]:
        wanted = {"courier_id": courier_id, "end": {"$gt": after}, "cancelled_at": None}
        rows = self._shifts.find(wanted).sort("end")
        return [Shift.of_document(row) async for row in rows.limit(14)]

    async def patterns(self) -> list[ShiftPattern]:
        return [ShiftPattern.of_document(row) async for row in self._patterns.find()]

    async def add_shifts(self, shifts: Sequence[Shift]) -> int:
        """Add those that are not there. How many were not."""
        if not shifts:
            return 0
        try:
            await self._shifts.insert_many([shift.document() for shift in shifts], ordered=False)
        except BulkWriteError as error:
            return int((error.details or {}).get("nInserted", 0))
        return len(shifts)

    async def known_shifts(self, ids: Collection[str]) -> set[str]:
        rows = self._shifts.find({"_id": {"$in": list(ids)}}, {"_id": 1})
        return {row["_id"] async for row in rows}

    async def set_duty(self, courier_id: str, *, on_duty: bool, at: datetime, tx: Tx) -> None:
        await self._couriers.update_one(
            {"_id": courier_id},
            {"$set": {"on_duty": on_duty, "duty_changed_at": at}},
            session=tx.session,
        )

    async def add(
        self,
        couriers: Sequence[Courier],
        vehicles: Iterable[Vehicle],
        patterns: Iterable[ShiftPattern],
        *,
        tx: Tx,
    ) -> None:
        keys = await self._vault.keys([courier.account_id for courier in couriers])
        for courier in couriers:
            tx.insert(COURIERS, _sealed(courier, keys[courier.account_id]))
        for vehicle in vehicles:
            tx.insert(VEHICLES, vehicle.document())
        for pattern in patterns:
            tx.insert(PATTERNS, pattern.document())

    async def _opened(self, rows: Sequence[Any]) -> list[Courier]:
        keys = await self._vault.keys([row["account_id"] for row in rows])
        return [_opened(row, keys.get(row["account_id"])) for row in rows]


def _sealed(courier: Courier, key: OwnerKey) -> Document:
    document = courier.document()
    for field in _SEALED:
        document[field] = key.seal(f"{COURIERS}.{field}", document[field])
    return document


def _opened(row: Document, key: OwnerKey | None) -> Courier:
    opened = {
        field: key.open(f"{COURIERS}.{field}", row[field]) if key else None for field in _SEALED
    }
    return Courier.of_document({**row, **opened})
