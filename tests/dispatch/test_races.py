"""Offers, a dispatcher's word and couriers' answers, all at once. Both drivers."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, ChangeRefused, Status
from doorstep.capacity.outside import AlwaysFeasible
from doorstep.dispatch.model import Assignment, AssignmentRefused, StopState
from doorstep.handheld.model import Act, Command, Outcome
from doorstep.kit.clock import StoppedClock
from doorstep.kit.ids import new_id
from doorstep.kit.pages import Ask
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, budgets_add_up, codes, crowd
from tests.given import ADA, BO, BRANCH, CAI, EAST, EVE, TOMORROW, Person


async def relay(house: House) -> None:
    """Tell every event there is, also those that reactions cause."""
    while await house.relay(house.leases()).sweep():
        pass


async def assign(house: House, promise: Appointment, to: Person, key: str | None = None):
    return await house.dispatch.assign(
        promise.id,
        to.courier_id,
        given.attempt(house, key),
        expected_version=promise.version,
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )


async def say(house: House, who: Person, act: Act, promise: Appointment, **more: Any) -> Outcome:
    command = Command(
        id=new_id("cmd"),
        act=act,
        captured_at=house.clock.now(),
        appointment_id=promise.id,
        **more,
    )
    (outcome,) = await house.handheld.carry_out(who.account_id, [command])
    return outcome


async def accept(house: House, who: Person, promise: Appointment) -> Outcome:
    return await say(house, who, Act.ACCEPT, promise)


async def decline(house: House, who: Person, promise: Appointment) -> Outcome:
    return await say(house, who, Act.DECLINE, promise, reason="车坏了")


async def now(house: House, promise: Appointment) -> Appointment:
    return (await house.appointments.load([promise.id]))[promise.id]


async def active(house: House, promise: Appointment) -> Assignment | None:
    return (await house.dispatch.assignments.active_for([promise.id])).get(promise.id)


async def stops(house: House, who: Person, promise: Appointment) -> list[StopState]:
    courier = await house.couriers.get(who.courier_id)
    assert courier
    round = await house.dispatch.round_of(courier, promise.day)
    return [stop.state for stop in round.stops if stop.appointment_id == promise.id]


async def unassigned(house: House) -> set[str]:
    page = await house.appointments.of_branch_day(
        "org_branch", TOMORROW, Ask(first=100), None, unassigned=True
    )
    return {row.id for row in page.rows}


async def whole(house: House, promise: Appointment) -> None:
    """An appointment, its assignment and the rounds tell one story."""
    kept, one = await now(house, promise), await active(house, promise)
    held_by = kept.courier_id or kept.offered_to
    if kept.status is Status.CANCELLED:
        assert one is None
        held_by = None
    else:
        assert (one.courier_id if one else None) == held_by, (kept, one)
        assert one is None or one.accepted is (kept.status is Status.ASSIGNED) or one.by_role
    for who in (BO, CAI):
        alive = [s for s in await stops(house, who, promise) if s is not StopState.REMOVED]
        assert len(alive) == (who.courier_id == held_by), (who.name, kept)


async def feeds_are_whole(house: House) -> None:
    """Each courier's sequences run from 1 to the head, each once."""
    for who in (BO, CAI):
        rows = house.mongo["feed"].find({"courier_id": who.courier_id}).sort("sequence")
        told = [row["sequence"] async for row in rows]
        assert told == list(range(1, await house.dispatch.rounds.head(who.courier_id) + 1))


# ------------------------------------------------------------------ a dispatcher's word


@pytest.mark.row("F3")
async def test_of_two_dispatchers_who_assign_at_once_one_wins_50_times_over(house: House):
    house = _roomy(house)
    everybody = await crowd(house, 10)
    slots = [
        given.slot(hour, day=TOMORROW + timedelta(days=day))
        for day in range(2)
        for hour in (8, 10, 12, 14, 16)
    ]
    promises = await at_once(
        given.booked(house, who, slot=slots[(5 * number + step) % 10])
        for number, who in enumerate(everybody)
        for step in range(5)
    )
    assert len(promises) == 50

    for promise in promises:
        said = codes(await at_once(assign(house, promise, to) for to in (BO, CAI)))
        assert said["OK"] == 1
        assert said["STALE_VERSION"] + said["ALREADY_ASSIGNED"] == 1

    each = Counter([row["appointment_id"] async for row in house.mongo["assignments"].find()])
    assert len(each) == 50
    assert set(each.values()) == {1}
    kept = await house.appointments.load([promise.id for promise in promises])
    rounds = [round async for round in house.mongo["rounds"].find()]
    alive = Counter(stop["appointment_id"] for round in rounds for stop in round["stops"])
    assert set(alive.values()) == {1}
    assert {promise.status for promise in kept.values()} == {Status.ASSIGNED}
    assert {promise.version for promise in kept.values()} == {2}
    await feeds_are_whole(house)


