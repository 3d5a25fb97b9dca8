"""The apps, as far as a test needs them: real HTTP, real WebSockets, the apps' own operations."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from doorstep.kit.ids import new_id

OPERATIONS: Final = {
    file.stem: file.read_text(encoding="utf-8")
    for file in Path("schema/operations").rglob("*.graphql")
}
EXECUTED: Final[set[str]] = set()


@dataclass
class App:
    """One signed-in client of the server at `address`."""

    address: str
    http: httpx.AsyncClient
    token: str | None = None
    language: str = "en"
    errors: list[Any] = field(default_factory=list)

    def _headers(self) -> dict[str, str]:
        headers = {"accept-language": self.language}
        return headers | {"authorization": f"Bearer {self.token}"} if self.token else headers

    async def post(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer to a document."""
        answer = await self.http.post(
            f"http://{self.address}/graphql",
            json={"query": query, "variables": variables or {}},
            headers=self._headers(),
        )
        body: dict[str, Any] = answer.json()
        assert answer.status_code < 500, body
        return body

    async def run(self, operation: str, **variables: Any) -> Any:
        """What an operation of the apps answers with: the one field it asks for."""
        EXECUTED.add(operation)
        body = await self.post(OPERATIONS[operation], variables)
        assert "errors" not in body, body
        (answer,) = body["data"].values()
        return answer

    async def ask(self, operation: str, **input: Any) -> Any:
        """A mutation with one `input`."""
        return await self.run(operation, input=input)

    @asynccontextmanager
    async def follow(self, operation: str, **variables: Any) -> AsyncIterator["Feed"]:
        """A subscription, for as long as the block lasts."""
        EXECUTED.add(operation)
        url = f"ws://{self.address}/graphql"
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            feed = Feed(socket)
            await feed.say({"type": "connection_init", "payload": self._params()})
            assert (await feed.hear())["type"] == "connection_ack"
            payload = {"query": OPERATIONS[operation], "variables": variables}
            await feed.say({"id": "1", "type": "subscribe", "payload": payload})
            yield feed

    def _params(self) -> dict[str, str]:
        params = {"acceptLanguage": self.language}
        return params | {"Authorization": f"Bearer {self.token}"} if self.token else params

    async def carry_out(self, *commands: dict[str, Any]) -> Any:
        return await self.run("CarryOut", commands=list(commands))


@dataclass
class Feed:
    """A live subscription."""

    socket: ClientConnection

    async def say(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self, *, within_seconds: float = 5) -> dict[str, Any]:
        heard = await asyncio.wait_for(self.socket.recv(), within_seconds)
        message: dict[str, Any] = json.loads(heard)
        return message

    async def next(self, *, within_seconds: float = 5) -> Any:
        """The next item of the one field."""
        message = await self.hear(within_seconds=within_seconds)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (item,) = message["payload"]["data"].values()
        return item


def command(what: str, at: str, **fields: Any) -> dict[str, Any]:
    """One command of the handheld."""
    return {what: {"commandId": new_id("cmd"), "capturedAt": at, **fields}}
