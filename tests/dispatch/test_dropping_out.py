"""A courier drops out: who comes instead, what a person has to see to, and that it is said."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, Status
from doorstep.dispatch.model import (
    DropOut,
    DropOutRefused,
    Ending,
    Flag,
    PassedOver,
    StopState,
)
from doorstep.handheld.model import Act, Command
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, crowd
from tests.dispatch.test_races import (
    accept,
    active,
    assign,
    feeds_are_whole,
    now,
    relay,
    say,
    stops,
    unassigned,
    whole,
)
from tests.given import ADA, BO, BRANCH, CAI, EVE, TOMORROW, Person

MORNING = given.window(0).start


async def had(house: House, by: Person, hour: int = 10, to: Person = BO) -> Appointment:
    promise = await given.booked(house, by, slot=given.slot(hour))
    await assign(house, promise, to)
    await accept(house, to, promise)
    return await now(house, promise)


async def drop_out(house: House, who: Person = BO, key: str | None = None, **more: Any) -> DropOut:
    said: dict[str, Any] = {"since": MORNING, "until": None, "reason": "发烧", "may": [BRANCH]}
    outcome = await house.dispatch.drop_out(
        who.courier_id,
        given.attempt(house, key),
        with_under_way=more.pop("with_under_way", False),
        by="acc_dan",
        by_role=Role.DISPATCHER,
        **{**said, **more},
    )
    assert isinstance(outcome, DropOut), outcome
    return outcome


async def alarms(house: House) -> list[tuple[str, str | None]]:
    found = await house.desk.open_alarms("org_branch", TOMORROW)
    return sorted((alarm.kind, alarm.appointment_id) for alarm in found)


@pytest.mark.row("F8")
async def test_all_that_somebody_else_can_keep_is_theirs_in_one_call(house: House):
    promises = [await had(house, who) for who in await crowd(house, 5)]
    offered = await given.booked(house, EVE)
    await relay(house)
    assert (await now(house, offered)).offered_to == BO.courier_id
    feed = await house.dispatch.rounds.head(CAI.courier_id)

    done = await drop_out(house, key="k")
    assert await drop_out(house, key="k") == done

    assert {each.appointment_id for each in done.rehomed} == {p.id for p in [*promises, offered]}
    assert {each.courier_id for each in done.rehomed} == {CAI.courier_id}
    assert done.flagged == ()
    assert await house.dispatch.rounds.head(CAI.courier_id) == feed + 1, "one change, not six"
    for promise in (*promises, offered):
        kept, one = await now(house, promise), await active(house, promise)
        assert (kept.status, kept.courier_id, kept.offered_to) == (
            Status.ASSIGNED,
            CAI.courier_id,
            None,
        )
        assert one
        assert (one.by_role, one.accepted) == (Role.DISPATCHER, False)
        assert await stops(house, BO, promise) == [StopState.REMOVED]
        assert await stops(house, CAI, promise) == [StopState.OFFERED]
        await whole(house, promise)
    told = (await now(house, promises[0])).history[-2:]
    assert [(entry.kind, entry.note) for entry in told] == [
        ("UNASSIGNED", "发烧"),
        ("ASSIGNED", None),
    ]
    rounds = await house.dispatch.rounds.of_branch("org_branch", TOMORROW)
    (round,) = [each for each in rounds if each.courier_id == CAI.courier_id]
    times = {stop.appointment_id: stop.planned_arrival for stop in round.stops}
    assert {each.appointment_id: each.arrival for each in done.rehomed} == times
    await relay(house)
    await feeds_are_whole(house)
    assert await alarms(house) == []


@pytest.mark.row("F8", "F2")
async def test_what_nobody_else_can_keep_is_flagged_with_why_and_the_desk_is_told(house: House):
    few = replace(
        house.dispatch, policy=house.dispatch.policy.model_copy(update={"most_stops_in_window": 3})
    )
    house = replace(house, dispatch=few)
    everybody = await crowd(house, 4)
    for who in everybody[:2]:
        await had(house, who, to=CAI)
    mine = [await had(house, who) for who in everybody[2:]]

    done = await drop_out(house)
    await relay(house)

    (kept,), (left,) = done.rehomed, done.flagged
    assert {kept.appointment_id, left.appointment_id} == {each.id for each in mine}
    assert left.because is Flag.NO_PLACE
    assert [(p.courier_id, p.code) for p in left.passed] == [(CAI.courier_id, PassedOver.FULL)]
    freed = await house.appointments.load([left.appointment_id])
    assert freed[left.appointment_id].status is Status.BOOKED
    assert await unassigned(house) == {left.appointment_id}
    assert await alarms(house) == [("NOT_REHOMED", left.appointment_id)]
    rows = house.mongo["assignments"].find({"courier_id": BO.courier_id})
    assert {row["ended"] async for row in rows} == {Ending.DROPPED_OUT}


@pytest.mark.row("F8")
async def test_who_is_under_way_is_left_to_a_person_unless_they_say_otherwise(house: House):
    promise = await had(house, ADA)
    await say(house, BO, Act.START_DUTY, promise)
    assert (await say(house, BO, Act.SET_OUT, promise)).accepted

    done = await drop_out(house)
    assert [(f.appointment_id, f.because) for f in done.flagged] == [(promise.id, Flag.UNDER_WAY)]
    assert (await now(house, promise)).courier_id == BO.courier_id
    await relay(house)
    assert ("DROPPED_OUT_UNDER_WAY", promise.id) in await alarms(house)

    done = await drop_out(house, with_under_way=True)
    assert [each.courier_id for each in done.rehomed] == [CAI.courier_id]
    kept = await now(house, promise)
    assert (kept.status, kept.courier_id) == (Status.ASSIGNED, CAI.courier_id)
    assert await stops(house, BO, promise) == [StopState.REMOVED]
    assert await alarms(house) == []


@pytest.mark.row("F8")
async def test_who_dropped_out_gets_no_more_offers_and_their_hours_give_nothing(
    house: House, clock: StoppedClock
):
    await drop_out(house)
    await house.couriers.fill_shifts(given.TODAY, 15)
    promise = await given.booked(house)
    await relay(house)
    assert (await now(house, promise)).offered_to == CAI.courier_id
    roster = await house.couriers.roster("org_branch", given.window(10))
    assert roster.working(given.window(10)) == {CAI.courier_id}
    later = given.window(10, day=TOMORROW + timedelta(days=1))
    assert BO.courier_id in (await house.couriers.roster("org_branch", later)).working(later)


@pytest.mark.row("F8")
async def test_a_courier_says_so_themselves_and_it_is_done_once(house: House):
    promise = await had(house, ADA)
    at = house.clock.now()
    away = Command(
        id="c1", act=Act.DROP_OUT, captured_at=at, reason="摔伤", since=given.window(8).start
    )
    for repeated in (False, True):
        (outcome,) = await house.handheld.carry_out(BO.account_id, [away])
        assert (outcome.accepted, outcome.repeated) == (True, repeated)
    kept = await now(house, promise)
    assert (kept.courier_id, kept.history[-1].by_role) == (CAI.courier_id, Role.COURIER)
    assert await house.mongo["drop_outs"].count_documents({}) == 1
    mute = away.model_copy(update={"id": "c2", "reason": None})
    (outcome,) = await house.handheld.carry_out(BO.account_id, [mute])
    assert outcome.refused
    assert outcome.refused.code == "INVALID_INPUT"


@pytest.mark.row("F8", "F3")
async def test_it_races_with_offers_answers_and_words_and_every_story_is_one(house: House):
    everybody = await crowd(house, 6)
    promises = [await given.booked(house, who) for who in everybody]
    await relay(house)
    doings: list[Awaitable[Any]] = [
        *(accept(house, BO, promise) for promise in promises[:3]),
        *(assign(house, promise, CAI) for promise in promises[2:5]),
        drop_out(house),
    ]
    await at_once(doings)
    await relay(house)
    for promise in promises:
        await whole(house, promise)
    await feeds_are_whole(house)


@pytest.mark.row("F8")
async def test_nobody_is_taken_off_for_ever_nor_by_another_branch(house: House):
    for more, code in (
        ({"until": MORNING + timedelta(days=15)}, "NOT_ALLOWED_NOW"),
        ({"until": MORNING}, "NOT_ALLOWED_NOW"),
        ({"may": [given.OTHER_BRANCH]}, "NOT_FOUND"),
    ):
        said: dict[str, Any] = {"since": MORNING, "until": None, "may": [BRANCH], **more}
        outcome = await house.dispatch.drop_out(
            BO.courier_id,
            given.attempt(house),
            reason="x",
            with_under_way=False,
            by="acc_dan",
            by_role=Role.DISPATCHER,
            **said,
        )
        assert isinstance(outcome, DropOutRefused)
        assert outcome.code == code
