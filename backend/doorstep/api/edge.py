"""What every request meets first, whatever it asks for: an id, a ceiling on its body, safe headers.

Pure ASGI, and no word of GraphQL: it knows only how our refusals are written.
"""

import logging
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorstep.api.visit import REQUEST_ID, TOLD, WATCH
from doorstep.api.watching import LOG, Watch
from doorstep.kit.log import REQUEST, facts

BODY_BYTES: Final = 2 * 1024 * 1024
BYTES_DISCARDED: Final = 16 * 1024 * 1024

SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}

_FIT_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_LIKE_A_PHONE: Final = re.compile(r"(?<![0-9A-Fa-f])\d{10,18}(?![0-9A-Fa-f])")
_TOO_LARGE: Final = (
    b'{"errors":[{"message":"The request body is too large.",'
    b'"extensions":{"code":"PAYLOAD_TOO_LARGE"}}]}'
)


def request_id(offered: str | None) -> str:
    """The client's id where it is fit for a log line, else one of 128 random bits."""
    if offered and _FIT_ID.fullmatch(offered) and not _LIKE_A_PHONE.search(offered):
        return offered
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Envelope:
    """Gives each request its id, and each answer the id back with the security headers.

    It says one line of each request and each socket. A path is told as the route it met: what a
    stranger wrote into it is not.
    """

    app: ASGIApp
    watch: Watch = field(default_factory=Watch)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = request_id(Headers(scope=scope).get("x-request-id"))
        scope[REQUEST_ID], scope[WATCH], scope[TOLD] = given, self.watch, {}
        REQUEST.set(given)
        began, status = time.perf_counter(), 0

        async def stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _stamp(MutableHeaders(scope=message), given)
            await send(message)

        with _open_socket(scope, self.watch):
            try:
                await self.app(scope, receive, stamped)
            finally:
                self._say(scope, status, time.perf_counter() - began)

    def _say(self, scope: Scope, status: int, seconds: float) -> None:
        is_http, route = scope["type"] == "http", _route(scope)
        if is_http and self.watch.metrics:
            self.watch.metrics.responses.labels(route, str(status)).inc()
        if LOG.isEnabledFor(logging.INFO):
            told = {"route": route, "ms": round(seconds * 1000, 1), **scope[TOLD]}
            if is_http:
                told["status"] = status
            LOG.info("request" if is_http else "socket closed", extra=facts(**told))


@contextmanager
def _open_socket(scope: Scope, watch: Watch) -> Iterator[None]:
    """Counts a WebSocket for as long as it is open."""
    gauge = watch.metrics.sockets if watch.metrics and scope["type"] == "websocket" else None
    if gauge:
        gauge.inc()
    try:
        yield
    finally:
        if gauge:
            gauge.dec()


def _route(scope: Scope) -> str:
    """The route as it was declared, like /pages/{name}."""
    path = getattr(scope.get("route"), "path", None)
    # FastAPI gives the included router's own path, and only GraphQL's router is an included one.
    return (path or "/graphql") if isinstance(path, str) else "none"


def _stamp(headers: MutableHeaders, given: str) -> None:
    """A page that has a policy of its own keeps it."""
    headers["x-request-id"] = given
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


@dataclass(frozen=True)
class BodyLimit:
    """Reads the body before anyone else does, and answers 413 when it is too long.

    It is counted, not believed: a chunked body announces no length. Holding it costs nothing extra,
    since every route reads it whole.
    """

    app: ASGIApp
    limit: int = BODY_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif body := await _whole_body(receive, self.limit):
            await self.app(scope, _replaying(body, receive), send)
        else:
            await _too_large(scope, receive, send)


async def _whole_body(receive: Receive, limit: int) -> list[Message] | None:
    """The messages that carry the body, or None when it is longer than `limit` bytes.

    The rest of a long body is read without being kept: closing the connection on a client that is
    still sending would lose it our answer.
    """
    messages: list[Message] = []
    size, more = 0, True
    while more and size < BYTES_DISCARDED:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
        if size <= limit:
            messages.append(message)
    return messages if size <= limit else None


def _replaying(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replay() -> Message:
        kept = next(waiting, None)
        return kept if kept is not None else await receive()

    return replay


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = Response(_TOO_LARGE, 413, {"connection": "close"}, "application/json")
    await refusal(scope, receive, send)
