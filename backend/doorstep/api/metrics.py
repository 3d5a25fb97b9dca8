"""What Prometheus may know: how much, how fast, how often not. No label comes from a client unread.

Units    seconds; a counter only rises until the process ends
Bounds   operation names are the apps' own and 200 others of valid documents; then "other"
Trap     several processes on one port (`serve --processes`) each count for themselves, and a scrape
         meets one of them. Where numbers matter, run one process a container.
"""

import hmac
import math
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

import orjson
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from doorstep.api.explorer import OPERATIONS

NAMES_KEPT: Final = 200
OTHER: Final = "other"
ANONYMOUS: Final = "anonymous"
_FIT_NAME: Final = re.compile(r"(?!.*\d{3})[A-Za-z_]\w{0,63}", re.ASCII)
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

Backlog = Callable[[], Awaitable[tuple[int, float]]]
"""How many events wait to be told, and how many seconds the first of them."""


@lru_cache(maxsize=1)
def known_operations() -> frozenset[str]:
    """The names of the operations that our apps ship with."""
    if not OPERATIONS.is_file():
        return frozenset()
    return frozenset(each["name"] for each in orjson.loads(OPERATIONS.read_bytes()))


@dataclass
class Names:
    """The operation names that are spoken of. A name is a client's to choose, so not any is."""

    ours: frozenset[str] = field(default_factory=known_operations)
    others: set[str] = field(default_factory=set)

    def spoken(self, name: str | None) -> str:
        """`name`, which stands in a valid document; else a word that says it is not told.

        A row of digits may be somebody's phone.
        """
        if name is None:
            return ANONYMOUS
        if name in self.ours or name in self.others:
            return name
        if len(self.others) >= NAMES_KEPT or not _FIT_NAME.fullmatch(name):
            return OTHER
        self.others.add(name)
        return name


class Metrics:
    """One process's numbers, in a registry of their own."""

    def __init__(self, backlog: Backlog | None = None) -> None:
        self.registry = registry = CollectorRegistry()
        self._backlog = backlog
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the series
        ProcessCollector(registry=registry)

        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(f"doorstep_{name}", told, labels, registry=registry)

        def gauge(name: str, told: str) -> Gauge:
            return Gauge(f"doorstep_{name}", told, registry=registry)

        def histogram(name: str, told: str, *labels: str) -> Histogram:
            return Histogram(f"doorstep_{name}", told, labels, registry=registry, buckets=_BUCKETS)

        self.requests = counter("requests", "Operations.", "operation", "kind", "outcome")
        self.seconds = histogram("request_seconds", "Queries and mutations.", "operation")
        self.refusals = counter("refusals", "Expected no's of mutations.", "type", "code")
        self.responses = counter("http_responses", "HTTP answers.", "route", "status")
        self.subscriptions = gauge("subscriptions", "Subscriptions that go on.")
        self.sockets = gauge("websocket_connections", "Open WebSockets.")
        self.unsent = gauge("outbox_unsent", "Events that wait to be told.")
        self.oldest = gauge("outbox_oldest_seconds", "How long the first of them waits.")
        self.feed_lag = histogram("feed_lag_seconds", "From an event's commit to its bell.")
        self.checked_out = gauge("mongo_connections_checked_out", "Connections at work.")
        self.pooled = gauge("mongo_connections", "Connections in the pool.")
        self.jobs = counter("jobs", "What the worker does at set times.", "job", "outcome")
        self.routing = counter("routing", "What a router was asked for.", "outcome")
        self.reactions = counter("reactions", "Events told to rooms.", "kind", "outcome")

    def heard(self, lag_seconds: float) -> None:
        """An event's bell was rung. Clocks of two machines may differ by less than nothing."""
        self.feed_lag.observe(max(lag_seconds, 0.0))

    def reacted(self, kind: str, outcome: str) -> None:
        self.reactions.labels(kind, outcome).inc()

    def routed(self, outcome: str) -> None:
        self.routing.labels(outcome).inc()

    def did(self, job: str, outcome: str) -> None:
        self.jobs.labels(job, outcome).inc()

    def watch_pool(self, checked_out: Callable[[], float], pooled: Callable[[], float]) -> None:
        self.checked_out.set_function(checked_out)
        self.pooled.set_function(pooled)

    async def measure(self) -> None:
        """Ask for the outbox's backlog. Not a number where the database does not answer."""
        if self._backlog is None:
            return
        try:
            waiting, seconds = await self._backlog()
        except Exception:  # the other numbers are wanted most of all when the database is away
            self.unsent.set(math.nan)
            self.oldest.set(math.nan)
        else:
            self.unsent.set(waiting)
            self.oldest.set(seconds)

    def text(self) -> bytes:
        """In Prometheus's own format."""
        return generate_latest(self.registry)


def is_allowed(request: Request, token: str) -> bool:
    """With a token, whoever has it; without one, this machine itself, and no proxy on it."""
    if token:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if _is_proxied(request.headers) or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _is_proxied(headers: Iterable[str]) -> bool:
    return any(name in ("forwarded", "via") or name.startswith("x-forwarded") for name in headers)


async def answer(request: Request, metrics: Metrics, token: str) -> Response:
    """The numbers, or the 404 of a path that is not there."""
    if not is_allowed(request, token):
        return Response(status_code=404)
    await metrics.measure()
    return Response(metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