@pytest.mark.row("F3")
async def test_of_200_who_assign_one_visit_at_once_one_wins(house: House):
    promise = await given.booked(house)

    said = codes(await at_once(assign(house, promise, to) for to in (BO, CAI) * 100))

    assert said["OK"] == 1
    assert said["STALE_VERSION"] + said["ALREADY_ASSIGNED"] == 199
    assert await house.mongo["assignments"].count_documents({}) == 1
    await feeds_are_whole(house)


def _roomy(house: House) -> House:
    """A house in which a courier's window is never full."""
    return with_at_most(house, 1000)


def with_at_most(house: House, stops: int) -> House:
    """A house in which a courier's window takes so many stops."""
    policy = house.dispatch.policy.model_copy(update={"most_stops_in_window": stops})
    dispatch = replace(house.dispatch, policy=policy)
    given.judged_by(house, dispatch)
    return replace(house, dispatch=dispatch, handheld=replace(house.handheld, dispatch=dispatch))


@pytest.mark.row("F3", "F10")
async def test_a_dispatcher_s_word_replaces_an_offer_and_leaves_a_tombstone(house: House):
    promise = await given.booked(house)
    await relay(house)
    assert (await now(house, promise)).offered_to == BO.courier_id

    outcome = await assign(house, promise, CAI)

    assert isinstance(outcome, Appointment)
    assert (outcome.status, outcome.version) == (Status.ASSIGNED, 2)
    assert await stops(house, BO, promise) == [StopState.REMOVED]
    assert await stops(house, CAI, promise) == [StopState.OFFERED]
    assert (await accept(house, BO, promise)).refused.code == "NOT_YOURS"
    assert (await accept(house, CAI, promise)).accepted
    await relay(house)
    await whole(house, promise)
    await feeds_are_whole(house)


async def test_a_dispatcher_is_told_why_a_courier_cannot_take_it(house: House):
    promise = await given.booked(house)
    cou = house.mongo["couriers"]

    await cou.update_one({"_id": BO.courier_id}, {"$set": {"skills": ["PARCEL_DELIVERY"]}})
    assert codes([await assign(house, promise, BO)]) == {"COURIER_LACKS_SKILL": 1}
    await house.mongo["shifts"].delete_many({"courier_id": CAI.courier_id})
    assert codes([await assign(house, promise, CAI)]) == {"COURIER_OFF_DUTY": 1}
    await cou.update_one({"_id": CAI.courier_id}, {"$set": {"branch_id": "org_other"}})
    assert codes([await assign(house, promise, CAI)]) == {"OTHER_BRANCH": 1}
    assert codes([await assign(house, promise, ADA)]) == {"NOT_FOUND": 1}


async def test_a_full_window_takes_no_more_and_the_next_courier_is_asked(house: House):
    house = with_at_most(house, 8)
    given.judged_by(house, AlwaysFeasible())
    everybody = await crowd(house, 17)
    promises = [await given.booked(house, who) for who in everybody]
    await relay(house)

    asked = Counter([(await now(house, promise)).offered_to for promise in promises])
    assert asked == {BO.courier_id: 8, CAI.courier_id: 8, None: 1}
    (left,) = await unassigned(house)
    full = await now(house, next(p for p in promises if p.id == left))
    assert codes([await assign(house, full, BO)]) == {"COURIER_FULL": 1}


# ------------------------------------------------------------------ the house offers


