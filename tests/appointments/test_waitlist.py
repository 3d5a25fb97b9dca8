"""Waiting for a place: who may, in which order, until when."""

from datetime import timedelta

import pytest

from doorstep.appointments.events import AppointmentBooked
from doorstep.appointments.model import Appointment, WaitState
from doorstep.calendar.model import Closure
from doorstep.capacity.events import CapacityChanged
from doorstep.capacity.model import Cap, Hold
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
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
    no_more,
    only,
    state,
    waiting,
)
from tests.crowd import budgets_add_up, codes, crowd, events
from tests.given import ADA, EVE, TOMORROW

SLOT = given.slot()


@pytest.mark.row("A14")
async def test_one_waits_for_what_is_full_and_for_nothing_else(house: House, clock: StoppedClock):
    assert codes([await join(house)]) == {"NOT_FULL": 1}
    await full(house, SLOT)
    assert codes([await join(house, ADA, SLOT, given.slot(12))]) == {"NOT_FULL": 1}
    assert codes([await join(house, ADA, given.slot(area_id=given.EAST))]) == {"NOT_OFFERED": 1}
    assert codes([await join(house, ADA, address_id=EVE.address_id)]) == {"NOT_FOUND": 1}
    assert codes([await join(house, lines=(given.parcel(weight_grams=51_000),))]) == {
        "TOO_HEAVY": 1
    }
    clock.set(SLOT.start - timedelta(minutes=60))
    assert codes([await join(house)]) == {"CUTOFF_PASSED": 1}


@pytest.mark.row("A14")
async def test_an_offer_is_good_to_the_millisecond_and_the_place_is_nobody_s_prey_meanwhile(
    house: House, clock: StoppedClock
):
    promise = await full(house, SLOT)
    first, second = await crowd(house, 2)
    one, two = await waiting(house, first), await waiting(house, second)
    await cancel(house, promise)
    offer = (await entry_of(house, one)).offer
    assert offer.until == clock.now() + timedelta(minutes=15)

    clock.set(offer.until - MS)
    assert await house.appointments.pass_places_on() == 0
    dry = await house.appointments.book(
        given.request(first, hold_id=offer.hold_id), given.attempt(house, dry=True)
    )
    assert isinstance(dry, Appointment)
    clock.set(offer.until)
    assert codes([await accept(house, first, one)]) == {"HOLD_EXPIRED": 1}
    assert codes([await book(house, EVE, SLOT)]) == {"SLOT_FULL": 1}

    assert await house.appointments.pass_places_on() == 1
    assert [await state(house, id) for id in (one, two)] == [WaitState.LAPSED, WaitState.OFFERED]
    assert codes([await accept(house, first, one)]) == {"HOLD_EXPIRED": 1}
    clock.advance(timedelta(minutes=15) - MS)
    assert codes([await accept(house, second, two)]) == {"OK": 1}
    assert await budgets_add_up(house)


@pytest.mark.row("A14")
async def test_where_no_worker_hands_it_on_a_lapsed_offer_s_place_is_free_after_five_seconds(
    house: House, clock: StoppedClock
):
    promise = await full(house, SLOT)
    await waiting(house)
    await cancel(house, promise)

    clock.advance(timedelta(minutes=15, seconds=5) - MS)
    assert codes([await book(house, EVE, SLOT)]) == {"SLOT_FULL": 1}
    clock.advance(MS)
    assert codes([await book(house, EVE, SLOT)]) == {"OK": 1}


@pytest.mark.row("A14")
async def test_an_offer_never_outlasts_the_cutoff(house: House, clock: StoppedClock):
    promise = await full(house, SLOT)
    id = await waiting(house)
    cutoff = SLOT.start - timedelta(minutes=60)
    clock.set(cutoff - timedelta(minutes=2))
    await cancel(house, promise)
    assert (await entry_of(house, id)).offer.until == cutoff

    clock.set(cutoff)
    await house.appointments.pass_places_on()
    assert await state(house, id) is WaitState.LAPSED


