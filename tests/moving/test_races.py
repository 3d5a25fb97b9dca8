"""Requests for another door, and all that can happen meanwhile, at once. Both drivers."""

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, ChangeRefused
from doorstep.handheld.model import Act, Outcome
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, budgets_add_up, codes, crowd
from tests.dispatch.test_races import accept, decline, feeds_are_whole, now, relay, say, whole
from tests.given import BO, Person
from tests.moving.doors import DOORS, IN_THE_EAST, NEXT_DOOR, build, door, redirect
from tests.moving.test_another_door import cancel, withdraw


@pytest.fixture
async def house(house: House) -> House:
    await build(house)
    return house


async def movers(house: House, size: int) -> list[Person]:
    """Customers who each have one more door in the west and one in the east."""
    everybody = await crowd(house, size)
    doors = [
        door(f"{each.id}_{who.name}", each.door.location.longitude, each.area_id, who)
        for who in everybody
        for each in DOORS[:2]
    ]

    async def add(tx: Tx) -> None:
        await house.addresses.store.add(doors, tx=tx)

    await house.mongo.transact(add)
    return everybody


async def reschedule(house: House, promise: Appointment) -> Appointment | ChangeRefused:
    return await house.appointments.reschedule(
        promise.id,
        promise.customer_id,
        given.slot(14),
        given.attempt(house),
        expected_version=promise.version,
        by_role=Role.CUSTOMER,
        reason=None,
    )


@pytest.mark.row("C7")
async def test_of_two_requests_a_cancellation_a_move_and_an_acceptance_at_once_one_wins(
    house: House,
):
    everybody = await movers(house, 5)
    promises = [await given.booked(house, who) for who in everybody]
    await relay(house)

    outcomes = await at_once(
        doing
        for who, promise in zip(everybody, promises, strict=True)
        for doing in (
            redirect(house, promise, f"{IN_THE_EAST}_{who.name}"),
            redirect(house, promise, f"{NEXT_DOOR}_{who.name}"),
            cancel(house, promise),
            reschedule(house, promise),
            accept(house, BO, promise),
        )
    )

    for number, _ in enumerate(promises):
        *changes, answer = outcomes[5 * number : 5 * number + 5]
        assert isinstance(answer, Outcome)
        assert codes(changes)["OK"] + answer.accepted == 1, (codes(changes), answer)
    assert await budgets_add_up(house)
    await relay(house)
    for promise in promises:
        await whole(house, promise)
    assert await budgets_add_up(house)
    await feeds_are_whole(house)


@pytest.mark.row("C7")
async def test_however_a_pending_change_ends_one_of_its_two_places_goes_back_once(
    house: House, clock: StoppedClock
):
    everybody = await movers(house, 5)
    asked = []
    for number, who in enumerate(everybody):
        promise = await given.booked(house, who)
        await relay(house)
        assert (await accept(house, BO, promise)).accepted
        to = (IN_THE_EAST, NEXT_DOOR)[number % 2]
        one = await redirect(house, await now(house, promise), f"{to}_{who.name}")
        assert isinstance(one, Appointment)
        asked.append(one)
    await relay(house)
    clock.set(max(each.pending_change.answer_by for each in asked))

    outcomes = await at_once(
        doing
        for each in asked
        for doing in (
            withdraw(house, each),
            cancel(house, each),
            say(house, BO, Act.ACKNOWLEDGE, each, sequence=each.pending_change.sequence),
            decline(house, BO, each),
            house.dispatch.end_unanswered_changes(),
        )
    )

    for number, _ in enumerate(asked):
        assert codes(outcomes[5 * number : 5 * number + 2])["OK"] <= 1
    assert await budgets_add_up(house)
    await relay(house)
    for each in asked:
        assert (await now(house, each)).pending_change is None
        await whole(house, each)
    await feeds_are_whole(house)


@pytest.mark.row("C7", "A5")
async def test_a_request_sent_20_times_at_once_is_one_request_told_20_times(house: House):
    promise = await given.booked(house)
    outcomes = await at_once(redirect(house, promise, IN_THE_EAST, "k") for _ in range(20))
    assert codes(outcomes) == {"OK": 20}
    assert {(each.version, each.door_change) for each in outcomes} == {(2, outcomes[0].door_change)}
    assert await budgets_add_up(house)
