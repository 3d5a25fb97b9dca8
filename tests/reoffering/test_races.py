"""A boat that does not go with 200 aboard, and everybody at once. Both drivers."""

import asyncio

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.events import AppointmentCancelled
from doorstep.appointments.model import ReofferCode, ReofferState
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, budgets_add_up, codes, events
from tests.given import ADA, TOMORROW
from tests.reoffering.victims import (
    accept,
    decline,
    held,
    island,
    no_boat,
    offer_for,
    order,
    promised,
    reoffer,
    stands,
    told,
    typhoon,
)


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


@pytest.mark.row("B7")
async def test_whatever_is_done_at_once_with_an_offer_one_thing_happens(
    house: House, clock: StoppedClock
):
    for number in range(4):
        promise = await given.booked(house, slot=given.slot(10 + 2 * number))
        block = await typhoon(house, promise.window)
        await reoffer(house, block.id)
        offer = await offer_for(house, promise)
        in_time = given.attempt(house)
        if number % 2:
            clock.advance(offer.expires_at - clock.now())

        async def cancel(promise=promise):
            return await house.appointments.cancel(
                promise.id,
                ADA.account_id,
                given.attempt(house),
                expected_version=1,
                by_role=Role.CUSTOMER,
                reason=None,
            )

        done = await at_once(
            [
                accept(house, ADA, offer, attempt=in_time),
                accept(house, ADA, offer, attempt=in_time),
                decline(house, ADA, offer),
                cancel(),
                house.appointments.end_lapsed_reoffers(),
            ]
        )
        assert codes(done[:4])["OK"] <= 1, done
        assert number % 2 or codes(done[:4])["OK"] == 1, done
        after = await stands(house, promise)
        await house.appointments.heed_changed(AppointmentCancelled.of(promise))
        offer = await offer_for(house, promise)
        assert offer.state is not ReofferState.OPEN
        assert (after.slot != promise.slot) == (offer.state is ReofferState.TAKEN)
        assert codes(done[:2])["OK"] == (offer.state is ReofferState.TAKEN)
        assert await held(house) == 0
        assert await budgets_add_up(house)


@pytest.mark.row("B7")
async def test_two_dispatchers_a_name_and_the_house_tell_a_customer_once(house: House):
    promise = await given.booked(house)
    first, second = await typhoon(house), await typhoon(house)
    runs = await at_once(
        [
            reoffer(house, first.id),
            reoffer(house, second.id),
            reoffer(house, "", promise.id),
            reoffer(house, "", promise.id, "apt_none"),
        ]
    )
    outcomes = [run.outcomes[0].code for run in runs if run.outcomes]
    assert outcomes.count(ReofferCode.REOFFERED) == 1
    assert outcomes.count(ReofferCode.ALREADY_REOFFERED) == 3
    assert runs[3].outcomes[1].code is ReofferCode.NO_LONGER_AFFECTED  # type: ignore[index]
    assert await told(house) == [1]
    dry = await house.appointments.reoffer(order(first.id), given.attempt(house, dry=True))
    assert [each.code for each in dry.outcomes] == [ReofferCode.ALREADY_REOFFERED]
