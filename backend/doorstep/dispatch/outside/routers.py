"""Routers: who knows the roads. Asked beforehand, within a budget; nobody ever waits for one.

Units   seconds and metres, rounded up; points are told apart to some eleven metres
Trap    routingpy is synchronous, and its own client retries for a minute: ours asks once, in a
        thread, and is done by its deadline whatever the server does
"""

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, Protocol

import httpx
import orjson
from routingpy.client_base import BaseClient
from routingpy.routers import OSRM, Valhalla

from doorstep.couriers.model import VehicleKind
from doorstep.dispatch.rules import StraightLines, Trip
from doorstep.kit.clock import Clock, WallClock
from doorstep.kit.geo import Point

log = logging.getLogger(__name__)

_MOST_BYTES: Final = 32_000_000
_LONGEST: Final = 24 * 3600

Table = list[list[Trip | None]]
"""A row for each point of departure. None: there is no way."""


class RouterFailed(Exception):
    """It is down, too slow, or makes no sense."""


class RouterRefused(Exception):
    """It is there, and does not answer for these points."""


class Router(Protocol):
    """Whoever knows the ways between points."""

    async def table(
        self, points: Sequence[Point], vehicle: VehicleKind, *, seconds: float
    ) -> Table:
        """From each point to each. Raises RouterFailed, also when `seconds` have passed, and
        RouterRefused.
        """
        ...


class _Asker(BaseClient):  # type: ignore[misc]  # routingpy is untyped
    """routingpy's requests by httpx: once, within a deadline, and no more than so many bytes."""

    deadline = math.inf

    def _request(
        self,
        url: str,
        get_params: Any = None,
        post_params: Any = None,
        first_request_time: Any = None,
        retry_counter: int = 0,
        dry_run: Any = None,
    ) -> Any:
        method = "GET" if post_params is None else "POST"
        path = self.base_url + self._generate_auth_url(url, get_params)
        left = max(0.01, self.deadline - monotonic())
        with httpx.stream(method, path, json=post_params, timeout=left) as answer:
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if monotonic() > self.deadline or len(body) > _MOST_BYTES:
                    raise RouterFailed("too slow, or too much")
        if 400 <= answer.status_code < 500 and answer.status_code != 429:
            raise RouterRefused(str(answer.status_code))
        if answer.status_code != 200:
            raise RouterFailed(str(answer.status_code))
        return orjson.loads(body)


_PROFILES: Final[dict[type, dict[VehicleKind, str]]] = {
    OSRM: {
        VehicleKind.ON_FOOT: "foot",
        VehicleKind.BICYCLE: "bike",
        VehicleKind.E_TRIKE: "bike",
        VehicleKind.VAN: "driving",
    },
    Valhalla: {
        VehicleKind.ON_FOOT: "pedestrian",
        VehicleKind.BICYCLE: "bicycle",
        VehicleKind.E_TRIKE: "bicycle",
        VehicleKind.VAN: "auto",
    },
}


class RoutingpyRouter:
    """OSRM or Valhalla. `{profile}` in the address is the vehicle's: an OSRM serves one alone."""

    def __init__(self, engine: type, address: str) -> None:
        self._engine = engine
        self._address = address.rstrip("/")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="router")

    async def table(
        self, points: Sequence[Point], vehicle: VehicleKind, *, seconds: float
    ) -> Table:
        deadline = monotonic() + seconds
        asking = asyncio.get_running_loop().run_in_executor(
            self._thread, self._ask, points, vehicle, deadline
        )
        try:
            return await asyncio.wait_for(asking, seconds)
        except TimeoutError:
            raise RouterFailed("too slow") from None

    def _ask(self, points: Sequence[Point], vehicle: VehicleKind, deadline: float) -> Table:
        profile = _PROFILES[self._engine][vehicle]
        where = [[point.longitude, point.latitude] for point in points]
        address = self._address.replace("{profile}", profile)
        asker = self._engine(base_url=address, client=_Asker)
        asker.client.deadline = deadline
        try:
            told = asker.matrix(where, profile=profile)
            return _read(told.durations, told.distances, len(points))
        except (RouterRefused, RouterFailed):
            raise
        except Exception as error:  # a stranger's answer may break routingpy anywhere
            raise RouterFailed(type(error).__name__) from None


def _read(durations: Any, distances: Any, size: int) -> Table:
    """The answer, if it is one. Raises RouterFailed."""
    for rows in (durations, distances):
        if len(rows) != size or any(len(row) != size for row in rows):
            raise RouterFailed("not a table")
    return [
        [_trip(seconds, metres) for seconds, metres in zip(*rows, strict=True)]
        for rows in zip(durations, distances, strict=True)
    ]


def _trip(seconds: Any, metres: Any) -> Trip | None:
    if seconds is None or metres is None:
        return None
    if not (0 <= float(seconds) <= _LONGEST and 0 <= float(metres) < math.inf):
        raise RouterFailed("no way is like that")
    return Trip(math.ceil(seconds), math.ceil(metres))


def router_at(url: str) -> Router:
    """From `osrm+http://host:5000` or `valhalla+https://host`. Raises ValueError."""
    kind, _, address = url.partition("+")
    engines = {"osrm": OSRM, "valhalla": Valhalla}
    if kind not in engines or not address.startswith(("http://", "https://")):
        raise ValueError("a router's address begins with osrm+http(s):// or valhalla+http(s)://")
    return RoutingpyRouter(engines[kind], address)


