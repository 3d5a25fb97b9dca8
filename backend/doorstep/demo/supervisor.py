"""One command, several processes: they start together, are kept alive, and end together.

Units    seconds, on the monotonic clock
Order    mongod, then the children; at the end the children, then mongod
Signals  SIGINT, SIGTERM and SIGHUP stop everything; a kill -9 of the supervisor does too,
         since mongod and the children are tethered to it
Imports  kit.mongo.embedded; what the children do is not known here
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from doorstep.kit.mongo.embedded import EmbeddedMongo, tethered

_POLL_SECONDS: Final = 0.05
_HEALTHY_SECONDS: Final = 10
_FIRST_WAIT_SECONDS: Final = 0.2
_LONGEST_WAIT_SECONDS: Final = 5.0
_TRIES: Final = 5
_STDERR: Final = 2

Report = Callable[[str], None]


class GivenUp(RuntimeError):
    """It ends as soon as it starts, however often it is started. The message says where to look."""


class Backoff:
    """How long to wait before starting again what has ended, and when to give up."""

    def __init__(self) -> None:
        self._quick_ends = 0

    def after(self, ran_for: float) -> float | None:
        """Seconds to wait, given how long it ran; None after the fifth quick end in a row."""
        if ran_for >= _HEALTHY_SECONDS:
            self._quick_ends = 0
            return _FIRST_WAIT_SECONDS
        self._quick_ends += 1
        if self._quick_ends == _TRIES:
            return None
        doubled: float = _FIRST_WAIT_SECONDS * 2 ** (self._quick_ends - 1)
        return min(doubled, _LONGEST_WAIT_SECONDS)


class Supervisor:
    """Owns a database and some children from `run` to its return, and leaves nothing behind.

    `database` is a mongod to own, or the URL of one that is somebody else's. `environ` is
    all the environment the children get, to which DOORSTEP_MONGODB_URL is added. Their
    output goes to stderr, or to `logs`/<name>.log. `report` is told what a person should know.
    `patience` is how many seconds a child has between SIGTERM and SIGKILL.
    """

    def __init__(
        self,
        database: EmbeddedMongo | str,
        children: Mapping[str, Sequence[str]],
        *,
        environ: Mapping[str, str],
        report: Report,
        logs: Path | None = None,
        patience: float = 10,
    ) -> None:
        self._database = database
        self._argvs = children
        self._environ = environ
        self._report = report
        self._logs = logs
        self._patience = patience
        self._children: list[_Child] = []
        self._asked = False

    def run(self) -> int:
        """Keep everything running until asked to stop: 0 if asked, 1 if something kept failing.

        Call it from the main thread: only there may a process listen for signals.

        Raises:
            NoMongod, DataFolderBusy, OtherServerVersion: the database did not start at all.
        """
        with _heeding(self._ask_to_stop):
            try:
                self._watch(self._start())
            except GivenUp as failure:
                self._report(str(failure))
                return 1
            finally:
                self._stop()
        return 0

    def _ask_to_stop(self) -> None:
        self._asked = True

    def _start(self) -> list["_Watch"]:
        """The database up, and the children ready to be started on it."""
        if isinstance(self._database, str):
            return self._hire(self._database)
        url = self._database.start()
        mongod = _Watch(_Mongod(self._database), self._report, started=time.monotonic())
        self._report(f"mongod is up ({mongod.charge}).")
        return [mongod, *self._hire(url)]

    def _hire(self, url: str) -> list["_Watch"]:
        environ = {**self._environ, "DOORSTEP_MONGODB_URL": url}
        for name, argv in self._argvs.items():
            log = self._logs / f"{name}.log" if self._logs else None
            self._children.append(_Child(name, argv, environ, log))
        return [_Watch(child, self._report) for child in self._children]

    def _watch(self, watches: list["_Watch"]) -> None:
        while not self._asked:
            for watch in watches:
                watch.look(time.monotonic())
            time.sleep(_POLL_SECONDS)
        self._report("Stopping.")

    def _stop(self) -> None:
        """Children first: what they have half done, they finish while there is a database."""
        for child in self._children:
            child.ask_to_stop()
        deadline = time.monotonic() + self._patience
        for child in self._children:
            if not child.gone_by(deadline):
                self._report(f"{child.name} did not stop within {self._patience:g} s: killed.")
            child.clear()
        if isinstance(self._database, EmbeddedMongo):
            self._database.stop()


class _Charge(Protocol):
    """Something that is started, and may end by itself. As a string: how to find it."""

    name: str
    log: Path | None

    def start(self) -> None: ...

    def end(self) -> str | None:
        """How it ended, in words; None while it runs."""


class _Watch:
    """One charge, and when it is due to be started."""

    def __init__(self, charge: _Charge, report: Report, *, started: float | None = None) -> None:
        self.charge = charge
        self._report = report
        self._backoff = Backoff()
        self._started = started or 0.0
        self._due = 0.0 if started is None else None

    def look(self, now: float) -> None:
        """Start it if it is due; if it has ended, set when it is due again, or give up."""
        if self._due is None:
            end = self.charge.end()
        elif now >= self._due:
            end = self._begin(now)
        else:
            return
        if end is not None:
            self._due = now + self._wait(end, now - self._started)

    def _begin(self, now: float) -> str | None:
        self._started, self._due = now, None
        try:
            self.charge.start()
        except (OSError, RuntimeError) as error:
            return str(error)
        self._report(f"{self.charge.name} is up ({self.charge}).")
        return None

    def _wait(self, end: str, ran_for: float) -> float:
        name, log = self.charge.name, self.charge.log
        wait = self._backoff.after(ran_for)
        if wait is None:
            where = f"{log} says why." if log else "What it said is above."
            raise GivenUp(
                f"{name} failed {_TRIES} times, each within {_HEALTHY_SECONDS} s of its start; "
                f"the last time: {end}. {where}"
            )
        self._report(f"{name} ended: {end}. Starting it again in {wait:.1f} s.")
        return wait


class _Mongod:
    """The embedded mongod, as one more thing to keep alive."""

    name = "mongod"

    def __init__(self, mongo: EmbeddedMongo) -> None:
        self.log: Path | None = mongo.log
        self._mongo = mongo

    def __str__(self) -> str:
        return f"pid {self._mongo.pid}"

    def start(self) -> None:
        self._mongo.restart()

    def end(self) -> str | None:
        return None if self._mongo.alive() else "it is gone"


class _Child:
    """A process of ours, and whatever it starts in its process group."""

    def __init__(
        self, name: str, argv: Sequence[str], environ: Mapping[str, str], log: Path | None
    ) -> None:
        self.name = name
        self.log = log
        self._argv = argv
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None

    def __str__(self) -> str:
        return f"pid {self._process.pid}" if self._process else "not running"

    def start(self) -> None:
        self.clear()
        if self.log is None:
            self._process = self._run(_STDERR)
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = self._run(log.fileno())

    def end(self) -> str | None:
        status = self._process.poll() if self._process else None
        return None if status is None else _in_words(status)

    def ask_to_stop(self) -> None:
        if self._process:
            self._process.terminate()

    def gone_by(self, deadline: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            if self._process:
                self._process.wait(max(0.0, deadline - time.monotonic()))
            return True
        return False

    def clear(self) -> None:
        """Kill it if it still runs, and everything it left behind in its group."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def _run(self, output: int) -> subprocess.Popen[bytes]:
        # SIGKILL: once the supervisor is dead, nobody is left to lose patience with a child.
        return tethered(self._argv, last=signal.SIGKILL, env=self._environ, output=output)


def _in_words(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"


@contextmanager
def _heeding(ask_to_stop: Callable[[], None]) -> Iterator[None]:
    """Signals only ask: an exception out of a handler could leave a child that nobody holds."""

    def heed(_signal: int, _frame: FrameType | None) -> None:
        ask_to_stop()

    before = {each: signal.getsignal(each) for each in _STOPPING}
    for each in _STOPPING:
        if each is not signal.SIGHUP or before[each] is not signal.SIG_IGN:  # nohup means it
            signal.signal(each, heed)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler or signal.SIG_DFL)


_STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
