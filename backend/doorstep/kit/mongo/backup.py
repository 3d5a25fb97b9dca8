"""One instant of the database, in a folder that restoring.py makes a database of again.

Instant  every collection is read in one snapshot session, so a transaction is there whole or not at
         all, whoever writes meanwhile. The server keeps the past for
         minSnapshotHistoryWindowInSeconds (300 unless told): a backup has to end within it
Layout   dump/<database>/<collection>.bson and .metadata.json, as mongodump writes and mongorestore
         reads them; documents in the order of their ids, so that equal content has equal hashes
Keys     people's wrapped keys lie in a database of their own and are written, if asked for, to
         keys/, which can be kept elsewhere and for a shorter time: whoever was erased comes back
         with a copy of their key. The keyring that unwraps them (keys.json) is never copied
Left out what only running processes know: leases, and resume tokens, which belong to an oplog (the
         relay sweeps instead). These collections come back empty
Complete once manifest.json is there: it is written last, so a backup that died is none
"""

import os
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, Self

from bson import json_util
from pydantic import BaseModel, ConfigDict
from pymongo.errors import OperationFailure

from doorstep.kit.mongo.driver import Database, Session, settled, started
from doorstep.kit.mongo.leases import LEASES
from doorstep.kit.mongo.outbox import TOKENS
from doorstep.kit.mongo.transactions import Mongo

LEFT_OUT: Final = frozenset({LEASES, TOKENS})
MANIFEST: Final = "manifest.json"
METADATA_JSON: Final = json_util.CANONICAL_JSON_OPTIONS
_TOO_OLD: Final = frozenset({239, 246})  # SnapshotTooOld, SnapshotUnavailable

Progress = Callable[[str, int, int], None]
"""Told the collection, how many of its documents are done, and of how many."""


class BackupRefused(RuntimeError):
    """No backup was made. The message says what to do."""


class Part(BaseModel):
    """One collection of a backup."""

    model_config = ConfigDict(frozen=True)

    collection: str
    documents: int
    sha256: str
    metadata_sha256: str


class Manifest(BaseModel):
    """What a complete backup holds. `keys` is None where the keys were not asked for."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    doorstep: str
    server: str
    at: datetime
    database: str
    keyring: str
    data: tuple[Part, ...]
    keys: tuple[Part, ...] | None


def quiet(_what: str, _done: int, _of: int) -> None:
    """Nobody is watching."""


async def back_up(
    mongo: Mongo,
    folder: Path,
    *,
    at: datetime,
    version: str,
    with_keys: bool = False,
    progress: Progress = quiet,
) -> Manifest:
    """Copy the database as it is when the first collection is read.

    Raises:
        BackupRefused: `folder` is not empty, nobody has written here yet, or the snapshot grew too
            old while it was read.
    """
    keyring = await mongo["meta"].find_one({"_id": "keyring"})
    if keyring is None:
        raise BackupRefused(f"database {mongo.db.name} holds nothing of ours yet")
    _claim(folder)
    server = (await mongo.client.server_info())["version"]
    try:
        async with await started(mongo.client, snapshot=True) as session:
            data = await _dump(mongo.db, _data_folder(folder, mongo), session, progress)
            keys = None
            if with_keys:
                keys = await _dump(mongo.keys_db, _keys_folder(folder, mongo), session, progress)
    except OperationFailure as failure:
        raise _explained(failure) from failure
    manifest = Manifest(
        doorstep=version,
        server=server,
        at=at,
        database=mongo.db.name,
        keyring=keyring["fingerprint"],
        data=data,
        keys=keys,
    )
    _write_manifest(folder, manifest)
    return manifest


def _claim(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    if any(folder.iterdir()):
        raise BackupRefused(f"{folder} is not empty: name another folder")


def _make(folder: Path) -> None:
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700)


def _data_folder(folder: Path, mongo: Mongo) -> Path:
    return folder / "dump" / mongo.db.name


def _keys_folder(folder: Path, mongo: Mongo) -> Path:
    return folder / "keys" / mongo.keys_db.name


def _explained(failure: OperationFailure) -> Exception:
    if failure.code not in _TOO_OLD:
        return failure
    return BackupRefused(
        "the snapshot grew too old, or a collection was changed, while it was read. Try again; if "
        "it takes longer than five minutes, set minSnapshotHistoryWindowInSeconds on the server"
    )


async def _dump(
    database: Database, folder: Path, session: Session, progress: Progress
) -> tuple[Part, ...]:
    _make(folder)
    return tuple(
        [
            await _dump_one(database, found, folder, session, progress)
            for found in await _collections(database)
        ]
    )


async def _collections(database: Database) -> list[Any]:
    """What there is to copy, as listCollections tells it, by name."""
    cursor = await settled(database.list_collections(filter={"type": "collection"}))
    found = [each async for each in cursor]
    kept = [each for each in found if not each["name"].startswith("system.")]
    return sorted(kept, key=lambda each: str(each["name"]))


async def _dump_one(
    database: Database, found: Any, folder: Path, session: Session, progress: Progress
) -> Part:
    name: str = found["name"]
    expected = await database[name].estimated_document_count()
    documents = 0
    with _File(folder / f"{name}.bson") as file:
        async for batch in _kept(database, name, session):
            file.add(batch)
            documents += count(batch)
            progress(name, documents, max(expected, documents))
    with _File(folder / f"{name}.metadata.json") as metadata:
        metadata.add(await _metadata(database, found))
    return Part(
        collection=name,
        documents=documents,
        sha256=file.sha256,
        metadata_sha256=metadata.sha256,
    )


async def _kept(database: Database, name: str, session: Session) -> AsyncIterator[bytes]:
    if name not in LEFT_OUT:
        async for batch in batches(database, name, session):
            yield batch


async def batches(
    database: Database, name: str, session: Session | None = None
) -> AsyncIterator[bytes]:
    """The collection as BSON, in the order of its ids."""
    cursor: Any = database[name].find_raw_batches({}, session=session, sort=[("_id", 1)])
    async for batch in cursor:
        yield batch


async def _metadata(database: Database, found: Any) -> bytes:
    cursor = await settled(database[found["name"]].list_indexes())
    told = {
        "options": found.get("options", {}),
        "indexes": [dict(index) async for index in cursor],
        "uuid": found["info"]["uuid"].hex(),
        "collectionName": found["name"],
        "type": "collection",
    }
    return json_util.dumps(told, json_options=METADATA_JSON).encode()


class _File:
    """Hashed while it is written. For this user's eyes only."""

    def __init__(self, path: Path) -> None:
        self._out = open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")  # noqa: SIM115
        self._digest = sha256()

    def add(self, content: bytes) -> None:
        self._out.write(content)
        self._digest.update(content)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._out:
            self._out.flush()
            os.fsync(self._out.fileno())


def count(batch: bytes) -> int:
    """How many documents. Each begins with its length in four bytes."""
    count = start = 0
    while start < len(batch):
        start += int.from_bytes(batch[start : start + 4], "little")
        count += 1
    return count


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    draft = folder / f"{MANIFEST}.part"
    with _File(draft) as file:
        file.add(manifest.model_dump_json(indent=1).encode())
    draft.rename(folder / MANIFEST)
