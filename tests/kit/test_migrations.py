"""Steps that run once, whoever starts first and whoever dies."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from doorstep.kit.clock import WallClock
from doorstep.kit.mongo.driver import Database, connect
from doorstep.kit.mongo.leases import Leases
from doorstep.kit.mongo.migrations import MIGRATIONS, CannotMigrate, Step, migrate, pending
from doorstep.kit.mongo.transactions import Mongo
from doorstep.wiring import House

CLOCK = WallClock()
DIES = "TEST_DIES"
ROOT = Path(__file__).parents[2]


async def first(database: Database) -> None:
    await asyncio.sleep(0.05)
    await database["trail"].insert_one({"step": "first"})


async def second(database: Database) -> None:
    await database["trail"].insert_one({"step": "second"})


async def slow(database: Database) -> None:
    await asyncio.sleep(1)
    await database["trail"].insert_one({"step": "slow"})


async def fill(database: Database) -> None:
    """Idempotent; where told so, it dies when half is done."""
    for number in range(10):
        if number == 5 and DIES in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)
        await database["filled"].replace_one({"_id": number}, {"_id": number}, upsert=True)


STEPS = (Step("0001-first", first), Step("0002-second", second))


async def run(mongo: Mongo, steps: Sequence[Step], name: str = "a", lasts: float = 1.0):
    leases = Leases(mongo, CLOCK, holder=name, lasts=timedelta(seconds=lasts))
    return await migrate(mongo, steps, leases=leases, clock=CLOCK)


async def trail(mongo: Mongo) -> list[str]:
    return [row["step"] async for row in mongo["trail"].find().sort("_id")]


async def test_four_that_race_carry_out_each_step_once_and_in_order(mongo: Mongo):
    did = await asyncio.gather(*(run(mongo, STEPS, name) for name in "abcd"))

    assert await trail(mongo) == ["first", "second"]
    assert sorted(sum(did, ())) == ["0001-first", "0002-second"]
    assert await pending(mongo, STEPS) == []


async def test_a_step_longer_than_the_lease_keeps_it(mongo: Mongo):
    steps = (Step("0001-slow", slow),)

    await asyncio.gather(*(run(mongo, steps, name, lasts=0.3) for name in "abcd"))

    assert await trail(mongo) == ["slow"]


async def test_who_is_killed_in_the_middle_is_finished_by_the_next(
    mongo: Mongo, mongo_url: str, database: str
):
    await asyncio.to_thread(_run_elsewhere, mongo_url, f"{database}_bare")
    assert await mongo["filled"].count_documents({}) == 5

    did = await run(mongo, (Step("0001-fill", fill),))

    assert did == ("0001-fill",)
    assert await mongo["filled"].count_documents({}) == 10


def _run_elsewhere(url: str, database: str) -> None:
    code = f"from tests.kit.test_migrations import die; die({url!r}, {database!r})"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, DIES: "1"}, check=False
    )
    assert ran.returncode == -signal.SIGKILL


def die(url: str, database: str) -> None:
    async def fill_once() -> None:
        await run(Mongo(connect(url, "pymongo"), database), (Step("0001-fill", fill),), "killed")

    asyncio.run(fill_once())


async def test_a_step_that_fails_is_tried_at_the_next_start(mongo: Mongo):
    async def broken(database: Database) -> None:
        raise LookupError("not today")

    with pytest.raises(LookupError):
        await run(mongo, (*STEPS, Step("0003-broken", broken)))

    assert await run(mongo, (*STEPS, Step("0003-broken", second))) == ("0003-broken",)


async def test_a_step_that_was_edited_after_it_ran_is_refused(mongo: Mongo):
    await run(mongo, STEPS)

    with pytest.raises(CannotMigrate, match="0002-second was edited"):
        await run(mongo, (STEPS[0], Step("0002-second", first)))


async def test_a_database_newer_than_the_code_is_refused(mongo: Mongo):
    await run(mongo, STEPS)

    with pytest.raises(CannotMigrate, match=r"newer doorstep .*0002-second"):
        await run(mongo, STEPS[:1])


async def test_a_step_put_before_one_that_ran_is_refused(mongo: Mongo):
    await run(mongo, STEPS)

    with pytest.raises(CannotMigrate, match="0000-early"):
        await run(mongo, (Step("0000-early", first), *STEPS))


async def test_starting_with_nothing_to_do_takes_no_lease_and_no_time(mongo: Mongo):
    await run(mongo, STEPS)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert await run(mongo, STEPS) == ()
        took.append(time.perf_counter() - began)

    assert min(took) < 0.2
    assert await mongo["leases"].count_documents({}) == 0


async def test_the_house_does_not_serve_a_database_newer_than_itself(empty_house: House):
    await empty_house.mongo[MIGRATIONS].insert_one(
        {"_id": "9999-later", "hash": "", "at": CLOCK.now(), "milliseconds": 0}
    )

    with pytest.raises(CannotMigrate):
        await empty_house.prepare()

    await empty_house.mongo[MIGRATIONS].delete_many({})
