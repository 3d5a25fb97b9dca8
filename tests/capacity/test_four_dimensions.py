"""One pool for all services: minutes, kilograms, litres and visits for two, never oversold."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest

from doorstep.appointments.model import Appointment, SubscriptionAsked
from doorstep.capacity.model import Demand, Hands, Slot, SlotRef
from doorstep.capacity.outside import AlwaysFeasible
from doorstep.catalogue.model import ServiceKind
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, budgets_add_up, crowd
from tests.given import ADA, EVE, Person

PARCELS = frozenset({ServiceKind.PARCEL_PICKUP, ServiceKind.SUBSCRIPTION_VISIT})
BULKY = PARCELS | {ServiceKind.BULKY_PICKUP}


def bulky(**changed: Any):
    fields = {"kind": ServiceKind.BULKY_PICKUP, "weight_grams": 30_000, "description": "画册"}
    return given.parcel(**{**fields, **changed})


PAPER = SubscriptionAsked(distribution_code="1-1")
VISITS = (
    (given.parcel(),),
    (given.parcel(quantity=4), PAPER),
    (bulky(),),
    (bulky(weight_grams=60_000),),
    (PAPER,),
    (given.parcel(weight_grams=9_000, quantity=3), bulky()),
)
"""One takes little of all; another minutes, another kilograms, another two people."""


def hands(skills: frozenset[ServiceKind], **has: int) -> Hands:
    plenty = {"people": 2, "minutes": 500, "grams": 5_000_000, "litres": 50_000}
    vehicle = {"vehicle_grams": 500_000, "vehicle_litres": 2_000}
    return Hands(skills=skills, **{**plenty, **vehicle, **has})


TIGHT = {
    "minutes": ({"minutes": 150}, {"minutes": 170}, 50, None),
    "kilograms": ({"grams": 200_000}, {"grams": 240_000, "minutes": 500}, 50, None),
    "litres": ({"litres": 300}, {"litres": 350, "minutes": 500}, 50, None),
    "pairs": ({}, {}, 3, None),
    "the operator's cap": ({}, {}, 50, 20),
}


async def has(house: House, slot: SlotRef, these: tuple[Hands, ...], pairs: int, cap: int | None):
    budget = {"hands": [hand.model_dump() for hand in these], "pairs": pairs}
    await house.mongo["slots"].update_one(
        {"_id": slot.key}, {"$set": {"budget": budget, "cap.visits": cap}}
    )


def left_out(slot: Slot, demand: Demand) -> bool:
    """Whether one more such visit would be too much. Counted here, by other means than the rules:
    of two kinds of couriers, those who know all and those who know parcels and papers only.
    """
    booked, load = slot.booked, demand.load
    if slot.cap.visits is not None and booked.visits >= slot.cap.visits:
        return True
    whole = {
        name: sum(getattr(hand, name) for hand in slot.budget.hands)
        for name in ("minutes", "grams", "litres")
    } | {"pairs": slot.budget.pairs}
    over = any(
        amount and getattr(booked.load, name) + amount > whole[name] for name, amount in load
    )
    bulk = 1 << list(ServiceKind).index(ServiceKind.BULKY_PICKUP)
    heavy = sum(minutes for need, minutes in booked.needs.items() if int(need) & bulk)
    all_round = sum(h.minutes for h in slot.budget.hands if ServiceKind.BULKY_PICKUP in h.skills)
    wants_all_round = ServiceKind.BULKY_PICKUP in demand.services
    return over or (wants_all_round and heavy + load.minutes > all_round)


def a_slot_each() -> Iterator[SlotRef]:
    return iter(given.slot(hour, services=BULKY) for hour in (8, 10, 12, 14, 16))


@pytest.mark.row("B2", "B4", "B8")
async def test_500_customers_race_five_times_and_nothing_is_oversold_and_nothing_left_that_fits(
    house: House,
):
    await given.real_costs(house)
    given.judged_by(house, AlwaysFeasible())  # what is under test is the budget
    everybody = await crowd(house, 500)

    for slot, (name, (all_round, light, pairs, cap)) in zip(
        a_slot_each(), TIGHT.items(), strict=True
    ):
        await has(house, slot, (hands(BULKY, **all_round), hands(PARCELS, **light)), pairs, cap)
        wanted = list(zip(everybody, cycle(VISITS)))
        outcomes = await at_once(_book(house, who, slot, lines) for who, lines in wanted)

        kept = await house.capacity.slots.get(slot.key)
        assert kept
        promised = [each for each in outcomes if isinstance(each, Appointment)]
        assert 10 < len(promised) < 100, name
        assert kept.booked.visits == len(promised)
        demands = {each.takes.model_dump_json(): each.takes for each in promised}
        refused = [
            lines
            for (_, lines), each in zip(wanted, outcomes, strict=True)
            if not isinstance(each, Appointment)
        ]
        for lines in {id(each): each for each in refused}.values():
            view = await house.capacity.view(slot, given.wish(lines), at=house.clock.now())
            assert left_out(kept, view.demand), (name, lines, kept.booked, view.demand)
        assert len(demands) > 1
    assert await budgets_add_up(house)


async def _book(house: House, who: Person, slot: SlotRef, lines: Any):
    return await house.appointments.book(
        given.request(who, slot=slot, lines=lines), given.attempt(house)
    )


@pytest.mark.row("A4", "B8")
async def test_two_errands_in_one_visit_share_the_way_to_the_door(house: House):
    await given.real_costs(house)
    both = await given.booked(house, ADA, slot=given.slot(services=PARCELS), lines=(VISITS[1]))
    parcel = await given.booked(house, EVE, lines=VISITS[1][:1])
    paper = await given.booked(
        house,
        EVE,
        slot=given.slot(services=frozenset({ServiceKind.SUBSCRIPTION_VISIT})),
        lines=(PAPER,),
    )

    apart = parcel.takes.load.minutes + paper.takes.load.minutes
    assert both.takes.load.minutes == apart - 6
    assert both.takes.load.grams == parcel.takes.load.grams == 8000


@pytest.mark.row("B2", "B10")
async def test_what_no_vehicle_carries_and_nobody_is_trained_for_is_said_so(house: House):
    slot = given.slot(services=BULKY)
    small = hands(BULKY, vehicle_grams=50_000)
    await has(house, slot, (small, hands(PARCELS)), 5, None)
    too_much = given.request(slot=slot, lines=(bulky(quantity=2),))
    await has(house, given.slot(12), (hands(PARCELS),), 5, None)
    nobody = given.request(slot=given.slot(12, services=BULKY), lines=(bulky(),))

    refused = await house.appointments.book(too_much, given.attempt(house))
    assert refused.code == "NO_VEHICLE"
    refused = await house.appointments.book(nobody, given.attempt(house))
    assert refused.code == "NO_COURIER"
    fits = await _book(house, ADA, slot, (bulky(),))
    assert isinstance(fits, Appointment)
