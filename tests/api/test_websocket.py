"""graphql-transport-ws over a real socket."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from doorstep.api.documents import Documents, strawberry_config
from doorstep.api.errors import Errors, Schema
from doorstep.api.server import ServerSettings, build_app
from doorstep.api.websocket import INIT_TIMEOUT
from tests.api.conftest import all_is_well, app_with, serving
from tests.api.sample import SECRET, Query, identify, make_context

PROTOCOL = "graphql-transport-ws"


class Talk:
    """A client of few words: it sends JSON and reads JSON."""

    def __init__(self, socket):
        self.socket = socket

    async def say(self, message):
        await self.socket.send(message if isinstance(message, str) else json.dumps(message))

    async def hear(self):
        received = await asyncio.wait_for(self.socket.recv(), 5)
        assert isinstance(received, str)
        return json.loads(received)

    async def closed(self):
        await asyncio.wait_for(self.socket.wait_closed(), 8)
        return self.socket.close_code

    async def subscribe(self, id, query, **more):
        await self.say({"id": id, "type": "subscribe", "payload": {"query": query, **more}})


@asynccontextmanager
async def talking(address, payload=None, *, init=True, protocol=PROTOCOL, **options):
    url = f"ws://{address}/graphql"
    async with connect(url, subprotocols=[protocol] if protocol else None, **options) as socket:
        talk = Talk(socket)
        if init:
            await talk.say({"type": "connection_init", "payload": payload})
            assert await talk.hear() == {"type": "connection_ack"}
        yield talk


def code_of(message):
    assert message["type"] == "error"
    (error,) = message["payload"]
    return error["extensions"]["code"]


async def test_a_subscription_tells_its_values_and_then_completes(address):
    async with talking(address) as talk:
        await talk.subscribe("a", "subscription { count(to: 2) }")

        heard = [await talk.hear() for _ in range(3)]

    assert [message["type"] for message in heard] == ["next", "next", "complete"]
    assert heard[1]["payload"] == {"data": {"count": 2}}


@pytest.mark.parametrize(
    "payload",
    [
        {"Authorization": "Bearer good-token", "Accept-Language": "en"},
        {"authorization": "Bearer good-token", "acceptLanguage": "en"},
        {"headers": {"Authorization": "Bearer good-token", "accept-language": "en"}},
    ],
)
async def test_the_token_and_the_language_come_with_the_handshake(address, payload):
    async with talking(address, payload) as talk:
        await talk.subscribe("a", "{ caller locale }")

        answer = await talk.hear()

    assert answer["payload"] == {"data": {"caller": "cou_bo", "locale": "en"}}


async def test_a_client_that_can_set_headers_may_send_the_token_there(address):
    headers = {"authorization": "Bearer good-token", "x-request-id": "handheld-0042"}
    async with talking(address, additional_headers=headers) as talk:
        await talk.subscribe("a", "{ caller requestId }")

        answer = await talk.hear()

    assert answer["payload"]["data"] == {"caller": "cou_bo", "requestId": "handheld-0042"}


@pytest.mark.parametrize("payload", [None, {}, {"Authorization": None}, {"authorization": ""}])
async def test_a_connection_without_a_token_is_anonymous(address, payload):
    async with talking(address, payload) as talk:
        await talk.subscribe("a", "{ caller }")

        assert (await talk.hear())["payload"] == {"data": {"caller": None}}


@pytest.mark.row("P1")
@pytest.mark.parametrize("token", ["Bearer stale-token", "good-token", "Bearer "])
async def test_a_token_that_is_no_good_closes_with_4403(address, token):
    async with talking(address, init=False) as talk:
        await talk.say({"type": "connection_init", "payload": {"Authorization": token}})

        assert await talk.closed() == 4403


async def test_an_outage_while_identifying_closes_with_1011(address):
    async with talking(address, init=False) as talk:
        await talk.say({"type": "connection_init", "payload": {"Authorization": "Bearer outage"}})

        assert await talk.closed() == 1011


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("[1,2]", id="a list"),
        pytest.param("5", id="a number"),
        pytest.param("null", id="null"),
        pytest.param("{", id="no JSON"),
        pytest.param("[" * 100_000, id="100,000 lists deep"),
        pytest.param('"\\ud800"', id="half a pair"),
        pytest.param({"type": 5}, id="a type that is a number"),
        pytest.param({"type": "start"}, id="a type of the old protocol"),
        pytest.param({"id": "a", "type": "subscribe"}, id="no payload"),
        pytest.param({"id": 5, "type": "subscribe", "payload": {"query": "{hello}"}}, id="id 5"),
        pytest.param({"id": "", "type": "subscribe", "payload": {"query": "{hello}"}}, id="id ''"),
        pytest.param({"id": "a", "type": "subscribe", "payload": {"query": 5}}, id="query 5"),
        pytest.param(
            {"id": "a", "type": "subscribe", "payload": {"query": "{hello}", "variables": "x"}},
            id="variables x",
        ),
        pytest.param(
            {"id": "a", "type": "subscribe", "payload": {"query": "{hello}", "operationName": 5}},
            id="operationName 5",
        ),
        pytest.param({"type": "complete"}, id="complete without an id"),
        pytest.param({"type": "ping", "payload": 5}, id="a ping with a number"),
    ],
)
async def test_a_message_of_a_wrong_shape_closes_with_4400(address, message):
    async with talking(address) as talk:
        await talk.say(message)

        assert await talk.closed() == 4400


async def test_a_binary_frame_closes_with_4400(address):
    async with talking(address) as talk:
        await talk.socket.send(b"{}")

        assert await talk.closed() == 4400


async def test_a_handshake_with_a_payload_that_is_no_object_closes_with_4400(address):
    async with talking(address, init=False) as talk:
        await talk.say({"type": "connection_init", "payload": "Bearer good-token"})

        assert await talk.closed() == 4400


async def test_operations_before_the_handshake_close_with_4401(address):
    async with talking(address, init=False) as talk:
        await talk.subscribe("a", "{ hello }")

        assert await talk.closed() == 4401


async def test_an_id_in_use_closes_with_4409_and_a_second_handshake_with_4429(address):
    async with talking(address) as talk:
        await talk.subscribe("a", "subscription { wait }")
        await talk.subscribe("a", "{ hello }")
        assert await talk.closed() == 4409

    async with talking(address) as talk:
        await talk.say({"type": "connection_init"})
        assert await talk.closed() == 4429


async def test_a_client_that_says_nothing_is_let_go(address):
    assert timedelta(seconds=5) == INIT_TIMEOUT
    async with talking(address, init=False) as talk:
        assert await talk.closed() == 4408


@pytest.mark.row("P1")
@pytest.mark.parametrize(
    ("query", "more", "code"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello }", {"operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ("query A { hello } query B { hello }", {}, "OPERATION_RESOLUTION_FAILURE"),
        ("", {}, "BAD_REQUEST"),
        ("query($n: Int!) { hello echo(text: $n) }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($n: Int!) { count(to: $n) }", {}, "BAD_USER_INPUT"),
        ("{ box " * 12 + "{ name }" + " }" * 12, {}, "QUERY_TOO_COMPLEX"),
        ("{ hello } # " + "x" * 100_000, {"operationName": "A"}, "QUERY_TOO_COMPLEX"),
    ],
)
async def test_a_mistake_in_one_operation_is_told_and_the_others_live_on(
    address, query, more, code
):
    async with talking(address) as talk:
        await talk.subscribe("lives", "subscription { wait }")
        await talk.subscribe("fails", query, **more)
        assert code_of(await talk.hear()) == code

        await talk.subscribe("works", "{ hello }")
        assert (await talk.hear())["payload"] == {"data": {"hello": "hello"}}


@pytest.mark.row("P1")
async def test_what_breaks_in_a_stream_is_masked(address):
    async with talking(address) as talk:
        await talk.subscribe("a", "subscription { breaksDown }")

        heard = [await talk.hear() for _ in range(3)]

    assert heard[0]["payload"] == {"data": {"breaksDown": 1}}
    (error,) = heard[1]["payload"]["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert heard[2]["type"] == "complete"
    assert SECRET not in json.dumps(heard)


@pytest.mark.row("P1")
async def test_what_breaks_in_a_query_over_the_socket_is_masked(address):
    async with talking(address) as talk:
        await talk.subscribe("a", "{ broken hello }")

        answer = await talk.hear()

    assert answer["payload"]["data"] == {"broken": None, "hello": "hello"}
    assert answer["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"


async def test_half_a_surrogate_pair_can_be_told(address):
    async with talking(address) as talk:
        await talk.subscribe("a", "{ halfAPair }")

        assert (await talk.hear())["payload"]["data"] == {"halfAPair": "\ud83d"}


async def test_a_ping_comes_back_with_its_payload(address):
    async with talking(address) as talk:
        await talk.say({"type": "ping", "payload": {"sent": 1}})
        await talk.say({"type": "ping"})

        assert await talk.hear() == {"type": "pong", "payload": {"sent": 1}}
        assert await talk.hear() == {"type": "pong"}


async def test_completing_an_operation_frees_its_id(address):
    async with talking(address) as talk:
        await talk.subscribe("a", "subscription { wait }")
        await talk.say({"id": "a", "type": "complete"})
        await talk.subscribe("a", "{ hello }")

        assert (await talk.hear())["payload"] == {"data": {"hello": "hello"}}


@pytest.mark.row("P4")
async def test_the_101st_operation_on_a_socket_is_refused_and_the_others_live_on(address):
    async with talking(address) as talk:
        for number in range(101):
            await talk.subscribe(str(number), "subscription { wait }")

        refused = await talk.hear()
        assert (refused["id"], code_of(refused)) == ("100", "RATE_LIMITED")

        await talk.say({"id": "7", "type": "complete"})
        await talk.subscribe("101", "{ hello }")
        assert (await talk.hear())["payload"] == {"data": {"hello": "hello"}}


@pytest.mark.parametrize("protocol", ["graphql-ws", None])
async def test_other_protocols_are_not_offered(address, protocol):
    async with talking(address, init=False, protocol=protocol) as talk:
        assert await talk.closed() == 4406


async def test_a_page_of_another_origin_is_let_in_only_by_name(address):
    with pytest.raises(InvalidStatus):
        async with talking(address, origin="https://elsewhere.example"):
            pass

    settings = ServerSettings(allowed_origins=("https://office.example",))
    async with (
        serving(app_with(settings)) as strict,
        talking(strict, origin="https://office.example") as talk,
    ):
        await talk.subscribe("a", "{ hello }")
        assert (await talk.hear())["type"] == "next"


@pytest.mark.row("P1")
async def test_what_an_extension_raises_is_told_and_not_lost():
    class Careless(Documents):
        def on_operation(self):
            raise RuntimeError(SECRET)
            yield

    schema = Schema(Query, extensions=[Errors, Careless], config=strawberry_config())
    app = build_app(schema=schema, identify=identify, make_context=make_context, ready=all_is_well)
    async with serving(app) as address, talking(address) as talk:
        await talk.subscribe("a", "{ hello }")

        assert code_of(await talk.hear()) == "INTERNAL_SERVER_ERROR"
