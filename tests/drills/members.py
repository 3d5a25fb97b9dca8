"""A replica set of three local mongods, as a bureau runs on three machines."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pymongo import WriteConcern
from pymongo.errors import PyMongoError

from doorstep.kit.mongo.embedded import Client, find_mongod
from tests.drills.processes import PATIENCE_SECONDS, Program, free_port, until

_FLAGS: Final = (
    "--replSet=rs0",
    "--bind_ip=127.0.0.1",
    "--nounixsocket",
    "--oplogSize=990",
    "--networkMessageCompressors=disabled",
    "--wiredTigerCacheSizeGB=0.25",
    "--wiredTigerEngineConfigString=log=(prealloc=false,file_max=16MB)",
    "--setParameter=diagnosticDataCollectionEnabled=false",
    "--setParameter=shutdownTimeoutMillisForSignaledShutdown=100",
    "--setParameter=transactionLifetimeLimitSeconds=5",
)
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
_ELECTION_MILLISECONDS: Final = 2000
_ASKED_MILLISECONDS: Final = 1000


@dataclass(frozen=True)
class Member:
    host: str
    program: Program

    def says(self) -> dict[str, Any]:
        """Its hello; nothing, if it does not answer."""
        url = f"mongodb://{self.host}/?directConnection=true"
        with suppress(PyMongoError), Client(url, timeoutMS=_ASKED_MILLISECONDS) as client:
            return client.admin.command("hello")
        return {}


class ReplicaSet:
    """Three members, from `start` to `stop`."""

    def __init__(self, folder: Path) -> None:
        mongod = find_mongod(os.environ).path
        self.members = [_member(mongod, folder / f"member{number}") for number in range(3)]
        hosts = ",".join(member.host for member in self.members)
        self.url = f"mongodb://{hosts}/?replicaSet=rs0"

    async def start(self) -> None:
        for member in self.members:
            member.program.start()
        await until(lambda: all(member.says() for member in self.members), "three mongods")
        self._found()
        await until(lambda: self.proves_three(), "a write on all three")

    def _found(self) -> None:
        hosts = [{"_id": id, "host": member.host} for id, member in enumerate(self.members)]
        settings = {"electionTimeoutMillis": _ELECTION_MILLISECONDS}
        config = {"_id": "rs0", "members": hosts, "settings": settings}
        url = f"mongodb://{self.members[0].host}/?directConnection=true"
        with Client(url, timeoutMS=20_000) as client:
            client.admin.command("replSetInitiate", config)

    def stop(self) -> None:
        """Nobody needs what they keep: they are killed."""
        for member in self.members:
            member.program.kill()

    def primary(self) -> Member:
        """The primary that a majority knows."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for member in self.members:
                if member.says().get("isWritablePrimary"):
                    return member
        raise AssertionError("there is no primary")

    def proves_three(self) -> bool:
        """Whether a write reaches all three: only then may the next one be killed."""
        with suppress(PyMongoError), Client(self.url, timeoutMS=3000) as client:
            proof = client["drills"].get_collection(
                "proofs", write_concern=WriteConcern(3, wtimeout=2500)
            )
            proof.insert_one({"at": time.time()})
            return True
        return False


def _member(mongod: Path, files: Path) -> Member:
    files.mkdir(parents=True)
    port = free_port()
    argv = [str(mongod), f"--dbpath={files}", f"--port={port}", *_FLAGS]
    return Member(f"127.0.0.1:{port}", Program(argv, _ENVIRONMENT, files.with_suffix(".log")))


def kill(member: Member) -> Callable[[], None]:
    """kill -9; what is returned starts it again."""
    member.program.kill()
    return member.program.start


def hang(member: Member) -> Callable[[], None]:
    """SIGSTOP: it holds its connections and says nothing. What is returned wakes it."""
    member.program.signal(signal.SIGSTOP)
    return lambda: member.program.signal(signal.SIGCONT)
