"""One command of a batch makes no sense to GraphQL: the handheld is told which."""

from typing import Any

from doorstep.wiring import House
from tests.given import BO
from tests.journeys.apps import OPERATIONS, command
from tests.journeys.conftest import Sign

AT = "2026-11-24T01:00:00.000Z"
BAD: list[Any] = [
    {"startDuty": {"commandId": "c", "capturedAt": "yesterday"}},
    {"startDuty": {"commandId": "c"}},
    {"dance": {"commandId": "c", "capturedAt": AT}},
    {},
    None,
    7,
    "at 'commands[9]'",
    {
        "startDuty": {"commandId": "c", "capturedAt": AT},
        "endDuty": {"commandId": "d", "capturedAt": AT},
    },
    {"startDuty": None},
    {"startDuty": {"commandId": "", "capturedAt": AT}},
    {"startDuty": {"commandId": "c" * 101, "capturedAt": AT}},
]


async def test_the_command_that_cannot_be_read_is_named_and_nothing_is_done(
    house: House, app: Sign
):
    bo = app(BO)
    for bad in BAD:
        batch = [*(command("startDuty", AT) for _ in range(3)), bad, command("endDuty", AT)]
        body = await bo.post(OPERATIONS["CarryOut"], {"commands": batch})
        (error, *_) = body["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT", (bad, error)
        assert error["extensions"]["commandIndex"] == 3, (bad, error)
    assert await house.mongo["commands"].count_documents({}) == 0

    good = [each for each in batch if each is not bad]
    assert all(outcome["accepted"] for outcome in await bo.carry_out(*good))


async def test_a_command_written_into_the_document_is_named_too(app: Sign):
    good = f'{{startDuty: {{commandId: "a", capturedAt: "{AT}"}}}}'
    for bad in ('{startDuty: {commandId: "b", capturedAt: "x"}}', "{}", "{dance: 1}", "null"):
        body = await app(BO).post(
            f"mutation {{ carryOut(commands: [{good}, {bad}]) {{ commandId }} }}"
        )
        assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "commandIndex": 1}


async def test_a_mistake_elsewhere_names_no_command(app: Sign):
    body = await app(BO).post("mutation { carryOut(commands: []) { nonsense } }")
    assert "commandIndex" not in body["errors"][0]["extensions"]
