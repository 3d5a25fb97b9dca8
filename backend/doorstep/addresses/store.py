"""Address books, areas and places in MongoDB. A door is sealed with its owner's key."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from doorstep.addresses.model import (
    ERASED,
    Address,
    Beat,
    BeatCorrection,
    BeatSeen,
    Coast,
    Place,
    ServiceArea,
)
from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.pii import OwnerKey, Vault

ADDRESSES: Final = "addresses"
AREAS: Final = "service_areas"
PLACES: Final = "places"
COASTS: Final = "coasts"
BEATS: Final = "beats"
CORRECTIONS: Final = "beat_corrections"
SEEN: Final = "beats_seen"
_MOST_SEEN: Final = 200
KEPT: Final = (
    Kept(ADDRESSES, (Index(("owner_id",)),), schema=stored_schema(Address, sealed=("door",))),
    Kept(AREAS, (Index(("branch_path",)),), schema=stored_schema(ServiceArea)),
    Kept(PLACES, (Index(("name",)),), schema=stored_schema(Place)),
    Kept(COASTS, schema=stored_schema(Coast)),
    Kept(BEATS, (Index(("branch_id",)),), schema=stored_schema(Beat)),
    Kept(CORRECTIONS, (Index(("place_id",)),), schema=stored_schema(BeatCorrection)),
    Kept(SEEN, (Index(("place_id",)),), schema=stored_schema(BeatSeen)),
)
_DOOR: Final = f"{ADDRESSES}.door"


class AddressStore:
    def __init__(self, mongo: Mongo, vault: Vault) -> None:
        self._addresses = mongo[ADDRESSES]
        self._vault = vault

    async def of_owner(self, id: str, owner_id: str, *, tx: Tx | None = None) -> Address | None:
        """The address, if it is theirs. Someone else's looks exactly like none."""
        document = await self._addresses.find_one(
            {"_id": id, "owner_id": owner_id, "deleted_at": None},
            session=tx.session if tx else None,
        )
        return (await self._opened([document]))[0] if document else None

    async def get(self, id: str) -> Address | None:
        document = await self._addresses.find_one({"_id": id, "deleted_at": None})
        return (await self._opened([document]))[0] if document else None

    async def get_many(self, ids: Collection[str]) -> list[Address]:
        rows = self._addresses.find({"_id": {"$in": list(ids)}, "deleted_at": None})
        return await self._opened([row async for row in rows])

    async def all_of(self, owner_id: str) -> list[Address]:
        rows = self._addresses.find({"owner_id": owner_id, "deleted_at": None}).sort("_id")
        return await self._opened([row async for row in rows])

    async def count_of(self, owner_id: str, *, tx: Tx) -> int:
        return await self._addresses.count_documents(
            {"owner_id": owner_id, "deleted_at": None}, session=tx.session
        )

    async def add(self, addresses: Sequence[Address], *, tx: Tx) -> None:
        keys = await self._vault.keys([address.owner_id for address in addresses])
        for address in addresses:
            tx.insert(ADDRESSES, self._sealed(address, keys[address.owner_id]))

    async def replace(self, before: Address, after: Address, *, tx: Tx) -> bool:
        """Put `after` where `before` was. False: it is not as it was."""
        key = await self._vault.key(after.owner_id)
        replaced = await self._addresses.replace_one(
            {"_id": before.id, "version": before.version, "deleted_at": None},
            self._sealed(after, key),
            session=tx.session,
        )
        return replaced.matched_count == 1

    async def delete(self, address: Address, *, at: datetime, tx: Tx) -> bool:
        deleted = await self._addresses.update_one(
            {"_id": address.id, "version": address.version, "deleted_at": None},
            {"$set": {"deleted_at": at}},
            session=tx.session,
        )
        return deleted.matched_count == 1

    def _sealed(self, address: Address, key: OwnerKey) -> Document:
        document = address.document()
        document["door"] = key.seal(_DOOR, document["door"])
        return document

    async def _opened(self, rows: Sequence[Any]) -> list[Address]:
        keys = await self._vault.keys([row["owner_id"] for row in rows])
        return [_opened(row, keys.get(row["owner_id"])) for row in rows]


def _opened(row: Document, key: OwnerKey | None) -> Address:
    door = key.open(_DOOR, row["door"]) if key else ERASED
    return Address.of_document({**row, "door": door})


class MapStore:
    """Areas, places and coasts: MongoDB keeps them, memory answers (addresses/rules.py)."""

    def __init__(self, mongo: Mongo) -> None:
        self._areas = mongo[AREAS]
        self._places = mongo[PLACES]
        self._coasts = mongo[COASTS]

    async def areas(self) -> list[ServiceArea]:
        return [ServiceArea.of_document(row) async for row in self._areas.find()]

    async def places(self) -> list[Place]:
        return [Place.of_document(row) async for row in self._places.find()]

    async def coasts(self) -> list[Coast]:
        return [Coast.of_document(row) async for row in self._coasts.find().sort("_id")]

    def add(
        self,
        areas: Iterable[ServiceArea],
        places: Iterable[Place],
        coasts: Iterable[Coast] = (),
        *,
        tx: Tx,
    ) -> None:
        for area in areas:
            tx.insert(AREAS, area.document())
        for place in places:
            tx.insert(PLACES, place.document())
        for coast in coasts:
            tx.insert(COASTS, coast.document())


class BeatStore:
    """Beats, what was taught about them, and where addresses were found."""

    def __init__(self, mongo: Mongo) -> None:
        self._beats = mongo[BEATS]
        self._corrections = mongo[CORRECTIONS]
        self._seen = mongo[SEEN]

    async def all(self) -> tuple[Beat, ...]:
        return tuple([Beat.of_document(row) async for row in self._beats.find().sort("_id")])

    def add(self, beats: Iterable[Beat], *, tx: Tx) -> None:
        for beat in beats:
            tx.insert(BEATS, beat.document())

    async def corrections_of(self, place_id: str) -> list[BeatCorrection]:
        rows = self._corrections.find({"place_id": place_id, "withdrawn_at": None})
        return [BeatCorrection.of_document(row) async for row in rows]

    async def correction(self, id: str, *, tx: Tx | None = None) -> BeatCorrection | None:
        row = await self._corrections.find_one({"_id": id}, session=tx.session if tx else None)
        return BeatCorrection.of_document(row) if row else None

    def add_correction(self, correction: BeatCorrection, *, tx: Tx) -> None:
        tx.insert(CORRECTIONS, correction.document())

    async def replace_correction(
        self, before: BeatCorrection, after: BeatCorrection, *, tx: Tx
    ) -> bool:
        written = await self._corrections.replace_one(
            {"_id": before.id, "version": before.version}, after.document(), session=tx.session
        )
        return written.matched_count == 1

    async def seen_at(self, place_id: str) -> list[BeatSeen]:
        rows = self._seen.find({"place_id": place_id}).limit(_MOST_SEEN)
        return [BeatSeen.of_document(row) async for row in rows]

    async def see(self, seen: BeatSeen, *, tx: Tx) -> None:
        await self._seen.delete_one({"_id": seen.id}, session=tx.session)
        tx.insert(SEEN, seen.document())
