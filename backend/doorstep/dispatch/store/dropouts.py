"""Couriers who dropped out, in MongoDB."""

from datetime import timedelta
from typing import Final

from doorstep.dispatch.model import DropOut
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx

DROP_OUTS: Final = "drop_outs"
KEPT: Final = (
    Kept(
        DROP_OUTS,
        (
            Index(("courier_id", "since")),
            Index(("at",), expire_after=timedelta(days=365)),
        ),
        schema=stored_schema(DropOut),
    ),
)


class DropOutStore:
    def __init__(self, mongo: Mongo) -> None:
        self._kept = mongo[DROP_OUTS]

    def add(self, drop_out: DropOut, *, tx: Tx) -> None:
        tx.insert(DROP_OUTS, drop_out.document())

    async def get(self, id: str) -> DropOut | None:
        found = await self._kept.find_one({"_id": id})
        return DropOut.of_document(found) if found else None
