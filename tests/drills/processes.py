"""The processes that a drill kills: they are real ones, each ended with us whatever happens."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from doorstep.kit.mongo.embedded import tethered
from doorstep.simulate.client import wait_ready

PATIENCE_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.02


class Program:
    """A program that can be killed and started again. What it says is appended to `log`."""

    def __init__(self, argv: Sequence[str | Path], environ: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._argv = argv
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = tethered(self._argv, last=signal.SIGKILL, env=self._environ, output=log)

    def status(self) -> int | None:
        return self._process.poll() if self._process else None

    def signal(self, by: signal.Signals) -> None:
        os.kill(self.pid, by)

    def kill(self) -> None:
        """kill -9, and nobody is left to clean up."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


@dataclass(frozen=True)
class Site:
    """Where a drill takes place: a folder of its own, with the demo city's data folder in it."""

    folder: Path
    port: int

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def program(self, name: str, *argv: str, url: str | None = None) -> Program:
        """A command of ours, on a database of its own unless a `url` is given."""
        return self.python(name, "-m", "doorstep.cli", *argv, url=url)

    def python(self, name: str, *argv: str, url: str | None = None) -> Program:
        environ = {**os.environ, "DOORSTEP_DATA": str(self.data)}
        environ.pop("DOORSTEP_MONGODB_URL", None)
        if url:
            environ["DOORSTEP_MONGODB_URL"] = url
        return Program([sys.executable, *argv], environ, self.folder / f"{name}.log")

    def api(self, url: str) -> Program:
        return self.program("api", "serve", "--port", str(self.port), url=url)

    def worker(self, url: str) -> Program:
        return self.program("worker", "work", url=url)

    async def ready(self) -> None:
        assert await wait_ready(self.address, PATIENCE_SECONDS), "the API did not come up"


def new_site(folder: Path, city: Path | None = None) -> Site:
    """A site in `folder`, with a copy of the `city` that was loaded once."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, free_port())
    if city:
        shutil.copytree(city, site.data)
    return site


async def load(site: Site, url: str | None = None) -> None:
    """The small demo city, as an operator loads it."""
    loading = site.program("load", "demo", "--load", "--size", "small", url=url)
    loading.start()
    await until(lambda: loading.status() is not None, "the city to be loaded")
    assert loading.status() == 0, loading.said()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(
    holds: Callable[[], object], what: str, *, seconds: float = PATIENCE_SECONDS
) -> None:
    """Return once it holds. It is asked in a thread, so that the customers go on meanwhile."""
    deadline = time.monotonic() + seconds
    while True:
        if await asyncio.to_thread(holds):
            return
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        await asyncio.sleep(_POLL_SECONDS)