@dataclass(frozen=True)
class RoutingBudget:
    """How much a router is asked, at the most."""

    requests_a_minute: int = 300
    points_a_table: int = 100
    seconds: float = 1.0
    """For all that is asked at one time."""
    retry_after: timedelta = timedelta(seconds=30)
    """How long a router that failed is left alone."""
    ways_kept: int = 100_000


_Key = tuple[VehicleKind, float, float, float, float]


@dataclass
class Learned:
    """Ways that a router was asked for beforehand; straight lines for all others.

    What it learned is of empty streets: hours when they are full stretch it as they do the lines.
    """

    lines: StraightLines = field(default_factory=StraightLines)
    router: Router | None = None
    budget: RoutingBudget = field(default_factory=RoutingBudget)
    clock: Clock = field(default_factory=WallClock)
    told: Callable[[str], None] = lambda outcome: None
    """Hears what came of each question: ok, refused, failed, resting, spent."""

    def __post_init__(self) -> None:
        self._known: dict[_Key, Trip | None] = {}
        self._lock = asyncio.Lock()
        self._rests_until: datetime | None = None
        self._minute: tuple[datetime, int] | None = None

    def trip(self, here: Point, there: Point, vehicle: VehicleKind, at: datetime) -> Trip:
        known = self._known.get(_key(here, there, vehicle))
        if known is None:
            return self.lines.trip(here, there, vehicle, at)
        return Trip(math.ceil(known.seconds / self.lines.pace.left_at(at)), known.metres)

    def known(
        self, points: Sequence[Point], vehicle: VehicleKind
    ) -> Iterable[tuple[int, int, Trip]]:
        """Of the ways between these points, those that a router told."""
        places: dict[tuple[float, float], list[int]] = {}
        for number, point in enumerate(points):
            places.setdefault(_rounded(point), []).append(number)
        for (kind, *ends), trip in list(self._known.items()):
            here, there = places.get((ends[0], ends[1])), places.get((ends[2], ends[3]))
            if kind is vehicle and trip and here and there:
                yield from ((one, other, trip) for one in here for other in there)

    async def learn(self, points: Iterable[Point], vehicle: VehicleKind) -> int:
        """Ask for what is not known of the ways between these points. How many ways are new."""
        if self.router is None:
            return 0
        unique = list({_rounded(point): point for point in points}.values())
        before, ends_at = len(self._known), monotonic() + self.budget.seconds
        try:
            await asyncio.wait_for(self._lock.acquire(), self.budget.seconds)
        except TimeoutError:
            return 0  # others asked for so long: straight lines will do
        try:
            for part in self._missing(unique, vehicle):
                left = ends_at - monotonic()
                if left <= 0 or not await self._ask(self.router, part, vehicle, left):
                    break
        finally:
            self._lock.release()
        return max(0, len(self._known) - before)

    def _missing(self, points: list[Point], vehicle: VehicleKind) -> Iterable[list[Point]]:
        """Parts small enough for one table, that hold every pair together, if one is missing."""
        half = max(1, self.budget.points_a_table // 2)
        blocks = [points[n : n + half] for n in range(0, len(points), half)]
        for n, block in enumerate(blocks):
            for other in blocks[n + 1 :] or ([[]] if n == 0 else []):
                part = [*block, *other]
                if any(_key(a, b, vehicle) not in self._known for a in part for b in part):
                    yield part

    async def _ask(
        self, router: Router, points: list[Point], vehicle: VehicleKind, seconds: float
    ) -> bool:
        """Whether to go on."""
        if refused := self._may_not_ask():
            self.told(refused)
            return False
        try:
            table = await router.table(points, vehicle, seconds=seconds)
        except RouterRefused:
            table = [[None] * len(points) for _ in points]
            self.told("refused")
        except RouterFailed as error:
            self._rest(error)
            return False
        else:
            self._woke()
        for here, row in zip(points, table, strict=True):
            for there, trip in zip(points, row, strict=True):
                self._known[_key(here, there, vehicle)] = trip
        while len(self._known) > self.budget.ways_kept:
            del self._known[next(iter(self._known))]
        return True

    def _may_not_ask(self) -> str | None:
        now = self.clock.now()
        if self._rests_until and now < self._rests_until:
            return "resting"
        since, asked = self._minute or (now, 0)
        if now - since >= timedelta(minutes=1):
            since, asked = now, 0
        if asked >= self.budget.requests_a_minute:
            return "spent"
        self._minute = (since, asked + 1)
        return None

    def _rest(self, error: RouterFailed) -> None:
        """Said once, however often it fails until it answers again."""
        if self._rests_until is None:
            log.warning("the router fails (%s): straight lines until it answers again", error)
        self._rests_until = self.clock.now() + self.budget.retry_after
        self.told("failed")

    def _woke(self) -> None:
        if self._rests_until is not None:
            log.info("the router answers again")
        self._rests_until = None
        self.told("ok")


def _rounded(point: Point) -> tuple[float, float]:
    return round(point.longitude, 4), round(point.latitude, 4)


def _key(here: Point, there: Point, vehicle: VehicleKind) -> _Key:
    return (vehicle, *_rounded(here), *_rounded(there))
