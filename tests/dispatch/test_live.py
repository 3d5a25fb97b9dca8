"""Positions, ETAs and lateness, as a day goes on."""

from datetime import timedelta

import pytest

from doorstep.appointments.model import Appointment
from doorstep.desk.model import AlarmKind
from doorstep.dispatch.model import StopState
from doorstep.handheld.model import Act
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.crowd import everything
from tests.desk.test_actions import kinds_of
from tests.dispatch.live import (
    DOOR,
    MINUTE,
    code,
    eta_of,
    far,
    outbox,
    ping,
    promised,
    quiet,
    round_of,
    share,
)
from tests.dispatch.test_races import now, say
from tests.given import BO, EVE
from tests.handheld.test_races import command as said
from tests.handheld.test_races import report, send

# ------------------------------------------------------------------ what is kept


@pytest.mark.row("J2")
async def test_a_position_is_kept_of_who_agreed_and_only_while_on_duty(
    house: House, clock: StoppedClock
):
    assert code(await ping(house, DOOR)) == "NOT_SHARED"
    await share(house)
    assert code(await ping(house, DOOR)) == "NOT_ON_DUTY"
    await send(house, said(house, Act.START_DUTY))
    assert code(await ping(house, DOOR, clock.now() + 6 * MINUTE)) == "CLOCK_SKEW"
    assert code(await ping(house, far(1))) is None
    assert code(await ping(house, DOOR, clock.now() - MINUTE)) == "OUTDATED"
    assert code(await ping(house, far(1))) is None, "the same again is no mistake"
    kept = await house.couriers.position_of(BO.courier_id)
    assert kept
    assert (kept.where, kept.at) == (far(1), clock.now())

    await send(house, said(house, Act.END_DUTY))
    assert await house.couriers.position_of(BO.courier_id) is None
    await send(house, said(house, Act.START_DUTY))
    assert await house.couriers.position_of(BO.courier_id) is None
    assert code(await ping(house, far(2))) is None
    await share(house, on=False)
    assert await house.couriers.position_of(BO.courier_id) is None
    assert code(await ping(house, far(2))) == "NOT_SHARED"


@pytest.mark.row("J2", "Q1")
async def test_of_a_thousand_metres_one_position_is_left_sealed_and_in_no_event(house: House):
    await promised(house)
    await share(house)
    for hundreds in range(10):
        house.clock.advance(MINUTE)  # type: ignore[attr-defined]
        assert code(await ping(house, far(hundreds / 10))) is None

    every = await everything(house)
    (row,) = every.pop(f"{house.mongo.db.name}.courier_positions")
    assert isinstance(row["position"], bytes)
    told = "".join(str(every[f"{house.mongo.db.name}.{name}"]) for name in ("outbox", "feed"))
    assert "longitude" not in told
    assert "122.0" not in told


@pytest.mark.row("J2")
async def test_what_a_courier_does_at_a_place_says_where_they_are_if_they_agreed(
    house: House, clock: StoppedClock
):
    promise = await promised(house)
    await say(house, BO, Act.SET_OUT, promise, location=far(3))
    assert await house.couriers.position_of(BO.courier_id) is None
    await share(house)
    clock.advance(MINUTE)
    await say(house, BO, Act.ARRIVE, promise, location=DOOR)
    kept = await house.couriers.position_of(BO.courier_id)
    assert kept
    assert (kept.where, kept.at) == (DOOR, clock.now())


# ------------------------------------------------------------------ ETAs


@pytest.mark.row("J2")
async def test_an_eta_follows_the_courier_and_a_small_change_is_told_to_nobody(
    house: House, clock: StoppedClock
):
    promise = await promised(house)
    await share(house)
    clock.set(promise.window.start + 5 * MINUTE)
    await say(house, BO, Act.SET_OUT, promise)
    assert await eta_of(house, promise) == clock.now()

    await ping(house, far(5))
    first = await eta_of(house, promise)
    assert first
    assert timedelta(minutes=20) < first - clock.now() < timedelta(minutes=30)
    version = (await now(house, promise)).version

    told, sequence = await outbox(house), (await round_of(house)).sequence
    clock.advance(MINUTE)
    await ping(house, far(4.9))
    assert await eta_of(house, promise) == first
    assert (await outbox(house), (await round_of(house)).sequence) == (told, sequence)

    clock.advance(MINUTE)
    await ping(house, far(1))
    closer = await eta_of(house, promise)
    assert closer
    assert closer < first - 10 * MINUTE
    after = await now(house, promise)
    assert (after.version, after.sequence) == (version, after.history[-1].sequence)
    assert (await round_of(house)).sequence == sequence + 1


