"""What a branch is told, and what should worry it."""

from datetime import timedelta

import pytest

from doorstep.accounts.model import Role
from doorstep.desk.model import AlarmKind
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given


async def sweep(house: House) -> None:
    """Tell every event, and what the telling gave rise to."""
    relay = house.relay(house.leases())
    while await relay.sweep():
        pass


async def kinds_of(house: House) -> list[AlarmKind]:
    day = given.TODAY
    return [alarm.kind for alarm in await house.desk.open_alarms("org_branch", day)]


async def test_every_step_of_an_appointment_is_one_line_of_its_branch_s_feed(house: House):
    appointment = await given.booked(house)
    await sweep(house)
    await house.appointments.cancel(
        appointment.id,
        given.ADA.account_id,
        given.attempt(house),
        expected_version=1,
        by_role=Role.CUSTOMER,
        reason=None,
    )
    await sweep(house)

    lines = await house.desk.store.entries("org_branch", after=0, most=10)

    assert [(line.sequence, line.appointment_sequence) for line in lines] == [(1, 1), (2, 2)]


async def test_a_line_told_twice_is_told_once(house: House):
    await given.booked(house)
    await sweep(house)
    await house.mongo["outbox"].update_many({}, {"$set": {"sent": False}})
    await sweep(house)

    assert len(await house.desk.store.entries("org_branch", after=0, most=10)) == 1


async def test_an_offer_nobody_takes_sounds_an_alarm_until_somebody_has_it(
    house: House, clock: StoppedClock
):
    appointment = await given.booked(house, slot=given.slot(14, day=given.TODAY))
    for _ in range(3):
        await sweep(house)
        clock.advance(timedelta(minutes=20))
        await house.dispatch.end_lapsed()
    await sweep(house)

    assert await kinds_of(house) == [AlarmKind.OFFER_UNTAKEN]

    await house.dispatch.assign(
        appointment.id,
        given.BO.courier_id,
        given.attempt(house),
        expected_version=1,
        may=None,
        by_role=Role.DISPATCHER,
    )

    assert await kinds_of(house) == []


@pytest.mark.parametrize(
    ("minutes_before_the_end", "worries"),
    [
        pytest.param(31, [], id="half an hour and a minute before the window ends"),
        pytest.param(30, [AlarmKind.WINDOW_PASSING], id="half an hour before the window ends"),
    ],
)
async def test_a_window_about_to_pass_unvisited_sounds_an_alarm(
    house: House, clock: StoppedClock, minutes_before_the_end: int, worries: list[AlarmKind]
):
    appointment = await given.booked(house, slot=given.slot(14, day=given.TODAY))
    clock.set(appointment.window.end - timedelta(minutes=minutes_before_the_end))

    for _ in range(2):
        await house.desk.warn_of_passing_windows()

    assert await kinds_of(house) == worries


async def test_a_courier_who_goes_home_with_open_stops_sounds_an_alarm(house: House):
    await given.booked(house, slot=given.slot(14, day=given.TODAY))
    await sweep(house)
    bo = await house.couriers.get(given.BO.courier_id)
    assert bo

    async def go_home(tx: Tx) -> None:
        await house.couriers.set_duty(bo, on_duty=False, at=house.clock.now(), tx=tx)

    await house.mongo.transact(go_home)
    await sweep(house)

    assert await kinds_of(house) == [AlarmKind.DUTY_ENDED_WITH_STOPS]
