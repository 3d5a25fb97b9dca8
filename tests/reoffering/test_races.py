"""Offers, answers and cancellations, all at once. Both drivers."""

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.events import AppointmentCancelled
from doorstep.appointments.model import ReofferCode, ReofferState
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, budgets_add_up, codes
from tests.given import ADA
from tests.reoffering.victims import (
    accept,
    decline,
    held,
    offer_for,
    order,
    reoffer,
    stands,
    told,
    typhoon,
)


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
