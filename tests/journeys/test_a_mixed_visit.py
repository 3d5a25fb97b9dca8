"""One visit, four errands of three kinds: one promise, one charge, one trip, four outcomes."""

from typing import Any

import pytest

from doorstep.wiring import House
from tests import given
from tests.crowd import budgets_add_up
from tests.given import ADA, BO, DAN
from tests.journeys.apps import App, Feed, command
from tests.journeys.conftest import Sign

AT = "2026-11-24T01:00:00.000Z"
ITEM = "RR473124829GB"
SERVICES = ["PARCEL_PICKUP", "BULKY_PICKUP", "PARCEL_DELIVERY", "SUBSCRIPTION_VISIT"]
LINES = [
    {"pickup": {"description": "书", "weightGrams": 2000}},
    {
        "pickup": {
            "kind": "BULKY_PICKUP",
            "description": "校刊",
            "quantity": 10,
            "weightGrams": 5000,
        }
    },
    {"delivery": {"itemId": ITEM}},
    {"subscription": {"distributionCode": "1-1"}},
]
SIGNED = {"proof": {"signedBy": "Ada"}}


async def offered(feed: Feed, id: str) -> None:
    """Wait until the handheld hears of the offer."""
    stops: list[dict[str, Any]] = []
    while not any(s["state"] == "OFFERED" and s["appointment"]["id"] == id for s in stops):
        stops = (await feed.next())["round"]["stops"]


async def at_the_door(bo: App, id: str, lines: list[dict[str, Any]]) -> None:
    outcomes = await bo.carry_out(
        command("startDuty", AT),
        command("acceptStop", AT, appointmentId=id),
        command("setOut", AT, appointmentId=id),
        command("arrive", AT, appointmentId=id),
        command("finishStop", AT, appointmentId=id, lines=lines),
    )
    assert [outcome["refusal"] for outcome in outcomes] == [None] * 5


@pytest.mark.row("A4", "A10", "A11")
async def test_what_a_mixed_visit_left_undone_is_done_by_a_second(house: House, app: Sign):
    await given.real_costs(house)
    ada, bo, dan = app(ADA), app(BO), app(DAN)
    slots = await ada.run("Slots", addressId=ADA.address_id, services=SERVICES, lines=LINES, days=2)
    first, *_, last = (slot["id"] for slot in slots if slot["open"])
    async with bo.follow("RoundFeed", after=0) as feed:
        booked = await ada.ask(
            "BookAppointment",
            addressId=ADA.address_id,
            slotId=first,
            lines=LINES,
            accessNotes={"gateCode": "7788#", "floor": 1},
        )
        id = booked["appointment"]["id"]
        (stop,) = (await feed.next())["round"]["stops"]
        assert (stop["state"], stop["appointment"]["id"]) == ("OFFERED", id), "one trip"

        notes = {"gateCode": "7788#", "floor": 3, "hasLift": False}
        higher = await ada.ask("ChangeAccessNotes", id=id, expectedVersion=1, accessNotes=notes)
        assert higher["appointment"]["version"] == 2
        told = await feed.next()
        (stop,) = told["round"]["stops"]
        assert stop["appointment"]["version"] == 2, "whoever comes is told"
    taken = [slot["booked"] async for slot in house.mongo["slots"].find({"booked.visits": 1})]
    assert len(taken) == 1, "one charge"
    assert await budgets_add_up(house)

    await at_the_door(
        bo,
        id,
        [
            {
                "lineId": "lin_1",
                "outcome": "COLLECTED",
                "weightGrams": 2100,
                "itemIds": ["RR000000005CN"],
                **SIGNED,
            },
            {"lineId": "lin_2", "outcome": "NOT_READY"},
            {"lineId": "lin_3", "outcome": "NOT_HOME"},
            {"lineId": "lin_4", "outcome": "TAKEN", **SIGNED},
        ],
    )
    visit = await ada.run("Appointment", id=id)
    assert visit["status"] == "PARTLY_COMPLETED"
    came_of = ["COLLECTED", "NOT_READY", "NOT_HOME", "TAKEN"]
    assert [line["outcome"] for line in visit["lines"]] == came_of

    full = await ada.ask("RebookRemainder", appointmentId=id, slotId="slt_none_1_1")
    assert full["code"] == "NOT_OFFERED"
    async with bo.follow("RoundFeed", after=told["sequence"]) as feed:
        again = await ada.ask("RebookRemainder", appointmentId=id, slotId=last)
        await offered(feed, again["appointment"]["id"])
    assert again["__typename"] == "RemainderRebooked", again
    promise = again["appointment"]
    assert [(line["id"], line.get("attemptNo")) for line in promise["lines"]] == [
        ("lin_2", None),
        ("lin_3", 2),
    ]
    before = promise["remainderOf"]
    assert (before["id"], before["rebookedAs"]) == (id, [{"id": promise["id"]}])
    assert [line["rebookedAs"] for line in before["lines"]] == [
        None,
        promise["id"],
        promise["id"],
        None,
    ]
    twice = await ada.ask("RebookRemainder", appointmentId=id, slotId=last)
    assert twice["code"] == "NOTHING_LEFT"

    branch = await dan.run("BranchAppointments", branchId="org_branch", day=str(given.TOMORROW))
    assert "7788#" not in str(branch)
    await at_the_door(
        bo,
        promise["id"],
        [
            {
                "lineId": "lin_2",
                "outcome": "COLLECTED",
                "weightGrams": 50_000,
                "itemIds": ["RR000000014CN"],
                **SIGNED,
            },
            {"lineId": "lin_3", "outcome": "DELIVERED", "itemIds": [ITEM], **SIGNED},
        ],
    )
    assert (await ada.run("Appointment", id=promise["id"]))["status"] == "COMPLETED"
    assert await budgets_add_up(house)
