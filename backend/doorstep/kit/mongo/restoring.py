"""A database made of a backup, and compared with it.

Refused  where anything is there already, where a file is not as the manifest says, and where what
         is sealed could not be read afterwards
Marked   while it goes on, by a collection `restoring`: House.prepare serves no half a database
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import file_digest, sha256
from itertools import chain
from pathlib import Path
from typing import Any, Final

from bson import CodecOptions, decode_file_iter, json_util
from bson.raw_bson import RawBSONDocument
from pydantic import ValidationError
from pymongo import timeout

from doorstep.kit.documents import Document
from doorstep.kit.mongo.backup import (
    MANIFEST,
    METADATA_JSON,
    Manifest,
    Part,
    Progress,
    batches,
    count,
    quiet,
)
from doorstep.kit.mongo.driver import Database
from doorstep.kit.mongo.transactions import Mongo

RESTORING: Final = "restoring"
_RAW: Final = CodecOptions(document_class=RawBSONDocument)
_BATCH_DOCUMENTS: Final = 1000
_BATCH_BYTES: Final = 8_000_000
_PATIENCE_SECONDS: Final = 600  # building an index outlasts what a request may


class RestoreRefused(RuntimeError):
    """The backup and the place for it do not fit. The message says what to do."""


class HalfRestored(RuntimeError):
    """A restore ended midway in this database."""


async def restore(
    mongo: Mongo, folder: Path, *, keyring: str | None, progress: Progress = quiet
) -> Manifest:
    """Make the database of `folder`'s backup, and compare it with the manifest.

    `keyring` is the fingerprint of the one that will serve it; None: there is none.

    Raises:
        RestoreRefused: the backup is not complete or not as it was written, the database is not
            empty, what is sealed in it could not be read with these keys, or what came out is not
            what went in.
    """
    manifest = read_manifest(folder)
    _refuse_other_keyring(manifest, keyring)
    await asyncio.to_thread(_refuse_changed, folder, manifest)
    await _refuse_used(mongo.db)
    await _refuse_without_keys(mongo, manifest)
    await mongo[RESTORING].insert_one({"_id": "restoring", "of": manifest.at})
    for database, place, parts in _halves(mongo, folder, manifest):
        await _fill_all(database, place, parts, progress)
    await mongo.db.drop_collection(RESTORING)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Raises RestoreRefused: that folder is no complete backup of ours."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise RestoreRefused(
            f"{folder} has no manifest.json: it is no backup, or one that did not end"
        ) from error
    except ValidationError as error:
        raise RestoreRefused(f"{folder}/manifest.json is not one this version reads") from error


def _halves(
    mongo: Mongo, folder: Path, manifest: Manifest
) -> Iterator[tuple[Database, Path, tuple[Part, ...]]]:
    """Keys first: what is sealed is of no use without them."""
    if manifest.keys is not None:
        yield mongo.keys_db, folder / "keys" / f"{manifest.database}_keys", manifest.keys
    yield mongo.db, folder / "dump" / manifest.database, manifest.data


def _refuse_other_keyring(manifest: Manifest, keyring: str | None) -> None:
    if keyring != manifest.keyring:
        have = f"and here is {keyring}" if keyring else "and here is none"
        raise RestoreRefused(
            f"the backup was made with keyring {manifest.keyring}, {have}: copy keys.json from the "
            "data folder of the machine that was backed up"
        )


def _refuse_changed(folder: Path, manifest: Manifest) -> None:
    """Every file is there and as it was written."""
    missing_keys = manifest.keys is not None and not (folder / "keys").is_dir()
    if missing_keys:
        raise RestoreRefused(
            f"{folder}/keys is missing: put it back. Without it {_unreadable(manifest)}"
        )
    wanted = [(folder / "dump" / manifest.database, part) for part in manifest.data]
    wanted += [(folder / "keys" / f"{manifest.database}_keys", p) for p in manifest.keys or ()]
    hashes = chain.from_iterable(
        (
            (place / f"{part.collection}.bson", part.sha256),
            (place / f"{part.collection}.metadata.json", part.metadata_sha256),
        )
        for place, part in wanted
    )
    changed = [str(path.relative_to(folder)) for path, hash in hashes if _hash(path) != hash]
    if changed:
        raise RestoreRefused(f"not as the manifest says: {', '.join(changed)}")


def _hash(path: Path) -> str | None:
    with suppress(FileNotFoundError), path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
    return None


def _unreadable(manifest: Manifest) -> str:
    people = next((p.documents for p in manifest.data if p.collection == "accounts"), 0)
    return (
        f"the names, phones, addresses, access notes and proofs of all {people} people would be "
        "unreadable for ever"
    )


async def _refuse_used(database: Database) -> None:
    names = await database.list_collection_names()
    if RESTORING in names:
        raise RestoreRefused(_half_restored(database.name))
    if names:
        raise RestoreRefused(
            f"database {database.name} is not empty: name another with DOORSTEP_MONGO_DATABASE, or "
            "another data folder with --data"
        )


async def _refuse_without_keys(mongo: Mongo, manifest: Manifest) -> None:
    if manifest.keys is not None:
        await _refuse_used(mongo.keys_db)
    elif not await mongo.keys_db.list_collection_names():
        raise RestoreRefused(
            "the backup was made without --with-keys, and there are no keys in database "
            f"{mongo.keys_db.name}: restore those first. Without them {_unreadable(manifest)}"
        )


async def _fill_all(
    database: Database, place: Path, parts: Sequence[Part], progress: Progress
) -> None:
    """Documents, then comparing, then indexes: with an index a TTL could delete meanwhile."""
    told: dict[str, Document] = {part.collection: _told(place, part) for part in parts}
    for part in parts:
        await database.create_collection(part.collection, **told[part.collection]["options"])
        await _fill(database, place, part, progress)
    for part in parts:
        await _compare(database, part)
    for name, metadata in told.items():
        indexes = [index for index in metadata["indexes"] if index["name"] != "_id_"]
        if indexes:
            with timeout(_PATIENCE_SECONDS):
                await database.command({"createIndexes": name, "indexes": indexes})


def _told(place: Path, part: Part) -> Document:
    text = (place / f"{part.collection}.metadata.json").read_text()
    told: Document = json_util.loads(text, json_options=METADATA_JSON)
    return told


async def _fill(database: Database, place: Path, part: Part, progress: Progress) -> None:
    done = 0
    for batch in _read(place / f"{part.collection}.bson"):
        # A document that today's validator would refuse was there all the same.
        await database[part.collection].insert_many(
            batch, ordered=False, bypass_document_validation=True
        )
        done += len(batch)
        progress(part.collection, done, part.documents)


def _read(path: Path) -> Iterator[list[Any]]:
    batch: list[Any] = []
    size = 0
    with path.open("rb") as file:
        for document in decode_file_iter(file, _RAW):
            batch.append(document)
            size += len(document.raw)
            if len(batch) >= _BATCH_DOCUMENTS or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


async def _compare(database: Database, part: Part) -> None:
    digest, documents = sha256(), 0
    async for batch in batches(database, part.collection):
        digest.update(batch)
        documents += count(batch)
    if (documents, digest.hexdigest()) != (part.documents, part.sha256):
        raise RestoreRefused(
            f"{part.collection} came out as {documents} documents that are not the "
            f"{part.documents} of the backup"
        )


async def refuse_half_restored(mongo: Mongo) -> None:
    """Raises HalfRestored."""
    if await mongo.db.list_collection_names(filter={"name": RESTORING}):
        raise HalfRestored(_half_restored(mongo.db.name))


def _half_restored(database: str) -> str:
    return (
        f"a restore ended midway in database {database}: drop it and {database}_keys, and restore "
        "again"
    )
