"""The log of commands, in MongoDB: for ever the same answer to the same id."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from doorstep.handheld.model import Record
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx

COMMANDS: Final = "commands"
KEPT: Final = (
    Kept(
        COMMANDS,
        (Index(("at",), expire_after=timedelta(days=90)),),
        schema=stored_schema(Record),
    ),
)


class CommandLog:
    def __init__(self, mongo: Mongo) -> None:
        self._commands = mongo[COMMANDS]

    async def known(
        self, account_id: str, command_ids: Collection[str], *, tx: Tx
    ) -> dict[str, Record]:
        """What became of these commands, by command id."""
        ids = [record_id(account_id, id) for id in command_ids]
        rows = self._commands.find({"_id": {"$in": ids}}, session=tx.session)
        return {row["command_id"]: Record.of_document(row) async for row in rows}

    def add(self, record: Record, *, tx: Tx) -> None:
        tx.insert(COMMANDS, record.document())


def record_id(account_id: str, command_id: str) -> str:
    return f"{account_id}|{command_id}"
