"""Taking in a bureau's folder: all of it is checked before any of it is written.

New        a row whose id is not stored is inserted
Changed    a row that says something else than at the last import replaces what was stored, but for
           what the row does not speak of (a courier's duty, an address's version, which goes up)
Same       a row that says what it said last time is left alone, whatever became of it since: a
           customer's own correction survives the bureau importing its old folder once more
Gone       nothing is ever deleted: what is missing from a folder stays as it is; slots and shifts
           made from a changed pattern stay too, since promises rest on them
Midway     accounts, then the bureau in one transaction, then places, addresses and rules in chunks;
           each record commits with the print of its row, so a repeat goes on where a death left off
Complete   when the newest row of `imports` has the folder's hash

A print is a keyed hash (Vault.blind): what a row says of a person cannot be guessed from it.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeVar

from doorstep.accounts.model import Account
from doorstep.accounts.store import ACCOUNTS, AccountStore
from doorstep.addresses.actions import Beats, CityMap
from doorstep.addresses.store import ADDRESSES, AREAS, BEATS, COASTS, PLACES, AddressStore
from doorstep.calendar.actions import Calendar
from doorstep.calendar.store import CLOSURES, DAYS, ROUTES, SAILING_PATTERNS
from doorstep.capacity.actions import Capacity
from doorstep.capacity.store import PATTERNS as SLOT_PATTERNS
from doorstep.capacity.store import TERMS
from doorstep.couriers.actions import Couriers
from doorstep.couriers.store import COURIERS, VEHICLES
from doorstep.couriers.store import PATTERNS as SHIFT_PATTERNS
from doorstep.demo.bureau import FILES, Bureau, Reading, read_bureau
from doorstep.demo.folder import Row, RowError
from doorstep.kit.batches import batched
from doorstep.kit.clock import Clock
from doorstep.kit.documents import Document, Stored
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.collections import Kept, prepare
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.pii import Vault
from doorstep.organisation.actions import Organisation
from doorstep.organisation.store import UNITS
from doorstep.rulebook.actions import Rulebook
from doorstep.rulebook.store import ROWS
from doorstep.wiring import House

IMPORTS: Final = "imports"
PRINTS: Final = "imported_rows"
KEPT: Final = (Kept(IMPORTS), Kept(PRINTS))
_CHUNK: Final = 500
_COLLECTION: Final = {
    "units": UNITS,
    "areas": AREAS,
    "places": PLACES,
    "coasts": COASTS,
    "beats": BEATS,
    "vehicles": VEHICLES,
    "couriers": COURIERS,
    "shifts": SHIFT_PATTERNS,
    "slots": SLOT_PATTERNS,
    "terms": TERMS,
    "closures": CLOSURES,
    "calendar_days": DAYS,
    "ferry_routes": ROUTES,
    "sailings": SAILING_PATTERNS,
    "accounts": ACCOUNTS,
    "addresses": ADDRESSES,
    "rules": ROWS,
}
_KEEPS: Final = {
    ACCOUNTS: ("created_at", "locale"),
    COURIERS: ("on_duty", "duty_changed_at", "roster_version"),
    ADDRESSES: ("deleted_at",),
}
"""What a stored record knows better than the folder."""
_VERSIONED: Final = (ADDRESSES, CLOSURES, DAYS, TERMS)

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Told what is being written, how many of it are done, and of how many."""


def quiet(_what: str, _done: int, _of: int) -> None:
    """Nobody is watching."""


class Key(NamedTuple):
    """Which record of which kind."""

    kind: str
    id: str

    @property
    def text(self) -> str:
        return f"{self.kind}/{self.id}"


@dataclass(frozen=True)
class Importing:
    """The parts of the house that an import writes to."""

    mongo: Mongo
    vault: Vault
    accounts: AccountStore
    organisation: Organisation
    city: CityMap
    beats: Beats
    couriers: Couriers
    capacity: Capacity
    calendar: Calendar
    addresses: AddressStore
    rulebook: Rulebook
    clock: Clock

    @classmethod
    def of(cls, house: House) -> Self:
        return cls(
            mongo=house.mongo,
            vault=house.vault,
            accounts=house.accounts.accounts,
            organisation=house.organisation,
            city=house.addresses.city,
            beats=house.addresses.beats,
            couriers=house.couriers,
            capacity=house.capacity,
            calendar=house.calendar,
            addresses=house.addresses.store,
            rulebook=house.rulebook,
            clock=house.clock,
        )


@dataclass(frozen=True)
class Imported:
    """What an import came to, counted by kind of record."""

    folder_hash: str
    at: datetime
    new: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)

    @property
    def changes_nothing(self) -> bool:
        return not self.new and not self.changed


