"""Places, holds and windows when many hands reach for them at once. Both drivers."""

from datetime import timedelta

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    Appointment,
    BookingRefusal,
    BookingRefused,
    ChangeRefusal,
    ChangeRefused,
    Status,
)
from doorstep.calendar.model import Closure
from doorstep.capacity.model import Hold, SlotClosedReason, SlotRef
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Attempt, Tx
from doorstep.kit.pii import Keyring
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, budgets_add_up, codes, crowd, events
from tests.given import ADA, BO, BRANCH, CAI, EVE, PARCEL, Person

MS = timedelta(milliseconds=1)


async def book(house: House, who: Person, slot: SlotRef, **changed: object):
    key = changed.pop("key", None)
    asked = given.request(who, slot=slot, **changed)
    return await house.appointments.book(asked, given.attempt(house, str(key) if key else None))


async def hold(house: House, who: Person, slot: SlotRef, services=PARCEL):
    return await house.appointments.hold(
        who.account_id, given.asked(who, slot, services), given.attempt(house)
    )


async def move(house: House, promise: Appointment, slot: SlotRef, key: str | None = None):
    return await house.appointments.reschedule(
        promise.id,
        promise.customer_id,
        slot,
        given.attempt(house, key),
        expected_version=promise.version,
        by_role=Role.CUSTOMER,
        reason=None,
    )


async def cancel(house: House, promise: Appointment):
    return await house.appointments.cancel(
        promise.id,
        promise.customer_id,
        given.attempt(house),
        expected_version=promise.version,
        by_role=Role.CUSTOMER,
        reason=None,
    )


async def booked(house: House, slot: SlotRef) -> int:
    kept = await house.capacity.slots.get(slot.key)
    assert kept
    return kept.booked.visits


async def publish(house: House) -> int:
    """What the worker does when it looks at the rosters."""
    return await house.capacity.publish_all(given.TODAY, 15)


async def only(house: House, slot: SlotRef, places: int) -> None:
    """Make the slot that small."""
    await house.mongo["slots"].update_one({"_id": slot.key}, {"$set": {"cap.visits": places}})


# ------------------------------------------------------------------ places


@pytest.mark.row("B4")
async def test_of_300_customers_after_20_places_exactly_20_get_one_three_times_over(house: House):
    everybody = await crowd(house, 300)

    for hour in (8, 10, 12):
        slot = given.slot(hour)
        outcomes = await at_once(book(house, who, slot) for who in everybody)
        assert codes(outcomes) == {"OK": 20, "SLOT_FULL": 280}
        assert await booked(house, slot) == 20
        wanted = {"window.start": slot.start}
        assert await house.mongo["appointments"].count_documents(wanted) == 20

    assert await events(house, "AppointmentBooked") == 60
    assert await budgets_add_up(house)


@pytest.mark.row("B4")
async def test_two_processes_that_sell_one_slot_sell_it_once(
    house: House, settings: Settings, mongo_url: str, keyring: Keyring, clock: StoppedClock
):
    other = House.build(settings, url=mongo_url, keyring=keyring, clock=clock)
    try:
        everybody = await crowd(house, 100)
        houses = (house, other)
        outcomes = await at_once(
            book(houses[number % 2], who, given.slot()) for number, who in enumerate(everybody)
        )
    finally:
        await other.close()

    assert codes(outcomes) == {"OK": 20, "SLOT_FULL": 80}
    assert await booked(house, given.slot()) == 20
    assert await house.mongo["appointments"].count_documents({}) == 20


@pytest.mark.row("A5")
async def test_one_booking_sent_20_times_at_once_for_the_last_place_is_one_promise(house: House):
    await only(house, given.slot(), 1)

    outcomes = await at_once(book(house, ADA, given.slot(), key="k") for _ in range(20))

    assert codes(outcomes) == {"OK": 20}
    assert len({outcome.id for outcome in outcomes}) == 1
    assert await booked(house, given.slot()) == 1


# ------------------------------------------------------------------ holds


@pytest.mark.row("B3")
async def test_a_held_place_is_not_sold_until_the_millisecond_it_lapses(
    house: House, clock: StoppedClock
):
    await only(house, given.slot(), 1)
    kept = await hold(house, ADA, given.slot())
    assert isinstance(kept, Hold)
    assert kept.expires_at == clock.now() + timedelta(minutes=5)

    clock.set(kept.expires_at - MS)
    assert codes([await book(house, EVE, given.slot())]) == {"SLOT_FULL": 1}
    clock.set(kept.expires_at)
    assert codes([await book(house, ADA, given.slot(), hold_id=kept.id)]) == {"HOLD_EXPIRED": 1}
    assert codes([await book(house, EVE, given.slot())]) == {"OK": 1}
    assert await booked(house, given.slot()) == 1


