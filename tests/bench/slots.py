"""How long `slots` takes: one address, seven days, five services, as appointments pile up.

    python -m tests.bench.slots 10000 100000 1000000

For each count of stored appointments, and at 1 and 32 clients: p50 and p99 in milliseconds and
answers a second. The server is one process of `doorstep serve`; the clients share the machine.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from pymongo import MongoClient
from ulid import ULID

from doorstep.accounts.model import Role
from doorstep.demo.cast import DEMO_CODE, player
from doorstep.kit.mongo.embedded import EmbeddedMongo
from doorstep.simulate.client import Client, expect
from doorstep.simulate.documents import BOOK, MY_ADDRESSES
from tests.drills.processes import Site, load, new_site

SERVICES: Final = (
    *("PARCEL_PICKUP", "BULKY_PICKUP", "PARCEL_DELIVERY", "BULKY_DELIVERY"),
    "SUBSCRIPTION_VISIT",
)
SLOTS: Final = """query ($addressId: ID!, $services: [ServiceKind!]!) {
  slots(addressId: $addressId, services: $services, days: 7) {
    id day window { start end } open closedBecause cutoffAt
  }
}"""
WARM_UP, ASKED = 100, 2000
CLIENTS: Final = (1, 32)
_AT_ONCE: Final = 10_000


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(counts: Sequence[int]) -> None:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        site = new_site(Path(folder) / "site")
        await load(site)
        with EmbeddedMongo(site.data) as mongo:
            await measure(site, mongo.start(), counts)


async def measure(site: Site, url: str, counts: Sequence[int]) -> None:
    api = site.api(url)
    api.start()
    try:
        await site.ready()
        async with httpx.AsyncClient(base_url=site.address, timeout=60) as http:
            customer = Client(http)
            await customer.sign_in(player(Role.CUSTOMER, 2).phone, DEMO_CODE)
            (address, *_) = await customer.post(MY_ADDRESSES)
            await book(customer, address["id"])
            for count in counts:
                pile_up(url, count)
                await report(customer, address["id"], count)
    finally:
        api.stop()


async def book(customer: Client, address_id: str) -> None:
    """One real appointment; the others are made after it."""
    asked = {"addressId": address_id, "services": ["PARCEL_PICKUP"]}
    free = [slot for slot in await customer.post(SLOTS, **asked) if slot["open"]]
    lines = [{"pickup": {"description": "书", "weightGrams": 2000}}]
    booked = await customer.do(BOOK, addressId=address_id, slotId=free[0]["id"], lines=lines)
    expect(booked["__typename"] == "AppointmentBooked", "a booking")


def pile_up(url: str, count: int) -> None:
    """Make it `count` appointments: copies of the first, of two years, all branches and people."""
    with MongoClient[dict[str, Any]](url, tz_aware=True) as client:
        kept = client["doorstep"]["appointments"]
        first = kept.find_one({})
        assert first
        copies = _copies(first, count - kept.estimated_document_count())
        while batch := [each for each, _ in zip(copies, range(_AT_ONCE), strict=False)]:
            kept.insert_many(batch, ordered=False)


def _copies(first: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        start = first["window"]["start"] - timedelta(days=number % 730, hours=2 * (number % 5))
        yield {
            **first,
            "_id": f"apt_{str(ULID()).lower()}",
            "customer_id": f"acc_demo_customer_{number % 5000}",
            "branch_id": f"org_branch_{number % 97 + 1}",
            "day": (start + timedelta(hours=8)).date().isoformat(),
            "window": {"start": start, "end": start + timedelta(hours=2)},
            "slot": {**first["slot"], "start": start},
            "status": "COMPLETED",
        }


async def report(customer: Client, address_id: str, count: int) -> None:
    for clients in CLIENTS:
        await ask(customer, address_id, WARM_UP, clients)
        began = time.perf_counter()
        took = await ask(customer, address_id, ASKED, clients)
        each_second = len(took) / (time.perf_counter() - began)
        p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
        say(
            f"{count:>9,} appointments  {clients:>2} clients  "
            f"p50 {p50:6.1f} ms  p99 {p99:6.1f} ms  {each_second:6.0f} a second"
        )


async def ask(customer: Client, address_id: str, times: int, clients: int) -> list[float]:
    """Milliseconds of each."""
    took: list[float] = []

    async def one_after_the_other() -> None:
        while len(took) < times:
            began = time.perf_counter()
            slots = await customer.post(SLOTS, addressId=address_id, services=list(SERVICES))
            took.append((time.perf_counter() - began) * 1000)
            expect(slots, "slots")

    await asyncio.gather(*(one_after_the_other() for _ in range(clients)))
    return took


if __name__ == "__main__":
    asyncio.run(main([int(each) for each in sys.argv[1:]] or [10_000, 1_000_000]))
