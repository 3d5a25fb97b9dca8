"""Personal data, sealed by field: one key for each person, so that erasing one is deleting one key.

Envelope   0x01 | nonce (12 bytes) | AES-256-GCM ciphertext and tag
Bound to   collection, field and owner (additional data): a ciphertext moved elsewhere does not open
Keys       each owner's key lies wrapped by a wrapping key, in a database of its own; the wrapping
           key and the index key never enter MongoDB
Lookup     a phone is found by a blind index, HMAC-SHA256 cut to 16 bytes
"""

import base64
import hmac
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pymongo.errors import BulkWriteError

from doorstep.kit.clock import Clock
from doorstep.kit.documents import Document
from doorstep.kit.mongo.transactions import Mongo
from doorstep.kit.remembered import Latest

KEYS: Final = "pii_keys"
_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_KEY_BITS: Final = 256
_CACHED_OWNERS: Final = 20_000
_CACHED_FOR: Final = timedelta(seconds=60)  # an erased person's key is forgotten within this


@dataclass(frozen=True)
class Keyring:
    """The secrets of one installation. They live in a file of their own, mode 0600, or in a KMS."""

    token: bytes
    index: bytes
    wrapping: Mapping[str, bytes]
    current: str

    @classmethod
    def fresh(cls) -> "Keyring":
        return cls(
            token=os.urandom(32),
            index=os.urandom(32),
            wrapping={"k1": os.urandom(32)},
            current="k1",
        )

    @property
    def fingerprint(self) -> str:
        """Tells two keyrings apart without telling either."""
        return hmac.digest(self.index, b"doorstep keyring", sha256)[:8].hex()

    def blind(self, text: str) -> bytes:
        """What is stored beside a sealed text so that it can be found by equality."""
        return hmac.digest(self.index, text.encode(), sha256)[:16]


class UnsafeKeyFile(RuntimeError):
    """The key file can be read by others."""


def keyring_in(folder: Path, *, create: bool) -> Keyring | None:
    """The keyring kept in `folder`; made there if there is none and `create` says so."""
    file = folder / "keys.json"
    if not file.exists():
        return _made(file) if create else None
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise UnsafeKeyFile(f"{file} can be read by others: run chmod 600 {file}")
    kept = orjson.loads(file.read_bytes())
    return Keyring(
        token=base64.b64decode(kept["token"]),
        index=base64.b64decode(kept["index"]),
        wrapping={name: base64.b64decode(key) for name, key in kept["wrapping"].items()},
        current=kept["current"],
    )


def _made(file: Path) -> Keyring:
    """A new keyring, on disk before it is used. Whoever is second reads what the first made."""
    keyring = Keyring.fresh()
    kept = {
        "token": base64.b64encode(keyring.token).decode(),
        "index": base64.b64encode(keyring.index).decode(),
        "wrapping": {n: base64.b64encode(k).decode() for n, k in keyring.wrapping.items()},
        "current": keyring.current,
    }
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f"keys.{os.getpid()}.tmp")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(orjson.dumps(kept))
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        found = keyring_in(file.parent, create=False)
        assert found is not None
        return found
    finally:
        draft.unlink()
    return keyring


class OwnerKey:
    """One person's key: seals and opens that person's fields, and no other's."""

    def __init__(self, owner: str, key: bytes) -> None:
        self._owner = owner
        self._aead = AESGCM(key)

    def seal(self, place: str, value: object) -> bytes:
        """`value` (anything JSON can say) for `place`, a "collection.field"."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._aead.encrypt(nonce, orjson.dumps(value), self._bound(place))

    def open(self, place: str, sealed: bytes) -> object:
        """Raises InvalidTag for a text that was sealed for another place or person."""
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        return orjson.loads(self._aead.decrypt(nonce, bytes(text), self._bound(place)))

    def _bound(self, place: str) -> bytes:
        return f"{place}|{self._owner}".encode()


class Vault:
    """Everybody's keys, wrapped in the database and for a minute open in memory."""

    def __init__(self, mongo: Mongo, keyring: Keyring, clock: Clock) -> None:
        self._keys = mongo.keys_db[KEYS]
        self._keyring = keyring
        self._clock = clock
        self._open: Latest[str, tuple[datetime, OwnerKey]] = Latest(_CACHED_OWNERS)
        self._wrapping = {name: AESGCM(key) for name, key in keyring.wrapping.items()}

    def blind(self, text: str) -> bytes:
        return self._keyring.blind(text)

    async def key(self, owner: str) -> OwnerKey:
        """The owner's key, made when there is none. Done before a transaction, not in one."""
        found = await self.keys((owner,))
        if owner not in found:
            await self.make((owner,))
            found = await self.keys((owner,))
        return found[owner]

    async def keys(self, owners: Collection[str]) -> dict[str, OwnerKey]:
        """The keys there are. Who is missing was erased: their fields no longer open."""
        found = {owner: key for owner in owners if (key := self._cached(owner))}
        absent = [owner for owner in set(owners) if owner not in found]
        if absent:
            async for row in self._keys.find({"_id": {"$in": absent}}):
                found[row["_id"]] = self._remember(row)
        return found

    async def make(self, owners: Iterable[str]) -> None:
        """A key for each who has none."""
        rows = [self._wrapped(owner) for owner in owners]
        try:
            await self._keys.insert_many(rows, ordered=False)
        except BulkWriteError:
            return  # someone else was quicker; theirs is the key

    def _cached(self, owner: str) -> OwnerKey | None:
        entry = self._open.get(owner)
        if entry is None or entry[0] <= self._clock.now():
            return None
        return entry[1]

    def _remember(self, row: Document) -> OwnerKey:
        wrapped = bytes(row["wrapped"])
        nonce, text = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        raw = self._wrapping[row["by"]].decrypt(nonce, text, f"key|{row['_id']}".encode())
        key = OwnerKey(row["_id"], raw)
        self._open.keep(row["_id"], (self._clock.now() + _CACHED_FOR, key))
        return key

    def _wrapped(self, owner: str) -> Document:
        nonce, raw = os.urandom(_NONCE_BYTES), AESGCM.generate_key(_KEY_BITS)
        by = self._keyring.current
        text = self._wrapping[by].encrypt(nonce, raw, f"key|{owner}".encode())
        return {"_id": owner, "by": by, "wrapped": nonce + text}
