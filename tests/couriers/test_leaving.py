"""Somebody is away: what becomes of their stops, their minutes, their vehicle and their purposes.

One driver: the races are asked of both.
"""

from datetime import timedelta

import pytest

from doorstep.appointments.model import Appointment, Status
from doorstep.capacity.rules import VacancyKind
from doorstep.couriers.model import (
    IfOrphans,
    Leave,
    RosterRefusal,
    RosterRefused,
    Shift,
    VehicleBooking,
    VehicleKind,
)
from doorstep.dispatch.model import Ending, StopState
from doorstep.handheld.model import Act
from doorstep.kit.clock import StoppedClock
from doorstep.migrations import kinds_of_vehicles
from doorstep.wiring import House
from tests import given
from tests.couriers.hours import (
    add_shift,
    away,
    book,
    keep,
    ours,
    out_of_service,
    spare,
    strike_out,
)
from tests.crowd import codes, events
from tests.dispatch.test_races import accept, active, assign, now, relay, say, stops, whole
from tests.given import ADA, BO, CAI, EAST, EVE, TODAY, TOMORROW, WEST, window

SHIFT = f"sft_{BO.courier_id}.{TOMORROW}"


async def two_stops(house: House) -> tuple[Appointment, Appointment]:
    """One that Bo accepted at ten, one that is offered to him at two."""
    accepted = await given.booked(house)
    offered = await given.booked(house, EVE, slot=given.slot(14))
    await relay(house)
    assert (await accept(house, BO, accepted)).accepted
    return accepted, offered


async def minutes(house: House, hour: int = 10) -> int:
    await house.capacity.publish_all(TODAY, 3)
    slot = await house.capacity.slots.get(given.slot(hour).key)
    assert slot
    return slot.budget.load.minutes


# ------------------------------------------------------------ stops


@pytest.mark.row("F5")
async def test_leave_that_would_orphan_stops_names_them_and_writes_nothing(house: House):
    accepted, offered = await two_stops(house)

    refused = await away(house, window(9, 15))

    assert isinstance(refused, RosterRefused)
    assert refused.code is RosterRefusal.WOULD_ORPHAN_STOPS
    assert refused.appointment_ids == (accepted.id, offered.id)
    assert await house.mongo["leaves"].count_documents({}) == 0
    half = await away(house, window(11, 13))
    assert isinstance(half, RosterRefused)
    assert half.appointment_ids == (accepted.id,), "half a window is not enough to come in"
    assert isinstance(await away(house, window(12, 14)), Leave), "they are back when it begins"


@pytest.mark.row("F5")
async def test_stops_that_are_handed_over_are_offered_to_the_next(house: House):
    accepted, offered = await two_stops(house)

    assert isinstance(await away(house, window(9, 20), orphans=IfOrphans.HAND_OVER), Leave)

    kept = await now(house, accepted)
    assert (kept.status, kept.courier_id, kept.history[-1].kind) == (
        Status.BOOKED,
        None,
        "UNASSIGNED",
    )
    assert (await now(house, offered)).offered_to is None
    ended = house.mongo["assignments"].find({"ended": Ending.COURIER_AWAY})
    assert {row["appointment_id"] async for row in ended} == {accepted.id, offered.id}
    await relay(house)
    for promise in (accepted, offered):
        assert (await now(house, promise)).offered_to == CAI.courier_id
        assert await stops(house, BO, promise) == [StopState.REMOVED]
        await whole(house, promise)
    assert codes([await assign(house, await now(house, accepted), BO)]) == {"COURIER_OFF_DUTY": 1}


@pytest.mark.row("F5")
async def test_what_is_under_way_is_never_taken(house: House, clock: StoppedClock):
    accepted, _ = await two_stops(house)
    clock.set(accepted.window.start)
    assert (await say(house, BO, Act.START_DUTY, accepted)).accepted
    assert (await say(house, BO, Act.SET_OUT, accepted)).accepted

    refused = await away(house, window(9, 20), orphans=IfOrphans.HAND_OVER)

    assert isinstance(refused, RosterRefused)
    assert refused.code is RosterRefusal.STOPS_UNDER_WAY
    assert refused.appointment_ids == (accepted.id,)
    assert (await active(house, accepted)).courier_id == BO.courier_id


