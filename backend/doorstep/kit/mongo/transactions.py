"""One verb, one instant, one transaction; events leave with the commit, or not at all.

The driver may run a transaction's body more than once, so a body only decides and writes: no clock,
no ids that must be told outside, no mail, no network.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Protocol, TypeVar

from pymongo import WriteConcern
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.read_concern import ReadConcern

from doorstep.kit.documents import Document
from doorstep.kit.events import Event
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.driver import Client, Collection, Session, settled, started, transacted
from doorstep.kit.mongo.schemas import BYTES, FLAG, INSTANT, OBJECT, TEXT, WHOLE, shaped
from doorstep.kit.refusals import Refusal

T = TypeVar("T")
S = TypeVar("S", bound="Identified")
R = TypeVar("R", bound=Refusal)

OUTBOX: Final = "outbox"
ATTEMPTS: Final = "attempts"
KEPT: Final = (
    Kept(
        OUTBOX,
        (
            Index(("aggregate", "sequence"), only={"sent": False}),
            Index(("sent_at",), expire_after=timedelta(days=7)),
        ),
        schema=shaped(
            _id=TEXT,
            kind=TEXT,
            aggregate=TEXT,
            sequence=WHOLE,
            at=INSTANT,
            body=OBJECT,
            sent=FLAG,
        ),
    ),
    Kept(
        ATTEMPTS,
        (Index(("at",), expire_after=timedelta(hours=48)),),
        schema=shaped(_id=TEXT, hash=BYTES, id=TEXT, at=INSTANT),
    ),
)
_MAJORITY: Final = WriteConcern("majority", j=True)
_SNAPSHOT: Final = ReadConcern("snapshot")
_DUPLICATE: Final = 11000
_COLLISIONS: Final = 5


class Identified(Protocol):
    """A success has an id, by which a repeat finds it again."""

    @property
    def id(self) -> str: ...


@dataclass(frozen=True)
class Attempt:
    """A client's try at one effect.

    `key` names account, field and the client's own key; None when the client gave none. `body_hash`
    tells another request under the same key. A `dry` attempt is judged and not written.
    """

    at: datetime
    key: str | None = None
    body_hash: bytes = b""
    dry: bool = False


@dataclass(frozen=True)
class Told:
    """What an earlier attempt under the same key came to."""

    id: str
    body_hash: bytes


class Reused:
    """The key was used before, for another request."""


REUSED: Final = Reused()


@dataclass(frozen=True)
class Repeated:
    """This took effect before; `id` is what came of it."""

    id: str


class Tx:
    """One transaction: every write carries it, every event waits in it.

    Inserts wait too, and go out one `insert_many` a collection, so that 32 customers who share a
    transaction share its round trips.
    """

    def __init__(self, session: Session | None) -> None:
        self.session = session
        self._inserts: dict[str, list[Document]] = defaultdict(list)

    def insert(self, collection: str, document: Document) -> None:
        """Keep `document` for the commit."""
        self._inserts[collection].append(document)

    def record(self, event: Event) -> None:
        """Keep `event` for the outbox. It leaves with the commit, or not at all."""
        self.insert(
            OUTBOX,
            {
                "_id": new_id("evt"),
                "kind": type(event).__name__,
                "aggregate": event.aggregate,
                "sequence": event.sequence,
                "at": event.at,
                "body": event.model_dump(mode="json"),
                "sent": False,
            },
        )

    def remember(self, attempt: Attempt, id: str) -> None:
        """Keep what `attempt` came to, so that its repeat is told the same."""
        if attempt.key:
            self.insert(
                ATTEMPTS,
                {"_id": attempt.key, "hash": attempt.body_hash, "id": id, "at": attempt.at},
            )

    @property
    def inserts(self) -> dict[str, list[Document]]:
        return self._inserts


class Overtaken(RuntimeError):
    """Another hand changed what this transaction had read: it has to run again."""


class Abandoned(Exception, Generic[T]):
    """Carries an outcome out of a transaction that must leave nothing behind."""

    def __init__(self, outcome: T) -> None:
        self.outcome = outcome


class Mongo:
    """MongoDB, as far as the rest of the house needs to know it."""

    def __init__(self, client: Client, database: str) -> None:
        self.client = client
        self._closed = False
        self.db = client[database]
        # Apart, so that a backup of the data need not hold the keys that open it.
        self.keys_db = client[f"{database}_keys"]

    def __getitem__(self, collection: str) -> Collection:
        return self.db[collection]

    async def transact(self, body: Callable[[Tx], Awaitable[T]], *, dry: bool = False) -> T:
        """Run `body` in one transaction, and its events into the outbox with it.

        A refusal, or a dry run, leaves nothing behind. A key that another hand inserted between our
        reading and our writing is not an error: the body runs again, and now sees it.
        """
        for _ in range(_COLLISIONS - 1):
            try:
                return await self._transact(body, dry=dry)
            except (DuplicateKeyError, BulkWriteError, Overtaken) as error:
                if not _may_run_again(error):
                    raise
                await asyncio.sleep(0.005)
        return await self._transact(body, dry=dry)

    async def _transact(self, body: Callable[[Tx], Awaitable[T]], *, dry: bool) -> T:
        async def attempt(session: Session) -> T:
            tx = Tx(session)
            outcome = await body(tx)
            if dry or isinstance(outcome, Refusal):
                raise Abandoned(outcome)
            await self._flush(tx)
            return outcome

        async with await started(self.client) as session:
            try:
                return await transacted(
                    session, attempt, read_concern=_SNAPSHOT, write_concern=_MAJORITY
                )
            except Abandoned as abandoned:
                outcome: T = abandoned.outcome
                return outcome

    async def _flush(self, tx: Tx) -> None:
        for name, documents in tx.inserts.items():
            await self.db[name].insert_many(documents, session=tx.session)

    async def once(
        self, attempt: Attempt, body: Callable[[Tx], Awaitable[S | R]]
    ) -> S | R | Repeated | Reused:
        """`body`, at most once for one key. A refusal is not kept: trying again may succeed."""

        async def keyed(tx: Tx) -> S | R | Repeated | Reused:
            if answer := await self.answered(attempt, tx=tx):
                return answer
            outcome = await body(tx)
            if not isinstance(outcome, Refusal):
                tx.remember(attempt, outcome.id)
            return outcome

        return await self.transact(keyed, dry=attempt.dry)

    async def answered(self, attempt: Attempt, *, tx: Tx | None = None) -> Repeated | Reused | None:
        """The answer to a key that was used before; None: it was not, or there is none."""
        told = (await self.told([attempt], tx=tx)).get(attempt.key or "")
        return answer_again(attempt, told) if told else None

    async def told(self, attempts: Sequence[Attempt], *, tx: Tx | None = None) -> dict[str, Told]:
        """What earlier attempts under the same keys came to. A dry run claims no key."""
        keys = [attempt.key for attempt in attempts if attempt.key and not attempt.dry]
        if not keys:
            return {}
        rows = self.db[ATTEMPTS].find({"_id": {"$in": keys}}, session=tx.session if tx else None)
        return {row["_id"]: Told(row["id"], bytes(row["hash"])) async for row in rows}

    async def aggregate(
        self, collection: str, pipeline: Sequence[Document], *, tx: Tx | None = None
    ) -> AsyncIterator[Document]:
        cursor = await settled(
            self.db[collection].aggregate(list(pipeline), session=tx.session if tx else None)
        )
        async for document in cursor:
            yield document

    @asynccontextmanager
    async def watch(
        self, collection: str, pipeline: Sequence[Document], **options: Any
    ) -> AsyncIterator[AsyncChangeStream[Document]]:
        stream = await settled(self.db[collection].watch(list(pipeline), **options))
        async with stream:
            yield stream

    async def latest(self, collection: str, pipeline: Sequence[Document]) -> Mapping[str, Any]:
        """The token of now: a stream that resumes after it tells what is not to be read yet.

        Asked of a stream of its own that waits for nothing: one that waits for news, as those who
        follow do, takes a second to say that there are none.
        """
        async with self.watch(collection, pipeline, max_await_time_ms=1) as stream:
            await stream.try_next()
            token = stream.resume_token
            assert token is not None  # the server has answered
        # Trap: a transaction that was committing as the stream opened may lie before the token,
        # and nobody can read it yet. A write that finds nothing is acknowledged when a majority
        # has all that was before it.
        await self.db[collection].delete_one({"_id": ""})
        return token

    async def close(self) -> None:
        """Harmless when repeated; the driver's own close is not while cursors wait."""
        if not self._closed:
            self._closed = True
            await settled(self.client.close())


def answer_again(attempt: Attempt, told: Told) -> Repeated | Reused:
    """The answer to a key that was used before."""
    return Repeated(told.id) if told.body_hash == attempt.body_hash else REUSED


def _may_run_again(error: Exception) -> bool:
    if isinstance(error, BulkWriteError):
        problems = (error.details or {}).get("writeErrors", [])
        return bool(problems) and all(problem["code"] == _DUPLICATE for problem in problems)
    return True