@pytest.mark.row("B3")
async def test_a_hold_is_good_until_the_last_millisecond(house: House, clock: StoppedClock):
    await only(house, given.slot(), 1)
    kept = await hold(house, ADA, given.slot())
    clock.set(kept.expires_at - MS)

    assert codes([await book(house, ADA, given.slot(), hold_id=kept.id)]) == {"OK": 1}


@pytest.mark.row("B3")
async def test_of_20_holds_asked_at_once_by_one_customer_one_is_kept(house: House):
    same = await at_once(hold(house, ADA, given.slot()) for _ in range(20))
    assert codes(same) == {"OK": 1, "TOO_MANY_HOLDS": 19}

    hours = (8, 10, 12, 14, 16, 18)
    spread = await at_once(hold(house, EVE, given.slot(hours[n % 6])) for n in range(20))
    assert codes(spread) == {"OK": 1, "TOO_MANY_HOLDS": 19}
    marks = [slot["holds"] async for slot in house.mongo["slots"].find({"holds": {"$ne": []}})]
    assert sum(map(len, marks)) == 2


@pytest.mark.row("B3")
async def test_another_service_may_be_held_beside_and_the_next_once_the_first_is_over(
    house: House, clock: StoppedClock
):
    bulky = frozenset({ServiceKind.BULKY_PICKUP})
    first = await hold(house, ADA, given.slot())
    assert codes([await hold(house, ADA, given.slot(services=bulky), bulky)]) == {"OK": 1}
    assert codes([await hold(house, ADA, given.slot(12))]) == {"TOO_MANY_HOLDS": 1}

    clock.set(first.expires_at)
    assert codes([await hold(house, ADA, given.slot(12))]) == {"OK": 1}


@pytest.mark.row("B3")
async def test_a_used_a_released_and_a_foreign_hold_are_no_holds(house: House):
    used = await hold(house, ADA, given.slot())
    assert codes([await book(house, EVE, given.slot(), hold_id=used.id)]) == {"NOT_FOUND": 1}
    assert codes([await book(house, ADA, given.slot(12), hold_id=used.id)]) == {"HOLD_EXPIRED": 1}
    assert codes([await book(house, ADA, given.slot(), hold_id=used.id)]) == {"OK": 1}
    assert codes([await book(house, ADA, given.slot(), hold_id=used.id)]) == {"HOLD_EXPIRED": 1}

    released = await hold(house, ADA, given.slot())
    foreign = await house.appointments.release(released.id, EVE.account_id, given.attempt(house))
    assert codes([foreign]) == {"NOT_FOUND": 1}
    for _ in range(2):
        again = await house.appointments.release(released.id, ADA.account_id, given.attempt(house))
        assert codes([again]) == {"OK": 1}
    answer = await book(house, ADA, given.slot(), hold_id=released.id)
    assert codes([answer]) == {"HOLD_EXPIRED": 1}

    slot = await house.capacity.slots.get(given.slot().key)
    assert slot
    assert (slot.booked.visits, slot.holds) == (1, ())


@pytest.mark.row("B3")
async def test_one_hold_used_by_20_bookings_at_once_is_used_once(house: House):
    await only(house, given.slot(), 1)
    kept = await hold(house, ADA, given.slot())

    outcomes = await at_once(book(house, ADA, given.slot(), hold_id=kept.id) for _ in range(20))

    assert codes(outcomes)["OK"] == 1
    assert await booked(house, given.slot()) == 1


@pytest.mark.row("B3", "A5")
async def test_a_booking_with_a_hold_sent_20_times_at_once_is_told_the_same_each_time(house: House):
    await only(house, given.slot(), 1)
    kept = await hold(house, ADA, given.slot())

    outcomes = await at_once(
        book(house, ADA, given.slot(), hold_id=kept.id, key="k") for _ in range(20)
    )

    assert codes(outcomes) == {"OK": 20}
    assert len({outcome.id for outcome in outcomes}) == 1


@pytest.mark.row("B3")
async def test_a_hold_released_while_it_is_used_is_one_or_the_other(house: House):
    for hour in (8, 10, 12, 14, 16):
        slot = given.slot(hour)
        await only(house, slot, 1)
        kept = await hold(house, ADA, slot)
        taken, _ = await at_once(
            [
                book(house, ADA, slot, hold_id=kept.id),
                house.appointments.release(kept.id, ADA.account_id, given.attempt(house)),
            ]
        )
        after = await house.capacity.slots.get(slot.key)
        assert after
        assert after.holds == ()
        assert after.booked.visits == codes([taken])["OK"]


