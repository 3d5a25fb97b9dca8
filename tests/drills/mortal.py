"""Workers that die: one at each step of relay and reaction, then some at random moments.

Run as `python -m tests.drills.mortal STEPS KILLS`, with the house's environment. Each worker is a
fork of this process, so that it need not import everything anew, and each ends by a kill -9: at the
moment it is about to give MongoDB its so-manyth command, or so many milliseconds after it is at
work. The real `doorstep work` then has to find what they left.
"""

import asyncio
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from pymongo import monitoring

from doorstep import worker
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.leases import Leases
from doorstep.kit.pii import keyring_in
from doorstep.settings import Settings
from doorstep.wiring import House

log: Final = logging.getLogger("drills")

_LONGEST_LIFE_SECONDS: Final = 3.0
_NO_STEPS: Final = ("getMore", "hello", "isMaster", "ping", "endSessions", "killCursors")


class Impatient(House):
    """Its leases are short, so that the next worker need not wait six seconds for a dead one's."""

    def leases(self) -> Leases:
        soon = timedelta(milliseconds=300)
        return Leases(self.mongo, self.clock, holder=new_id("hol"), lasts=soon)


class DiesAtStep(monitoring.CommandListener):
    """Dies when it is about to say its `step`th command."""

    def __init__(self, step: int) -> None:
        self._left = step

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in _NO_STEPS:
            return
        self._left -= 1
        if not self._left:
            target = event.command.get(event.command_name)
            log.info("killed before %s of %s", event.command_name, target)
            _die()

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


class DiesSoon(logging.Handler):
    """Dies so many seconds after the worker says that it is at work."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "at work":
            log.info("killed %.3f s after it was at work", self._seconds)
            threading.Timer(self._seconds, _die).start()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _house() -> House:
    settings = Settings()
    keyring = keyring_in(settings.data, create=False)
    assert keyring
    assert settings.mongodb_url
    return Impatient.build(settings, url=settings.mongodb_url, keyring=keyring)


def _dying_at(step: int) -> None:
    monitoring.register(DiesAtStep(step))

    async def relay() -> None:
        house = _house()
        await house.relay(house.leases()).run()

    asyncio.run(relay())


def _dying_after(seconds: float) -> None:
    worker.log.addHandler(DiesSoon(seconds))

    async def work() -> None:
        await worker.work(_house())

    asyncio.run(work())


def _live_and_die(life: Callable[[], None]) -> None:
    """A worker of its own, dead when this returns."""
    pid = os.fork()
    if not pid:
        try:
            life()
        finally:
            os._exit(1)
    deadline = time.monotonic() + _LONGEST_LIFE_SECONDS
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            log.info("killed at last")
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(0.01)


def main(steps: int, kills: int) -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for step in range(1, steps + 1):
        _live_and_die(lambda step=step: _dying_at(step))  # type: ignore[misc]
    for _ in range(kills):
        seconds = random.uniform(0.05, 0.6)
        _live_and_die(lambda seconds=seconds: _dying_after(seconds))  # type: ignore[misc]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
