"""When the roster shrinks below what was promised, the branch is told; nothing is cancelled."""

from typing import Any

import pytest

from doorstep.desk.model import AlarmKind
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.crowd import crowd
from tests.desk.test_actions import sweep
from tests.given import BO, CAI, TOMORROW


async def publish(house: House) -> None:
    await house.capacity.publish_all(given.TODAY, 3)
    await sweep(house)


async def alarms(house: House) -> list[AlarmKind]:
    return [alarm.kind for alarm in await house.desk.open_alarms("org_branch", TOMORROW)]


async def shifts_of(house: House, courier_id: str) -> list[dict[str, Any]]:
    return [row async for row in house.mongo["shifts"].find({"courier_id": courier_id})]


@pytest.mark.row("B1")
async def test_when_couriers_fall_ill_the_branch_is_told_who_is_affected_until_it_fits_again(
    empty_house: House, clock: StoppedClock
):
    house = empty_house
    await given.town(house, places=None)
    everybody = await crowd(house, 4)
    await given.real_costs(house)
    lines = (given.parcel(quantity=30), given.parcel(quantity=1))
    promises = [await given.booked(house, who, lines=lines) for who in everybody]
    away = await shifts_of(house, BO.courier_id)
    await sweep(house)

    await house.mongo["shifts"].delete_many({"courier_id": BO.courier_id})
    await publish(house)

    assert await alarms(house) == [AlarmKind.CAPACITY_SHORT]
    short = await house.appointments.shortage(given.slot().key)
    assert short
    fit = 60 // promises[0].takes.load.minutes
    assert [each.id for each in short.affected] == [each.id for each in promises[fit:][::-1]]
    before = await house.desk.store.head("org_branch")
    await publish(house)
    assert await house.desk.store.head("org_branch") == before, "told twice"

    await house.mongo["shifts"].delete_many({"courier_id": CAI.courier_id})
    await publish(house)
    assert await alarms(house) == [AlarmKind.CAPACITY_SHORT], "one alarm for a slot"
    worse = await house.appointments.shortage(given.slot().key)
    assert worse
    assert len(worse.affected) == len(promises)
    assert await house.mongo["alarms"].count_documents({}) == 2

    await house.mongo["shifts"].insert_many(away)
    await house.mongo["couriers"].update_one(
        {"_id": BO.courier_id}, {"$set": {"area_ids": [given.WEST]}}
    )
    await publish(house)
    assert await alarms(house) == []
    assert await house.mongo["appointments"].count_documents({"status": "BOOKED"}) == 4
