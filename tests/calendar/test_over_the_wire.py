"""The calendar as staff and customers meet it: over HTTP, with the apps' own operations."""

from typing import Any

import pytest

from doorstep.wiring import House
from tests import given
from tests.given import ADA, DAN, OTTO, SU, TODAY, TOMORROW, WEST
from tests.journeys.apps import OPERATIONS
from tests.journeys.conftest import Sign, address, app

__all__ = ["address", "app"]
SNOW = {"unitId": "org_branch", "kind": "SNOW", "reason": "大雪"}
MORNING = {"start": "2026-11-25T00:00:00.000Z", "end": "2026-11-25T04:00:00.000Z"}


@pytest.mark.row("B6")
async def test_a_day_and_all_that_lies_on_it(house: House, app: Sign):
    ada, dan, su = app(ADA), app(DAN), app(SU)
    spring = {"day": "2027-02-05", "isWorkday": False, "name": "除夕", "citation": "本局通知"}
    done = await su.ask("SetCalendarDay", **spring, expectedVersion=0)
    assert (done["day"]["source"], done["day"]["version"]) == ("BUREAU", 1)
    stale = await su.ask("SetCalendarDay", **spring, expectedVersion=0)
    assert (stale["code"], stale["current"]["version"]) == ("STALE_VERSION", 1)
    refused = await dan.ask("SetCalendarDay", **spring, expectedVersion=1)
    assert refused["code"] == "CITY_BUREAU_ONLY"

    branch = {"branchId": "org_branch"}
    (eve,) = await ada.run("CalendarDays", **{"from": "2027-02-05"}, days=1, **branch)
    assert [layer["source"] for layer in eve["layers"]] == ["BUREAU", "WEEKDAY_RULE"]
    assert (eve["isWorkday"], eve["provisional"], eve["citation"]) == (False, False, "本局通知")
    cleared = await su.ask("ClearCalendarDay", day="2027-02-05", expectedVersion=1)
    assert (cleared["day"]["source"], cleared["day"]["provisional"]) == ("WEEKDAY_RULE", True)
    none = await su.ask("ClearCalendarDay", day="2027-02-05", expectedVersion=2)
    assert none["code"] == "NOTHING_TO_CLEAR"

    closed = await dan.ask("CloseUnit", unitId="org_branch", day=str(TOMORROW), reason="盘点")
    block = await dan.ask("AddBlock", **SNOW, **MORNING, areaIds=[WEST])
    _, day = await ada.run("CalendarDays", **{"from": str(TODAY)}, days=2, **branch)
    assert [each["reason"] for each in day["closures"]] == ["盘点"]
    assert [each["areaIds"] for each in day["blocks"]] == [[WEST]]
    assert (await ada.run("Node", id=block["block"]["id"]))["__typename"] == "Block"
    other, *_ = await ada.run(
        "CalendarDays", **{"from": str(TOMORROW)}, days=1, branchId="org_other"
    )
    assert (other["closures"], other["blocks"]) == ([], [])

    opened = await dan.ask("ReopenUnit", id=closed["closure"]["id"], expectedVersion=1)
    lifted = await dan.ask("LiftBlock", id=block["block"]["id"], expectedVersion=1)
    assert opened["closure"]["reopenedAt"]
    assert lifted["block"]["liftedAt"]
    _, day = await ada.run("CalendarDays", **{"from": str(TODAY)}, days=2, **branch)
    assert (day["closures"], day["blocks"]) == ([], [])


@pytest.mark.row("C5")
async def test_the_ferry_s_boats(house: House, app: Sign):
    await given.ferry(house)
    ada, dan = app(ADA), app(DAN)
    (route,) = await ada.run("FerryRoutes")
    assert (route["island"], route["contractRef"]) == ("岛", None)
    boat, *rest = await ada.run("Sailings", routeId=route["id"], **{"from": str(TOMORROW)}, days=7)
    assert len(rest) == 6
    off = {"id": boat["id"], "expectedVersion": 1, "reason": "大风"}
    assert (await dan.ask("CancelSailing", **off))["sailing"]["cancelReason"] == "大风"
    again = {"departsAt": boat["departsAt"], "returnsAt": boat["returnsAt"]}
    back = await dan.ask("AddSailing", routeId=route["id"], **again)
    assert (back["sailing"]["id"], back["sailing"]["cancelledAt"]) == (boat["id"], None)
    for id, kind in ((boat["id"], "Sailing"), (route["id"], "FerryRoute")):
        assert (await ada.run("Node", id=id))["__typename"] == kind


@pytest.mark.row("N1", "Q6")
async def test_another_branch_s_dispatcher_shuts_and_opens_nothing_here(house: House, app: Sign):
    await given.ferry(house)
    dan, otto = app(DAN), app(OTTO)
    closed = await dan.ask("CloseUnit", unitId="org_branch", day=str(TOMORROW), reason="盘点")
    block = await dan.ask("AddBlock", **SNOW, **MORNING)
    boat, *_ = await dan.run("Sailings", routeId="fer_1", **{"from": str(TOMORROW)})
    again = {"departsAt": "2026-11-25T05:00:00.000Z", "returnsAt": "2026-11-25T09:00:00.000Z"}
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("CloseUnit", {"unitId": "org_branch"}, {"day": str(TOMORROW), "reason": "x"}),
        ("ReopenUnit", {"id": closed["closure"]["id"]}, {"expectedVersion": 1}),
        ("AddBlock", {"unitId": "org_branch"}, {**MORNING, "kind": "SNOW", "reason": "x"}),
        ("LiftBlock", {"id": block["block"]["id"]}, {"expectedVersion": 1}),
        ("AddSailing", {"routeId": "fer_1"}, again),
        ("CancelSailing", {"id": boat["id"]}, {"expectedVersion": 1, "reason": "x"}),
    ]
    for operation, theirs, more in asked:
        nobodys = {name: "none_such" for name in theirs}
        told = [
            await otto.post(OPERATIONS[operation], {"input": {**named, **more}})
            for named in (theirs, nobodys)
        ]
        assert told[0] == told[1], operation
    assert await house.mongo["blocks"].count_documents({"lifted_at": None}) == 1


SENSELESS: list[tuple[str, dict[str, Any], str]] = [
    ("AddBlock", {**SNOW, "start": MORNING["end"], "end": MORNING["start"]}, "end"),
    ("AddBlock", {**SNOW, **MORNING, "reason": " "}, "reason"),
    ("CloseUnit", {"unitId": "org_branch", "day": str(TOMORROW), "reason": ""}, "reason"),
    ("CancelSailing", {"id": "sai_x", "expectedVersion": 1, "reason": "长" * 201}, "reason"),
]


async def test_what_makes_no_sense_is_told_apart(house: House, app: Sign):
    for operation, input, path in SENSELESS:
        answer = await app(DAN).ask(operation, **input)
        assert answer["__typename"] == "InvalidInput", operation
        assert [problem["path"] for problem in answer["problems"]] == [[path]]
    for days in (0, 367):
        asked = {"from": str(TODAY), "days": days}
        answer = await app(ADA).post(OPERATIONS["CalendarDays"], asked)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
