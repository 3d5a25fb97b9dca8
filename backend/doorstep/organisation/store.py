"""The bureau's tree in MongoDB."""

from collections.abc import Iterable
from typing import Final

from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.organisation.model import OrgUnit

UNITS: Final = "org_units"
KEPT: Final = (Kept(UNITS, (Index(("path",), unique=True),), schema=stored_schema(OrgUnit)),)


class UnitStore:
    def __init__(self, mongo: Mongo) -> None:
        self._units = mongo[UNITS]

    async def all(self) -> list[OrgUnit]:
        return [OrgUnit.of_document(document) async for document in self._units.find()]

    async def get(self, id: str) -> OrgUnit | None:
        document = await self._units.find_one({"_id": id})
        return OrgUnit.of_document(document) if document else None

    def add(self, units: Iterable[OrgUnit], *, tx: Tx) -> None:
        for unit in units:
            tx.insert(UNITS, unit.document())
