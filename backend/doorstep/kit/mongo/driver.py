"""The one module that names the driver's client: Motor, or PyMongo's own async client.

`DOORSTEP_DRIVER=motor|pymongo` chooses, and nothing else in the house can tell which it was. Motor
was asked for and is past its end of life (critical fixes until May 2027); see docs/adr/0005.

Types are PyMongo's, whose methods Motor mirrors; `settled` hides where one awaits and the other
does not.
"""

import asyncio
import inspect
import os
import time
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Any, Final, Literal, TypeVar, cast

from pymongo import AsyncMongoClient, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError
from pymongo.monitoring import ConnectionPoolListener
from pymongo.read_concern import ReadConcern

from doorstep.kit.documents import Document

T = TypeVar("T")
Driver = Literal["motor", "pymongo"]
Client = AsyncMongoClient[Document]
Collection = AsyncCollection[Document]
Database = AsyncDatabase[Document]
Session = AsyncClientSession
DriverError = PyMongoError
"""What the driver raises when the machine is at fault, not we."""

_HEEDED_WITHIN_SECONDS: Final = 3.0
_AGAIN: Final = "TransientTransactionError"
_UNKNOWN: Final = "UnknownTransactionCommitResult"
_TRIED_FOR_SECONDS: Final = 60.0

SAFE: Final[dict[str, Any]] = {
    # Acknowledged means majority-committed and journaled. timeoutMS is longer than a failover: a
    # shorter deadline makes the storm it is meant to prevent.
    "w": "majority",
    "journal": True,
    "retryWrites": True,
    "retryReads": True,
    "readConcernLevel": "majority",
    "timeoutMS": 8000,
    "connectTimeoutMS": 1000,
    "heartbeatFrequencyMS": 500,
    "serverSelectionTimeoutMS": 8000,
    "maxPoolSize": 32,
    "tz_aware": True,
    "appname": "doorstep",
}


class Pool(ConnectionPoolListener):
    """How many connections there are, and how many are at work."""

    def __init__(self) -> None:
        self.open = 0
        self.checked_out = 0
        self._lock = Lock()  # Motor's events come from many threads

    def _add(self, *, opened: int = 0, out: int = 0) -> None:
        with self._lock:
            self.open += opened
            self.checked_out += out

    def connection_created(self, event: object) -> None:
        self._add(opened=1)

    def connection_closed(self, event: object) -> None:
        self._add(opened=-1)

    def connection_checked_out(self, event: object) -> None:
        self._add(out=1)

    def connection_checked_in(self, event: object) -> None:
        self._add(out=-1)

    def pool_created(self, event: object) -> None: ...
    def pool_ready(self, event: object) -> None: ...
    def pool_cleared(self, event: object) -> None: ...
    def pool_closed(self, event: object) -> None: ...
    def connection_ready(self, event: object) -> None: ...
    def connection_check_out_started(self, event: object) -> None: ...
    def connection_check_out_failed(self, event: object) -> None: ...


def connect(url: str, driver: Driver, pool: Pool | None = None) -> Client:
    """A client bound to the running event loop; it connects when first used."""
    options = SAFE | ({"event_listeners": [pool]} if pool else {})
    if driver == "pymongo":
        return AsyncMongoClient(url, **options)
    # Motor works in threads: with fewer of them than connections, the rest would idle.
    os.environ.setdefault("MOTOR_MAX_WORKERS", str(SAFE["maxPoolSize"]))
    from motor.motor_asyncio import AsyncIOMotorClient

    return cast(Client, AsyncIOMotorClient(url, **options))


class NoReplicaSet(RuntimeError):
    """The server cannot keep our promises: it has no transactions and no change streams."""


async def require_transactions(client: Client) -> None:
    """Raises NoReplicaSet unless the server is a replica set's or a cluster's."""
    hello = await client["admin"].command("hello")
    if not hello.get("setName") and hello.get("msg") != "isdbgrid":
        raise NoReplicaSet(
            "DOORSTEP_MONGODB_URL names a standalone mongod, which has neither transactions nor "
            "change streams. Start it with --replSet rs0 and run rs.initiate() once, or name a "
            "replica set or a sharded cluster."
        )


async def started(client: Client, *, snapshot: bool = False) -> Session:
    """A session; with `snapshot`, all its reads are of the instant of the first.

    Motor has it awaited where PyMongo answers at once.
    """
    session: Any = client.start_session(snapshot=snapshot or None)
    return cast(Session, await session if inspect.isawaitable(session) else session)


async def transacted(
    session: Session,
    body: Callable[[Session], Awaitable[T]],
    *,
    read_concern: ReadConcern,
    write_concern: WriteConcern,
) -> T:
    """The drivers' `with_transaction`, and what Motor's leaves undone.

    Motor commits on leaving a context that stands outside its own loop (3.7.1, core.py): a commit
    that the server would have run again comes out as an error, with nothing lost but the effect.
    """
    told: list[T] = []

    async def noted(session: Session) -> T:
        told[:] = [await body(session)]
        return told[0]

    until = time.monotonic() + _TRIED_FOR_SECONDS
    while True:
        try:
            return await session.with_transaction(
                noted, read_concern=read_concern, write_concern=write_concern
            )
        except PyMongoError as error:
            final = error
        while final.has_error_label(_UNKNOWN) and time.monotonic() < until:
            try:
                await session.commit_transaction()
                return told[0]
            except PyMongoError as error:
                final = error
        if not final.has_error_label(_AGAIN) or time.monotonic() > until:
            raise final


async def settled(value: Awaitable[T]) -> T:
    """What a call came to: PyMongo has it awaited where Motor answers at once."""
    return await value if inspect.isawaitable(value) else cast(T, value)


def heed_cancellation() -> None:
    """Raises CancelledError if this task was told to end.

    PyMongo's async change stream now and then swallows the cancellation it is waiting in (4.20,
    seen in `try_next`), and a loop around it would go on for ever. Asked once a turn.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def end(*tasks: asyncio.Task[Any]) -> None:
    """End tasks that work with the driver: told again until they heed it, then waited for.

    What they end with is theirs: no error of an ended task is anybody's news.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=_HEEDED_WITHIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
