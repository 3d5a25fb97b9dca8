"""A client as the apps have it: GraphQL over HTTP, and subscriptions that resume where they broke.

Units    seconds, on the monotonic clock
Source   graphql-transport-ws: PROTOCOL.md of graphql-ws
Imports  httpx and websockets, nothing of ours: what is known here is known from outside
"""

import asyncio
import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from doorstep.simulate import documents

Json = dict[str, Any]

PATIENCE_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.2
_MESSAGE_BYTES: Final = 16 * 1024 * 1024
_CODE_TRIES: Final = 20
_SHORT_WAIT_SECONDS: Final = 2
_USED_UP: Final = ("CODE_EXPIRED", "WRONG_CODE")
_LANGUAGE: Final = "en"


class NotAnswered(RuntimeError):
    """The server did not answer the question: errors, or something that is no GraphQL."""


class Unexpected(RuntimeError):
    """Something else than expected. The message says what was expected."""


def expect(holds: object, what: str) -> None:
    if not holds:
        raise Unexpected(f"expected {what}")


def unique(prefix: str) -> str:
    """A name nobody used before, for what must happen once."""
    return f"{prefix}_{uuid4().hex}"


def yes(answer: Json, typename: str) -> Json:
    """The answer, if it is of the type that means yes."""
    if answer["__typename"] != typename:
        said = answer.get("code") or answer["__typename"]
        raise Unexpected(f"expected {typename}, got {said}: {answer.get('message')}")
    return answer


@dataclass
class Client:
    """One person's app. Without a token, nobody's."""

    http: httpx.AsyncClient
    token: str | None = None
    name: str = ""

    @property
    def headers(self) -> dict[str, str]:
        said = {"Accept-Language": _LANGUAGE}
        return said | {"Authorization": f"Bearer {self.token}"} if self.token else said

    async def post(self, document: str, **variables: Any) -> Any:
        """What the document's one field answers with. Raises NotAnswered."""
        sent = {"query": document, "variables": variables}
        answer = await self.http.post("/graphql", json=sent, headers=self.headers)
        return _field_of(_json_of(answer))

    async def ask(self, document: str, **input: Any) -> Any:
        """A mutation that takes one `input`."""
        return await self.post(document, input=input)

    async def do(self, document: str, **input: Any) -> Any:
        """A mutation whose effect is to happen once: it carries a key of its own."""
        return await self.ask(document, idempotencyKey=unique("key"), **input)

    async def sign_in(self, phone: str, code: str) -> Json:
        """Sign in by phone and code, as everybody does; who that is.

        Another walk may have used up the code that was just sent: then it is good no longer, and
        another one is asked for.
        """
        for _ in range(_CODE_TRIES):
            answer = await self._try_code(phone, code)
            if answer.get("code") not in _USED_UP and not _may_pass(answer):
                break
            await a_moment()
        session = yes(answer, "SignedIn")["session"]
        self.token, self.name = session["accessToken"], session["account"]["displayName"]
        account: Json = session["account"]
        return account

    async def _try_code(self, phone: str, code: str) -> Json:
        sent: Json = await self.ask(documents.REQUEST_CODE, phone=phone)
        if sent["__typename"] != "SignInCodeSent":
            return sent
        tried: Json = await self.ask(documents.SIGN_IN, phone=phone, code=code, deviceName="walk")
        return tried

    async def sign_out(self) -> None:
        if self.token:
            await self.post(documents.SIGN_OUT)
            self.token = None

    async def follow(self, document: str, *, after: int | None, **variables: Any) -> "Feed":
        """A subscription to everything past `after`."""
        feed = Feed(self, document, variables, after)
        await feed.resume()
        return feed


def _may_pass(refused: Json) -> bool:
    """Whether whoever is told to wait need not wait long: somebody else asked at the same time."""
    return 0 < (refused.get("retryAfterSeconds") or 0) <= _SHORT_WAIT_SECONDS


def _json_of(answer: httpx.Response) -> Json:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or not ("data" in body or "errors" in body):
        raise NotAnswered(f"{answer.url} answered {answer.status_code}, and no GraphQL")
    return body


