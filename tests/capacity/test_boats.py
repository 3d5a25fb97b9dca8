"""Doors on an island: nobody comes without a boat, nor stays after it."""

from datetime import date, time, timedelta

import pytest

from doorstep.capacity.model import SlotClosedReason
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import at_local, day_span
from doorstep.wiring import House
from tests import given
from tests.given import ADA, PARCEL


@pytest.fixture
async def island(house: House) -> House:
    """The west has become an island; the boat is there at 07:50 and off again at 16:30."""
    await given.ferry(house)
    await house.mongo["slots"].delete_many({"area_id": given.WEST})
    await house.mongo["slot_patterns"].delete_many({"area_id": given.WEST})
    by_boat = {"route_id": given.ROUTE.id}
    patterns = [
        given.slots(given.WEST, hour, 20).model_copy(update=by_boat) for hour in range(6, 20, 2)
    ]

    async def build(tx: Tx) -> None:
        house.capacity.add_patterns(patterns, tx=tx)

    await house.mongo.transact(build)
    await house.capacity.fill_slots(given.TODAY, 15)
    return house


async def slots(house: House, day: date):
    address = await house.addresses.of_owner(ADA.address_id, ADA.account_id)
    assert address
    return await house.appointments.slots(address, PARCEL, day, 1)


@pytest.mark.row("C5")
async def test_an_island_has_slots_while_the_boat_is_there(island: House):
    views = await slots(island, given.TOMORROW)

    at = [(view.slot.window.start, view.slot.window.end) for view in views]
    hours = [(time(8, 5), time(10)), (time(10), time(12)), (time(12), time(14))]
    hours += [(time(14), time(16))]
    assert at == [tuple(at_local(given.TOMORROW, each) for each in both) for both in hours]
    assert not any(view.closed for view in views)
    assert await island.capacity.fill_slots(given.TODAY, 15) == 0


@pytest.mark.row("B10", "C5")
async def test_no_slot_is_sold_once_its_boat_does_not_sail(island: House):
    (boat,) = (await island.calendar.almanac(day_span(given.TOMORROW))).sailings(given.ROUTE.id)
    view = (await slots(island, given.TOMORROW))[1]
    cancelled = await island.calendar.cancel_sailing(
        boat.id, "大风", given.attempt(island), expected_version=1, may=[given.CITY]
    )
    assert cancelled.cancelled_at

    views = await slots(island, given.TOMORROW)
    assert {view.closed for view in views} == {SlotClosedReason.NO_SAILING}
    refused = await island.appointments.book(given.request(slot=view.ref), given.attempt(island))
    assert refused.code == "NOT_OFFERED"
    later = await slots(island, given.TOMORROW + timedelta(days=1))
    assert not any(view.closed for view in later)
