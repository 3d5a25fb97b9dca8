"""Which collections there are, and by what they are found: made at start, never in a transaction.

A store declares its `KEPT`; wiring hands them all to `prepare`. An invariant that two hands could
break at once is a unique index here, not a check in code. A document that its model could not read
back is refused by the server itself (error 121): see schemas.py.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from pymongo import ASCENDING, IndexModel, timeout
from pymongo.errors import CollectionInvalid

from doorstep.kit.documents import Document
from doorstep.kit.mongo.driver import Collection as Handle
from doorstep.kit.mongo.driver import Database, settled

_PATIENCE_SECONDS: Final = 600  # building an index, or reading all, outlasts what a request may
_STRICT: Final[Document] = {"validationLevel": "strict", "validationAction": "error"}


@dataclass(frozen=True)
class Index:
    """One way in. `keys` are fields, ascending unless led by a minus."""

    keys: tuple[str, ...]
    unique: bool = False
    only: Document | None = None
    expire_after: timedelta | None = None

    @property
    def name(self) -> str:
        return "_".join(key.replace("-", "down_").replace(".", "_") for key in self.keys)

    def model(self) -> IndexModel:
        options: dict[str, Any] = {"name": self.name, "unique": self.unique}
        if self.only is not None:
            options["partialFilterExpression"] = self.only
        if self.expire_after is not None:
            options["expireAfterSeconds"] = int(self.expire_after.total_seconds())
        return IndexModel([_direction(key) for key in self.keys], **options)


@dataclass(frozen=True)
class Kept:
    """A collection, its indexes, and the `$jsonSchema` of its documents, or what makes it."""

    name: str
    indexes: tuple[Index, ...] = field(default=())
    schema: Document | Callable[[], Document] | None = None

    def validator(self) -> Document | None:
        """As the server keeps it. None: whatever is there is left alone."""
        if self.schema is None:
            return None
        return {"$jsonSchema": self.schema() if callable(self.schema) else self.schema}


def _direction(key: str) -> tuple[str, int]:
    return (key[1:], -1) if key.startswith("-") else (key, ASCENDING)


async def prepare(database: Database, kept: Iterable[Kept]) -> None:
    """Make what is missing, and put our validators. Harmless when repeated, also by several."""
    there = await _validators(database)
    with timeout(_PATIENCE_SECONDS):
        for collection in kept:
            if collection.name not in there:
                await _create(database, collection.name)
            wanted = collection.validator()
            if wanted is not None and there.get(collection.name) != wanted:
                await database.command({"collMod": collection.name, "validator": wanted} | _STRICT)
            if collection.indexes:
                await database[collection.name].create_indexes(
                    [index.model() for index in collection.indexes]
                )


async def _create(database: Database, name: str) -> None:
    try:
        await database.create_collection(name)
    except CollectionInvalid:
        return  # another process was quicker


async def _validators(database: Database) -> dict[str, Document | None]:
    """The validator of each collection there is."""
    cursor = await settled(database.list_collections())
    return {found["name"]: found.get("options", {}).get("validator") async for found in cursor}


async def unguarded(database: Database, kept: Iterable[Kept]) -> list[str]:
    """The collections that declare a schema and have none: anything could be written to them."""
    there = await _validators(database)
    return [each.name for each in kept if each.schema is not None and not there.get(each.name)]


async def differing(database: Database, kept: Iterable[Kept]) -> list[str]:
    """The collections whose validator is not the one we declare."""
    there = await _validators(database)
    return [
        each.name
        for each in kept
        if each.schema is not None and there.get(each.name) != each.validator()
    ]


async def unfit(database: Database, kept: Iterable[Kept]) -> dict[str, int]:
    """How many documents of each collection its schema would refuse. Reads all of them."""
    found = {}
    for collection in kept:
        if (validator := collection.validator()) is not None:
            wrong = {"$nor": [validator]}
            with timeout(_PATIENCE_SECONDS):
                found[collection.name] = await database[collection.name].count_documents(wrong)
    return {name: count for name, count in found.items() if count}


async def missing(database: Database, kept: Iterable[Kept]) -> list[str]:
    """The indexes that are declared and not there, as `collection.index`."""
    absent = []
    for collection in kept:
        present = await _index_names(database[collection.name])
        absent += [
            f"{collection.name}.{index.name}"
            for index in collection.indexes
            if index.name not in present
        ]
    return absent


async def _index_names(handle: Handle) -> set[str]:
    cursor = await settled(handle.list_indexes())
    return {index["name"] async for index in cursor}
