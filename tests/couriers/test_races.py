"""One vehicle, one shift, one stop, and many who want to change it. Both drivers."""

import asyncio
from dataclasses import replace

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.couriers.model import IfOrphans, Leave
from doorstep.kit.turns import Turns
from doorstep.kit.windows import SHANGHAI
from doorstep.wiring import House
from tests import given
from tests.couriers.hours import add_shift, away, book, out_of_service, spare
from tests.crowd import at_once, codes, crowd
from tests.dispatch.test_races import feeds_are_whole, whole
from tests.given import BO, BRANCH, CAI, window


@pytest.mark.row("F6")
async def test_of_50_who_book_one_vehicle_at_once_one_has_it(house: House):
    """They come to four processes, as it were: turns are of one process only."""
    await spare(house)
    houses = [replace(house, couriers=replace(house.couriers, turns=Turns())) for _ in range(4)]
    spans = [window(8 + number % 3, 12 + number % 5) for number in range(50)]

    outcomes = await at_once(
        book(houses[n % 4], span, (BO, CAI)[n % 2]) for n, span in enumerate(spans)
    )

    said = codes(outcomes)
    assert said["OK"] == 1
    assert said["VEHICLE_TAKEN"] + said["COURIER_HAS_ANOTHER"] == 49
    diary = await house.mongo["vehicle_diaries"].find_one({"_id": "veh_spare"})
    assert diary
    assert len(diary["taken"]) == 1
    assert await house.mongo["vehicle_bookings"].count_documents({}) == 1
    (one,) = [each for each in outcomes if not hasattr(each, "code")]
    after = window(one.window.end.astimezone(SHANGHAI).hour, 22)
    assert codes([await book(house, after)]) == {"OK": 1}


@pytest.mark.row("F6")
async def test_a_booking_that_races_with_an_outage_or_a_second_vehicle(house: House):
    await spare(house)
    await house.mongo["vehicles"].insert_one(given.vehicle("veh_two", "鲁K00004").document())
    outcomes = await at_once(
        doing
        for _ in range(4)
        for doing in (book(house, window(10)), book(house, window(11), CAI, "veh_two"))
    )
    assert codes(outcomes)["OK"] == 1
    booked, _ = await at_once([book(house, window(14), BO), out_of_service(house, window(14))])
    standing = await house.couriers.vehicle_bookings("org_branch", given.TOMORROW)
    assert len(standing) == (1 if hasattr(booked, "code") else 2)
    assert codes([await book(house, window(15, 16), BO)])["OK"] == 0


@pytest.mark.row("F5")
async def test_leave_that_overlaps_and_shifts_that_overlap_are_put_once(house: House):
    leaves = await at_once(away(house, window(8 + n, 14 + n)) for n in range(5))
    assert codes(leaves) == {"OK": 1, "OVERLAPS": 4}
    await house.mongo["shifts"].delete_many({"courier_id": BO.courier_id})
    shifts = await at_once(add_shift(house, window(8 + n, 14 + n)) for n in range(5))
    assert codes(shifts) == {"OK": 1, "OVERLAPS": 4}


@pytest.mark.row("F5", "F3")
async def test_leave_that_races_with_assignments_leaves_nobody_alone(house: House):
    """Whoever is assigned in time is counted; whoever comes too late is told OFF_DUTY."""
    everybody = await crowd(house, 6)
    promises = [await given.booked(house, who) for who in everybody]

    async def assign(number: int, promise: Appointment):
        await asyncio.sleep(0.01 * number)
        return await house.dispatch.assign(
            promise.id,
            BO.courier_id,
            given.attempt(house),
            expected_version=1,
            may=[BRANCH],
            by_role=Role.DISPATCHER,
        )

    outcomes = await at_once(
        [
            *(assign(number, promise) for number, promise in enumerate(promises)),
            away(house, window(9, 13), orphans=IfOrphans.HAND_OVER),
        ]
    )

    assert isinstance(outcomes[-1], Leave)
    active = house.mongo["assignments"].count_documents({"active": True})
    assert await active == 0, "somebody was assigned to a courier who is away"
    for promise in promises:
        await whole(house, promise)
    await feeds_are_whole(house)
