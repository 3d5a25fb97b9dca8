"""Transfers from courier to courier, in MongoDB."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from doorstep.appointments.model import Appointment
from doorstep.dispatch.model import Transfer, TransferState
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx

TRANSFERS: Final = "transfers"
_PENDING: Final = {"state": TransferState.PENDING}
_UNWILLING: Final = (TransferState.REFUSED, TransferState.LAPSED)
KEPT: Final = (
    Kept(
        TRANSFERS,
        (
            # Nobody is asked while somebody else is, whatever races.
            Index(("appointment_id",), unique=True, only=_PENDING),
            Index(("appointment_id", "at")),
            Index(("answer_by",), only=_PENDING),
            Index(("from_courier_id", "day", "-at")),
            Index(("to_courier_id", "day", "-at")),
            Index(("branch_id", "day", "-at")),
            Index(("at",), expire_after=timedelta(days=90)),
        ),
        schema=stored_schema(Transfer),
    ),
)


class TransferStore:
    def __init__(self, mongo: Mongo) -> None:
        self._transfers = mongo[TRANSFERS]

    async def put(self, transfer: Transfer, *, tx: Tx) -> None:
        """Where what comes later in the same transaction is to find it."""
        await self._transfers.insert_one(transfer.document(), session=tx.session)

    async def get(self, id: str, *, tx: Tx | None = None) -> Transfer | None:
        found = await self._transfers.find_one({"_id": id}, session=tx.session if tx else None)
        return Transfer.of_document(found) if found else None

    async def pending_for(self, appointment_ids: Collection[str], *, tx: Tx) -> list[Transfer]:
        rows = self._transfers.find(
            {"appointment_id": {"$in": list(appointment_ids)}, **_PENDING}, session=tx.session
        )
        return [Transfer.of_document(row) async for row in rows]

    async def unwilling_to(
        self, appointments: Collection[Appointment], *, tx: Tx | None = None
    ) -> dict[str, frozenset[str]]:
        """Of each, who did not want to take it over in its window."""
        starts = {each.id: each.window.start for each in appointments}
        rows = self._transfers.find(
            {"appointment_id": {"$in": list(starts)}, "state": {"$in": _UNWILLING}},
            {"appointment_id": 1, "to_courier_id": 1, "window": 1},
            session=tx.session if tx else None,
        )
        found: dict[str, set[str]] = {}
        async for row in rows:
            if row["window"]["start"] == starts[row["appointment_id"]]:
                found.setdefault(row["appointment_id"], set()).add(row["to_courier_id"])
        return {id: frozenset(couriers) for id, couriers in found.items()}

    async def end(
        self, id: str, state: TransferState, *, at: datetime, tx: Tx, answer: str | None = None
    ) -> bool:
        """False: it was over already."""
        ended = await self._transfers.update_one(
            {"_id": id, **_PENDING},
            {"$set": {"state": state, "ended_at": at, "answer": answer}},
            session=tx.session,
        )
        return ended.matched_count == 1

    async def unanswered(self, at: datetime, most: int) -> list[Transfer]:
        """Whose answer has not come in time."""
        rows = self._transfers.find({**_PENDING, "answer_by": {"$lte": at}}).limit(most)
        return [Transfer.of_document(row) async for row in rows]

    async def of_courier(self, courier_id: str, day: date, most: int) -> list[Transfer]:
        """What they ask of others that day, and others of them; the latest first."""
        either = [{"from_courier_id": courier_id}, {"to_courier_id": courier_id}]
        return await self._latest({"$or": either, "day": day.isoformat()}, most)

    async def of_branch(
        self, branch_id: str, day: date, most: int, *, pending: bool
    ) -> list[Transfer]:
        only = _PENDING if pending else {}
        return await self._latest({"branch_id": branch_id, "day": day.isoformat(), **only}, most)

    async def _latest(self, wanted: dict[str, object], most: int) -> list[Transfer]:
        rows = self._transfers.find(wanted).sort([("at", -1), ("_id", -1)]).limit(most)
        return [Transfer.of_document(row) async for row in rows]
