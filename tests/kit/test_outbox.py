"""The relay and the hub: what is killed, fails, lapses or breaks, and what is told all the same."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from doorstep.kit.clock import StoppedClock, WallClock
from doorstep.kit.events import Event
from doorstep.kit.mongo import leases, outbox, transactions
from doorstep.kit.mongo.collections import prepare
from doorstep.kit.mongo.hub import Hub
from doorstep.kit.mongo.leases import Leases
from doorstep.kit.mongo.outbox import LEASE, TOKENS, Relay
from doorstep.kit.mongo.transactions import OUTBOX, Mongo, Tx
from tests.given import NOW


class Rung(Event):
    """Somebody rang."""


class Unheard(Event):
    """Nobody listens to this."""


Told = list[tuple[str, int]]
INSERTS = [{"$match": {"operationType": "insert"}}]


@pytest.fixture
async def ready(mongo: Mongo) -> Mongo:
    await prepare(mongo.db, (*transactions.KEPT, *leases.KEPT, *outbox.KEPT))
    return mongo


async def happen(mongo: Mongo, *what: tuple[str, int], kind: type[Event] = Rung) -> None:
    for aggregate, sequence in what:

        async def body(tx: Tx, a: str = aggregate, s: int = sequence) -> None:
            tx.record(kind(aggregate=a, sequence=s, at=NOW))

        await mongo.transact(body)


def relay_of(
    mongo: Mongo,
    answer: Callable[[Any], Awaitable[None]],
    *,
    holder: str = "one",
    lasts: timedelta = timedelta(seconds=6),
) -> Relay:
    clock = WallClock()
    mine = Leases(mongo, clock, holder=holder, lasts=lasts)
    return Relay(mongo, clock, mine, {Rung: (answer,)})


def keeps(told: Told) -> Callable[[Any], Awaitable[None]]:
    async def answer(event: Event) -> None:
        told.append((event.aggregate, event.sequence))

    return answer


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(relay.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool], *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


async def unsent(mongo: Mongo) -> int:
    return await mongo[OUTBOX].count_documents({"sent": False})


async def all_marked(mongo: Mongo) -> None:
    """What was told is marked a moment later; a relay that ends in between tells it again."""
    async with asyncio.timeout(10):
        while await unsent(mongo):
            await asyncio.sleep(0.01)


async def kill(task: asyncio.Task[None]) -> None:
    """As a process dies: nothing is given back, nothing is tidied up."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# ------------------------------------------------------------------ at least once, in order


async def test_what_is_committed_is_told_within_a_second(ready: Mongo):
    told: Told = []
    async with running(relay_of(ready, keeps(told))):
        await happen(ready, ("a", 1))
        await until(lambda: told == [("a", 1)], seconds=5)
        await happen(ready, ("a", 2), ("b", 1))
        await until(lambda: len(told) == 3, seconds=1)
        await all_marked(ready)
    assert await unsent(ready) == 0


async def test_what_was_committed_while_no_relay_ran_is_told_when_one_does(ready: Mongo):
    await happen(ready, ("b", 1), ("a", 1), ("a", 2), ("b", 2))
    told: Told = []
    async with running(relay_of(ready, keeps(told))):
        await until(lambda: len(told) == 4)
    assert [s for a, s in told if a == "a"] == [1, 2]
    assert [s for a, s in told if a == "b"] == [1, 2]


async def test_a_relay_killed_at_any_moment_loses_nothing_and_keeps_the_order(ready: Mongo):
    told: Told = []

    async def slow(event: Event) -> None:
        told.append((event.aggregate, event.sequence))
        await asyncio.sleep(0.004)

    wanted = [(aggregate, number) for number in range(1, 21) for aggregate in "abc"]
    happening = asyncio.create_task(happen(ready, *wanted))
    for round in range(12):
        task = asyncio.create_task(relay_of(ready, slow, holder="one").run())
        await asyncio.sleep(0.03 + 0.007 * round)
        await kill(task)
    await happening
    async with running(relay_of(ready, slow)):
        await until(lambda: set(told) == set(wanted))
    for aggregate in "abc":
        mine = [number for name, number in told if name == aggregate]
        firsts = list(dict.fromkeys(mine))
        assert firsts == list(range(1, 21))


async def test_an_event_whose_relay_died_before_it_was_marked_is_told_again(ready: Mongo):
    await happen(ready, ("a", 1), ("a", 2))
    told: Told = []
    died = asyncio.Event()

    async def dies(event: Event) -> None:
        told.append((event.aggregate, event.sequence))
        died.set()
        await asyncio.sleep(3600)

    task = asyncio.create_task(relay_of(ready, dies).run())
    await died.wait()
    await kill(task)
    assert await unsent(ready) == 2

    async with running(relay_of(ready, keeps(told))):
        await until(lambda: len(told) == 3)
    assert told == [("a", 1), ("a", 1), ("a", 2)]