async def import_folder(
    folder: Path, house: Importing, *, progress: Progress = quiet
) -> Imported | list[RowError]:
    """Take in the folder, or say everything that is wrong with it and write nothing.

    Raises FileNotFoundError or NotADirectoryError if there is no such folder. Repeating an import
    that died, or that was complete, is always safe.
    """
    now = house.clock.now()
    reading = await asyncio.to_thread(read_bureau, folder, at=now)
    if isinstance(reading, list):
        return reading
    if conflicts := await _conflicts(house, reading):
        return conflicts
    await prepare(house.mongo.db, KEPT)
    imported = Imported(await asyncio.to_thread(hash_of, folder), now)
    for what, pieces in (await _stages(house, reading.bureau)).items():
        done, of = 0, sum(len(piece) for piece in pieces)
        for piece in pieces:
            progress(what, done, of)
            await _take(house, piece, imported)
            done += len(piece)
        progress(what, done, of)
    await _remember(house.mongo, imported)
    return imported


def hash_of(folder: Path) -> str:
    """Tells one folder's content from another's."""
    digest = sha256()
    for name in FILES:
        if (folder / name).exists():
            content = (folder / name).read_bytes()
            digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


async def _remember(mongo: Mongo, imported: Imported) -> None:
    newest = await mongo[IMPORTS].find_one({}, sort=[("at", -1), ("_id", -1)])
    if imported.changes_nothing and newest and newest["folder_hash"] == imported.folder_hash:
        return
    await mongo[IMPORTS].insert_one(
        {
            "_id": new_id("imp"),
            "folder_hash": imported.folder_hash,
            "at": imported.at,
            "new": dict(imported.new),
            "changed": dict(imported.changed),
            "same": dict(imported.same),
        }
    )


# ------------------------------------------------------------ what is there already


async def _conflicts(house: Importing, reading: Reading) -> list[RowError]:
    """Rows that want what somebody outside the folder has: a phone, a plate, an account."""
    bureau, blind = reading.bureau, house.vault.blind
    phones = {blind(a.phone): a.id for a in bureau.accounts if a.phone}
    plates = {v.plate: v.id for v in bureau.vehicles}
    accounts = {c.account_id: c.id for c in bureau.couriers}
    return sorted(
        [
            *await _taken(house.mongo, reading, "accounts", "phone_index", phones, "phone"),
            *await _taken(house.mongo, reading, "vehicles", "plate", plates, "plate"),
            *await _taken(house.mongo, reading, "couriers", "account_id", accounts, "account_id"),
        ]
    )


async def _taken(
    mongo: Mongo,
    reading: Reading,
    kind: str,
    key: str,
    wanted: Mapping[Any, str],
    column: str,
) -> list[RowError]:
    known = {record.id for record in getattr(reading.bureau, kind)}
    return [
        _taken_by(reading.rows[wanted[row[key]]], column, row["_id"])
        for chunk in batched(list(wanted), _CHUNK)
        async for row in mongo[_COLLECTION[kind]].find({key: {"$in": chunk}}, {key: 1})
        if row["_id"] not in known
    ]


def _taken_by(row: Row, column: str, id: str) -> RowError:
    return RowError(row.file, row.number, column, f"belongs to {id}, which is not in this folder")


# ------------------------------------------------------------ in which order, in which pieces


async def _stages(house: Importing, bureau: Bureau) -> dict[str, list[Bureau]]:
    """Everything, in the order of what rests on what; each piece commits by itself."""
    movers = await _movers(house, bureau.accounts)
    moving = tuple(account for account in bureau.accounts if account.id in movers)
    others = [account for account in bureau.accounts if account.id not in movers]
    return {
        "accounts": [
            *([Bureau(accounts=moving)] if moving else []),
            *(Bureau(accounts=tuple(chunk)) for chunk in batched(others, _CHUNK)),
        ],
        "bureau": [replace(bureau, accounts=(), places=(), addresses=(), rules=())],
        "places": [Bureau(places=tuple(chunk)) for chunk in batched(bureau.places, _CHUNK)],
        "addresses": [
            Bureau(addresses=tuple(chunk)) for chunk in batched(bureau.addresses, _CHUNK)
        ],
        "rules": [Bureau(rules=bureau.rules)],
    }


async def _movers(house: Importing, accounts: Sequence[Account]) -> set[str]:
    """Who has to let go of a phone before somebody else in the folder can have it."""
    wanted = {house.vault.blind(a.phone): a.id for a in accounts if a.phone}
    return {
        row["_id"]
        for chunk in batched(list(wanted), _CHUNK)
        async for row in house.mongo[ACCOUNTS].find(
            {"phone_index": {"$in": chunk}}, {"phone_index": 1}
        )
        if row["_id"] != wanted[row["phone_index"]]
    }


# ------------------------------------------------------------ writing one piece