@pytest.mark.row("F5")
async def test_a_shift_that_is_cancelled_is_not_made_again(house: House):
    accepted, offered = await two_stops(house)
    refused = await strike_out(house, SHIFT)
    assert isinstance(refused, RosterRefused)
    assert refused.appointment_ids == (accepted.id, offered.id)

    assert isinstance(await strike_out(house, SHIFT, orphans=IfOrphans.HAND_OVER), Shift)

    assert await house.couriers.fill_shifts(TODAY, 3) == 0
    roster = await house.couriers.roster("org_branch", window(10))
    assert roster.working(window(10)) == {CAI.courier_id}
    assert codes([await strike_out(house, SHIFT)]) == {"ALREADY_CANCELLED": 1}
    assert codes([await strike_out(house, "sft_none")]) == {"NOT_FOUND": 1}
    assert isinstance(await add_shift(house, window(10)), Shift)
    roster = await house.couriers.roster("org_branch", window(10))
    assert roster.working(window(10)) == {BO.courier_id, CAI.courier_id}


@pytest.mark.row("F5")
async def test_whoever_comes_after_all_is_asked_for_what_nobody_took(house: House):
    promise = await given.booked(house)
    for who in (BO, CAI):
        assert isinstance(await away(house, window(9, 20), who), Leave)
    await relay(house)
    assert (await now(house, promise)).offered_to is None
    (leave,) = [
        row["_id"] async for row in house.mongo["leaves"].find({"courier_id": CAI.courier_id})
    ]

    back = await house.couriers.cancel_leave(leave, given.attempt(house), within=ours)
    await relay(house)

    assert isinstance(back, Leave)
    assert (await now(house, promise)).offered_to == CAI.courier_id
    again = await house.couriers.cancel_leave(leave, given.attempt(house), within=ours)
    assert codes([again]) == {"ALREADY_CANCELLED": 1}
    assert await events(house, "HoursGained") == 1


async def test_what_has_passed_is_not_changed(house: House, clock: StoppedClock):
    clock.set(window(20).end)
    assert codes([await away(house, window(9, 20)), await add_shift(house, window(9, 20))]) == {
        "IN_THE_PAST": 2
    }
    clock.set(window(20).end + timedelta(days=1))
    assert codes([await strike_out(house, SHIFT)]) == {"IN_THE_PAST": 1}


# ------------------------------------------------------------ minutes and vehicles


@pytest.mark.row("F5", "B1")
async def test_who_is_away_gives_no_minutes_in_the_windows_that_leave_touches(house: House):
    before = await minutes(house)
    await away(house, window(11, 12))

    assert await minutes(house) == before // 2
    assert await minutes(house, 12) == before


@pytest.mark.row("F6")
async def test_another_vehicle_is_what_they_drive_and_what_the_slot_can_carry(house: House):
    await spare(house)
    bo = await house.couriers.get(BO.courier_id)
    assert bo
    taken = await book(house, window(10), CAI, "veh_bo")
    assert (taken.code, taken.held_by) == ("VEHICLE_TAKEN", BO.courier_id)
    booked = await book(house, window(10), BO)
    assert isinstance(booked, VehicleBooking)

    van, own = window(10).start, window(12).start
    assert (await house.couriers.vehicle_at(bo, van)).kind is VehicleKind.VAN
    assert (await house.couriers.vehicle_at(bo, own)).id == "veh_bo"
    await minutes(house)
    slot = await house.capacity.slots.get(given.slot().key)
    assert max(hand.vehicle_grams for hand in slot.budget.hands) == 800_000
    assert isinstance(await book(house, window(10), CAI, "veh_bo"), VehicleBooking)

    for _ in range(2):
        await house.couriers.release_vehicle(booked.id, given.attempt(house), within=ours)
    assert await house.couriers.vehicle_at(bo, van) is None, "Cai has his"
    assert isinstance(await book(house, window(10), BO), VehicleBooking)


