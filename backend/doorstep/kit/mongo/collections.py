"""Which collections there are, and by what they are found: made at start, never in a transaction.

A store declares its `COLLECTIONS`; wiring hands them all to `prepare`. An invariant that two hands
could break at once is a unique index here, not a check in code.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import CollectionInvalid

from doorstep.kit.documents import Document
from doorstep.kit.mongo.driver import Collection as Handle
from doorstep.kit.mongo.driver import Database, settled


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
    """A collection and its indexes."""

    name: str
    indexes: tuple[Index, ...] = field(default=())


def _direction(key: str) -> tuple[str, int]:
    return (key[1:], -1) if key.startswith("-") else (key, ASCENDING)


async def prepare(database: Database, kept: Iterable[Kept]) -> None:
    """Make what is missing. Harmless when repeated, also by several at once."""
    there = set(await database.list_collection_names())
    for collection in kept:
        if collection.name not in there:
            await _create(database, collection.name)
        if collection.indexes:
            await database[collection.name].create_indexes(
                [index.model() for index in collection.indexes]
            )


async def _create(database: Database, name: str) -> None:
    try:
        await database.create_collection(name)
    except CollectionInvalid:
        return  # another process was quicker


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
