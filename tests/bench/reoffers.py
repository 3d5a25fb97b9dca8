"""How long it takes to offer another slot to everybody whose way is shut.

    python -m tests.bench.reoffers 2000

One branch, two days of twelve windows, twenty kinds of visits; all in one process, which shares
the machine with its mongod.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.embedded import EmbeddedMongo
from doorstep.kit.pii import Keyring
from doorstep.kit.windows import day_span
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.crowd import budgets_add_up, crowd
from tests.reoffering.victims import order, told, typhoon

T = TypeVar("T")
ROOM: dict[str, Any] = {
    "budget.hands.$[].minutes": 10**5,
    "budget.hands.$[].grams": 10**8,
    "budget.hands.$[].litres": 10**6,
    "cap.visits": 200,
}


async def timed(what: str, doing: Awaitable[T]) -> T:
    began = time.perf_counter()
    done = await doing
    print(f"{what:32} {time.perf_counter() - began:6.2f} s", flush=True)  # noqa: T201
    return done


async def promise(house: House, size: int) -> None:
    everybody = await crowd(house, size)
    days = [given.TOMORROW + timedelta(days=day) for day in range(2)]
    slots = [given.slot(hour, day=day) for day in days for hour in range(8, 20, 2)]
    for start in range(0, size, 200):
        some = range(start, min(size, start + 200))
        asked = [
            given.request(
                everybody[n],
                slot=slots[n % len(slots)],
                lines=(given.parcel(weight_grams=500 * (1 + n % 20)),),
            )
            for n in some
        ]
        await asyncio.gather(
            *(house.appointments.book(each, given.attempt(house)) for each in asked)
        )


async def main(url: str, size: int) -> None:
    settings = Settings(mongo_database="bench", data=Path(tempfile.mkdtemp()))
    clock = StoppedClock(given.NOW)
    house = House.build(settings, url=url, keyring=Keyring.fresh(), clock=clock)
    await house.prepare()
    await given.town(house, places=None)
    await house.mongo["slots"].update_many({}, {"$set": ROOM})
    await timed(f"{size} bookings", promise(house, size))
    block = await typhoon(house, day_span(given.TOMORROW, 2))
    rooms, everywhere = house.appointments, [given.BRANCH]
    await timed("affectedByCause", rooms.affected_by_cause(block.id, everywhere))
    await timed("affectedAppointments", rooms.affected_in("org_branch", given.TODAY, 15))
    for what, dry in (("dry run", True), ("the command", False), ("the command again", False)):
        run = await timed(what, rooms.reoffer(order(block.id), given.attempt(house, dry=dry)))
        print(dict(Counter(str(each.code) for each in run.outcomes or ())))  # noqa: T201
    await house.calendar.lift_block(
        block.id, given.attempt(house), expected_version=1, may=everywhere
    )
    await house.relay(house.leases()).sweep()
    clock.advance(rooms.reoffering.look_again_after)
    await timed("taking all of it back", rooms.carry_out_due())
    assert await told(house) == [1] * size
    assert await budgets_add_up(house)
    await house.close()


if __name__ == "__main__":
    with EmbeddedMongo(Path(tempfile.mkdtemp())) as mongo:
        asyncio.run(main(mongo.start(), int(sys.argv[1])))
