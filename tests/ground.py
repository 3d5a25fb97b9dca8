"""The ground on which the houses of one test process stand: prepared once, cleared for each test.

What a test finds is what `House.prepare` and `given.town` made: the documents put back are theirs,
byte for byte. Only documents are: whoever breaks an index or a validator mends it, and who did not
is noticed in the end.
"""

from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient, WriteConcern
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern

from doorstep.wiring import KEPT, KEYS_KEPT, House
from tests import given

Shape = dict[tuple[str, str], dict[str, Any]]
Contents = dict[tuple[str, str], list[RawBSONDocument]]

_META: Final = "meta"
_LASTING: Final = (_META, "migrations")
"""They say with which keys the database was written, and what has changed in it since."""
_QUICK: Final = WriteConcern(1)
_SAFE: Final = WriteConcern("majority", j=True)


class Ground:
    """Not for two houses at a time."""

    def __init__(self, url: str, database: str) -> None:
        self._client = MongoClient[RawBSONDocument](url, document_class=RawBSONDocument)
        self._places = [
            *((database, kept.name) for kept in KEPT if kept.name not in _LASTING),
            *((f"{database}_keys", kept.name) for kept in KEYS_KEPT),
        ]
        self._shape: Shape = {}
        self._rules: Contents = {}
        self._town: Contents = {}

    async def clear_for(self, house: House) -> None:
        """Leave the collections, our rule rows, and nothing else."""
        if not self._rules:
            await house.prepare()
            self._shape = self._shape_now()
            self._clear()
            await house.rulebook.put_ours()
            self._rules = self._contents()
        self._clear()
        self._put(self._rules)

    async def build_town(self, house: House) -> None:
        """The town of `given`, on cleared ground."""
        if self._town:
            self._put(self._town)
            return
        await given.town(house)
        self._town = self._contents()
        for place, rows in self._rules.items():
            ours = {row["_id"] for row in rows}
            self._town[place] = [row for row in self._town[place] if row["_id"] not in ours]

    def close(self) -> None:
        changed = bool(self._shape) and self._shape != self._shape_now()
        self._client.close()
        assert not changed, "a test changed a collection's options or indexes for all after it"

    def _at(self, place: tuple[str, str]) -> Collection[RawBSONDocument]:
        database, name = place
        return self._client[database].get_collection(
            name, write_concern=_QUICK, read_concern=ReadConcern("local")
        )

    def _filled(self) -> list[tuple[str, str]]:
        """Where there is anything. One question for each database, not one for each collection."""
        found = []
        for database in {database for database, _ in self._places}:
            first, *others = [place for place in self._places if place[0] == database]
            pipeline = [*_told(first[1]), *({"$unionWith": _asked(name)} for _, name in others)]
            found += [(database, str(row["_id"])) for row in self._at(first).aggregate(pipeline)]
        return found

    def _clear(self) -> None:
        for place in self._filled():
            self._at(place).delete_many({})
        self._settle()

    def _put(self, contents: Contents) -> None:
        for place, rows in contents.items():
            self._at(place).insert_many(rows, ordered=False)
        self._settle()

    def _settle(self) -> None:
        """Wait, by a write that finds nothing, until a majority has it all: houses read no less."""
        for database in {database for database, _ in self._places}:
            nothing = self._client[database].get_collection(_META, write_concern=_SAFE)
            nothing.delete_one({"_id": "nothing"})

    def _shape_now(self) -> Shape:
        """What a collection is beside its documents."""
        shape: Shape = {}
        for database in {database for database, _ in self._places}:
            for found in self._client[database].list_collections():
                indexes = self._client[database][found["name"]].list_indexes()
                ways_in = {index["name"]: dict(index) for index in indexes}
                shape[database, found["name"]] = {"options": found["options"]} | ways_in
        return shape

    def _contents(self) -> Contents:
        return {place: list(self._at(place).find({})) for place in self._filled()}


def _told(name: str) -> list[dict[str, Any]]:
    return [{"$limit": 1}, {"$project": {"_id": {"$literal": name}}}]


def _asked(name: str) -> dict[str, Any]:
    return {"coll": name, "pipeline": _told(name)}
