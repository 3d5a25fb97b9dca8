"""Closures in MongoDB."""

from collections.abc import Iterable
from typing import Final

from doorstep.calendar.model import Closure
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx

CLOSURES: Final = "closures"
KEPT: Final = (Kept(CLOSURES, (Index(("day", "path")),), schema=stored_schema(Closure)),)


class ClosureStore:
    def __init__(self, mongo: Mongo) -> None:
        self._closures = mongo[CLOSURES]

    async def all(self) -> tuple[Closure, ...]:
        return tuple([Closure.of_document(row) async for row in self._closures.find()])

    def add(self, closures: Iterable[Closure], *, tx: Tx) -> None:
        for closure in closures:
            tx.insert(CLOSURES, closure.document())
