"""Whether we come to an island: when the next boat goes, and where to go until then."""

from datetime import datetime, timedelta

import pytest

from doorstep.addresses.model import AddressAsked, UnservedReason
from doorstep.appointments.actions import Serviceability
from doorstep.kit.clock import StoppedClock
from doorstep.kit.geo import Point
from doorstep.kit.mongo.transactions import Tx
from doorstep.organisation.model import OrgLevel, OutletKind
from doorstep.wiring import House
from tests import given
from tests.given import ADA, TODAY, TOMORROW
from tests.journeys.conftest import Sign, address, app
from tests.reoffering.victims import island

__all__ = ["address", "app"]
DOOR = {"line": "码头路1号", "location": {"latitude": 37.44, "longitude": 122.03}}


@pytest.fixture
async def coast(house: House) -> House:
    """The west is an island with a village point; the branch is on the mainland."""
    point = given.unit("org_point", OrgLevel.VILLAGE_AGENT, "org_branch", f"{given.BRANCH}p/")
    ashore = {"kind": OutletKind.VILLAGE_POINT, "location": Point(longitude=122.02, latitude=37.41)}
    mainland = {"location.longitude": 122.15}

    async def build(tx: Tx) -> None:
        house.organisation.add([point.model_copy(update=ashore)], tx=tx)

    await house.mongo["org_units"].update_many({"location": {"$ne": None}}, {"$set": mainland})
    await house.mongo.transact(build)
    await house.mongo["service_areas"].update_one(
        {"_id": given.WEST}, {"$set": {"ferry_route_id": given.ROUTE.id}}
    )
    house.addresses.city._areas.forget()  # noqa: SLF001
    await island(house)
    return house


async def cancel(house: House, first: int, last: int) -> None:
    """The boats from one day of the horizon to another do not go."""
    days = [str(TODAY + timedelta(days=day)) for day in range(first, last)]
    off = {"$set": {"cancelled_at": house.clock.now(), "cancel_reason": "大风"}}
    await house.mongo["sailings"].update_many({"day": {"$in": days}}, off)
    house.calendar.known.forget()


@pytest.mark.row("C5", "C4")
async def test_an_island_door_is_told_its_next_boat_and_what_lies_nearer(coast: House, app: Sign):
    ada = app(ADA)
    served = await ada.run("CheckAddress", address=DOOR)
    assert (served["served"], served["alternatives"]) == (True, [])
    assert served["nextSailing"]["day"] == str(TOMORROW)

    await cancel(coast, 0, 4)
    waits = await ada.run("CheckAddress", address=DOOR)
    assert waits["served"]
    boat = waits["nextSailing"]
    assert boat["day"] == str(TODAY + timedelta(days=4))
    starts = [each["nextSlot"]["window"]["start"] for each in waits["services"]]
    assert {datetime.fromisoformat(start).date() for start in starts} == {TODAY + timedelta(days=4)}

    await cancel(coast, 0, 15)
    alone = await ada.run("CheckAddress", address=DOOR)
    assert (alone["served"], alone["reason"]) == (False, "NO_SAILING")
    assert (alone["services"], alone["nextSailing"]) == ([], None)
    found = [(unit["id"], unit["kind"]) for unit in alone["alternatives"]]
    assert found[0] == ("org_point", "VILLAGE_POINT")
    assert {id for id, _ in found[1:]} == {"org_branch", "org_other"}


@pytest.mark.row("C5", "C4")
async def test_where_the_next_boat_has_no_room_the_island_is_shown_where_to_go(coast: House):
    found = await seen(coast)
    assert found.served
    assert not found.needs_alternatives
    full = {"$set": {"cap.visits": 0}}
    await coast.mongo["slots"].update_many({"area_id": given.WEST, "day": str(TOMORROW)}, full)
    await coast.mongo["slots"].update_many({"area_id": given.WEST, "day": str(TODAY)}, full)
    found = await seen(coast)
    assert found.served
    assert found.needs_alternatives


@pytest.mark.row("C5")
async def test_who_is_there_already_still_comes_when_no_other_boat_does(
    coast: House, clock: StoppedClock
):
    await cancel(coast, 1, 15)
    assert (await seen(coast)).reason is None
    clock.advance(timedelta(hours=8))
    assert (await seen(coast)).reason is UnservedReason.NO_SAILING


async def seen(house: House) -> Serviceability:
    address = await house.addresses.of_owner(ADA.address_id, ADA.account_id)
    assert address
    asked = AddressAsked(door=address.door, division_code=address.division_code)
    return await house.appointments.serviceability(asked, None)
