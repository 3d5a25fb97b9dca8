"""How long a branch-month of figures takes to read, to count by event, and to tell again.

    python -m tests.bench.kpis [COURIERS] [VISITS A DAY] [DAYS]

One process, in memory but for MongoDB, which is our own. Each visit is a whole appointment with its
history, sealed; one in a hundred promises is missed.
"""

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

from doorstep.api.context import Context
from doorstep.api.schema import build_schema
from doorstep.appointments.model import Appointment
from doorstep.catalogue.model import LineOutcome
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.embedded import EmbeddedMongo
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.pii import Keyring
from doorstep.reports.model import Grouping
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.given import DAN, TODAY
from tests.journeys.apps import OPERATIONS
from tests.reports.lives import promise, visited

OUTCOMES: Final = (*(LineOutcome.COLLECTED,) * 9, LineOutcome.NOT_HOME)
_AT_ONCE: Final = 500


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(couriers: int = 60, visits: int = 17, days: int = 30) -> None:
    with tempfile.TemporaryDirectory(prefix="bench") as name, EmbeddedMongo(Path(name)) as mongo:
        settings, clock = Settings(data=Path(name)), StoppedClock(given.NOW + timedelta(days=days))
        house = House.build(settings, url=mongo.start(), keyring=Keyring.fresh(), clock=clock)
        await house.prepare()
        await given.town(house, days=days)
        await measure(house, list(lives(couriers, visits, days)), couriers, days)
        await house.close()


def lives(couriers: int, visits: int, days: int) -> Iterator[Appointment]:
    random = Random("kpis")
    for day in range(days):
        for courier in range(couriers):
            for number in range(visits):
                made = promise(
                    f"apt_{day:04}{courier:04}{number:018}",
                    hour=8 + 2 * (number % 5),
                    day=TODAY + timedelta(days=day),
                    longitude=122.05 + random.random() / 20,
                )
                if random.random() < 0.01:
                    yield made
                    continue
                who, arrives = f"cou_{courier:04}", random.randrange(-5, 125)
                yield visited(made, arrives, random.choice(OUTCOMES), courier=who)


async def measure(house: House, made: list[Appointment], couriers: int, days: int) -> None:
    await _keep(house, made)
    await _roster(house, couriers, days)
    last = TODAY + timedelta(days=days - 1)
    began = time.perf_counter()
    recount = await house.reports.recount("org_branch", TODAY, last)
    say(f"{len(made)} promises told again: {time.perf_counter() - began:.1f} s")

    async def keep(tx: Tx) -> None:
        for row in recount.told:
            await house.reports.store.put(None, row, tx=tx)

    await house.mongo.transact(keep)
    say(f"{len(recount.told)} couriers' days, {len(recount.unkept)} promises missed")
    gc.freeze()  # no server holds a month of appointments, which the collector would walk through
    for by in Grouping:
        await _timed(
            f"kpis by {by}",
            lambda by=by: house.reports.report(  # type: ignore[misc]
                "org_branch", TODAY, last, by
            ),
        )
        await _timed(f"  as GraphQL by {by}", _asked(house, by, days))
    ids = [each.id for each in made[:200]]
    began = time.perf_counter()
    for id in ids:
        await house.reports.settle(id)
    say(f"one event counted: {(time.perf_counter() - began) / len(ids) * 1000:.1f} ms")


def _asked(house: House, by: Grouping, days: int) -> Callable[[], Awaitable[object]]:
    schema, context = build_schema(), Context(house, DAN.caller, "request", "en")
    last = TODAY + timedelta(days=days - 1)
    range = {"branchId": "org_branch", "from": str(TODAY), "to": str(last), "by": by.value}

    async def ask() -> object:
        told = await schema.execute(OPERATIONS["Kpis"], range, context_value=context)
        assert not told.errors, told.errors
        return told

    return ask


async def _timed(what: str, do: Callable[[], Awaitable[object]], times: int = 15) -> None:
    took, ours = [], time.process_time()
    for _ in range(times):
        began = time.perf_counter()
        await do()
        took.append((time.perf_counter() - began) * 1000)
    ours = (time.process_time() - ours) / times * 1000
    say(f"{what}: median {median(took):.0f} ms, at most {max(took):.0f} ms; of it ours {ours:.0f}")


async def _keep(house: House, made: list[Appointment]) -> None:
    for start in range(0, len(made), _AT_ONCE):

        async def body(tx: Tx, start: int = start) -> None:
            for each in made[start : start + _AT_ONCE]:
                await house.appointments.store.add(each, tx=tx)

        await house.mongo.transact(body)


async def _roster(house: House, couriers: int, days: int) -> None:
    """People with a shift a day."""
    everybody = [
        given.courier(given.BO, longitude=122.05, vehicle_id="veh_bo").model_copy(
            update={"id": f"cou_{number:04}", "account_id": f"acc_{number:04}"}
        )
        for number in range(couriers)
    ]
    await house.vault.make([each.account_id for each in everybody])

    async def body(tx: Tx) -> None:
        await house.couriers.add(
            everybody, (), [given.shifts(each.id) for each in everybody], tx=tx
        )

    await house.mongo.transact(body)
    await house.couriers.fill_shifts(TODAY, days)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
