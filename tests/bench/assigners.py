"""200 dispatchers and the house's own offers at once, over 1,000 appointments: who has what.

    python -m tests.bench.assigners [DISPATCHERS] [APPOINTMENTS] [COURIERS] [TRIED_BY]

Each dispatcher goes through as many appointments as it takes for each to be tried by TRIED_BY of
them, in an order of their own, and names some courier for each. One process, which shares the
machine with its mongod.
"""

import asyncio
import sys
import time
from collections import Counter
from random import Random
from typing import Any

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.dispatch.model import StopState
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.bench.branch import a_house, book, hire, sweep
from tests.given import BRANCH, Person

TRIED_BY = 3


async def one_dispatcher(
    house: House, promises: list[Appointment], couriers: list[Person], random: Random, tries: int
) -> Counter[str]:
    said: Counter[str] = Counter()
    for promise in random.sample(promises, tries):
        outcome = await house.dispatch.assign(
            promise.id,
            random.choice(couriers).courier_id,
            given.attempt(house),
            expected_version=promise.version,
            may=[BRANCH],
            by_role=Role.DISPATCHER,
        )
        said[str(getattr(outcome, "code", "OK"))] += 1
    return said


async def contest(
    house: House,
    promises: list[Appointment],
    couriers: list[Person],
    dispatchers: int,
    tried_by: int = TRIED_BY,
) -> Counter[str]:
    """All of them at once, and the relay, which offers what nobody has."""
    tries = min(len(promises), tried_by * len(promises) // dispatchers)
    over = asyncio.Event()

    async def offering() -> None:
        while not over.is_set():
            await sweep(house)
            await asyncio.sleep(0.01)

    offers = asyncio.create_task(offering())
    said = await asyncio.gather(
        *(one_dispatcher(house, promises, couriers, Random(n), tries) for n in range(dispatchers))
    )
    over.set()
    await offers
    await sweep(house)
    return sum(said, Counter())


async def flaws(house: House, promises: list[Appointment]) -> dict[str, int]:
    """What must not be: counted in the database, by nobody's rules but these."""
    active: Counter[str] = Counter()
    holder: dict[str, str] = {}
    async for row in house.mongo["assignments"].find({"active": True}):
        active[row["appointment_id"]] += 1
        holder[row["appointment_id"]] = row["courier_id"]
    alive: Counter[tuple[str, str]] = Counter()
    rounds: dict[str, int] = {}
    async for row in house.mongo["rounds"].find({}):
        rounds[row["courier_id"]] = row["sequence"]
        for stop in row["stops"]:
            if stop["state"] != StopState.REMOVED:
                alive[stop["appointment_id"], row["courier_id"]] += 1
    told: Counter[str] = Counter()
    async for row in house.mongo["feed"].find({}):
        told[row["courier_id"]] += 1
    kept = await house.appointments.load([each.id for each in promises])
    whose = {id: each.courier_id or each.offered_to for id, each in kept.items()}
    return {
        "with two couriers": sum(count > 1 for count in active.values()),
        "with a courier the appointment does not know": sum(
            whose[id] != holder.get(id) for id in whose
        ),
        "stops in a round of somebody who has it not": sum(
            holder.get(id) != courier for id, courier in alive
        ),
        "stops twice in a round": sum(count > 1 for count in alive.values()),
        "active, in no round": sum(alive[id, holder[id]] != 1 for id in holder),
        "gaps in feeds": sum(told[id] != rounds[id] for id in rounds),
    }


async def main(
    dispatchers: int = 200,
    appointments: int = 1_000,
    couriers: int = 40,
    tried_by: int = TRIED_BY,
) -> None:
    random = Random("assigners")
    clock = StoppedClock(given.NOW)
    async with a_house(clock, most_stops_in_window=1_000) as house:
        people = await hire(house, couriers, random)
        promises = await book(house, appointments, random, (8, 10, 12, 14, 16))
        began = time.perf_counter()
        said = await contest(house, promises, people, dispatchers, tried_by)
        took = time.perf_counter() - began
        rows = house.mongo["assignments"].find({"active": True}, {"by_role": 1})
        whose: Counter[Any] = Counter([row["by_role"] or "the house's offer" async for row in rows])
        found = await flaws(house, promises)
    tried = sum(said.values())
    sys.stdout.write(
        f"{dispatchers} dispatchers, {tried} words in {took:.1f} s ({tried / took:.0f} a second)\n"
        f"answers {dict(said)}\nactive assignments {dict(whose)}\n"
        + "".join(f"{count:5} {what}\n" for what, count in found.items())
    )
    assert not any(found.values())


if __name__ == "__main__":
    asyncio.run(main(*(int(number) for number in sys.argv[1:])))
