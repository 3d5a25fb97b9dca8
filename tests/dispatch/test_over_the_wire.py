"""Who sees where a courier is, over HTTP and WebSocket; and what is sent twice."""

from typing import Any, Final

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.handheld.model import Act
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.dispatch.live import DOOR, MINUTE, far, ping, promised, share
from tests.dispatch.test_races import assign, now, say
from tests.given import ADA, BO, CAI, DAN, EVE, OTTO, TODAY
from tests.handheld.test_races import command, report, send
from tests.journeys.conftest import Sign, address, app
from tests.journeys.test_sent_twice import Case, sent_again_and_again

__all__ = ["address", "app"]
HERE: Final = {"latitude": DOOR.latitude, "longitude": DOOR.longitude}


@pytest.mark.row("J2", "Q6")
async def test_the_customer_sees_the_courier_from_an_hour_before_until_the_work_is_done(
    house: House, app: Sign, clock: StoppedClock
):
    promise = await promised(house)
    ada, bo, window = app(ADA), app(BO), promise.window

    async def seen(who: Any = ada) -> Any:
        found = await who.run("WhereIsMyCourier", id=promise.id)
        return found and found["courierPosition"]

    assert (await bo.ask("SharePosition", on=True))["on"] is True
    clock.set(window.start - 61 * MINUTE)
    at = clock.now().isoformat()
    told = await bo.ask("ReportPosition", capturedAt=at, location=HERE, accuracyMetres=8)
    assert told["position"]["location"] == HERE
    assert await seen() is None, "more than an hour before"
    clock.advance(MINUTE)
    assert (await seen())["location"] == HERE
    for other in (EVE, BO, CAI, DAN):
        assert await seen(app(other)) is None, other.name
    (row,) = await app(DAN).run("CourierPositions", branchId="org_branch")
    assert (row["courier"]["id"], row["position"]["accuracyMetres"]) == (BO.courier_id, 8)
    assert await app(OTTO).run("CourierPositions", branchId="org_branch") == []

    async with ada.follow("AppointmentChanged", id=promise.id) as changes:
        clock.set(window.start + MINUTE)
        await ping(house, far(6))
        change = await changes.next()
    assert (change["event"], change["resync"]) == (None, False)
    assert change["appointment"]["eta"] > window.start.isoformat()
    assert change["appointment"]["version"] == promise.version

    await say(house, BO, Act.SET_OUT, promise)
    await say(house, BO, Act.ARRIVE, promise)
    assert await seen() is not None
    done = command(house, Act.FINISH, await now(house, promise), lines=(report(),))
    assert (await send(house, done))[0].accepted
    assert await seen() is None, "the work is done"


@pytest.mark.row("J2", "Q6")
async def test_whoever_has_the_visit_no_longer_is_followed_no_longer(
    house: House, app: Sign, clock: StoppedClock
):
    promise = await promised(house)
    await share(house)
    clock.set(promise.window.start)
    await ping(house, DOOR)
    ada = app(ADA)
    assert (await ada.run("WhereIsMyCourier", id=promise.id))["courierPosition"]
    taken = await house.dispatch.unassign(
        promise.id,
        given.attempt(house),
        expected_version=promise.version,
        reason="换人",
        may=None,
        by_role=Role.DISPATCHER,
    )
    assert isinstance(taken, Appointment), taken
    assert (await ada.run("WhereIsMyCourier", id=promise.id))["courierPosition"] is None
    assert isinstance(await assign(house, taken, CAI), Appointment)
    assert (await ada.run("WhereIsMyCourier", id=promise.id))["courierPosition"] is None


@pytest.mark.row("J2")
async def test_the_dispatcher_reads_how_late_somebody_will_be(
    house: House, app: Sign, clock: StoppedClock
):
    promise = await promised(house)
    await share(house)
    clock.set(promise.window.end)
    await ping(house, DOOR)
    clock.advance(10 * MINUTE)
    await ping(house, far(0.1))
    async with app(DAN).follow("BranchFeed", branchId="org_branch", after=0) as feed:
        line = await feed.next()
        while not line["alarm"]:
            line = await feed.next()
    assert line["alarm"]["kind"] == "RUNNING_LATE"
    alarms = await app(DAN).run("Alarms", branchId="org_branch", day=str(TODAY))
    (late,) = [each for each in alarms if each["kind"] == "RUNNING_LATE"]
    assert late["minutesLate"] >= 10


async def _share(house: House) -> dict[str, Any]:
    return {"on": True}


async def _report(house: House) -> dict[str, Any]:
    await share(house)
    await send(house, command(house, Act.START_DUTY))
    return {"capturedAt": "2026-11-24T01:00:00.000Z", "location": HERE}


@pytest.mark.row("A2", "A5")
async def test_a_position_is_kept_once_however_often_it_is_sent(house: House, app: Sign):
    late = {"capturedAt": "2026-11-24T03:00:00.000Z"}
    case = Case("ReportPosition", BO, _report, {"accuracyMetres": 5}, late, "PositionReported")
    await sent_again_and_again(house, app, case)


@pytest.mark.row("A2", "A5")
async def test_sharing_is_said_once_however_often_it_is_sent(house: House, app: Sign):
    bo, key = app(BO), given.unique()
    dry = await bo.ask("SharePosition", on=True, idempotencyKey=key, validateOnly=True)
    assert dry["on"] is True
    assert await house.mongo["courier_positions"].count_documents({}) == 0
    for _ in range(2):
        said = await bo.ask("SharePosition", on=True, idempotencyKey=key)
        assert said == {"__typename": "PositionSharing", "on": True}
    other = await bo.ask("SharePosition", on=False, idempotencyKey=key)
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await house.mongo["courier_positions"].count_documents({"on": True}) == 1