@pytest.mark.row("F6")
async def test_a_vehicle_that_is_out_of_service_or_not_insured_is_not_driven(house: House):
    await spare(house, insured_until=str(TOMORROW))
    late = window(10, day=TOMORROW + timedelta(days=1))
    out = await out_of_service(house, window(12))
    outcomes = [await book(house, span) for span in (late, window(13, 16), window(14))]
    assert codes(outcomes) == {"NOT_INSURED": 1, "OUT_OF_SERVICE": 1, "OK": 1}
    bo = await house.couriers.get(BO.courier_id)
    assert bo
    await out_of_service(house, window(16), "veh_bo")
    assert await house.couriers.vehicle_at(bo, window(16).start) is None
    assert (await house.couriers.vehicle_at(bo, window(16).end)).id == "veh_bo"

    await house.couriers.put_back_in_service(out.id, given.attempt(house), within=ours)
    assert codes([await book(house, window(12), BO)]) == {"OK": 1}


# ------------------------------------------------------------ what couriers are kept for


@pytest.mark.row("N3")
async def test_who_is_kept_gives_the_public_elsewhere_no_minutes_and_gets_no_offers(house: House):
    before = await minutes(house)
    await keep(house, customer_id=EVE.account_id)
    assert await minutes(house) == before // 2
    assert await minutes(house, 12) == before

    promise = await given.booked(house)
    theirs = await given.booked(house, EVE)
    await relay(house)
    assert (await now(house, promise)).offered_to == CAI.courier_id
    assert (await now(house, theirs)).offered_to == BO.courier_id


@pytest.mark.row("N3")
async def test_who_is_kept_for_an_area_gives_it_all_their_time(house: House):
    await keep(house, area_id=WEST)
    assert await minutes(house) == 120 + 60
    slot = await house.capacity.slots.get(given.slot(area_id=EAST).key)
    assert slot.budget.load.minutes == 60


@pytest.mark.row("N3")
async def test_the_vacancy_report_names_what_has_nobody(house: House):
    substitutes, afternoon = (CAI.courier_id,), {"start_time": "14:00", "end_time": "16:00"}
    helped = await keep(house, customer_id=ADA.account_id, substitute_ids=substitutes, **afternoon)
    alone = await keep(house, area_id=WEST, start_time="09:00", end_time="11:00")
    assert await house.capacity.vacancies("org_branch", TOMORROW, 2) == []

    await away(house, window(10, 13))
    (gap,) = await house.capacity.vacancies("org_branch", TOMORROW, 2)
    assert (gap.kind, gap.dedication, gap.window) == (
        VacancyKind.DEDICATION,
        alone,
        window(10, 11),
    )

    await away(house, window(14, 20))
    await away(house, window(15, 20), CAI)
    found = await house.capacity.vacancies("org_branch", TOMORROW, 2)
    kept = [(each.dedication.id, each.window) for each in found if each.dedication]
    assert kept == [(alone.id, window(10, 11)), (helped.id, window(15, 16))]
    areas = {(v.area_id, v.window) for v in found if v.kind is VacancyKind.AREA}
    assert areas == {(area, window(14, 20)) for area in (WEST, EAST)}
    assert await house.capacity.vacancies("org_none", TOMORROW, 2) == []


# ------------------------------------------------------------ from before


async def test_vehicles_from_before_are_given_a_kind_by_what_they_carry(house: House):
    await spare(house)
    vehicles = house.mongo["vehicles"]
    await vehicles.update_one({"_id": "veh_bo"}, {"$set": {"capacity_kilograms": 200}})
    await vehicles.update_one({"_id": "veh_cai"}, {"$set": {"kind": "BICYCLE"}})
    await vehicles.update_many({"_id": {"$ne": "veh_cai"}}, {"$unset": {"kind": ""}})

    for _ in range(2):
        await kinds_of_vehicles(house.mongo.db)

    kinds = {row["_id"]: row["kind"] async for row in vehicles.find()}
    assert kinds == {"veh_bo": "E_TRIKE", "veh_cai": "BICYCLE", "veh_spare": "VAN"}