async def _take(house: Importing, piece: Bureau, imported: Imported) -> None:
    """Write what is new or changed in the piece, and count."""
    prints = {key: _print(house.vault, record) for key, record in _keyed(piece)}
    known = await _known_prints(house.mongo, prints)
    there = await _there(house.mongo, prints)
    fresh = {k: print for k, print in prints.items() if known.get(k) != print or k not in there}
    if fresh:
        await _write(house, piece.only(fresh), fresh)
    for key in prints:
        if key not in fresh:
            imported.same[key.kind] += 1
        elif key in there:
            imported.changed[key.kind] += 1
        else:
            imported.new[key.kind] += 1


def _keyed(piece: Bureau) -> Iterator[tuple[Key, Stored]]:
    for kind, record in piece.records():
        yield Key(kind, record.id), record


def _print(vault: Vault, record: Stored) -> bytes:
    """Without defaults, so that a field added to a model later does not make every row a change."""
    said = record.model_dump_json(exclude={"created_at"}, exclude_defaults=True)
    return vault.blind(f"import|{said}")


async def _known_prints(mongo: Mongo, keys: Iterable[Key]) -> dict[Key, bytes]:
    names = {key.text: key for key in keys}
    rows = mongo[PRINTS].find({"_id": {"$in": list(names)}})
    return {names[row["_id"]]: row["print"] async for row in rows}


async def _there(mongo: Mongo, keys: Iterable[Key]) -> set[Key]:
    """Those whose record is stored already."""
    ids: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        ids[key.kind].append(key.id)
    return {
        Key(kind, row["_id"])
        for kind, wanted in ids.items()
        async for row in mongo[_COLLECTION[kind]].find({"_id": {"$in": wanted}}, {"_id": 1})
    }


async def _write(house: Importing, fresh: Bureau, prints: Mapping[Key, bytes]) -> None:
    """All of it in one transaction, with its prints. Rules go first: putting them is repeatable."""
    documents = await _documents(house, fresh)
    documents[PRINTS] = [{"_id": key.text, "print": print} for key, print in prints.items()]
    if fresh.rules:
        await house.rulebook.put(fresh.rules)

    async def body(tx: Tx) -> None:
        for collection, rows in documents.items():
            await _put(house.mongo, collection, rows, tx)

    await house.mongo.transact(body)


async def _documents(house: Importing, fresh: Bureau) -> dict[str, list[Document]]:
    """What the rooms would insert. Without a session their `add` writes nothing, it only says."""
    await _make_keys(house.vault, fresh)
    told = Tx(None)
    await _add_accounts(house.vault, fresh.accounts, tx=told)
    house.organisation.add(fresh.units, tx=told)
    house.city.add(fresh.areas, fresh.places, fresh.coasts, tx=told)
    house.beats.add(fresh.beats, tx=told)
    await house.couriers.add(fresh.couriers, fresh.vehicles, fresh.shifts, tx=told)
    house.capacity.add_patterns(fresh.slots, tx=told)
    house.capacity.add_terms(fresh.terms, tx=told)
    house.calendar.add(
        fresh.closures, fresh.calendar_days, fresh.ferry_routes, fresh.sailings, tx=told
    )
    await house.addresses.add(fresh.addresses, tx=told)
    return dict(told.inserts)


async def _make_keys(vault: Vault, fresh: Bureau) -> None:
    owners = {
        *(account.id for account in fresh.accounts),
        *(courier.account_id for courier in fresh.couriers),
        *(address.owner_id for address in fresh.addresses),
    }
    absent = owners - (await vault.keys(owners)).keys()
    if absent:
        await vault.make(sorted(absent))


async def _add_accounts(vault: Vault, accounts: Sequence[Account], *, tx: Tx) -> None:
    """As AccountStore seals them, whose `add_many` takes no transaction."""
    keys = await vault.keys([account.id for account in accounts])
    for account in accounts:
        assert account.phone is not None
        sealed = {
            name: keys[account.id].seal(f"{ACCOUNTS}.{name}", value)
            for name, value in (("phone", account.phone), ("name", account.name))
        }
        index = {"phone_index": vault.blind(account.phone)}
        tx.insert(ACCOUNTS, {**account.document(), **sealed, **index})


async def _put(mongo: Mongo, collection: str, rows: Sequence[Document], tx: Tx) -> None:
    """Insert the rows, each in place of the one with its id.

    All of the old ones go first: two that swap a phone or a plate would trip over a unique index.
    """
    ids = [row["_id"] for row in rows]
    found = mongo[collection].find({"_id": {"$in": ids}}, session=tx.session)
    stored = {row["_id"]: row async for row in found}
    if stored:
        await mongo[collection].delete_many({"_id": {"$in": list(stored)}}, session=tx.session)
    for row in rows:
        tx.insert(collection, _merged(collection, stored.get(row["_id"]), row))


def _merged(collection: str, stored: Document | None, row: Document) -> Document:
    if stored is None:
        return row
    kept = {name: stored[name] for name in _KEEPS.get(collection, ()) if name in stored}
    version = {"version": stored.get("version", 1) + 1} if collection in _VERSIONED else {}
    return {**stored, **row, **kept, **version}