def _field_of(body: Json) -> Any:
    """The one field of an answer. Raises NotAnswered, with what the server said."""
    if errors := body.get("errors"):
        first = errors[0]
        code = first.get("extensions", {}).get("code", "error")
        raise NotAnswered(f"{code}: {first['message']}")
    (field,) = body["data"].values()
    return field


async def a_moment() -> None:
    """Wait a little, never two alike, so that those who collided do not collide again."""
    await asyncio.sleep(random.uniform(_POLL_SECONDS / 4, _POLL_SECONDS))


# ------------------------------------------------------------ subscriptions


@dataclass(frozen=True)
class Heard:
    """One item of a subscription, and when it came."""

    at: float
    sequence: int
    body: Json


class Feed:
    """A subscription that knows the last sequence it had, so that it can be cut and resumed."""

    def __init__(self, client: Client, document: str, variables: Json, after: int | None) -> None:
        self._client = client
        self._document = document
        self._variables = variables
        self._items: asyncio.Queue[Heard | Exception] = asyncio.Queue()
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self.after = after
        self.heard: list[Heard] = []

    async def resume(self) -> Self:
        """Connect, and ask for everything past what was had."""
        self._socket = await self._connected()
        variables = {**self._variables, "after": self.after}
        payload = {"query": self._document, "variables": variables}
        await self._say({"id": "1", "type": "subscribe", "payload": payload})
        self._reading = asyncio.create_task(self._read(self._socket), name="feed")
        return self

    async def _connected(self) -> ClientConnection:
        url = self._client.http.base_url.join("/graphql")
        socket = await connect(
            str(url.copy_with(scheme="wss" if url.scheme == "https" else "ws")),
            subprotocols=[Subprotocol("graphql-transport-ws")],
            max_size=_MESSAGE_BYTES,
            open_timeout=PATIENCE_SECONDS,
            close_timeout=1,
            proxy=None,
        )
        self._socket = socket
        await self._say({"type": "connection_init", "payload": self._client.headers})
        acknowledged = json.loads(await socket.recv())
        if acknowledged["type"] != "connection_ack":
            raise NotAnswered(f"the socket answered {acknowledged['type']}")
        return socket

    async def _say(self, message: Json) -> None:
        assert self._socket
        await self._socket.send(json.dumps(message))

    async def _read(self, socket: ClientConnection) -> None:
        """Take in what comes, until the end; the end is told too, to whoever waits."""
        try:
            async for text in socket:
                await self._take(json.loads(text))
            self._items.put_nowait(NotAnswered("the subscription's socket was closed"))
        except (WebSocketException, OSError, NotAnswered) as error:
            self._items.put_nowait(error)

    async def _take(self, message: Json) -> None:
        match message["type"]:
            case "next":
                self._keep(_field_of(message["payload"]))
            case "ping":
                await self._say({"type": "pong"})
            case "error":
                raise NotAnswered(message["payload"][0]["message"])
            case "complete":
                raise NotAnswered("the subscription ended")

    def _keep(self, body: Json) -> None:
        item = Heard(time.monotonic(), body["sequence"], body)
        self.after = item.sequence
        self.heard.append(item)
        self._items.put_nowait(item)

    async def next(self) -> Heard:
        """The next item. Raises what ended the subscription, if it has ended."""
        item = await self._items.get()
        if isinstance(item, Exception):
            raise item
        return item

    async def until(self, wanted: Callable[[Json], bool], *, seconds: float) -> Heard | None:
        """The first item from here on that is wanted. None: none came in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not wanted((item := await self.next()).body):
                    pass
                return item
        return None

    async def cut(self) -> None:
        """Lose the connection, as in a lift: no goodbye, and what was had stays."""
        if self._socket and self._reading:
            self._socket.transport.abort()
            await self._reading
            self._items = asyncio.Queue()

    async def close(self) -> None:
        """Say goodbye."""
        if self._socket and self._reading:
            await self._socket.close()
            await self._reading


# ------------------------------------------------------------ readiness


def http_client(url: str) -> httpx.AsyncClient:
    """Straight to the server: no proxy of the environment comes in between."""
    return httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False)


async def wait_ready(url: str, seconds: float) -> bool:
    """Whether the server says that it is ready, within so many seconds."""
    async with http_client(url) as http:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    if await _is_ready(http):
                        return True
                    await asyncio.sleep(_POLL_SECONDS)
    return False


async def _is_ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/health/ready")).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
