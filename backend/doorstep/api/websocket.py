"""graphql-transport-ws, where a mistake in one operation never costs the others theirs.

Source   PROTOCOL.md of graphql-ws: 4400 a message of a wrong shape, 4401 before the handshake,
         4403 a bad token, 4408 no handshake in time, 4409 an id in use, 4429 a second handshake
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from graphql import GraphQLError
from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.fastapi import BaseContext
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    PingMessage,
    SubscribeMessage,
)

from doorstep.api.callers import NotRecognisedError, said_at_connection
from doorstep.api.errors import RATE_LIMITED, coded, masked, record
from doorstep.api.visit import request_id_of, scope_of

if TYPE_CHECKING:
    from strawberry.schema.schema import StreamResult

INIT_TIMEOUT: Final = timedelta(seconds=5)
OPERATIONS_A_SOCKET: Final = 100


def misshapen(message: object) -> str | None:
    """What is wrong with a message's shape, fit to be a closing reason, or None."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message must be an object with a type"
    match message["type"]:
        case "subscribe":
            return _misshapen_subscribe(message)
        case "complete" if not _is_id(message.get("id")):
            return "A complete message must have an id"
        case "connection_init" | "ping" | "pong" if not _is_object(message.get("payload")):
            return "A payload must be an object"
    return None


def _misshapen_subscribe(message: dict[str, Any]) -> str | None:
    payload = message.get("payload")
    if not _is_id(message.get("id")) or not isinstance(payload, dict):
        return "A subscribe message must have an id and a payload"
    if not isinstance(payload.get("query"), str):
        return "The query must be a string"
    if not _is_object(payload.get("variables")) or not _is_object(payload.get("extensions")):
        return "Variables and extensions must be objects"
    if not isinstance(payload.get("operationName"), str | None):
        return "The operationName must be a string"
    return None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_object(value: object) -> bool:
    return value is None or isinstance(value, dict)


class Admits(Protocol):
    """The part of the router that a socket asks: a context for whoever is calling."""

    async def admit(
        self,
        connection: Request | WebSocket,
        authorization: str | None,
        given: BaseContext,
        locale: str | None = None,
    ) -> BaseContext: ...


class TextFrames(ASGIWebSocketAdapter):
    """Text frames only: Strawberry would send orjson's bytes as binary ones."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        encoded = self.view.encode_json(message)
        text = encoded.decode() if isinstance(encoded, bytes) else encoded
        try:
            await self.ws.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise WebSocketDisconnected from error


class Socket(BaseGraphQLTransportWSHandler[BaseContext, None]):
    """One connection. Its context is made at the handshake, when the caller is known."""

    async def handle_message(self, message: Message) -> None:
        if reason := misshapen(message):
            await self.handle_invalid_message(reason)
        else:
            await super().handle_message(message)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        params = cast("dict[str, object]", message.get("payload") or {})
        if not self.connection_init_received and not await self._admitted(params):
            return
        await super().handle_connection_init({"type": "connection_init", "payload": params})

    async def _admitted(self, params: dict[str, object]) -> bool:
        """Make the context of whoever this is; close the socket on a token that is no good."""
        connection = self.context.request
        assert connection is not None
        authorization = said_at_connection(params, "authorization")
        locale = said_at_connection(params, "acceptlanguage", "accept-language")
        try:
            self.context = await cast("Admits", self.view).admit(
                connection,
                authorization or connection.headers.get("authorization"),
                self.context,
                locale,
            )
        except NotRecognisedError:
            await self.websocket.close(code=4403, reason="Forbidden")
        except Exception as error:
            record(error, self._request_id)
            await self.websocket.close(code=1011, reason="Internal server error")
        else:
            return True
        return False

    @property
    def _request_id(self) -> str | None:
        return request_id_of(scope_of(self.context))

    async def handle_ping(self, message: PingMessage) -> None:
        """The payload comes back: clients measure the way with it."""
        payload = message.get("payload")
        echo: dict[str, Any] = {"payload": payload} if payload else {}
        await self.send_message(cast("Message", {"type": "pong", **echo}))

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        ours = self.connection_acknowledged and message["id"] not in self.operations
        if ours and len(self.operations) >= OPERATIONS_A_SOCKET:
            text = f"At most {OPERATIONS_A_SOCKET} operations may run on one socket."
            payload = [coded(text, RATE_LIMITED).formatted]
            await self.send_message({"id": message["id"], "type": "error", "payload": payload})
        else:
            await super().handle_subscribe(message)

    async def _send_result_stream(
        self, operation: Operation[BaseContext, None], result_source: "StreamResult"
    ) -> None:
        """What an extension raises would end in a bare `complete`: say it instead."""
        try:
            await super()._send_result_stream(operation, result_source)
        except WebSocketDisconnected:
            raise
        except Exception as error:
            record(error, self._request_id, f"operation {operation.id!r}")
            await operation.send_initial_errors([masked(None, self._request_id)])

    async def handle_task_exception(self, error: Exception) -> None:
        """A phone that went out of reach is no news; anything else is."""
        if not isinstance(error, WebSocketDisconnected):
            record(error, self._request_id)

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:
        """None: a mistake in one operation is answered by `error`, and the others live on."""
        return None
