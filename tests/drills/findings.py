"""What is found in the database after a drill, read past the house."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from doorstep.capacity.model import slot_key
from doorstep.kit.mongo.driver import Database, connect, settled
from tests.drills.customers import Tally, Wish


@dataclass(frozen=True)
class Outcome:
    """One run of one drill. `faults` are sentences; a house that keeps its word has none."""

    drill: str
    wanted: int
    acknowledged: int
    lost: int
    doubled: int
    outage: float
    longest_wait: float
    errors: Counter[str] = field(default_factory=Counter)
    faults: tuple[str, ...] = ()


async def judged(
    drill: str, wanted: Collection[Wish], tally: Tally, absent: Collection[str], url: str
) -> Outcome:
    """Compare what was promised with what is kept, once the worker has caught up."""
    client = connect(url, "pymongo")
    try:
        db = client["doorstep"]
        ids = await _ids_by_customer(db)
        kept = {id for each in ids.values() for id in each}
        mine = [ids.get(wish.customer_id, []) for wish in wanted]
        return Outcome(
            drill=drill,
            wanted=len(wanted),
            acknowledged=len(tally.acknowledged),
            lost=len(set(absent) | (tally.acknowledged.keys() - kept)),
            doubled=sum(len(each) - 1 for each in mine if each),
            outage=tally.outage,
            longest_wait=tally.longest_wait,
            errors=tally.errors,
            faults=(*await _books(db), *await _reactions(db), *await _feeds(db)),
        )
    finally:
        await settled(client.close())


async def unsent(url: str) -> int:
    client = connect(url, "pymongo")
    try:
        return await client["doorstep"]["outbox"].count_documents({"sent": False})
    finally:
        await settled(client.close())


async def _all(db: Database, name: str, *wanted: str, **only: Any) -> list[dict[str, Any]]:
    return [row async for row in db[name].find(only, dict.fromkeys(wanted, 1))]


async def _ids_by_customer(db: Database) -> dict[str, list[str]]:
    ids = defaultdict(list)
    for row in await _all(db, "appointments", "customer_id"):
        ids[row["customer_id"]].append(row["_id"])
    return ids


async def _books(db: Database) -> list[str]:
    """Slots, promises and the outbox say the same."""
    rows = await _all(db, "appointments", "area_id", "window")
    promised = Counter(slot_key(row["area_id"], row["window"]["start"]) for row in rows)
    booked = {row["_id"]: row["booked"]["visits"] for row in await _all(db, "slots", "booked")}
    told = Counter(
        row["aggregate"] for row in await _all(db, "outbox", "aggregate", kind="AppointmentBooked")
    )
    faults = [
        f"slot {key} counts {count} and has {promised[key]} promises"
        for key, count in booked.items()
        if count != promised[key]
    ]
    if told != Counter(row["_id"] for row in rows):
        faults.append("the outbox does not hold one AppointmentBooked for each promise")
    return faults


async def _reactions(db: Database) -> list[str]:
    """Everything was told, and every promise asked of one courier, or of nobody for want of one."""
    left = await db["outbox"].count_documents({"sent": False})
    faults = [f"{left} events were never told"] if left else []
    asked = await _all(db, "assignments", "appointment_id", active=True)
    active = Counter(row["appointment_id"] for row in asked)
    given_up = await _all(db, "outbox", "aggregate", kind="OfferUntaken")
    untaken = {row["aggregate"] for row in given_up}
    for row in await _all(db, "appointments", "offered_to", status="BOOKED"):
        id = row["_id"]
        if row.get("offered_to") is None and not active[id] and id not in untaken:
            faults.append(f"nobody was asked to take {id}, nor is that known")
        if active[id] != (row.get("offered_to") is not None):
            faults.append(f"{id} was asked of {active[id]} couriers")
    return faults + await _stops(db)


async def _stops(db: Database) -> list[str]:
    """Who is asked has the stop on their round, once."""
    stops = Counter(
        (round["courier_id"], stop["appointment_id"])
        for round in await _all(db, "rounds", "courier_id", "stops")
        for stop in round["stops"]
        if stop["state"] != "REMOVED"
    )
    asked = Counter(
        (row["courier_id"], row["appointment_id"])
        for row in await _all(db, "assignments", "courier_id", "appointment_id", active=True)
    )
    return [] if stops == asked else ["the rounds' stops are not the active assignments"]


async def _feeds(db: Database) -> list[str]:
    """Each courier's feed is 1, 2, 3, … up to its head."""
    heard = defaultdict(list)
    for row in await _all(db, "feed", "courier_id", "sequence"):
        heard[row["courier_id"]].append(row["sequence"])
    heads = {row["_id"]: row["sequence"] for row in await _all(db, "feed_heads", "sequence")}
    return [
        f"the feed of {courier} has a gap: {sorted(heard[courier])}"
        for courier in heads.keys() | heard.keys()
        if sorted(heard[courier]) != list(range(1, heads.get(courier, 0) + 1))
    ]
