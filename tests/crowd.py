"""Many customers at once, and what is found in the database afterwards."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import Any, Final, TypeVar

import bson

from doorstep.accounts.model import Role
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.given import Person

T = TypeVar("T")
_UNWRITTEN: Final = ("leases", "resume_tokens", "sign_in_codes")
"""What the worker beside a test writes whenever it likes."""


def somebody(number: int) -> Person:
    return given.person(
        f"Nr{number}", f"+8613800{number:06}", Role.CUSTOMER, address_id=f"adr_nr{number}"
    )


async def crowd(house: House, size: int) -> list[Person]:
    """Customers with an account, and an address in the west."""
    everybody = [somebody(number) for number in range(size)]
    await given.people(house, everybody)

    async def build(tx: Tx) -> None:
        await house.addresses.store.add([given.address(who) for who in everybody], tx=tx)

    await house.mongo.transact(build)
    return everybody


async def at_once(doings: Iterable[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*doings))


def codes(outcomes: Iterable[Any]) -> Counter[str]:
    """How many succeeded ("OK"), and how many were refused with which code."""
    return Counter(str(getattr(outcome, "code", "OK")) for outcome in outcomes)


async def events(house: House, kind: str) -> int:
    return await house.mongo["outbox"].count_documents({"kind": kind})


async def everything(house: House) -> dict[str, list[dict[str, Any]]]:
    """Every document of both databases, but for what the worker writes for its own sake."""
    kept: dict[str, list[dict[str, Any]]] = {}
    for database in (house.mongo.db, house.mongo.keys_db):
        for name in sorted(await database.list_collection_names()):
            if name in _UNWRITTEN or name.startswith("system."):
                continue
            rows = database[name].find({}).sort("_id")
            kept[f"{database.name}.{name}"] = [row async for row in rows]
    return kept


async def fingerprint(house: House) -> str:
    """Changes when any byte of either database does."""
    digest = hashlib.sha256()
    for name, rows in (await everything(house)).items():
        digest.update(name.encode())
        for row in rows:
            digest.update(bson.encode(row))
    return digest.hexdigest()


async def budgets_add_up(house: House) -> bool:
    """Whether each slot counts exactly the open promises that lie in it."""
    counted: Counter[str] = Counter()
    async for row in house.mongo["appointments"].find({"status": {"$ne": "CANCELLED"}}):
        start = row["slot"]["start"]
        counted[f"{row['slot']['area_id']}|{start:%Y%m%dT%H%MZ}"] += 1
    async for slot in house.mongo["slots"].find(
        {"$or": [{"booked": {"$ne": 0}}, {"_id": {"$in": list(counted)}}]}
    ):
        if slot["booked"] != counted[slot["_id"]] or slot["booked"] > slot["places"]:
            return False
    return True
