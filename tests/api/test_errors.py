"""What a client is told, and what only our log is told."""

import asyncio
import logging

import pytest
from graphql import GraphQLError
from strawberry.relay.types import GlobalIDValueError

from doorstep.api.errors import presentable
from tests.api.sample import SECRET
from tests.api.test_http import ask, only_code
from tests.api.test_websocket import talking

pytestmark = pytest.mark.row("P1")


async def test_an_unexpected_error_is_masked_and_names_its_request(client, caplog):
    with caplog.at_level(logging.ERROR, "doorstep.api"):
        response = await ask(client, "{ broken }", {"x-request-id": "handheld-0042"})

    (error,) = response.json()["errors"]
    assert error == {
        "message": "Internal server error",
        "path": ["broken"],
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "handheld-0042"},
    }
    (logged,) = [entry for entry in caplog.records if entry.name == "doorstep.api"]
    assert "handheld-0042" in logged.getMessage()
    assert logged.exc_info
    assert str(logged.exc_info[1]) == SECRET


async def test_variables_never_reach_the_log(client, caplog):
    query = "query($t: String!) { echo(text: $t) broken }"

    await ask(client, query, variables={"t": "13800138000"})

    assert "13800138000" not in caplog.text


async def test_a_clients_mistake_is_not_logged(client, caplog):
    await ask(client, "{ nope }")
    await ask(client, "{")

    assert not [entry for entry in caplog.records if entry.levelno >= logging.WARNING]


async def test_a_value_of_ours_that_the_schema_cannot_print_is_our_fault(client):
    response = await ask(client, "{ tooBig }")

    assert only_code(response) == "INTERNAL_SERVER_ERROR"


def test_an_id_that_is_none_is_the_clients_fault_and_keeps_its_padding_to_itself():
    unreadable = GraphQLError("Incorrect padding", original_error=GlobalIDValueError("padding"))

    told = presentable(unreadable, request_id=None)

    assert told.formatted == {
        "message": "Not a valid id.",
        "extensions": {"code": "BAD_USER_INPUT"},
    }


def test_presenting_an_error_twice_changes_nothing():
    once = presentable(GraphQLError("x", original_error=KeyError("x")), "handheld-0042")

    assert presentable(once, "another-id").formatted == once.formatted


async def test_a_long_value_is_not_echoed_back(client):
    query = "query($p: PointInput!) { measure(point: $p) }"

    response = await ask(client, query, variables={"p": {"x": "a" * 5000}})

    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert len(error["message"]) <= 300


async def test_at_most_20_errors_are_shown(client):
    response = await ask(client, "{ " + " ".join(f"n{i}" for i in range(25)) + " }")

    assert len(response.json()["errors"]) == 20


async def test_no_names_are_suggested(client):
    asked = "{ helo measur(point: {x: 1}) box { nam } } query($p: PointInpt) { hello }"

    response = await ask(client, asked, operationName="")

    assert "Did you mean" not in response.text


async def test_the_same_invalid_text_is_told_the_same_thing_every_time(client):
    first = await ask(client, "{ sameAgain }")
    second = await ask(client, "{ sameAgain }")

    assert first.json() == second.json()


async def test_an_outage_while_identifying_is_500_in_json_without_its_text(client):
    response = await ask(client, "{ hello }", {"authorization": "Bearer outage"})

    assert (response.status_code, only_code(response)) == (500, "INTERNAL_SERVER_ERROR")
    assert SECRET not in response.text


def errors_in(caplog):
    return [entry for entry in caplog.records if entry.levelno >= logging.ERROR]


async def test_a_phone_that_goes_out_of_reach_in_a_stream_is_no_error(address, caplog):
    async with talking(address) as talk:
        await talk.subscribe("a", "subscription { tick }")
        await talk.hear()
        talk.socket.transport.abort()
        await asyncio.sleep(0.2)

    assert errors_in(caplog) == []


async def test_a_phone_that_goes_out_of_reach_in_a_body_is_no_error(address, caplog):
    host, port = address.split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(0.1)

    assert errors_in(caplog) == []