@pytest.mark.row("A14")
async def test_who_waited_in_vain_is_told_when_the_last_of_their_windows_is_cut_off(
    house: House, clock: StoppedClock
):
    for hour in (10, 12):
        await full(house, given.slot(hour))
    id = await waiting(house, ADA, given.slot(10), given.slot(12))
    clock.set(given.slot(12).start - timedelta(minutes=60) - MS)
    assert await house.appointments.pass_places_on() == 0
    clock.advance(MS)
    assert await house.appointments.pass_places_on() == 1
    assert await state(house, id) is WaitState.PASSED


@pytest.mark.row("A14")
async def test_who_does_not_fit_is_passed_over_and_keeps_their_turn(house: House):
    await given.real_costs(house)
    promises = [await given.booked(house, who, slot=SLOT) for who in await crowd(house, 5)]
    await no_more(house, SLOT)
    large = await waiting(house, ADA, SLOT, lines=(given.parcel(quantity=12),))
    small = await waiting(house, EVE, SLOT)

    await cancel(house, promises[0])
    assert [await state(house, id) for id in (large, small)] == [
        WaitState.WAITING,
        WaitState.OFFERED,
    ]
    for promise in promises[1:]:
        await cancel(house, promise)
    assert await state(house, large) is WaitState.OFFERED


@pytest.mark.row("A14")
async def test_any_window_of_a_set_will_do_and_one_is_offered(house: House):
    ten, twelve = await full(house, given.slot(10)), await full(house, given.slot(12))
    id = await waiting(house, ADA, given.slot(10), given.slot(12))
    await cancel(house, twelve)
    await cancel(house, ten)

    assert (await entry_of(house, id)).offer.slot == given.slot(12)
    assert codes([await book(house, EVE, given.slot(10))]) == {"OK": 1}
    assert codes([await accept(house, ADA, id)]) == {"OK": 1}


@pytest.mark.row("A14")
async def test_who_moves_away_frees_a_place_as_who_cancels_does(house: House):
    promise = await full(house, SLOT)
    id = await waiting(house)
    moved = await house.appointments.reschedule(
        promise.id,
        promise.customer_id,
        given.slot(14),
        given.attempt(house),
        expected_version=1,
        by_role=promise.booked_by_role,
        reason=None,
    )
    assert isinstance(moved, Appointment), moved
    assert await state(house, id) is WaitState.OFFERED
    assert await budgets_add_up(house)


@pytest.mark.row("A14")
async def test_what_is_declined_goes_to_the_next_whichever_way_it_is_declined(house: House):
    promise = await full(house, SLOT)
    everybody = await crowd(house, 3)
    ids = [await waiting(house, who) for who in everybody]
    await cancel(house, promise)
    stale = await house.appointments.leave(
        ids[0], everybody[0].account_id, given.attempt(house), expected_version=1
    )
    assert codes([stale]) == {"STALE_VERSION": 1}
    assert stale.current.state is WaitState.OFFERED
    left = await house.appointments.leave(
        ids[0], everybody[0].account_id, given.attempt(house), expected_version=2
    )
    assert codes([left]) == {"OK": 1}
    offer = (await entry_of(house, ids[1])).offer
    released = await house.appointments.release(
        offer.hold_id, everybody[1].account_id, given.attempt(house)
    )
    assert codes([released]) == {"OK": 1}
    assert [await state(house, id) for id in ids] == ["LEFT", "LEFT", "OFFERED"]
    assert codes([await accept(house, everybody[0], ids[0])]) == {"NO_OFFER": 1}
    assert codes([await accept(house, ADA, ids[2])]) == {"NOT_FOUND": 1}


@pytest.mark.row("A14")
async def test_a_booking_with_the_hold_takes_the_offer_and_what_it_leaves_goes_on(house: House):
    await given.real_costs(house)
    promise = await given.booked(house, EVE, slot=SLOT, lines=(given.parcel(quantity=60),))
    await no_more(house, SLOT)
    (second,) = await crowd(house, 1)
    one = await waiting(house, ADA, SLOT, lines=(given.parcel(quantity=60),))
    two = await waiting(house, second, SLOT)
    await cancel(house, promise)
    offer = (await entry_of(house, one)).offer

    small = await book(house, ADA, SLOT, hold_id=offer.hold_id)
    assert isinstance(small, Appointment), small
    assert (await entry_of(house, one)).appointment_id == small.id
    assert await state(house, two) is WaitState.WAITING
    for _ in range(2):
        await house.appointments.heed_booked(AppointmentBooked.of(small))
    assert await state(house, two) is WaitState.OFFERED
    assert await budgets_add_up(house)