@pytest.mark.parametrize("sent_while_running", [False, True])
async def test_a_failing_reaction_is_tried_again_and_only_its_own_aggregate_waits(
    ready: Mongo, sent_while_running: bool
):
    told: Told = []
    failures = 2

    async def fails(event: Event) -> None:
        nonlocal failures
        if event.aggregate == "a" and event.sequence == 1 and failures:
            failures -= 1
            raise RuntimeError("a bug")
        told.append((event.aggregate, event.sequence))

    wanted = [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    if not sent_while_running:
        await happen(ready, *wanted)
    async with running(relay_of(ready, fails)):
        if sent_while_running:
            await asyncio.sleep(0.3)
            await happen(ready, *wanted)
        await until(lambda: len(told) == 4)
        await all_marked(ready)
    assert told == [("b", 1), ("b", 2), ("a", 1), ("a", 2)]
    assert await unsent(ready) == 0


async def test_what_nobody_listens_to_is_marked_all_the_same(ready: Mongo):
    await happen(ready, ("a", 1), kind=Unheard)
    assert await relay_of(ready, keeps([])).sweep() == 1
    assert await unsent(ready) == 0


async def test_a_transaction_that_fails_tells_nothing(ready: Mongo):
    async def body(tx: Tx) -> None:
        tx.record(Rung(aggregate="a", sequence=1, at=NOW))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ready.transact(body)
    assert await ready[OUTBOX].count_documents({}) == 0


# ------------------------------------------------------------------ one at a time


async def test_of_two_relays_one_is_at_it_and_the_other_takes_over_when_it_dies(ready: Mongo):
    told: Told = []
    who: list[str] = []

    def named(name: str) -> Callable[[Any], Awaitable[None]]:
        async def answer(event: Event) -> None:
            who.append(name)
            told.append((event.aggregate, event.sequence))

        return answer

    brief = timedelta(seconds=3)
    one = asyncio.create_task(relay_of(ready, named("one"), holder="one", lasts=brief).run())
    await happen(ready, ("a", 1))
    await until(lambda: len(told) == 1)
    async with running(relay_of(ready, named("two"), holder="two", lasts=brief)):
        await happen(ready, ("a", 2), ("a", 3))
        await until(lambda: len(told) == 3)
        assert set(who) == {"one"}
        await all_marked(ready)
        await kill(one)
        await happen(ready, ("a", 4))
        await until(lambda: len(told) == 4)
    assert who[-1] == "two"
    assert told == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]


async def test_a_lease_lapses_to_the_millisecond_and_only_then_changes_hands(ready: Mongo):
    clock = StoppedClock(NOW)
    one, two = (Leases(ready, clock, holder=name) for name in ("one", "two"))
    assert await one.take(LEASE)
    clock.advance(one.lasts - timedelta(milliseconds=1))
    assert not await two.take(LEASE)
    clock.advance(timedelta(milliseconds=1))
    assert await two.take(LEASE)
    assert not await one.take(LEASE)
    await one.give_back(LEASE)
    assert not await one.take(LEASE)
    taken = await asyncio.gather(*(two.take("other"), one.take("other")) * 5)
    assert len(set(taken[::2])) == len(set(taken[1::2])) == 1
    assert taken[0] is not taken[1]


async def test_a_relay_that_lost_its_lease_stops(ready: Mongo):
    told: Told = []
    async with running(relay_of(ready, keeps(told), holder="one")):
        await happen(ready, ("a", 1))
        await until(lambda: len(told) == 1)
        far = WallClock().now() + timedelta(hours=1)
        await ready[leases.LEASES].update_one(
            {"_id": LEASE}, {"$set": {"holder": "two", "until": far}}
        )
        await asyncio.sleep(2.5)
        await happen(ready, ("a", 2))
        await asyncio.sleep(0.5)
        assert told == [("a", 1)]


# ------------------------------------------------------------------ tokens


@pytest.mark.parametrize(
    "token",
    [
        {"_data": "82" + "0" * 8},
        {"_data": "not a token"},
        {"_data": "8263000000000000012B0229296E04"},
        {"nonsense": 1},
    ],
    ids=["cut", "none", "long gone", "another shape"],
)
async def test_a_resume_token_of_no_use_loses_nothing(ready: Mongo, token: Any):
    told: Told = []
    async with running(relay_of(ready, keeps(told))):
        await happen(ready, ("a", 1))
        await until(lambda: len(told) == 1)
        await all_marked(ready)
        await asyncio.sleep(0.1)
    await ready[TOKENS].update_many({}, {"$set": {"token": token}})
    await happen(ready, ("a", 2))
    async with running(relay_of(ready, keeps(told))):
        await until(lambda: len(told) == 2)
        await happen(ready, ("a", 3))
        await until(lambda: len(told) == 3, seconds=5)
    assert told == [("a", 1), ("a", 2), ("a", 3)]