# ------------------------------------------------------------------ changing


@pytest.mark.row("A6")
async def test_a_move_into_a_full_slot_changes_nothing(house: House):
    promise = await given.booked(house)
    full = given.slot(12)
    await only(house, full, 1)
    await given.booked(house, EVE, slot=full)

    refused = await move(house, promise, full)

    assert isinstance(refused, ChangeRefused)
    assert refused.code is ChangeRefusal.SLOT_FULL
    assert (await house.appointments.load([promise.id]))[promise.id] == promise
    assert (await booked(house, given.slot()), await booked(house, full)) == (1, 1)


@pytest.mark.row("A6")
async def test_of_20_who_move_into_one_place_at_once_one_does_and_19_keep_theirs(house: House):
    everybody = await crowd(house, 20)
    promises = await at_once(given.booked(house, who) for who in everybody)
    last = given.slot(12)
    await only(house, last, 1)

    outcomes = await at_once(move(house, promise, last) for promise in promises)

    assert codes(outcomes) == {"OK": 1, "SLOT_FULL": 19}
    assert (await booked(house, given.slot()), await booked(house, last)) == (19, 1)
    assert await events(house, "AppointmentRescheduled") == 1
    assert await budgets_add_up(house)


@pytest.mark.row("A6")
async def test_two_who_swap_slots_both_succeed(house: House):
    everybody = await crowd(house, 20)
    slots = (given.slot(10), given.slot(12))
    promises = await at_once(
        given.booked(house, who, slot=slots[n % 2]) for n, who in enumerate(everybody)
    )

    outcomes = await at_once(
        move(house, promise, slots[1 - n % 2]) for n, promise in enumerate(promises)
    )

    assert codes(outcomes) == {"OK": 20}
    assert await budgets_add_up(house)


@pytest.mark.row("A6")
async def test_a_move_is_written_down_with_its_reason_and_cannot_be_made_for_ever(house: House):
    promise = await given.booked(house)
    for hour in (12, 14, 16):
        moved = await house.appointments.reschedule(
            promise.id,
            ADA.account_id,
            given.slot(hour),
            given.attempt(house),
            expected_version=promise.version,
            by_role=Role.CUSTOMER,
            reason="出差",
        )
        assert isinstance(moved, Appointment)
        promise = moved
    assert [entry.kind for entry in promise.history] == ["BOOKED", *["RESCHEDULED"] * 3]
    assert promise.history[-1].note == "出差"

    assert codes([await move(house, promise, given.slot(18))]) == {"TOO_MANY_CHANGES": 1}
    assert await budgets_add_up(house)


@pytest.mark.row("A5", "A6")
async def test_a_move_sent_20_times_at_once_is_one_move_told_20_times(house: House):
    promise = await given.booked(house)

    outcomes = await at_once(move(house, promise, given.slot(12), "k") for _ in range(20))

    assert codes(outcomes) == {"OK": 20}
    assert {outcome.version for outcome in outcomes} == {2}
    assert await events(house, "AppointmentRescheduled") == 1


@pytest.mark.row("A6", "A7", "A8")
async def test_whoever_cancels_moves_and_assigns_at_once_the_budgets_add_up(house: House):
    everybody = await crowd(house, 30)
    slots = [given.slot(hour) for hour in (10, 12)]
    promises = await at_once(
        given.booked(house, who, slot=slots[n % 2]) for n, who in enumerate(everybody)
    )

    async def assign(promise: Appointment, to: Person):
        return await house.dispatch.assign(
            promise.id,
            to.courier_id,
            given.attempt(house),
            expected_version=promise.version,
            may=[BRANCH],
            by_role=Role.DISPATCHER,
        )

    outcomes = await at_once(
        doing
        for n, promise in enumerate(promises)
        for doing in (
            cancel(house, promise),
            move(house, promise, slots[1 - n % 2]),
            assign(promise, (BO, CAI)[n % 2]),
            cancel(house, promise),
        )
    )

    for n, _ in enumerate(promises):
        four = codes(outcomes[4 * n : 4 * n + 4])
        assert four["OK"] == 1, four
    kept = await house.appointments.load([promise.id for promise in promises])
    for promise in kept.values():
        assert promise.version == 2
        assert [entry.sequence for entry in promise.history] == [1, 2]
    assert await budgets_add_up(house)


@pytest.mark.row("A8")
async def test_a_stale_change_is_told_how_things_stand(house: House):
    promise = await given.booked(house)
    moved = await move(house, promise, given.slot(12))

    for stale in (await move(house, promise, given.slot(14)), await cancel(house, promise)):
        assert isinstance(stale, ChangeRefused)
        assert stale.code is ChangeRefusal.STALE_VERSION
        assert stale.current == moved


