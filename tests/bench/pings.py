"""What a courier's position costs: queries and milliseconds, with no news and with some.

python -m tests.bench.pings
"""

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from pymongo.monitoring import CommandListener, register

from doorstep.appointments.model import Appointment
from doorstep.handheld.model import Act
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.embedded import EmbeddedMongo
from doorstep.kit.pii import Keyring
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.crowd import crowd
from tests.dispatch.live import far, ping, share
from tests.dispatch.test_races import accept, assign, say
from tests.given import BO, TODAY

STOPS, PINGS = 14, 200


class Counting(CommandListener):
    asked: ClassVar[list[str]] = []

    def started(self, event: Any) -> None:
        if event.command_name not in ("hello", "ping", "endSessions"):
            self.asked.append(event.command_name)

    def succeeded(self, event: Any) -> None: ...
    def failed(self, event: Any) -> None: ...


async def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bench") as folder,
        EmbeddedMongo(Path(folder) / "data") as mongo,
    ):
        await measure(mongo.start(), Path(folder))


async def measure(url: str, folder: Path) -> None:
    clock = StoppedClock(given.NOW)
    settings = Settings(data=folder, driver="pymongo", most_stops_in_window=50)
    house = House.build(settings, url=url, keyring=Keyring.fresh(), clock=clock)
    await house.prepare()
    await given.town(house)
    for number, who in enumerate(await crowd(house, STOPS)):
        slot = given.slot((12, 14, 16)[number % 3], day=TODAY)
        promise = await given.booked(house, who, slot=slot)
        assert isinstance(await assign(house, promise, BO), Appointment)
        if number == 0:
            await say(house, BO, Act.START_DUTY, promise)
        assert (await accept(house, BO, promise)).accepted
    await share(house)
    clock.set(given.window(12, day=TODAY).start)
    await ping(house, far(1))
    for name, step in (("no news", 0.0001), ("news for many", 2.0)):
        costs, Counting.asked = [], []
        for number in range(PINGS):
            clock.advance(timedelta(seconds=1))
            began = time.perf_counter()
            await ping(house, far(1 + step * (number % 2)))
            costs.append((time.perf_counter() - began) * 1000)
        costs.sort()
        sys.stdout.write(
            f"{name}: p50 {statistics.median(costs):.1f} ms, p99 {costs[-2]:.1f} ms, "
            f"{len(Counting.asked) / PINGS:.1f} commands\n"
        )
    await house.close()


if __name__ == "__main__":
    register(Counting())
    asyncio.run(main())
