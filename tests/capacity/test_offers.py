"""Offered means bookable: what a list shows as open is booked, whatever changed before it."""

from datetime import timedelta
from random import Random

import pytest

from doorstep.appointments.model import Appointment, SubscriptionAsked
from doorstep.calendar.model import Closure
from doorstep.capacity.outside import AlwaysFeasible
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import day_span
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, budgets_add_up, crowd

ROUNDS, OFFERS = 100, 10
LINES = (
    (given.parcel(),),
    (given.parcel(quantity=3, weight_grams=15_000),),
    (given.parcel(weight_grams=42_000),),
    (given.parcel(), SubscriptionAsked(distribution_code="1-1")),
)


@pytest.mark.row("A3", "A12", "B10")
async def test_of_1000_random_offers_none_is_refused_while_holds_closures_and_the_clock_move(
    house: House, clock: StoppedClock
):
    await given.real_costs(house)
    given.judged_by(house, AlwaysFeasible())  # ten at once may take each other's way in a round
    random, everybody = Random(11), await crowd(house, 20)
    more = {"budget.hands.$[].minutes": 240, "budget.pairs": 4}
    await house.mongo["slots"].update_many({}, {"$set": more})
    west = await house.addresses.area(given.WEST)
    assert west
    refused = 0

    for number in range(ROUNDS):
        await _something_happens(house, clock, random, number)
        lines = random.choice(LINES)
        span = day_span(given.TODAY, 15)
        views = await house.capacity.views(west, given.wish(lines), span, at=clock.now())
        offers = random.sample([view for view in views if not view.closed], OFFERS)
        outcomes = await at_once(
            house.appointments.book(
                given.request(random.choice(everybody), slot=offer.ref, lines=lines),
                given.attempt(house),
            )
            for offer in offers
        )
        refused += sum(not isinstance(each, Appointment) for each in outcomes)

    assert await house.mongo["appointments"].count_documents({}) == ROUNDS * OFFERS
    assert refused == 0
    assert await budgets_add_up(house)


async def _something_happens(
    house: House, clock: StoppedClock, random: Random, number: int
) -> None:
    """An hour passes; somebody holds a place; a day is closed; places fill the more, the later."""
    clock.set(clock.now() + timedelta(minutes=random.choice((0, 7, 20))))
    who = random.choice((given.ADA, given.EVE))
    day = given.TODAY + timedelta(days=random.randrange(2, 13))
    parcel = frozenset({ServiceKind.PARCEL_PICKUP})
    slot = given.slot(random.choice((8, 10, 12, 14, 16, 18)), day=day)
    await house.appointments.hold(
        who.account_id, given.asked(who, slot, parcel), given.attempt(house)
    )
    if number % 25 == 24:

        async def close(tx: Tx) -> None:
            closure = Closure(id=f"clo_{number}", day=day, path=given.BRANCH, reason="台风")
            house.calendar.add([closure], tx=tx)

        await house.mongo.transact(close)
