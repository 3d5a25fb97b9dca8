"""Moves in MongoDB. An outcome is written where none is yet: who is second changes nothing."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.relocation.model import Followed, HouseMove

MOVES: Final = "house_moves"
KEPT: Final = (
    Kept(
        MOVES,
        (
            Index(("customer_id", "-_id")),
            Index(("at",), only={"done": False}),
            Index(("day",), only={"retired": False}),
        ),
        schema=stored_schema(HouseMove),
    ),
)


class MoveStore:
    def __init__(self, mongo: Mongo) -> None:
        self._moves = mongo[MOVES]

    def add(self, move: HouseMove, *, tx: Tx) -> None:
        tx.insert(MOVES, move.document())

    async def get(self, id: str) -> HouseMove | None:
        row = await self._moves.find_one({"_id": id})
        return HouseMove.of_document(row) if row else None

    async def of_customer(self, customer_id: str, most: int) -> list[HouseMove]:
        """The latest first."""
        rows = self._moves.find({"customer_id": customer_id}).sort("_id", -1).limit(most)
        return [HouseMove.of_document(row) async for row in rows]

    async def left(self, before: datetime, most: int) -> list[str]:
        rows = self._moves.find({"done": False, "at": {"$lte": before}}, {"_id": 1})
        return [row["_id"] async for row in rows.limit(most)]

    async def to_retire(self, today: date, most: int) -> list[HouseMove]:
        rows = self._moves.find(
            {"retired": False, "done": True, "day": {"$lte": today.isoformat()}}
        )
        return [HouseMove.of_document(row) async for row in rows.limit(most)]

    async def note(self, id: str, found: Sequence[Followed], *, tx: Tx) -> None:
        """All that is to follow, once."""
        each = [one.model_dump() for one in found]
        await self._moves.update_one(
            {"_id": id, "listed": False},
            {"$set": {"listed": True}, "$push": {"followed": {"$each": each}}},
            session=tx.session,
        )

    async def settle(self, id: str, said: Followed, *, tx: Tx) -> None:
        open_one = {"what": said.what, "id": said.id, "outcome": None}
        await self._moves.update_one(
            {"_id": id, "followed": {"$elemMatch": open_one}},
            {"$set": {"followed.$.outcome": said.outcome, "followed.$.code": said.code}},
            session=tx.session,
        )

    async def finish(self, id: str, *, tx: Tx) -> None:
        await self._moves.update_one({"_id": id}, {"$set": {"done": True}}, session=tx.session)

    async def retire(self, id: str, *, tx: Tx) -> None:
        await self._moves.update_one({"_id": id}, {"$set": {"retired": True}}, session=tx.session)
