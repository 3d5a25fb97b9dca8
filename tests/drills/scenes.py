"""The drills. Each takes a site with the demo city, and says what it found there afterwards.

Moments  are given in acknowledged bookings, not in seconds: a slow machine kills no earlier
Units    seconds
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from doorstep.kit.mongo.driver import connect, settled
from doorstep.kit.mongo.embedded import EmbeddedMongo, attached
from doorstep.simulate.client import http_client
from tests.drills.customers import Tally, book_all, not_shown, wishes
from tests.drills.findings import Outcome, judged, unsent
from tests.drills.members import Member, ReplicaSet
from tests.drills.mortal import STEPS
from tests.drills.processes import PATIENCE_SECONDS, Program, Site, until

BRISK: Final = 0.15
"""What a customer's telephone pauses after a booking: the 200 take some two seconds and a half."""
STEADY: Final = 1.0
"""For a primary that hangs: customers are still at it when it wakes."""
SLOW: Final = 0.6
"""For the workers' deaths, which want events to come for longer."""
HUNG_SECONDS: Final = 10.0
KILLS: Final = 8
"""Of the worker, at random moments."""

Moment = tuple[int, Callable[[], Awaitable[None]]]
"""After so many acknowledged bookings, this happens."""


async def api_killed(site: Site) -> Outcome:
    """kill -9 of the API, twice during 200 bookings, and another one started at once."""
    async with _database(site) as url, _running(site.api(url), site.worker(url)) as (api, _):
        await site.ready()

        async def kill() -> None:
            api.kill()
            api.start()

        return await _drilled(site, "API killed twice", url, [(50, kill), (120, kill)])


async def worker_killed(site: Site) -> Outcome:
    """kill -9 of the worker at each of its steps, then at random moments.

    The bookings flow meanwhile. Then the real worker runs, until nothing is left to tell.
    """
    deaths = len(STEPS) + KILLS
    async with _database(site) as url, _running(site.api(url)):
        await site.ready()
        await _cut_orphans_short(url)
        mortal = site.python("mortal", "-m", "tests.drills.mortal", str(KILLS), url=url)
        async with _running(mortal), http_client(site.address) as http:
            wanted, tally = await wishes(site.address, site.data, http, crowd=0), Tally()
            await book_all(wanted, tally, pause=SLOW)
            deadly = 3 * PATIENCE_SECONDS
            await until(lambda: mortal.status() is not None, "the last to die", seconds=deadly)
            assert mortal.status() == 0, mortal.said()
            assert mortal.said().count("killed") == deaths, mortal.said()
            async with _running(site.worker(url)):
                await _caught_up(url)
            absent = await not_shown(tally)
            drill = f"worker killed {deaths} times"
            return await judged(drill, wanted, tally, absent, url)


async def mongod_killed(site: Site) -> Outcome:
    """kill -9 of mongod, twice under load; the supervisor of `doorstep demo` brings it back."""
    argv = ("demo", "--size", "small", "--port", str(site.port))
    async with _running(site.program("demo", *argv)):
        await site.ready()
        url = attached(site.data)
        assert url

        async def kill() -> None:
            before = _mongod_of(site)
            os.kill(before, signal.SIGKILL)
            await until(lambda: _mongod_of(site) not in (0, before), "mongod to be back")

        moments: list[Moment] = [(50, kill), (120, kill)]
        return await _drilled(site, "mongod killed twice, supervised", url, moments)


async def primary_lost(
    site: Site,
    members: ReplicaSet,
    lose: Callable[[Member], Callable[[], None]],
    drill: str,
    *,
    crowd: int,
    gone_for: float,
) -> Outcome:
    """The primary of three is killed or hangs under load, and comes back after `gone_for`.

    It counts as back when a write reaches all three: before that none of them may be touched.
    """
    api, worker = site.api(members.url), site.worker(members.url)
    async with _running(api, worker):
        await site.ready()

        async def lose_and_find() -> None:
            give_back = lose(await asyncio.to_thread(members.primary))
            await asyncio.sleep(gone_for)
            give_back()
            await until(members.proves_three, "a write on all three")

        moments: list[Moment] = [(60, lose_and_find)]
        pause = STEADY if gone_for >= HUNG_SECONDS else BRISK
        return await _drilled(site, drill, members.url, moments, crowd=crowd, pause=pause)


async def _drilled(
    site: Site,
    drill: str,
    url: str,
    moments: Sequence[Moment],
    *,
    crowd: int = 0,
    pause: float = BRISK,
) -> Outcome:
    """200 bookings with something happening at some moments, and what is found afterwards."""
    async with http_client(site.address) as http:
        wanted, tally = await wishes(site.address, site.data, http, crowd=crowd), Tally()
        async with asyncio.TaskGroup() as group:
            group.create_task(book_all(wanted, tally, pause=pause))
            group.create_task(_happen(moments, tally))
        await site.ready()
        await _caught_up(url)
        return await judged(drill, wanted, tally, await not_shown(tally), url)


async def _happen(moments: Sequence[Moment], tally: Tally) -> None:
    for count, happen in moments:
        await tally.reaches(count)
        await happen()


async def _caught_up(url: str) -> None:
    """Return once the worker has told every event."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await unsent(url):
            await asyncio.sleep(0.1)


async def _cut_orphans_short(url: str) -> None:
    """What a worker was killed in the midst of blocks its successors for a second, not for five."""
    client = connect(url, "pymongo")
    try:
        await client.admin.command({"setParameter": 1, "transactionLifetimeLimitSeconds": 1})
    finally:
        await settled(client.close())


@asynccontextmanager
async def _database(site: Site) -> AsyncIterator[str]:
    """The site's mongod, of ours and not of the API: it outlives what the drill kills."""
    mongo = EmbeddedMongo(site.data)
    try:
        yield await asyncio.to_thread(mongo.start)
    finally:
        await asyncio.to_thread(mongo.stop)


@asynccontextmanager
async def _running(*programs: Program) -> AsyncIterator[Sequence[Program]]:
    try:
        for program in programs:
            program.start()
        yield programs
    finally:
        for program in programs:
            await asyncio.to_thread(program.stop)


def _mongod_of(site: Site) -> int:
    """The pid of the mongod that serves there; 0 while none does."""
    if attached(site.data) is None:
        return 0
    return int(json.loads((site.data / "mongo.json").read_text())["pid"])