@pytest.mark.row("A14")
async def test_who_gets_the_window_by_another_way_waits_no_longer(house: House):
    await full(house, SLOT)
    id = await waiting(house)
    await only(house, SLOT, 2)
    promise = await given.booked(house, ADA, slot=SLOT)
    await house.appointments.heed_booked(AppointmentBooked.of(promise))

    entry = await entry_of(house, id)
    assert (entry.state, entry.appointment_id) == (WaitState.TAKEN, promise.id)


@pytest.mark.row("A14")
async def test_nothing_is_offered_on_a_day_that_is_closed_until_it_opens_again(house: House):
    promise = await full(house, SLOT)
    id = await waiting(house)
    closure = Closure(id="clo_1", path=given.BRANCH, day=TOMORROW, reason="台风")

    async def close(tx: Tx) -> None:
        house.calendar.add([closure], tx=tx)

    await house.mongo.transact(close)
    await cancel(house, promise)
    assert await state(house, id) is WaitState.WAITING
    await house.mongo["closures"].delete_many({})
    house.calendar.add([], tx=Tx(None))
    await house.appointments.look_again()
    assert await state(house, id) is WaitState.OFFERED


@pytest.mark.row("A14")
async def test_an_idle_worker_asks_one_question_and_every_question_has_an_index(house: House):
    assert await house.appointments.pass_places_on() == 0
    await full(house, SLOT)
    await waiting(house)
    now = house.clock.now()
    for wanted in (
        {"slot_keys": SLOT.key, "state": "WAITING"},
        {"offer.until": {"$lte": now}, "state": "OFFERED"},
        {"passes_at": {"$lte": now}, "state": "WAITING"},
        {"customer_id": ADA.account_id, "state": {"$in": ["OFFERED", "WAITING"]}},
        {"state": {"$in": ["OFFERED", "WAITING"]}},
        {"state": "WAITING"},
    ):
        plan = await house.mongo.db.command(
            {"explain": {"find": "waitlist", "filter": wanted}, "verbosity": "queryPlanner"}
        )
        assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"]), wanted


@pytest.mark.row("A14")
async def test_what_who_waits_wrote_is_sealed(house: House):
    await full(house, SLOT)
    await waiting(house)
    (row,) = [row async for row in house.mongo["waitlist"].find({})]
    assert isinstance(row["private"], bytes)
    assert ADA.phone not in str(row)
    assert "1234#" not in str(row)


@pytest.mark.row("A14")
async def test_a_place_kept_for_somebody_who_only_looked_goes_to_who_waits(
    house: House, clock: StoppedClock
):
    await only(house, SLOT, 1)
    kept = await house.appointments.hold(EVE.account_id, given.asked(EVE), given.attempt(house))
    assert isinstance(kept, Hold)
    id = await waiting(house)

    clock.set(kept.expires_at - MS)
    assert await house.appointments.pass_places_on() == 0
    clock.set(kept.expires_at)
    assert await house.appointments.pass_places_on() == 1
    assert await state(house, id) is WaitState.OFFERED
    assert await house.appointments.pass_places_on() == 0


@pytest.mark.row("A14")
async def test_a_cap_that_is_lifted_is_offered_when_its_event_is_heard(
    house: House, clock: StoppedClock
):
    await full(house, SLOT)
    id = await waiting(house)
    assert await house.appointments.look_again() == 0
    before = await house.capacity.slots.get(SLOT.key)
    assert before

    async def lift(tx: Tx) -> None:
        await house.capacity.cap(
            before, Cap(visits=2), at=clock.now(), by="acc_dan", note="加班", tx=tx
        )

    await house.mongo.transact(lift)
    row = await house.mongo["outbox"].find_one({"kind": "CapacityChanged"})
    assert row
    for _ in range(2):
        await house.appointments.heed_capacity(CapacityChanged.model_validate(row["body"]))
    assert (await entry_of(house, id)).offer.until == clock.now() + timedelta(minutes=15)
    assert await events(house, "WaitlistOffered") == 1
