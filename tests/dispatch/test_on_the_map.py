"""A branch's day on a map: what is drawn, what is not, and what it costs to ask."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.addresses.model import Coast
from doorstep.appointments.model import Appointment
from doorstep.dispatch import rules
from doorstep.dispatch.model import Ground, Layer
from doorstep.handheld.model import Act
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.crowd import crowd
from tests.dispatch.live import DOOR, MINUTE, far, ping, promised, share
from tests.dispatch.test_races import say
from tests.given import BO, BRANCH, TODAY, TOMORROW


async def drawn(
    house: House, *, after: timedelta = timedelta(), on: date = TOMORROW
) -> dict[str, list[Any]]:
    """The features of a day's map by their layer."""
    day = await house.dispatch.branch_day("org_branch", on)
    ground = Ground(coasts=await house.addresses.city.coasts())
    found = rules.picture(day, ground, house.clock.now() + after)
    by_layer: dict[str, list[Any]] = {layer: [] for layer in Layer}
    for feature in found["features"]:
        by_layer[feature["properties"]["layer"]].append(feature)
    return by_layer


async def given_to_bo(house: House, promise: Appointment) -> Appointment:
    outcome = await house.dispatch.assign(
        promise.id,
        BO.courier_id,
        given.attempt(house),
        expected_version=promise.version,
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )
    assert isinstance(outcome, Appointment), outcome
    return outcome


@pytest.mark.row("F1")
async def test_a_round_is_a_line_from_the_station_through_its_stops(house: House):
    promise = await given_to_bo(house, await given.booked(house))
    other = await given.booked(house, slot=given.slot(14))

    layers = await drawn(house)

    (line,), (stop,), (left,) = layers["ROUND"], layers["STOP"], layers["UNASSIGNED"]
    door = promise.private.address.door.location
    assert door
    assert line["geometry"]["coordinates"] == [[122.05, 37.45], [door.longitude, door.latitude]]
    told = stop["properties"]
    assert (told["appointmentId"], told["version"]) == (promise.id, promise.version)
    assert (told["courierId"], told["position"], told["lateMinutes"]) == (BO.courier_id, 1, 0)
    assert left["properties"]["appointmentId"] == other.id
    assert len(layers["COURIER"]) == 2


@pytest.mark.row("J2")
async def test_a_courier_stands_where_their_handheld_says_while_that_is_news(
    house: House, clock: StoppedClock
):
    async def bo() -> tuple[Any, ...]:
        couriers = (await drawn(house, on=TODAY))["COURIER"]
        (told,) = (c for c in couriers if c["id"] == BO.courier_id)
        said = told["properties"]
        return told["geometry"]["coordinates"], said["seen"], said["live"], said["seenAt"]

    promise = await promised(house)
    assert await bo() == ([122.05, 37.45], False, False, None), "at the station"
    await share(house)
    clock.set(promise.window.start)
    await ping(house, far(3))
    here = [far(3).longitude, far(3).latitude]
    assert (await bo())[:3] == (here, True, True)
    clock.advance(10 * MINUTE)
    assert (await bo())[:3] == (here, True, False), "that was ten minutes ago"
    await say(house, BO, Act.SET_OUT, promise)
    await say(house, BO, Act.ARRIVE, promise)
    where, _, live, at = await bo()
    assert (where, live) == ([DOOR.longitude, DOOR.latitude], False), "at a door since"
    assert at == "2026-11-24T06:10:00.000Z"
    (there,) = (c for c in (await drawn(house))["COURIER"] if c["id"] == BO.courier_id)
    assert not there["properties"]["seen"], "tomorrow nobody is anywhere yet"


async def test_a_stop_that_nobody_came_to_is_late_before_anybody_says_so(house: House):
    promise = await given_to_bo(house, await given.booked(house))
    end = promise.window.end - house.clock.now()

    (stop,) = (await drawn(house, after=end + timedelta(minutes=7)))["STOP"]

    assert stop["properties"]["lateMinutes"] == 7


async def test_a_door_is_a_point_and_nothing_else(house: House):
    promise = await given_to_bo(house, await given.booked(house))

    told = json.dumps(await drawn(house), ensure_ascii=False)

    private = promise.private
    for secret in (private.contact.name, private.contact.phone, private.address.door.line, "1234#"):
        assert f'"{secret}' not in told


async def test_the_coast_is_the_bureau_s_own_data(house: House):
    land = Coast(id="cst_1", name="陆地", geometry=given.square(122.0, 122.2))

    async def build(tx: Tx) -> None:
        house.addresses.city.add((), (), (land,), tx=tx)

    await house.mongo.transact(build)

    (coast,) = (await drawn(house))["COAST"]
    assert coast["geometry"]["type"] == "Polygon"


async def test_it_costs_as_many_questions_however_many_stops_there_are(house: House):
    await given_to_bo(house, await given.booked(house))
    few = await _questions(house)
    for who in await crowd(house, 12):
        await given.booked(house, who, slot=given.slot(12))
    assert len((await drawn(house))["UNASSIGNED"]) == 12

    assert await _questions(house) == few <= 5


async def _questions(house: House) -> int:
    """How many finds the server answered for one picture."""

    async def answered() -> int:
        status = await house.mongo.client.admin.command("serverStatus")
        count: int = status["opcounters"]["query"]
        return count

    before = await answered()
    await house.dispatch.branch_day("org_branch", TOMORROW)
    return await answered() - before
