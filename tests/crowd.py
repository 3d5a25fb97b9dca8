"""Many customers at once, and what is found in the database afterwards."""

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import Awaitable, Iterable
from typing import Any, Final, TypeVar

import bson

from doorstep.accounts.model import Role
from doorstep.capacity.model import Demand, Load, Slot, Taken, slot_key
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
    """Whether each slot counts exactly the open promises that lie in it, and gives no more of any
    dimension than it has.
    """
    counted: dict[str, Taken] = defaultdict(Taken)
    async for row in house.mongo["appointments"].find({"status": {"$ne": "CANCELLED"}}):
        key = slot_key(row["slot"]["area_id"], row["slot"]["start"])
        counted[key] = counted[key].plus(Demand.model_validate(row["takes"]))
        if asked := row["pending_change"]:
            _count_both(counted, asked)
    wanted = {"$or": [{"booked.visits": {"$ne": 0}}, {"_id": {"$in": list(counted)}}]}
    async for row in house.mongo["slots"].find(wanted):
        slot = Slot.of_document(row)
        if not _same(slot.booked, counted[slot.id]) or not _within(slot):
            return False
    return True


def _count_both(counted: dict[str, Taken], asked: dict[str, Any]) -> None:
    """The place that is kept for another door, until it is decided."""
    key = slot_key(asked["slot"]["area_id"], asked["slot"]["start"])
    demand = Demand.model_validate(asked["takes"])
    if asked["on_top"] is None:
        counted[key] = counted[key].plus(demand)
        return
    more = demand.model_copy(update={"load": Load.model_validate(asked["on_top"])})
    counted[key] = counted[key].plus(more).model_copy(update={"visits": counted[key].visits})


def _same(one: Taken, other: Taken) -> bool:
    needs = [
        {key: minutes for key, minutes in each.needs.items() if minutes} for each in (one, other)
    ]
    return (one.visits, one.load, needs[0]) == (other.visits, other.load, needs[1])


def _within(slot: Slot) -> bool:
    """Never more than there is: counted here, not by the rules that are tested."""
    has = {
        "minutes": sum(hand.minutes for hand in slot.budget.hands),
        "grams": sum(hand.grams for hand in slot.budget.hands),
        "litres": sum(hand.litres for hand in slot.budget.hands),
        "pairs": slot.budget.pairs,
    }
    visits = slot.cap.visits is None or slot.booked.visits <= slot.cap.visits
    return visits and all(0 <= amount <= has[name] for name, amount in slot.booked.load)
