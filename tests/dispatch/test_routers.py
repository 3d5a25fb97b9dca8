"""Ways that a router knows: a real server that speaks OSRM's and Valhalla's tables, ill or well."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from doorstep.couriers.model import VehicleKind
from doorstep.dispatch.outside import Learned, RoutingBudget, router_at
from doorstep.dispatch.rules import Pace, StraightLines, Trip
from doorstep.kit.clock import StoppedClock
from doorstep.kit.geo import Point
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.given import CAI, NOW

TRIKE, VAN = VehicleKind.E_TRIKE, VehicleKind.VAN
POINTS = [Point(longitude=122.05 + n / 100, latitude=37.45) for n in range(4)]
A, B, C, D = POINTS


class Roads(ThreadingHTTPServer):
    """A second a thousandth of a degree, and twice as many metres; `mood` is what ails it."""

    daemon_threads = True
    mood = "well"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[tuple[str, int]] = []

    @property
    def where(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: Roads

    def do_GET(self) -> None:
        """OSRM: /table/v1/{profile}/{lon},{lat};...?annotations=duration,distance"""
        asked = urlsplit(self.path)
        _, table, version, profile, coordinates = asked.path.split("/")
        assert (table, version) == ("table", "v1")
        assert parse_qs(asked.query)["annotations"] == ["duration,distance"]
        places = [float(pair.split(",")[0]) for pair in coordinates.split(";")]
        self.server.asked.append((profile, len(places)))
        seconds = self._seconds(places, places)
        metres = [[s if s is None else 2 * s for s in row] for row in seconds]
        self._say({"code": "Ok", "durations": seconds, "distances": metres})

    def do_POST(self) -> None:
        """Valhalla: /sources_to_targets, kilometres"""
        assert self.path == "/sources_to_targets"
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        places = [[each["lon"] for each in body[side]] for side in ("sources", "targets")]
        self.server.asked.append((body["costing"], len(places[0])))
        rows = [
            [{"time": s, "distance": s if s is None else 2 * s / 1000} for s in row]
            for row in self._seconds(*places)
        ]
        self._say({"sources_to_targets": rows, "units": "kilometers"})

    def _seconds(self, sources: list[float], targets: list[float]) -> list[list[float | None]]:
        cut = self.server.mood == "cut off"
        return [
            [
                None if cut and a != b and D.longitude in (a, b) else round(abs(a - b) * 1000, 1)
                for b in targets
            ]
            for a in sources
        ]

    def _say(self, told: Any) -> None:
        body, status = json.dumps(told).encode(), 200
        match self.server.mood:
            case "slow":
                time.sleep(2)
            case "garbage":
                body = b"<html>Welcome!"
            case "crooked":
                body = b'{"durations": [[0]], "distances": [[0]], "sources_to_targets": 7}'
            case "insane":
                body = body.replace(b"10.0", b"-1.0").replace(b'"time": 10', b'"time": -1')
            case "busy":
                status = 503
            case "nowhere":
                status = 400
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.server.mood == "dripping":
            for byte in body[:40]:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
        else:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle(self) -> None:
        """Whoever hung up has heard enough."""
        with suppress(OSError):
            super().handle()


@pytest.fixture
def roads() -> Iterator[Roads]:
    server = Roads()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def learned(roads: Roads, kind: str = "osrm", **budget: Any) -> Learned:
    limits = {"seconds": 5.0, **budget}
    router = router_at(f"{kind}+{roads.where}")
    pace = Pace(of_hour={9: 0.5})
    return Learned(StraightLines(pace), router, RoutingBudget(**limits), StoppedClock(NOW))


def guess(ways: Learned, here: Point, there: Point, vehicle: VehicleKind = TRIKE) -> bool:
    """Whether it is a straight line."""
    return ways.trip(here, there, vehicle, NOW) == ways.lines.trip(here, there, vehicle, NOW)


@pytest.mark.row("F1")
@pytest.mark.parametrize(("kind", "profile"), [("osrm", "bike"), ("valhalla", "bicycle")])
async def test_a_way_that_was_learned_is_the_router_s_stretched_at_busy_hours(
    roads: Roads, kind: str, profile: str
):
    ways = learned(roads, kind)
    assert guess(ways, A, B)

    assert await ways.learn(POINTS, TRIKE) == 16

    assert ways.trip(A, C, TRIKE, NOW) == Trip(40, 40), "it is nine in Shanghai: half the speed"
    assert ways.trip(A, C, TRIKE, NOW + timedelta(hours=1)) == Trip(20, 40)
    assert guess(ways, A, C, vehicle=VAN)
    assert await ways.learn(POINTS, TRIKE) == 0
    assert roads.asked == [(profile, 4)], "what is known is not asked again"


@pytest.mark.row("F1")
@pytest.mark.parametrize("kind", ["osrm", "valhalla"])
async def test_a_door_that_no_road_leads_to_is_reached_in_a_straight_line(roads: Roads, kind: str):
    roads.mood = "cut off"
    ways = learned(roads, kind)
    await ways.learn(POINTS, TRIKE)
    assert not guess(ways, A, B)
    assert guess(ways, A, D)
    await ways.learn(POINTS, TRIKE)
    assert len(roads.asked) == 1


@pytest.mark.row("F1")
@pytest.mark.parametrize("kind", ["osrm", "valhalla"])
@pytest.mark.parametrize(
    "mood", ["slow", "dripping", "garbage", "crooked", "insane", "busy", "nowhere", "gone"]
)
async def test_a_router_that_ails_costs_a_moment_and_a_line_of_the_log_until_it_is_well(
    roads: Roads, kind: str, mood: str, caplog: pytest.LogCaptureFixture
):
    heard: list[str] = []
    ways = learned(roads, kind, seconds=0.12 if mood in ("slow", "dripping") else 5.0)
    ways.told = heard.append
    roads.mood = mood
    if mood == "gone":
        ways.router = router_at(f"{kind}+http://127.0.0.1:1")
    began, beats = time.monotonic(), 0
    with caplog.at_level(logging.INFO, "doorstep.dispatch.outside"):
        asking = asyncio.create_task(ways.learn(POINTS, TRIKE))
        while not asking.done():
            await asyncio.sleep(0.005)
            beats += 1
        for _ in range(50):
            await ways.learn(POINTS, TRIKE)
    assert time.monotonic() - began < 1.5
    assert beats < 200
    assert guess(ways, A, B)
    if mood == "nowhere":
        assert heard == ["refused"], "it is well; these points are not"
        return
    assert heard == ["failed", *["resting"] * 50]
    assert len(caplog.records) == 1

    roads.mood = "well"
    ways.router = router_at(f"{kind}+{roads.where}")
    ways.budget = RoutingBudget(seconds=5.0)
    ways.clock.advance(timedelta(seconds=31))  # type: ignore[attr-defined]
    assert await ways.learn(POINTS, TRIKE) == 16
    assert not guess(ways, A, B)


@pytest.mark.row("F1")
async def test_what_is_asked_and_what_is_kept_stays_within_its_budget(roads: Roads):
    ways = learned(roads, points_a_table=2, requests_a_minute=7, ways_kept=20)
    await ways.learn(POINTS, TRIKE)
    assert roads.asked == [("bike", 2)] * 6, "each pair together once"
    assert not any(guess(ways, a, b) for a in POINTS for b in POINTS if a != b)

    await ways.learn(POINTS, VAN)
    assert len(roads.asked) == 7, "no more this minute"
    ways.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    await ways.learn(POINTS, VAN)
    assert len(roads.asked) > 7
    kept = [
        not guess(ways, a, b, vehicle=v)
        for a in POINTS
        for b in POINTS
        for v in (TRIKE, VAN)
        if a != b
    ]
    assert 0 < sum(kept) <= 20


def test_a_router_s_address_says_what_it_is():
    with pytest.raises(ValidationError):
        Settings(routing_url="http://127.0.0.1:5000")
    assert Settings(routing_url="osrm+http://127.0.0.1:5000").routing_url


@pytest.mark.row("F1")
async def test_before_a_visit_is_offered_the_router_is_asked_for_the_ways_to_its_door(
    house: House, roads: Roads
):
    ways = learned(roads)
    dispatch = replace(house.dispatch, ways=ways, learned=ways)
    promise = await given.booked(house)
    door = promise.where
    assert door

    offer = await dispatch.offer_next(promise.id)

    assert offer
    farther = await house.couriers.get(CAI.courier_id)
    assert farther
    assert not guess(ways, farther.station, door)
    asked = len(roads.asked)
    await house.dispatch.offer_next(promise.id)
    assert len(roads.asked) == asked, "where there is no router, none is asked"
