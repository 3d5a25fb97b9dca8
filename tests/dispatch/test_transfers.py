"""转单: a colleague is asked to take a visit over, answers, does not, or is overtaken."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, Status
from doorstep.dispatch.model import Ending, StopState, Transfer, TransferRefused, TransferState
from doorstep.handheld.model import Act, Command, Outcome
from doorstep.kit.clock import StoppedClock
from doorstep.kit.ids import new_id
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, crowd
from tests.dispatch.test_races import (
    accept,
    active,
    assign,
    decline,
    feeds_are_whole,
    now,
    relay,
    say,
    stops,
    whole,
)
from tests.given import ADA, BO, BRANCH, CAI, Person


async def had_by(house: House, who: Person, by: Person = ADA) -> Appointment:
    """A visit that a courier has said yes to."""
    promise = await given.booked(house, by)
    await assign(house, promise, who)
    assert (await accept(house, who, promise)).accepted
    await relay(house)
    return await now(house, promise)


async def ask(house: House, promise: Appointment, **more: Any) -> Outcome:
    said = {"to_courier_id": CAI.courier_id, "reason": "车坏了", **more}
    return await say(house, BO, Act.TRANSFER, promise, **said)


async def transfers(house: House) -> list[Transfer]:
    return await house.dispatch.transfers_in("org_branch", given.TOMORROW, pending=False)


async def answer(house: House, act: Act, **more: Any) -> Outcome:
    """What Cai says to what was asked last."""
    (transfer, *_) = await transfers(house)
    at = house.clock.now()
    command = Command(id=new_id("cmd"), act=act, captured_at=at, transfer_id=transfer.id, **more)
    (outcome,) = await house.handheld.carry_out(CAI.account_id, [command])
    return outcome


async def states(house: House) -> list[TransferState]:
    return [each.state for each in await transfers(house)]


async def by_dispatcher(house: House, promise: Appointment, to: Person, **more: Any):
    said: dict[str, Any] = {"expected_version": promise.version, "reason": "顺路", "may": [BRANCH]}
    return await house.dispatch.transfer(
        promise.id,
        to.courier_id,
        given.attempt(house),
        by_role=Role.DISPATCHER,
        **{**said, **more},
    )


@pytest.mark.row("F4", "F3")
async def test_until_the_colleague_says_yes_it_stays_with_who_has_it(house: House):
    promise = await had_by(house, BO)
    heads = [await house.dispatch.rounds.head(who.courier_id) for who in (BO, CAI)]

    assert (await ask(house, promise)).accepted
    kept = await now(house, promise)
    assert (kept.courier_id, kept.version) == (BO.courier_id, promise.version)
    assert await stops(house, CAI, promise) == []
    told = [await house.dispatch.rounds.head(who.courier_id) for who in (BO, CAI)]
    assert told == [head + 1 for head in heads]

    assert (await answer(house, Act.TAKE_OVER)).accepted
    await relay(house)

    after = await now(house, promise)
    assert (after.courier_id, after.status, after.version) == (
        CAI.courier_id,
        Status.ASSIGNED,
        promise.version + 1,
    )
    assert (after.history[-1].kind, after.history[-1].note) == ("TRANSFERRED", "车坏了")
    assert await stops(house, BO, promise) == [StopState.REMOVED]
    assert await stops(house, CAI, promise) == [StopState.ACCEPTED]
    rows = house.mongo["assignments"].find({"appointment_id": promise.id})
    endings = {row["courier_id"]: (row["active"], row["ended"]) async for row in rows}
    assert endings == {BO.courier_id: (False, Ending.TRANSFERRED), CAI.courier_id: (True, None)}
    assert (await say(house, BO, Act.ACCEPT, promise)).refused.code == "NOT_YOURS"
    await whole(house, promise)
    await feeds_are_whole(house)


@pytest.mark.row("F4")
async def test_what_is_taken_over_offline_can_be_gone_to_in_the_same_batch(house: House):
    promise = await had_by(house, BO)
    await ask(house, promise)
    (transfer,) = await transfers(house)
    at = house.clock.now()
    batch = [
        Command(id="c1", act=Act.START_DUTY, captured_at=at),
        Command(id="c2", act=Act.TAKE_OVER, captured_at=at, transfer_id=transfer.id),
        Command(id="c3", act=Act.SET_OUT, captured_at=at, appointment_id=promise.id),
    ]
    first = await house.handheld.carry_out(CAI.account_id, batch)
    again = await house.handheld.carry_out(CAI.account_id, batch)

    assert [(o.accepted, o.repeated) for o in first] == [(True, False)] * 3
    assert [(o.accepted, o.repeated) for o in again] == [(True, True)] * 3
    assert (await now(house, promise)).status is Status.EN_ROUTE
    assert await stops(house, CAI, promise) == [StopState.EN_ROUTE]
    await feeds_are_whole(house)


@pytest.mark.row("F4")
async def test_a_no_is_told_with_its_reason_and_another_may_be_asked(house: House):
    promise = await had_by(house, BO)
    await ask(house, promise)
    assert (await ask(house, promise)).refused.code == "ALREADY_ASKED"
    assert (await answer(house, Act.REFUSE_TRANSFER)).refused.path == ("reason",)
    assert (await answer(house, Act.REFUSE_TRANSFER, reason="太远")).accepted

    (transfer,) = await transfers(house)
    assert (transfer.state, transfer.answer) == (TransferState.REFUSED, "太远")
    assert (await answer(house, Act.TAKE_OVER)).refused.code == "TRANSFER_OVER"
    assert (await now(house, promise)).courier_id == BO.courier_id
    assert (await ask(house, promise)).accepted
    assert (await say(house, BO, Act.WITHDRAW_TRANSFER, promise)).accepted
    assert await states(house) == [TransferState.WITHDRAWN, TransferState.REFUSED]
    await whole(house, promise)
    await feeds_are_whole(house)


@pytest.mark.row("F4")
async def test_without_an_answer_in_time_the_house_asks_somebody_else(
    house: House, clock: StoppedClock
):
    promise = await had_by(house, BO)
    await ask(house, promise)
    (transfer,) = await transfers(house)
    assert transfer.answer_by == clock.now() + timedelta(minutes=15)

    clock.set(transfer.answer_by - timedelta(milliseconds=1))
    assert await house.dispatch.end_unanswered_transfers() == 0
    clock.set(transfer.answer_by)
    assert await house.dispatch.end_unanswered_transfers() == 1

    pooled = await now(house, promise)
    assert (pooled.status, pooled.courier_id, await active(house, promise)) == (
        Status.BOOKED,
        None,
        None,
    )
    assert await states(house) == [TransferState.LAPSED]
    await relay(house)
    assert (await now(house, promise)).offered_to is None, "neither of the two is asked again"
    assert (await answer(house, Act.TAKE_OVER)).refused.code == "TRANSFER_OVER"
    assert (await accept(house, BO, promise)).refused.code == "NOT_YOURS"
    await whole(house, promise)
    await feeds_are_whole(house)


@pytest.mark.row("F4")
async def test_only_what_was_accepted_and_not_begun_is_passed_on_to_who_can_come(house: House):
    promise = await given.booked(house)
    assert (await ask(house, promise)).refused.code == "UNKNOWN_APPOINTMENT"
    await assign(house, promise, BO)
    assert (await ask(house, promise)).refused.code == "NOT_ALLOWED_NOW"
    await accept(house, BO, promise)
    for to, code in (
        ("cou_none", "UNKNOWN_COURIER"),
        (BO.courier_id, "NOT_ALLOWED_NOW"),
    ):
        assert (await ask(house, promise, to_courier_id=to)).refused.code == code
    couriers = house.mongo["couriers"]
    await couriers.update_one({"_id": CAI.courier_id}, {"$set": {"skills": []}})
    assert (await ask(house, promise)).refused.code == "COURIER_LACKS_SKILL"
    await couriers.update_one({"_id": CAI.courier_id}, {"$set": {"skills": [*given.SKILLS]}})
    assert (await ask(house, promise)).accepted

    await say(house, BO, Act.START_DUTY, promise)
    assert (await say(house, BO, Act.SET_OUT, promise)).accepted
    assert await states(house) == [TransferState.OVERTAKEN]
    assert (await answer(house, Act.TAKE_OVER)).refused.code == "TRANSFER_OVER"
    assert (await ask(house, promise)).refused.code == "NOT_ALLOWED_NOW"
    await feeds_are_whole(house)


@pytest.mark.row("F4")
async def test_a_dispatcher_asks_too_and_takes_it_back(house: House):
    promise = await had_by(house, BO)
    stale = await by_dispatcher(house, promise, CAI, expected_version=1)
    away = await by_dispatcher(house, promise, CAI, may=[given.OTHER_BRANCH])
    assert isinstance(stale, TransferRefused)
    assert isinstance(away, TransferRefused)
    assert (stale.code, away.code) == ("STALE_VERSION", "NOT_FOUND")
    asked = await by_dispatcher(house, promise, CAI)
    assert isinstance(asked, Transfer)
    over = await house.dispatch.withdraw_transfer(
        asked.id, given.attempt(house), reason="不用了", may=[BRANCH]
    )
    assert isinstance(over, Transfer)
    assert (over.state, over.answer) == (TransferState.WITHDRAWN, "不用了")
    assert (await now(house, promise)).courier_id == BO.courier_id


@pytest.mark.row("F4", "F3")
async def test_a_yes_that_races_with_whatever_else_leaves_one_story(
    house: House, clock: StoppedClock
):
    everybody = await crowd(house, 6)
    promises = [await had_by(house, BO, by) for by in everybody]
    for promise in promises:
        assert (await ask(house, promise)).accepted
    asked = {each.appointment_id: each for each in await transfers(house)}
    clock.advance(timedelta(minutes=15))

    async def yes(promise: Appointment) -> None:
        command = Command(
            id=new_id("cmd"),
            act=Act.TAKE_OVER,
            captured_at=clock.now(),
            transfer_id=asked[promise.id].id,
        )
        await house.handheld.carry_out(CAI.account_id, [command])

    async def other(number: int, promise: Appointment) -> Any:
        attempt, customer = given.attempt(house), promise.customer_id
        rooms, slot = house.appointments, given.slot(14)
        said: dict[str, Any] = {
            "expected_version": promise.version,
            "by_role": Role.CUSTOMER,
            "reason": None,
        }
        doings: list[Callable[[], Awaitable[Any]]] = [
            lambda: rooms.cancel(promise.id, customer, attempt, **said),
            lambda: rooms.reschedule(promise.id, customer, slot, attempt, **said),
            lambda: decline(house, BO, promise),
            lambda: say(house, BO, Act.WITHDRAW_TRANSFER, promise),
            house.dispatch.end_unanswered_transfers,
            lambda: yes(promise),
        ]
        await doings[number]()

    await at_once(
        doing
        for number, promise in enumerate(promises)
        for doing in (yes(promise), other(number, promise))
    )
    await relay(house)

    assert TransferState.PENDING not in await states(house)
    for promise in promises:
        await whole(house, promise)
    await feeds_are_whole(house)