@pytest.mark.row("F1", "F4")
async def test_the_nearest_is_asked_first_then_the_next_then_the_dispatcher(house: House):
    promise = await given.booked(house)
    await relay(house)
    assert (await now(house, promise)).offered_to == BO.courier_id
    assert await unassigned(house) == set()

    assert (await decline(house, BO, promise)).accepted
    await relay(house)
    assert (await now(house, promise)).offered_to == CAI.courier_id

    assert (await decline(house, CAI, promise)).accepted
    await relay(house)
    kept = await now(house, promise)
    assert (kept.offered_to, kept.status, kept.version) == (None, Status.BOOKED, 1)
    assert await unassigned(house) == {promise.id}
    assert [entry.kind for entry in kept.history] == ["BOOKED"]
    await whole(house, promise)


@pytest.mark.row("F4")
async def test_an_offer_nobody_answers_lapses_to_the_millisecond(house: House, clock: StoppedClock):
    promise = await given.booked(house)
    await relay(house)
    offer = await active(house, promise)
    assert offer
    assert offer.answer_by == clock.now() + timedelta(minutes=15)

    clock.set(offer.answer_by - timedelta(milliseconds=1))
    assert await house.dispatch.end_lapsed() == 0
    clock.set(offer.answer_by)
    assert await house.dispatch.end_lapsed() == 1
    await relay(house)

    assert (await now(house, promise)).offered_to == CAI.courier_id
    assert await stops(house, BO, promise) == [StopState.REMOVED]
    assert (await accept(house, BO, promise)).refused.code == "NOT_YOURS"
    await whole(house, promise)


@pytest.mark.row("F4")
async def test_an_acceptance_that_races_with_the_lapse_stands_or_is_refused(
    house: House, clock: StoppedClock
):
    everybody = await crowd(house, 8)
    promises = [await given.booked(house, who) for who in everybody]
    await relay(house)
    clock.advance(timedelta(minutes=15))

    await at_once(
        [
            *(accept(house, BO, promise) for promise in promises),
            house.dispatch.end_lapsed(),
            house.dispatch.end_lapsed(),
        ]
    )
    await relay(house)

    for promise in promises:
        await whole(house, promise)
    await feeds_are_whole(house)


@pytest.mark.row("F4")
async def test_an_offer_accepted_after_it_was_found_lapsed_is_the_courier_s(
    house: House, clock: StoppedClock
):
    """The sweep had looked the offer up; before it could end it, the courier said yes."""
    promise = await given.booked(house)
    await relay(house)
    clock.advance(timedelta(minutes=15))
    (found,) = await house.dispatch.assignments.lapsed(clock.now(), 10)
    assert (await accept(house, BO, promise)).accepted

    await house.mongo.transact(lambda tx: house.dispatch.lapse(found, clock.now(), tx))
    await relay(house)

    assert (await now(house, promise)).courier_id == BO.courier_id
    assert await stops(house, BO, promise) == [StopState.ACCEPTED]
    await whole(house, promise)


@pytest.mark.row("A6", "F4")
async def test_an_acceptance_that_races_with_a_move_or_a_cancellation_leaves_one_story(
    house: House,
):
    everybody = await crowd(house, 8)
    promises = [await given.booked(house, who) for who in everybody]
    await relay(house)

    async def change(number: int, promise: Appointment) -> Appointment | ChangeRefused:
        rooms, attempt = house.appointments, given.attempt(house)
        said: dict[str, Any] = {"expected_version": 1, "by_role": Role.CUSTOMER, "reason": None}
        if number % 2:
            return await rooms.cancel(promise.id, promise.customer_id, attempt, **said)
        slot = given.slot(14)
        return await rooms.reschedule(promise.id, promise.customer_id, slot, attempt, **said)

    outcomes = await at_once(
        doing
        for number, promise in enumerate(promises)
        for doing in (accept(house, BO, promise), change(number, promise))
    )
    await relay(house)

    for number, promise in enumerate(promises):
        accepted, changed = outcomes[2 * number : 2 * number + 2]
        assert isinstance(accepted, Outcome)
        assert accepted.accepted or not isinstance(changed, ChangeRefused)
        await whole(house, promise)
    assert await budgets_add_up(house)
    await feeds_are_whole(house)


