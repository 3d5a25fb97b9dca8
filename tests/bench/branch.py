"""A branch for benches: couriers who work from eight to six, doors all over it, visits booked."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from pathlib import Path
from random import Random
from typing import Any

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, BookingRefused
from doorstep.kit.clock import StoppedClock
from doorstep.kit.geo import Point
from doorstep.kit.mongo.embedded import EmbeddedMongo
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.pii import Keyring
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.crowd import somebody
from tests.given import BRANCH, Person

ROOM: dict[str, Any] = {
    "budget.hands.$[].minutes": 10**5,
    "budget.hands.$[].grams": 10**8,
    "budget.hands.$[].litres": 10**6,
    "cap.visits": 10**4,
}


@asynccontextmanager
async def a_house(clock: StoppedClock, **settings: Any) -> AsyncIterator[House]:
    """A house of its own, with a mongod of its own."""
    with EmbeddedMongo(Path(tempfile.mkdtemp())) as mongo:
        chosen = Settings(mongo_database="bench", data=Path(tempfile.mkdtemp()), **settings)
        house = House.build(chosen, url=mongo.start(), keyring=Keyring.fresh(), clock=clock)
        await house.prepare()
        await given.town(house, places=None)
        await given.real_costs(house)
        await house.mongo["slots"].update_many({}, {"$set": ROOM})
        yield house
        await house.close()


def door(random: Random) -> Point:
    return Point(
        longitude=122.0 + 0.1 * random.random(),
        latitude=37.42 + 0.06 * random.random(),
    )


async def hire(house: House, number: int, random: Random) -> list[Person]:
    """The branch's couriers, instead of the town's own two."""
    for name in ("couriers", "shifts", "shift_patterns"):
        await house.mongo[name].delete_many({})
    who = [
        given.person(
            f"C{n}", f"+8613700{n:06}", Role.COURIER, BRANCH, courier_id=f"cou_bench{n:03}"
        )
        for n in range(number)
    ]
    await given.people(house, who)
    await house.vault.make([each.account_id for each in who])

    async def build(tx: Tx) -> None:
        couriers = [
            given.courier(each, longitude=0, vehicle_id=f"veh_{n}") for n, each in enumerate(who)
        ]
        hours = {"start": time(8), "length_minutes": 600}
        await house.couriers.add(
            [each.model_copy(update={"station": door(random)}) for each in couriers],
            [given.vehicle(f"veh_{n}", f"鲁K1{n:04}") for n in range(number)],
            [given.shifts(each.courier_id).model_copy(update=hours) for each in who],
            tx=tx,
        )

    await house.mongo.transact(build)
    await house.couriers.fill_shifts(given.TODAY, 3)
    return who


async def book(
    house: House, number: int, random: Random, hours: tuple[int, ...] = (10, 12, 14, 16)
) -> list[Appointment]:
    """Visits of tomorrow, each at a door of its own."""
    customers = [somebody(n) for n in range(number)]
    await given.people(house, customers)
    doors = [given.address(each) for each in customers]

    async def build(tx: Tx) -> None:
        await house.addresses.store.add(
            [
                each.model_copy(
                    update={"door": each.door.model_copy(update={"location": door(random)})}
                )
                for each in doors
            ],
            tx=tx,
        )

    await house.mongo.transact(build)
    booked: list[Appointment] = []
    for start in range(0, number, 100):
        asked = [
            given.request(each, slot=given.slot(hours[n % len(hours)]))
            for n, each in enumerate(customers[start : start + 100])
        ]
        made = await asyncio.gather(
            *(house.appointments.book(each, given.attempt(house)) for each in asked)
        )
        booked += [each for each in made if not isinstance(each, BookingRefused)]
    assert len(booked) == number
    return booked


async def sweep(house: House) -> None:
    """Tell every event there is: the house offers what nobody has."""
    while await house.relay(house.leases()).sweep():
        pass
