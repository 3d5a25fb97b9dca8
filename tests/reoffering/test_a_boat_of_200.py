"""A boat that does not go with 200 aboard. On one driver."""

import asyncio

import pytest

from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, budgets_add_up, events
from tests.given import ADA, TOMORROW
from tests.reoffering.victims import held, island, no_boat, promised, reoffer, told


@pytest.mark.row("B7", "C5")
async def test_200_whose_boat_does_not_go_are_each_offered_something_once(empty_house: House):
    house = empty_house
    await given.town(house, places=60)
    await island(house, places=60)
    slots = [view.ref for view in await _slots(house)]
    await promised(house, 200, *slots)
    boat = await no_boat(house)

    died = asyncio.create_task(reoffer(house, boat))
    while not await house.mongo["reoffers"].count_documents({}):
        await asyncio.sleep(0)
    died.cancel()
    await asyncio.gather(died, return_exceptions=True)
    key = given.unique()
    one, other, again = await at_once(
        [reoffer(house, boat), reoffer(house, boat, key=key), reoffer(house, boat, key=key)]
    )
    house.clock.advance(house.appointments.reoffering.look_again_after)  # type: ignore[attr-defined]
    await house.appointments.carry_out_due()

    assert other == again
    assert len(one.outcomes or ()) == len(other.outcomes or ()) == 200
    offered = {o.appointment_id for o in (*one.outcomes, *other.outcomes)}  # type: ignore[misc]
    assert len(offered) == 200
    assert await told(house) == [1] * 200
    assert await events(house, "AppointmentReoffered") == 200
    assert await house.mongo["reoffers"].count_documents({"state": "OPEN"}) == 200
    assert await held(house) == 200
    assert await budgets_add_up(house)
    assert await house.mongo["reoffer_runs"].count_documents({"next_at": {"$ne": None}}) == 0


async def _slots(house: House):
    address = await house.addresses.of_owner(ADA.address_id, ADA.account_id)
    assert address
    return await house.appointments.slots(address, given.PARCEL, TOMORROW, 1)
