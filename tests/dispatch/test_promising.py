"""A slot is offered only where a courier's round has a place for the stop."""

from dataclasses import replace
from datetime import timedelta

import pytest

from doorstep.capacity.model import Demand, SlotClosedReason, Terms
from doorstep.kit.clock import StoppedClock
from doorstep.kit.windows import day_span
from doorstep.wiring import House
from tests import given
from tests.crowd import crowd
from tests.dispatch.test_races import relay, with_at_most
from tests.given import TODAY, TOMORROW


async def closed(house: House, hour: int = 10, day=TOMORROW) -> SlotClosedReason | None:
    west = await house.addresses.area(given.WEST)
    assert west
    wish = replace(given.wish((given.parcel(),)), where=given.address(given.ADA).door.location)
    views = await house.capacity.views(west, wish, day_span(day), at=house.clock.now())
    (view,) = [each for each in views if each.slot.window == given.window(hour, day=day)]
    return view.closed


@pytest.mark.row("A3", "F1")
@pytest.mark.parametrize("told", [True, False], ids=["couriers are asked", "nobody is asked yet"])
async def test_a_window_whose_rounds_are_full_is_not_offered_whatever_its_budget_says(
    house: House, told: bool
):
    house = with_at_most(house, 8)
    everybody = await crowd(house, 16)
    assert await closed(house) is None

    for who in everybody:
        await given.booked(house, who)
    if told:
        await relay(house)

    assert await closed(house) is SlotClosedReason.FULL
    assert await closed(house, hour=14) is None


@pytest.mark.row("B9")
async def test_within_the_hour_a_slot_is_offered_only_where_somebody_on_duty_is_near(
    house: House, clock: StoppedClock
):
    terms = Terms(id="trm_1", area_id=given.WEST, notice_minutes=0)
    await house.capacity.put_terms(
        terms, given.attempt(house), expected_version=None, by=given.SU.caller
    )
    clock.set(given.window(10, day=TODAY).start - timedelta(minutes=20))
    assert await closed(house, day=TODAY) is SlotClosedReason.NO_COURIER
    assert await closed(house, hour=14, day=TODAY) is None

    await house.mongo["couriers"].update_one(
        {"_id": given.BO.courier_id}, {"$set": {"on_duty": True}}
    )
    house.dispatch.staff.clear()

    assert await closed(house, day=TODAY) is None


class Listening:
    """Says yes to everything, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, Demand] = {}

    async def closed(self, visits, where, *, at):
        self.asked |= {slot.id: demand for slot, demand in visits}
        return {}


@pytest.mark.row("A3")
async def test_rounds_are_asked_about_what_the_visit_takes_on_each_day(house: House):
    dearer = [
        row.model_copy(update={"id": f"{row.id}_2", "value": 1800, "valid_from": TOMORROW})
        for row in given.quick_costs()
        if row.key == "cost.visit.travel"
    ]
    await house.rulebook.put([*given.quick_costs(), *dearer])
    rounds = Listening()
    given.judged_by(house, rounds)
    west = await house.addresses.area(given.WEST)
    assert west
    wish = replace(given.wish((given.parcel(),)), where=given.address(given.ADA).door.location)

    views = await house.capacity.views(west, wish, day_span(TODAY, 2), at=house.clock.now())

    told = {view.slot.id: view.demand for view in views if view.slot.id in rounds.asked}
    assert told == rounds.asked
    assert len({demand.load.minutes for demand in told.values()}) == 2