@pytest.mark.row("A6")
async def test_a_courier_who_had_the_old_window_is_free_of_it_and_asked_for_the_new(house: House):
    promise = await given.booked(house)
    await relay(house)
    await accept(house, BO, promise)
    moved = await house.appointments.reschedule(
        promise.id,
        ADA.account_id,
        given.slot(14),
        given.attempt(house),
        expected_version=2,
        by_role=Role.CUSTOMER,
        reason=None,
    )
    assert isinstance(moved, Appointment)
    assert (moved.status, moved.courier_id) == (Status.BOOKED, None)

    assert (await accept(house, BO, promise)).refused.code == "NOT_YOURS"
    await relay(house)
    assert await stops(house, BO, promise) == [StopState.REMOVED, StopState.OFFERED]
    assert (await accept(house, BO, promise)).accepted
    await whole(house, promise)


@pytest.mark.row("A6")
async def test_a_move_to_another_day_leaves_the_old_day_s_round_with_a_tombstone(house: House):
    promise = await given.booked(house)
    await relay(house)
    moved = await house.appointments.reschedule(
        promise.id,
        ADA.account_id,
        given.slot(10, day=TOMORROW + timedelta(days=1)),
        given.attempt(house),
        expected_version=1,
        by_role=Role.CUSTOMER,
        reason=None,
    )
    assert isinstance(moved, Appointment)
    assert (await decline(house, BO, promise)).refused.code == "NOT_YOURS"
    await relay(house)

    assert await stops(house, BO, promise) == [StopState.REMOVED]
    assert await stops(house, BO, moved) == [StopState.OFFERED]
    await whole(house, moved)


async def test_an_assignment_that_is_declined_is_offered_to_the_next(house: House):
    promise = await given.booked(house)
    await assign(house, promise, BO)
    assert (await decline(house, BO, promise)).accepted
    kept = await now(house, promise)
    assert (kept.status, kept.courier_id, kept.history[-1].kind) == (
        Status.BOOKED,
        None,
        "DECLINED",
    )
    await relay(house)
    assert (await now(house, promise)).offered_to == CAI.courier_id
    await whole(house, promise)


async def test_what_a_dispatcher_takes_off_waits_for_the_dispatcher(house: House):
    promise = await given.booked(house)
    await assign(house, promise, BO)
    outcome = await house.dispatch.unassign(
        promise.id,
        given.attempt(house),
        expected_version=2,
        reason="生病",
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )
    assert not isinstance(outcome, AssignmentRefused)
    await relay(house)
    assert await unassigned(house) == {promise.id}
    assert await stops(house, BO, promise) == [StopState.REMOVED]
    await whole(house, promise)


async def test_events_told_twice_change_nothing(house: House):
    promise = await given.booked(house)
    await relay(house)
    await decline(house, BO, promise)
    await relay(house)
    before = await now(house, promise), await active(house, promise)

    await house.mongo["outbox"].update_many({}, {"$set": {"sent": False}})
    await relay(house)

    assert (await now(house, promise), await active(house, promise)) == before
    await whole(house, promise)
    await feeds_are_whole(house)


# ------------------------------------------------------------------ the feed


@pytest.mark.row("J4", "F10")
async def test_50_changes_at_once_leave_no_gap_and_no_double_in_a_courier_s_feed(house: House):
    house = _roomy(house)
    everybody = await crowd(house, 50)
    hours = (8, 10, 12, 14, 16, 18)
    promises = await at_once(
        given.booked(house, who, slot=given.slot(hours[n % 6])) for n, who in enumerate(everybody)
    )

    outcomes = await at_once(assign(house, promise, BO) for promise in promises)

    assert codes(outcomes) == {"OK": 50}
    assert await house.dispatch.rounds.head(BO.courier_id) == 50
    await feeds_are_whole(house)
    courier = await house.couriers.get(BO.courier_id)
    assert courier
    round = await house.dispatch.round_of(courier, TOMORROW)
    assert (len(round.stops), round.sequence) == (50, 50)
    for promise in promises:
        await whole(house, promise)


async def test_a_door_far_from_everybody_is_offered_all_the_same(house: House):
    await house.mongo["addresses"].update_one({"_id": EVE.address_id}, {"$set": {"area_id": EAST}})
    promise = await given.booked(house, EVE, slot=given.slot(area_id=EAST))
    await relay(house)
    assert (await now(house, promise)).offered_to == BO.courier_id