@pytest.mark.row("J2")
async def test_who_waits_at_the_next_door_hears_of_a_long_visit_at_this_one(
    house: House, clock: StoppedClock
):
    first, second = await promised(house), await promised(house, EVE)
    clock.set(first.window.start)
    await say(house, BO, Act.SET_OUT, first)
    await say(house, BO, Act.ARRIVE, first)
    planned = await eta_of(house, second)
    assert planned

    clock.advance(30 * MINUTE)
    assert await house.dispatch.look_after_the_silent() == 1
    waited = await eta_of(house, second)
    assert waited
    assert waited >= clock.now()
    assert await house.dispatch.look_after_the_silent() == 0, "no news twice"

    await send(house, said(house, Act.FINISH, await now(house, first), lines=(report(),)))
    done = (await round_of(house)).stop_for(first.id)
    assert done
    assert (done.state, done.eta) == (StopState.DONE, (await now(house, first)).eta)


# ------------------------------------------------------------------ lateness


@pytest.mark.row("J2")
async def test_a_courier_who_will_be_late_worries_the_dispatcher_until_they_catch_up(
    house: House, clock: StoppedClock
):
    promise = await promised(house)
    await share(house)
    clock.set(promise.window.end - 30 * MINUTE)
    await ping(house, far(1))
    await quiet(house)
    assert await kinds_of(house) == []

    clock.advance(MINUTE)
    await ping(house, far(12))
    await quiet(house)
    assert await kinds_of(house) == [AlarmKind.RUNNING_LATE]
    clock.advance(MINUTE)
    await ping(house, far(13.5))
    await quiet(house)
    assert await house.mongo["alarms"].count_documents({"kind": "RUNNING_LATE"}) == 1

    clock.advance(MINUTE)
    await ping(house, far(0.5))
    assert await kinds_of(house) == []
    clock.advance(MINUTE)
    await ping(house, far(14))
    await quiet(house)
    assert await kinds_of(house) == [AlarmKind.RUNNING_LATE]
    (alarm,) = await house.desk.open_alarms("org_branch", given.TODAY)
    assert alarm.at == clock.now()

    await say(house, BO, Act.SET_OUT, promise)
    await say(house, BO, Act.ARRIVE, promise)
    assert await kinds_of(house) == []


@pytest.mark.row("J2")
async def test_who_is_silent_is_foreseen_to_be_late_before_the_window_ends(
    house: House, clock: StoppedClock
):
    visits = [await promised(house), await promised(house, EVE)]
    window = visits[0].window
    worried_at = None
    for minutes in range(0, 125, 5):
        clock.set(window.start + minutes * MINUTE)
        await house.dispatch.look_after_the_silent()
        await quiet(house)
        if AlarmKind.RUNNING_LATE in await kinds_of(house):
            worried_at = worried_at or clock.now()
    assert worried_at
    assert worried_at < window.end
    assert await house.dispatch.look_after_the_silent() == 0, "every window has passed"


@pytest.mark.row("J2")
async def test_looking_after_the_silent_reads_only_rounds_that_are_overdue(
    house: House, clock: StoppedClock
):
    await promised(house)
    clock.set(given.window(14, day=given.TODAY).start + MINUTE)
    found = await house.mongo.db.command(
        {
            "explain": {
                "find": "rounds",
                "filter": {
                    "day": given.TODAY.isoformat(),
                    "due_at": {"$lte": clock.now()},
                    "due_until": {"$gt": clock.now()},
                },
                "sort": {"due_at": 1},
            },
            "verbosity": "executionStats",
        }
    )
    assert "COLLSCAN" not in str(found["queryPlanner"]["winningPlan"])
    assert found["executionStats"]["totalDocsExamined"] == 1


async def test_a_visit_that_another_courier_has_now_is_not_this_one_s_to_be_late_for(
    house: House, clock: StoppedClock
):
    promise = await promised(house)
    await share(house)
    clock.set(promise.window.end - 20 * MINUTE)
    await ping(house, far(12))
    await quiet(house)
    assert AlarmKind.RUNNING_LATE in await kinds_of(house)
    taken = await house.dispatch.unassign(
        promise.id,
        given.attempt(house),
        expected_version=(await now(house, promise)).version,
        reason="换人",
        may=None,
        by_role=given.DAN.grants[0].role,
    )
    assert isinstance(taken, Appointment)
    assert AlarmKind.RUNNING_LATE not in await kinds_of(house)
