"""What Prometheus is told, to whom, and what a client cannot make of it."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import Request

from doorstep.api.metrics import ANONYMOUS, NAMES_KEPT, OTHER, Metrics, Names, is_allowed
from doorstep.api.server import build_app
from doorstep.api.tracing import OpenTelemetry, Untraced, signature, tracer_from
from doorstep.api.watching import Watch
from doorstep.kit.clock import StoppedClock
from doorstep.main import app_of
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.api.sample import identify, make_context, schema
from tests.given import ADA, BO
from tests.journeys.apps import command
from tests.journeys.conftest import Sign


async def scraped(address: str) -> dict[str, float]:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"http://{address}/metrics")
    assert answer.status_code == 200
    return numbers(answer.text)


def numbers(text: str) -> dict[str, float]:
    pairs = re.findall(r"^(doorstep_\S+?(?:\{.*\})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in pairs}


async def test_an_operation_is_counted_by_name_kind_and_outcome(app: Sign, address: str):
    await app(ADA).run("Me")
    await app(ADA).post("{ me { id } }")
    await app(None).post("query Me { me { id } }")
    await app(None).post("query Mine { me { nothing } }")

    told = await scraped(address)
    count = 'doorstep_requests_total{kind="%s",operation="%s",outcome="%s"}'
    assert told[count % ("query", "Me", "ok")] == 1
    assert told[count % ("query", ANONYMOUS, "ok")] == 1
    assert told[count % ("query", "Me", "UNAUTHENTICATED")] == 1
    assert told[count % ("unknown", "invalid", "GRAPHQL_VALIDATION_FAILED")] == 1
    assert told['doorstep_request_seconds_count{operation="Me"}'] == 2
    assert told['doorstep_http_responses_total{route="/graphql",status="200"}'] == 4


async def test_a_refusal_is_counted_by_its_code_also_inside_a_batch(app: Sign, address: str):
    bad = {"id": "apt_none", "expectedVersion": 1}
    refused = await app(ADA).ask("CancelAppointment", **bad)
    await app(ADA).ask("SaveAddress", address={"line": ""})
    at = "2026-11-24T01:00:00.000Z"
    (outcome,) = await app(BO).carry_out(command("acceptStop", at, appointmentId="apt_none"))

    told = await scraped(address)
    count = 'doorstep_refusals_total{code="%s",type="%s"}'
    assert told[count % (refused["code"], "ChangeRefused")] == 1
    assert told[count % ("INVALID_INPUT", "InvalidInput")] == 1
    assert told[count % (outcome["refusal"]["code"], "CommandRefused")] == 1


async def test_subscriptions_and_sockets_are_counted_while_they_last(app: Sign, address: str):
    async with app(BO).follow("RoundFeed", after=0) as feed:
        await feed.say({"type": "ping"})
        await feed.hear()
        await until(address, "doorstep_subscriptions", 1)
        assert (await scraped(address))["doorstep_websocket_connections"] == 1
    await until(address, "doorstep_subscriptions", 0)
    await until(address, "doorstep_websocket_connections", 0)


async def until(address: str, name: str, value: float) -> None:
    async with asyncio.timeout(5):
        while (await scraped(address))[name] != value:
            await asyncio.sleep(0.02)


async def test_the_backlog_is_what_waits_and_for_how_long(house: House, clock: StoppedClock):
    assert await house.backlog() == (0, 0.0)
    await given.booked(house)
    clock.advance(timedelta(seconds=90))
    waiting, seconds = await house.backlog()
    assert waiting >= 1
    assert seconds == 90

    await house.relay(house.leases()).sweep()
    assert await house.backlog() == (0, 0.0)


async def test_a_bell_says_how_late_it_is_and_the_pool_how_busy(
    app: Sign, address: str, house: House
):
    await given.booked(house)
    async with asyncio.timeout(5):
        while (told := await scraped(address))["doorstep_feed_lag_seconds_count"] == 0:
            await asyncio.sleep(0.02)
    assert told["doorstep_feed_lag_seconds_sum"] / told["doorstep_feed_lag_seconds_count"] < 5
    assert told["doorstep_mongo_connections"] >= told["doorstep_mongo_connections_checked_out"] >= 0
    assert told["doorstep_mongo_connections"] >= 1


async def test_without_a_database_the_other_numbers_are_still_told():
    async def away() -> tuple[int, float]:
        raise ConnectionError

    metrics = Metrics(away)
    await metrics.measure()
    assert "doorstep_outbox_unsent NaN" in metrics.text().decode()


async def test_reactions_are_counted(house: House):
    metrics = Metrics()
    await given.booked(house)
    await house.relay(house.leases(), metrics.reacted).sweep()
    told = numbers(metrics.text().decode())
    booked = 'doorstep_reactions_total{kind="AppointmentBooked",outcome="ok"}'
    assert told[booked] == 1


async def test_metrics_can_be_turned_off(house: House, settings: Settings):
    off = settings.model_copy(update={"metrics": False})
    quiet = House(**{**vars(house), "settings": off})
    transport = httpx.ASGITransport(app_of(quiet))
    async with httpx.AsyncClient(transport=transport, base_url="http://doorstep") as http:
        assert (await http.get("/metrics")).status_code == 404


@pytest.mark.parametrize(
    ("host", "headers", "token", "allowed"),
    [
        ("127.0.0.1", {}, "", True),
        ("::1", {}, "", True),
        ("10.0.0.7", {}, "", False),
        ("127.0.0.1", {"x-forwarded-for": "10.0.0.7"}, "", False),
        ("127.0.0.1", {"forwarded": "for=10.0.0.7"}, "", False),
        (None, {}, "", False),
        ("10.0.0.7", {"authorization": "Bearer secret"}, "secret", True),
        ("10.0.0.7", {"authorization": "Bearer wrong"}, "secret", False),
        ("127.0.0.1", {}, "secret", False),
    ],
)
def test_metrics_are_for_this_machine_or_for_the_token(
    host: str | None, headers: dict[str, str], token: str, allowed: bool
):
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "http", "headers": raw, "client": host and (host, 1)}
    assert is_allowed(Request(scope), token) is allowed


def test_names_that_a_stranger_invents_are_bounded_and_ours_are_always_told():
    names = Names(ours=frozenset({"Me"}))
    told = {names.spoken(f"Name{'x' * (n % 50)}{chr(65 + n // 50)}") for n in range(1000)}
    assert len(told) == NAMES_KEPT + 1
    assert names.spoken("Me") == "Me"
    assert names.spoken("Call13911122233") == OTHER
    assert names.spoken(None) == ANONYMOUS


# ------------------------------------------------------------ traces


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.shutdown()


async def test_an_operation_is_one_span_without_variables(spans: InMemorySpanExporter):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    app = build_app(
        schema=schema,
        identify=identify,
        make_context=make_context,
        ready=lambda: asyncio.sleep(0, {}),
        watch=Watch(tracer=OpenTelemetry(provider)),
    )
    parent = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://doorstep") as http:
        body = {
            "query": 'query Kind($name: String! = "13911122233") { __type(name: $name) { name } }'
        }
        await http.post("/graphql", json=body, headers=parent)
        await http.post("/graphql", json={"query": "{ nothing }"})

    fine, bad = spans.get_finished_spans()
    assert fine.name == "query Kind"
    assert fine.context.trace_id == int("a" * 32, 16)
    assert dict(fine.attributes or {}) == {
        "graphql.operation.name": "Kind",
        "graphql.operation.type": "query",
        "doorstep.outcome": "ok",
        "doorstep.document_hash": signature(body["query"]),
    }
    assert (bad.name, bad.status.status_code.name) == ("unknown invalid", "ERROR")
    assert "13911122233" not in fine.to_json() + bad.to_json()


def test_the_hash_of_a_document_does_not_depend_on_what_is_written_into_it():
    one, two = (f'{{ customer(phone: "{phone}") {{ id }} }}' for phone in ("139111", "138222"))
    assert signature(one) == signature(two) != signature('{ customer(name: "1") { id } }')


@pytest.mark.parametrize(
    ("environ", "traced"),
    [
        ({}, False),
        ({"OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
    ],
)
def test_the_usual_variables_turn_traces_on(environ: dict[str, str], traced: bool):
    assert isinstance(tracer_from(environ), Untraced) is not traced