async def test_a_lost_resume_token_loses_nothing(ready: Mongo):
    told: Told = []
    async with running(relay_of(ready, keeps(told))):
        await happen(ready, ("a", 1))
        await until(lambda: len(told) == 1)
        await all_marked(ready)
    await ready[TOKENS].delete_many({})
    await happen(ready, ("a", 2))
    async with running(relay_of(ready, keeps(told))):
        await until(lambda: len(told) == 2)


async def test_what_commits_as_a_stream_opens_is_read_or_told(ready: Mongo):
    """Neither the sweep nor the stream may be able to say that it was the other's to find."""
    for round in range(20):
        names = {f"{round}-{number}" for number in range(8)}
        looked, *_ = await asyncio.gather(
            opened_and_read(ready, after_seconds=0.001 * (round % 5)),
            *(happen(ready, (name, 1)) for name in names),
        )
        token, read = looked
        await happen(ready, (f"{round}-last", 1))
        assert names <= read | await told_after(ready, token, f"{round}-last")


async def opened_and_read(mongo: Mongo, *, after_seconds: float) -> tuple[Any, set[str]]:
    await asyncio.sleep(after_seconds)
    token = await mongo.latest(OUTBOX, INSERTS)
    return token, {row["aggregate"] async for row in mongo[OUTBOX].find({})}


async def told_after(mongo: Mongo, token: Any, last: str) -> set[str]:
    told: set[str] = set()
    async with asyncio.timeout(10), mongo.watch(OUTBOX, INSERTS, resume_after=token) as stream:
        while last not in told:
            if change := await stream.try_next():
                told.add(change["fullDocument"]["aggregate"])
    return told


# ------------------------------------------------------------------ the hub


@asynccontextmanager
async def hub_of(mongo: Mongo) -> AsyncIterator[Hub]:
    hub = Hub(mongo)
    await hub.start()
    yield hub
    await hub.stop()


async def test_a_bell_rings_for_its_own_aggregate_and_no_other(ready: Mongo):
    async with hub_of(ready) as hub:
        with hub.listen("a") as a, hub.listen("b", "c") as bc:
            await happen(ready, ("a", 1))
            assert await a.heard(within_seconds=3)
            assert not await bc.heard(within_seconds=0.05)
            await happen(ready, ("c", 1))
            assert await bc.heard(within_seconds=3)
            assert not await a.heard(within_seconds=0.05)


async def test_a_quiet_outbox_keeps_nobody_waiting_and_what_comes_next_is_heard(ready: Mongo):
    """A stream that waits for news takes the server a second to say that there are none."""
    asked = time.monotonic()
    async with hub_of(ready) as hub:
        assert time.monotonic() - asked < 0.9
        with hub.listen("a") as bell:
            await happen(ready, ("a", 1))
            assert await bell.heard(within_seconds=3)


async def test_what_was_rung_before_it_was_listened_for_is_heard(ready: Mongo):
    async with hub_of(ready) as hub:
        with hub.listen("a") as bell:
            await happen(ready, ("a", 1), ("a", 2), ("a", 3))
            await asyncio.sleep(0.3)
            assert await bell.heard(within_seconds=1)
            assert not await bell.heard(within_seconds=0.05)


async def test_a_stream_that_breaks_rings_everyone_and_goes_on(ready: Mongo):
    async with hub_of(ready) as hub:
        with hub.listen("a") as bell:
            await bell.heard(within_seconds=0.2)
            await _break_streams(ready)
            assert await bell.heard(within_seconds=5)
            await happen(ready, ("a", 1))
            assert await bell.heard(within_seconds=5)


async def _break_streams(mongo: Mongo) -> None:
    """Drop the collection that is watched: the server ends every stream on it."""
    await mongo[OUTBOX].drop()
    await mongo.db.create_collection(OUTBOX)


async def test_a_relay_whose_stream_breaks_goes_on(ready: Mongo):
    told: Told = []
    async with running(relay_of(ready, keeps(told))):
        await happen(ready, ("a", 1))
        await until(lambda: len(told) == 1)
        await all_marked(ready)
        await asyncio.sleep(0.1)
        await _break_streams(ready)
        await happen(ready, ("a", 2))
        await until(lambda: len(told) == 2)


async def test_a_hub_that_stops_leaves_no_task_behind(ready: Mongo):
    before = asyncio.all_tasks()
    async with hub_of(ready), running(relay_of(ready, keeps([]))):
        await asyncio.sleep(0.2)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before