# ------------------------------------------------------------------ until when


@pytest.mark.row("A7")
async def test_a_promise_is_taken_back_until_the_millisecond_it_says(
    house: House, clock: StoppedClock
):
    early, late = await given.booked(house), await given.booked(house, EVE)
    assert early.cancellable_until == early.window.start - timedelta(minutes=30)

    clock.set(early.cancellable_until - MS)
    assert (await cancel(house, early)).status is Status.CANCELLED
    clock.set(late.cancellable_until)
    assert codes([await cancel(house, late)]) == {"CUTOFF_PASSED": 1}
    assert codes([await move(house, late, given.slot(14))]) == {"CUTOFF_PASSED": 1}
    assert await booked(house, given.slot()) == 1


@pytest.mark.row("A12", "B10")
async def test_a_slot_is_sold_until_the_millisecond_of_its_cutoff(
    house: House, clock: StoppedClock
):
    slot = given.slot()
    cutoff = slot.start - timedelta(minutes=60)

    clock.set(cutoff - MS)
    assert codes([await book(house, ADA, slot)]) == {"OK": 1}
    clock.set(cutoff)
    refused = await book(house, EVE, slot)
    assert isinstance(refused, BookingRefused)
    assert (refused.code, refused.cutoff_at) == (BookingRefusal.CUTOFF_PASSED, cutoff)
    assert codes([await hold(house, EVE, slot)]) == {"CUTOFF_PASSED": 1}


@pytest.mark.row("B10")
async def test_every_closed_slot_says_why(house: House, clock: StoppedClock):
    full, day_off, nobody = given.slot(10), given.TOMORROW + timedelta(days=1), given.slot(12)
    await only(house, full, 0)

    async def close(tx: Tx) -> None:
        house.calendar.add([Closure(id="c", day=day_off, path=BRANCH, reason="台风")], tx=tx)

    await house.mongo.transact(close)
    await house.mongo["shifts"].delete_many({"start": {"$lt": nobody.start + timedelta(hours=2)}})
    await publish(house)

    async def why(slot: SlotRef) -> SlotClosedReason | None:
        view = await house.capacity.view(slot, at=clock.now())
        assert view
        return view.closed

    past = given.slot(8, day=given.TODAY)
    closed = given.slot(10, day=day_off)
    assert await why(nobody) is SlotClosedReason.NO_COURIER
    assert await why(closed) is SlotClosedReason.CALENDAR
    assert await why(past) is SlotClosedReason.CUTOFF_PASSED
    await house.couriers.fill_shifts(given.TODAY, 15)
    await publish(house)
    assert await why(full) is SlotClosedReason.FULL
    assert await why(nobody) is None

    wanted = {full: "SLOT_FULL", closed: "NOT_OFFERED", past: "CUTOFF_PASSED", nobody: "OK"}
    for slot, code in wanted.items():
        assert codes([await book(house, ADA, slot)]) == {code: 1}


@pytest.mark.row("A3", "B10")
async def test_what_is_offered_can_be_booked_and_what_is_closed_cannot(house: House):
    area = await house.addresses.area(given.WEST)
    assert area
    address = await house.addresses.of_owner(ADA.address_id, ADA.account_id)
    assert address
    views = await house.appointments.slots(address, PARCEL, given.TODAY, 15)
    assert len(views) == 90

    outcomes = [await book(house, ADA, view.ref) for view in views]

    for view, outcome in zip(views, outcomes, strict=True):
        assert isinstance(outcome, Appointment) is (view.closed is None), (view, outcome)


@pytest.mark.row("A5")
async def test_a_refusal_is_not_kept_and_trying_again_may_succeed(house: House):
    slot = given.slot()
    await only(house, slot, 0)
    assert codes([await book(house, ADA, slot, key="k")]) == {"SLOT_FULL": 1}
    await only(house, slot, 1)
    assert codes([await book(house, ADA, slot, key="k")]) == {"OK": 1}


@pytest.mark.row("A5")
async def test_a_key_is_one_promise_also_for_two_processes(
    house: House, settings: Settings, mongo_url: str, keyring: Keyring, clock: StoppedClock
):
    other = House.build(settings, url=mongo_url, keyring=keyring, clock=clock)
    try:
        outcomes = await at_once(
            each.appointments.book(
                given.request(ADA), Attempt(at=clock.now(), key="acc_ada|book|k", body_hash=b"1")
            )
            for each in (house, other) * 10
        )
    finally:
        await other.close()

    assert codes(outcomes) == {"OK": 20}
    assert len({outcome.id for outcome in outcomes}) == 1
    assert await booked(house, given.slot()) == 1
