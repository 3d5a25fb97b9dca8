"""Planning as staff and customers meet it: over HTTP, with the apps' own operations."""

from typing import Any

import pytest

from doorstep.wiring import House
from tests import given
from tests.given import ADA, DAN, EVE, GU, OTTO, SU, TOMORROW, WEST
from tests.journeys.apps import OPERATIONS, App
from tests.journeys.conftest import Sign, address, app

__all__ = ["address", "app"]
BRANCH = {"branchId": "org_branch"}
SLOT = given.slot().text
LINES = [{"pickup": {"description": "书"}}]


async def capacity(client: App, **more: Any) -> Any:
    """Of the slot that everybody wants."""
    asked = {"areaId": WEST, "from": str(TOMORROW), "days": 1, **BRANCH, **more}
    found = await client.run("SlotCapacity", **asked)
    start = given.slot().start.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return next(each for each in found if each["window"]["start"] == start)


def is_short(alarm: Any) -> bool:
    return alarm is not None and alarm["kind"] == "CAPACITY_SHORT"


async def is_like_none(otto: App) -> None:
    """What a dispatcher of another branch is told of it all."""
    assert await otto.run("SlotCapacity", **BRANCH) == []
    assert await otto.run("SlotCapacity", branchId="org_none") == []
    asked = {"expectedEdition": 1, "mostVisits": 0}
    theirs = await otto.ask("CapSlot", slotId=SLOT, **asked)
    none = await otto.ask("CapSlot", slotId=given.slot(area_id="are_none").text, **asked)
    assert theirs == none
    assert theirs["code"] == "NOT_FOUND"
    for slot in (SLOT, "slt_no", given.slot(3).text):
        assert await otto.run("AffectedBy", slotId=slot) == []
    assert await otto.run("BookingTerms", areaId=WEST) is None
    days = await otto.post(OPERATIONS["SlotCapacity"], {**BRANCH, "days": 32})
    assert days["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.row("B1", "B2", "Q6")
async def test_what_is_published_and_whom_a_cap_affects(house: House, app: Sign):
    dan = app(DAN)
    first, last = await given.booked(house), await given.booked(house, EVE)
    await house.appointments.hold(
        ADA.account_id, given.asked(ADA, given.slot()), given.attempt(house)
    )

    seen = await capacity(dan)
    (hands,) = seen["budget"]["hands"]
    assert (hands["people"], hands["minutes"], hands["vehicleGrams"]) == (2, 120, 500_000)
    assert seen["budget"]["load"] == {
        "minutes": 120,
        "grams": 500_000,
        "litres": 2000,
        "pairs": 1,
    }
    assert (seen["budget"]["mostVisits"], seen["budget"]["mostMinutes"]) == (20, None)
    assert (seen["booked"]["visits"], seen["held"]["visits"]) == (2, 1)
    assert seen["free"]["minutes"] == 120 - 3
    assert (seen["edition"], seen["editions"], seen["area"]["id"]) == (1, [], WEST)

    asked = {"slotId": seen["slotId"], "expectedEdition": 1, "mostVisits": 1, "note": "大风"}
    capped = await dan.ask("CapSlot", **asked)
    assert [each["id"] for each in capped["affected"]] == [last.id]
    assert await dan.run("AffectedBy", slotId=SLOT) != []
    stale = await dan.ask("CapSlot", **asked)
    assert (stale["code"], stale["current"]["edition"]) == ("STALE_VERSION", 2)
    seen = await capacity(dan)
    (before,) = seen["editions"]
    assert (before["because"], before["by"], before["note"]) == ("CAP", DAN.account_id, "大风")
    assert before["budget"]["mostVisits"] == 20
    promises = await house.appointments.load([first.id, last.id])
    assert {each.status for each in promises.values()} == {"BOOKED"}

    negative = await dan.ask("CapSlot", **{**asked, "mostVisits": -1})
    assert negative["problems"][0]["path"] == ["mostVisits"]
    wordy = await dan.ask("CapSlot", **{**asked, "note": "x" * 201})
    assert wordy["problems"][0]["path"] == ["note"]
    none = await dan.ask("CapSlot", **{**asked, "slotId": "slt_no"})
    assert none["code"] == "NOT_FOUND"
    await is_like_none(app(OTTO))

    await house.mongo["shifts"].delete_many({})
    async with dan.follow("BranchFeed", branchId="org_branch", after=2) as feed:
        await house.capacity.publish_all(given.TODAY, 3)
        while not is_short((await feed.next())["alarm"]):
            pass
    alarms = await dan.run("Alarms", branchId="org_branch", day=str(TOMORROW))
    (alarm,) = filter(is_short, alarms)
    assert [each["id"] for each in alarm["affected"]] == [last.id, first.id]
    assert alarm["capacity"]["free"]["minutes"] == -3
    assert (alarm["appointment"], alarm["courier"]) == (None, None)


@pytest.mark.row("B5", "A12")
async def test_terms_and_what_they_come_to(house: House, app: Sign):
    su, dan, ada = app(SU), app(DAN), app(ADA)
    said = {"service": "SUBSCRIPTION_VISIT", "cutoffTime": "17:00", "cutoffDays": 1, "note": "x"}
    put = await su.ask("PutBookingTerms", areaId=WEST, workdaysOnly=False, **said)
    terms = put["terms"]
    assert (terms["version"], terms["changedBy"]) == (1, SU.account_id)
    await su.ask("PutBookingTerms", horizonDays=7)

    found = await dan.run("BookingTerms", areaId=WEST)
    assert len(found["rows"]) == 2
    bounds = {each["service"]: each for each in found["bounds"]}
    assert bounds["SUBSCRIPTION_VISIT"]["cutoffs"] == [{"days": 1, "time": "17:00"}]
    assert bounds["PARCEL_PICKUP"]["cutoffs"] == []
    assert {each["horizonDays"] for each in bounds.values()} == {7}
    assert bounds["PARCEL_PICKUP"]["noticeMinutes"] == 60
    slots = await ada.run(
        "Slots", addressId=ADA.address_id, services=["SUBSCRIPTION_VISIT"], days=2
    )
    assert {slot["cutoffAt"] for slot in slots if slot["day"] == str(TOMORROW)} == {
        "2026-11-24T09:00:00.000Z"
    }

    changed = await su.ask(
        "PutBookingTerms", **{**said, "areaId": WEST, "id": terms["id"], "expectedVersion": 1}
    )
    assert changed["terms"]["version"] == 2
    for wrong, path in (
        ({"cutoffTime": "25:00"}, "cutoffTime"),
        ({"noticeMinutes": -1}, "noticeMinutes"),
        ({"horizonDays": 61}, "horizonDays"),
        ({"expectedVersion": 1}, "expectedVersion"),
        ({"validFrom": "2026-12-02", "validTo": "2026-12-01"}, "validTo"),
    ):
        refused = await su.ask("PutBookingTerms", areaId=WEST, **wrong)
        assert refused["problems"][0]["path"] == [path], wrong
    dropped = await su.ask("DropBookingTerms", id=terms["id"], expectedVersion=2)
    assert dropped["id"] == terms["id"]
    assert len((await dan.run("BookingTerms", areaId=WEST))["rows"]) == 1


@pytest.mark.row("B2", "B10")
async def test_a_visit_costs_what_booking_takes_and_the_rows_say_why(house: House, app: Sign):
    await given.real_costs(house)
    await app(SU).ask("PutBookingTerms", areaId=WEST, bufferMinutes=4)
    ada = app(ADA)
    ada.language = "zh-CN"
    lines = [
        {"pickup": {"description": "书", "weightGrams": 2000}},
        {"subscription": {"distributionCode": "1-1"}},
    ]
    access = {"floor": 5, "hasLift": False}

    told = await ada.run("VisitCost", lines=lines, access=access, addressId=ADA.address_id)
    promise = await ada.ask(
        "BookAppointment",
        addressId=ADA.address_id,
        slotId=given.slot(services=frozenset(given.SKILLS)).text,
        lines=lines,
        accessNotes=access,
    )

    assert [(part["cost"], part["service"], part["seconds"]) for part in told["parts"]] == [
        ("TRAVEL", None, 240),
        ("WALK", None, 120),
        ("STAIRS", None, 80),
        ("LINE", "PARCEL_PICKUP", 120),
        ("PIECES", "PARCEL_PICKUP", 30),
        ("LINE", "SUBSCRIPTION_VISIT", 360),
        ("PIECES", "SUBSCRIPTION_VISIT", 60),
    ]
    assert told["parts"][0]["words"] == "路上"
    assert (told["people"], told["bufferMinutes"], told["minutes"]) == (1, 4, 17 + 4)
    id = promise["appointment"]["id"]
    takes = (await house.appointments.load([id]))[id].takes.load
    assert takes.model_dump() == {
        "minutes": told["minutes"],
        "grams": told["grams"],
        "litres": told["litres"],
        "pairs": 0,
    }
    assert (await app(GU).run("VisitCost", lines=lines))["bufferMinutes"] == 0

    dan = app(DAN)

    rows = {row["key"]: row for row in await dan.run("CostModel")}

    assert len(rows) == 8 + 4 * 10
    walk = rows["cost.visit.walk"]
    assert (walk["value"], walk["unit"], walk["validFrom"]) == (120, "s", "2000-01-01")
    assert walk["citation"].startswith("the bureau's own estimate")
    assert await dan.run("CostModel", on="1999-12-31") == []
    early = await dan.post(OPERATIONS["VisitCost"], {"lines": LINES, "on": "1999-12-31"})
    assert early["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    for client, address_id in ((dan, "adr_none"), (app(EVE), ADA.address_id)):
        foreign = await client.post(
            OPERATIONS["VisitCost"], {"lines": LINES, "addressId": address_id}
        )
        assert foreign["errors"][0]["extensions"]["code"] == "NOT_FOUND"
