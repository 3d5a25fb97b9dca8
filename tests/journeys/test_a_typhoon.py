"""From a typhoon to another promise: over HTTP, with the customer listening."""

import pytest

from doorstep.wiring import House
from tests import given
from tests.given import ADA, DAN, EVE, GU, OTTO, TODAY
from tests.journeys.conftest import Sign

TYPHOON = {
    "unitId": "org_branch",
    "start": "2026-11-25T00:00:00.000Z",
    "end": "2026-11-25T04:00:00.000Z",
    "kind": "TYPHOON",
    "reason": "台风",
}


@pytest.mark.row("B7")
async def test_a_typhoon_moves_ada_frees_eve_and_tells_each_once(house: House, app: Sign):
    ada, dan = app(ADA), app(DAN)
    promise, other = await given.booked(house), await given.booked(house, EVE)
    branch = {"branchId": "org_branch"}

    async with ada.follow("AppointmentChanged", id=promise.id, after=1) as feed:
        block = (await dan.ask("AddBlock", **TYPHOON))["block"]["id"]
        hit = await dan.run("AffectedByCause", causeId=block)
        assert hit["totalCount"] == 2
        assert (await app(OTTO).run("AffectedByCause", causeId=block))["totalCount"] == 0
        one = await dan.run("AffectedAppointments", first=1, **branch)
        two = await dan.run("AffectedAppointments", after=one["pageInfo"]["endCursor"], **branch)
        ids = [edge["node"]["appointment"]["id"] for edge in (*one["edges"], *two["edges"])]
        assert ids == sorted([promise.id, other.id])
        assert (one["pageInfo"]["hasNextPage"], two["pageInfo"]["hasNextPage"]) == (True, False)
        assert (await app(OTTO).run("AffectedAppointments", **branch))["edges"] == []

        done = await dan.ask("ReofferAppointments", causeId=block, note="台风，请改约")
        assert (done["reoffered"], done["withoutSlot"]) == (2, 0)
        heard = await feed.next()
        while heard["event"]["kind"] != "REOFFERED":  # a courier may have been asked before
            heard = await feed.next()
        offer = (await ada.run("Appointment", id=promise.id))["reoffer"]
        assert (heard["event"]["note"], offer["state"]) == (offer["id"], "OPEN")
        assert (offer["note"], offer["causeId"]) == ("台风，请改约", block)
        assert [slot["open"] for slot in offer["slots"]] == [True] * 3
        assert (await app(EVE).ask("AcceptReoffer", reofferId=offer["id"]))["code"] == "NOT_FOUND"
        again = await dan.ask("ReofferAppointments", appointmentIds=[promise.id])
        assert [each["code"] for each in again["outcomes"]] == ["ALREADY_REOFFERED"]

        moved = await ada.ask("AcceptReoffer", reofferId=offer["id"])
        assert moved["appointment"]["window"] == offer["slots"][0]["window"]
        assert moved["appointment"]["reoffer"]["state"] == "TAKEN"
        assert (await feed.next())["event"]["kind"] == "RESCHEDULED"

    behalf = {"phone": EVE.phone, "name": "Eve", "consentGiven": True, "channel": "HOTLINE_11185"}
    theirs = next(o for o in done["outcomes"] if o["appointmentId"] == other.id)["reoffer"]["id"]
    nowhere = await app(GU).ask(
        "AcceptReoffer", reofferId=theirs, slotId=other.slot.text, onBehalfOf=behalf
    )
    assert nowhere["code"] == "NOT_OFFERED"
    assert len(nowhere["alternatives"]) == 3
    over = await app(GU).ask("DeclineReoffer", reofferId=theirs, onBehalfOf=behalf)
    assert over["appointment"]["status"] == "CANCELLED"
    late = await app(EVE).ask("AcceptReoffer", reofferId=theirs)
    assert (late["code"], late["current"]["state"]) == ("ALREADY_ANSWERED", "DECLINED")
    assert (await dan.run("AffectedAppointments", **{"from": str(TODAY)}, **branch))[
        "totalCount"
    ] == 0


async def test_what_makes_no_sense_is_told_apart(house: House, app: Sign):
    dan = app(DAN)
    for input, path in (
        ({}, "causeId"),
        ({"causeId": "blk_x", "appointmentIds": ["apt_x"]}, "causeId"),
        ({"appointmentIds": [f"apt_{number}" for number in range(201)]}, "appointmentIds"),
        ({"causeId": "blk_x", "note": " "}, "note"),
    ):
        answer = await dan.ask("ReofferAppointments", **input)
        assert answer["__typename"] == "InvalidInput"
        assert [problem["path"] for problem in answer["problems"]] == [[path]]
    assert (await dan.ask("ReofferAppointments", causeId="blk_x"))["code"] == "NOT_FOUND"
