"""The rule table in MongoDB; an operator may add a row that supersedes ours."""

from collections.abc import Sequence
from typing import Final

from pymongo import ReplaceOne

from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo
from doorstep.rulebook.model import RuleRow

ROWS: Final = "rule_rows"
KEPT: Final = (Kept(ROWS, (Index(("key", "-valid_from")),), schema=stored_schema(RuleRow)),)


class RuleStore:
    def __init__(self, mongo: Mongo) -> None:
        self._rows = mongo[ROWS]

    async def all(self) -> list[RuleRow]:
        return [RuleRow.of_document(document) async for document in self._rows.find()]

    async def put(self, rows: Sequence[RuleRow]) -> None:
        """Write the rows, each in place of the one with its id."""
        if rows:
            await self._rows.bulk_write(
                [ReplaceOne({"_id": row.id}, row.document(), upsert=True) for row in rows],
                ordered=False,
            )
