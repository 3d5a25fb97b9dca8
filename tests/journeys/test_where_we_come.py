"""Whether we come, before anything is promised: over HTTP, before there is an address to save."""

import pytest

from doorstep.wiring import House
from tests import given
from tests.given import ADA
from tests.journeys.conftest import Sign, address, app

__all__ = ["address", "app"]
NOWHERE = {"line": "某处", "location": {"latitude": 37.45, "longitude": 123.5}}


@pytest.mark.row("A1", "C2")
async def test_a_door_is_told_what_we_do_there_and_how_we_would_write_it(house: House, app: Sign):
    saved = await house.mongo["addresses"].count_documents({})
    told = await app(ADA).run(
        "CheckAddress", address={"line": "山东省威海市环翠区海滨小区五号楼2单元501室"}
    )
    assert (told["served"], told["reason"], told["alternatives"]) == (True, None, [])
    standard = told["standardizedAddress"]
    assert standard["divisionCode"] == "371002"
    assert standard["location"] == {"latitude": 37.44, "longitude": 122.03}
    assert standard["confidence"] >= 0.75
    assert "501" not in standard["line"]
    assert told["area"]["id"] == given.WEST
    assert told["area"]["branch"]["id"] == "org_branch"
    slots = {each["kind"]: each["nextSlot"] for each in told["services"]}
    assert slots["PARCEL_PICKUP"]["id"]
    assert await house.mongo["addresses"].count_documents({}) == saved


@pytest.mark.row("A1", "C4")
async def test_where_we_do_not_come_is_said_before_anything_is_promised(house: House, app: Sign):
    told = await app(ADA).run("CheckAddress", address=NOWHERE)
    assert (told["served"], told["area"], told["services"]) == (False, None, [])
    assert told["reason"] == "OUTSIDE_ALL_AREAS"
    assert told["alternatives"]
    saved = await app(ADA).ask("SaveAddress", address=NOWHERE)
    assert saved["serviceability"]["served"] is False


@pytest.mark.row("A1", "C2")
async def test_a_door_that_could_be_several_is_no_answer(house: House, app: Sign):
    told = await app(ADA).run("CheckAddress", address={"line": "苹海滨小区5号"})
    assert (told["served"], told["reason"]) == (False, "AMBIGUOUS_ADDRESS")
    assert told["standardizedAddress"] is None or told["standardizedAddress"]["confidence"] < 0.75
