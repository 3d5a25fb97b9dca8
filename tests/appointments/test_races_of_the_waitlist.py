"""Those who wait, when many hands free and reach for places at once. Both drivers."""

import pytest

from doorstep.appointments.model import Appointment, WaitlistEntry, WaitState
from doorstep.kit.clock import StoppedClock
from doorstep.kit.pii import Keyring
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.appointments.lists import (
    MS,
    accept,
    book,
    cancel,
    entry_of,
    full,
    join,
    state,
    states,
    waiting,
)
from tests.crowd import at_once, budgets_add_up, codes, crowd, events
from tests.given import ADA, EVE

SLOT = given.slot()


@pytest.mark.row("A14")
async def test_20_who_cancel_at_once_serve_the_first_20_of_30_who_wait_once_each(house: House):
    everybody = await crowd(house, 60)
    inside, outside, strangers = everybody[:20], everybody[20:50], everybody[50:]
    promises = [await book(house, who, SLOT) for who in inside]
    ids = [await waiting(house, who, SLOT) for who in outside]

    done, snatched = await at_once(
        [
            at_once(cancel(house, each) for each in promises),
            at_once(book(house, who, SLOT) for who in strangers),
        ]
    )

    assert codes(done) == {"OK": 20}
    assert codes(snatched) == {"SLOT_FULL": 10}
    assert [await state(house, id) for id in ids[:20]] == [WaitState.OFFERED] * 20
    assert [await state(house, id) for id in ids[20:]] == [WaitState.WAITING] * 10
    assert await events(house, "WaitlistOffered") == 20
    taken = await at_once(
        accept(house, who, id) for who, id in zip(outside[:20], ids[:20], strict=True)
    )
    assert codes(taken) == {"OK": 20}
    assert codes(await at_once(book(house, who, SLOT) for who in strangers)) == {"SLOT_FULL": 10}
    assert await budgets_add_up(house)


@pytest.mark.row("A14")
async def test_who_joins_while_the_place_is_freed_is_told_to_book_or_is_offered_it(house: House):
    everybody = await crowd(house, 12)
    for hour, who in zip((8, 10, 12, 14, 16, 18), everybody, strict=False):
        slot = given.slot(hour)
        promise = await full(house, slot)
        joined, _ = await at_once([join(house, who, slot), cancel(house, promise)])
        if isinstance(joined, WaitlistEntry):
            assert await state(house, joined.id) is WaitState.OFFERED
        else:
            assert joined.code == "NOT_FULL"


@pytest.mark.row("A14")
async def test_two_workers_hand_a_lapsed_offer_on_once(
    house: House, settings: Settings, mongo_url: str, keyring: Keyring, clock: StoppedClock
):
    promise = await full(house, SLOT)
    everybody = await crowd(house, 4)
    ids = [await waiting(house, who, SLOT) for who in everybody]
    await cancel(house, promise)
    clock.set((await entry_of(house, ids[0])).offer.until)

    other = House.build(settings, url=mongo_url, keyring=keyring, clock=clock)
    try:
        await at_once(each.appointments.pass_places_on() for each in (house, other) * 3)
    finally:
        await other.close()

    assert await states(house) == {"LAPSED": 1, "OFFERED": 1, "WAITING": 2}
    assert await state(house, ids[1]) is WaitState.OFFERED
    assert await events(house, "WaitlistOffered") == 2


@pytest.mark.row("A14")
async def test_an_offer_that_is_taken_as_it_lapses_is_one_or_the_other(
    house: House, clock: StoppedClock
):
    everybody = await crowd(house, 12)
    for hour, number in zip((8, 10, 12, 14), range(0, 12, 3), strict=False):
        slot, (holder, first, second) = given.slot(hour), everybody[number : number + 3]
        promise = await full(house, slot, holder)
        one, two = await waiting(house, first, slot), await waiting(house, second, slot)
        await cancel(house, promise)
        until = (await entry_of(house, one)).offer.until
        clock.set(until - MS)
        taking = accept(house, first, one)
        clock.set(until)
        taken, _, late = await at_once(
            [taking, house.appointments.pass_places_on(), book(house, EVE, slot)]
        )
        assert codes([late]) == {"SLOT_FULL": 1}
        if isinstance(taken, Appointment):
            assert await state(house, one) is WaitState.TAKEN
            assert await state(house, two) is WaitState.WAITING
        else:
            assert await state(house, one) is WaitState.LAPSED
            assert await state(house, two) is WaitState.OFFERED
        kept = await house.capacity.slots.get(slot.key)
        assert kept
        assert kept.booked.visits + len(kept.holds) == 1
    assert await budgets_add_up(house)


@pytest.mark.row("A14")
async def test_however_fast_one_waits_once_for_a_window_and_for_five_windows_at_once(house: House):
    slots = [given.slot(hour) for hour in (8, 10, 12, 14, 16, 18)]
    for slot in slots:
        await full(house, slot)

    same = await at_once(join(house, ADA, SLOT) for _ in range(20))
    assert codes(same) == {"OK": 1, "ALREADY_WAITING": 19}
    others = await at_once(join(house, ADA, slot) for slot in slots if slot != SLOT)
    assert codes(others) == {"OK": 4, "TOO_MANY_ENTRIES": 1}


@pytest.mark.row("A14")
async def test_an_offer_accepted_20_times_at_once_is_one_promise(house: House):
    promise = await full(house, SLOT)
    id = await waiting(house)
    await cancel(house, promise)

    outcomes = await at_once(accept(house, ADA, id, key="k") for _ in range(20))

    assert codes(outcomes) == {"OK": 20}
    assert len({outcome.id for outcome in outcomes}) == 1
    assert await states(house) == {"TAKEN": 1}
