"""Workers that die: one at each step of relay and reaction, then some at random moments.

Run as `python -m tests.drills.mortal KILLS`, with the house's environment. Each worker is a fork of
this process, so that it need not import everything anew, and each ends by a kill -9: at the moment
it is about to give MongoDB a certain command, or so many milliseconds after it is at work. The real
`doorstep work` then has to find what they left.
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
from functools import partial
from typing import Final

from pymongo import monitoring

from doorstep import worker
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.leases import Leases
from doorstep.kit.pii import keyring_in
from doorstep.settings import Settings
from doorstep.wiring import House

log: Final = logging.getLogger("drills")

STEPS: Final = (
    ("update", "resume_tokens"),  # the first: later it would come only once the backlog is told
    ("update", "leases"),
    ("find", "resume_tokens"),
    ("aggregate", "outbox"),
    ("find", "outbox"),
    ("find", "appointments"),
    ("find", "assignments"),
    ("find", "shifts"),
    ("update", "appointments"),
    ("find", "rounds"),
    ("findAndModify", "feed_heads"),
    ("update", "rounds"),
    ("insert", "assignments"),
    ("insert", "feed"),
    ("insert", "outbox"),
    ("commitTransaction", 1),
    ("update", "outbox"),
)
"""What relay and reaction say to MongoDB. Before each there is a moment to die in; a death after a
step is one before the next."""

_LONGEST_LIFE_SECONDS: Final = 8.0


class Impatient(House):
    """Its leases are short, so that the next worker need not wait six seconds for a dead one's."""

    def leases(self) -> Leases:
        soon = timedelta(milliseconds=300)
        return Leases(self.mongo, self.clock, holder=new_id("hol"), lasts=soon)


class DiesAtStep(monitoring.CommandListener):
    """Dies when it is about to give a command for the first time."""

    def __init__(self, command: str, target: object) -> None:
        self._step = (command, target)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self._step == (event.command_name, event.command.get(event.command_name)):
            log.info("killed before %s of %s", *self._step)
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


def _dying_at(command: str, target: object) -> None:
    monitoring.register(DiesAtStep(command, target))

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
        signal.setitimer(signal.ITIMER_REAL, 2 * _LONGEST_LIFE_SECONDS)  # should we die first
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


def main(kills: int) -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for step in STEPS:
        _live_and_die(partial(_dying_at, *step))
    for _ in range(kills):
        _live_and_die(partial(_dying_after, random.uniform(0.05, 0.6)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
