"""Somebody cancels: the next on the list is offered the place within a second, over the wire."""

import asyncio
import time

import pytest

from doorstep.api.metrics import Metrics
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.driver import end
from doorstep.wiring import House
from doorstep.worker import TIMETABLE, keep
from tests import given
from tests.appointments import lists
from tests.crowd import budgets_add_up, crowd
from tests.given import ADA, EVE
from tests.journeys.conftest import Sign

SLOT = given.slot(16)
LINES = [{"pickup": {"description": "书", "weightGrams": 2000}}]


@pytest.mark.row("A14")
async def test_who_is_next_hears_of_it_within_a_second_and_when_they_sleep_the_one_after(
    house: House, app: Sign, clock: StoppedClock
):
    (zoe,) = await crowd(house, 1)
    promise = await lists.full(house, SLOT)
    ids = []
    for who in (ADA, zoe):
        joined = await app(who).ask(
            "JoinWaitlist", addressId=who.address_id, slotIds=[SLOT.text], lines=LINES
        )
        ids.append(joined["entry"]["id"])
    (job,) = (each for each in TIMETABLE if each.name == "pass-places-on")
    working = asyncio.create_task(keep(job, house, house.leases(), Metrics(house.backlog)))
    async with (
        app(ADA).follow("WaitlistChanged", id=ids[0], after=1) as ada_s,
        app(zoe).follow("WaitlistChanged", id=ids[1], after=1) as zoe_s,
    ):
        began = time.perf_counter()
        await app(EVE).ask("CancelAppointment", id=promise.id, expectedVersion=1)
        offered = await ada_s.next()
        assert offered["state"] == "OFFERED"
        assert time.perf_counter() - began < 1
        again = await _book(app, EVE.address_id, None)
        assert again["code"] == "SLOT_FULL"

        clock.set((await lists.entry_of(house, ids[0])).offer.until)
        began = time.perf_counter()
        assert (await ada_s.next())["state"] == "LAPSED"
        second = await zoe_s.next()
        assert second["state"] == "OFFERED"
        assert time.perf_counter() - began < 2  # the worker looks once a second
        assert (await app(ADA).ask("AcceptWaitlistOffer", id=ids[0]))["code"] == "HOLD_EXPIRED"
        taken = await app(zoe).ask("AcceptWaitlistOffer", id=ids[1])
        assert taken["__typename"] == "AppointmentBooked", taken
        assert (await zoe_s.next())["entry"]["appointmentId"] == taken["appointment"]["id"]
    await end(working)
    assert await lists.states(house) == {"LAPSED": 1, "TAKEN": 1}
    assert await budgets_add_up(house)


@pytest.mark.row("A14")
async def test_an_offer_is_booked_by_its_hold_as_well_and_by_an_agent_on_the_phone(
    house: House, app: Sign
):
    promise = await lists.full(house, SLOT)
    behalf = {"phone": ADA.phone, "name": "Ada", "consentGiven": True, "channel": "HOTLINE_11185"}
    joined = await app(given.GU).ask(
        "JoinWaitlist",
        addressId=ADA.address_id,
        slotIds=[SLOT.text],
        lines=LINES,
        onBehalfOf=behalf,
    )
    await lists.cancel(house, promise)
    (entry,) = await app(ADA).run("MyWaitlist")
    assert (entry["id"], entry["state"]) == (joined["entry"]["id"], "OFFERED")

    booked = await _book(app, ADA.address_id, entry["offer"]["holdId"])
    assert booked["__typename"] == "AppointmentBooked"
    (entry,) = await app(ADA).run("MyWaitlist")
    assert (entry["state"], entry["appointmentId"]) == ("TAKEN", booked["appointment"]["id"])


async def _book(app: Sign, address_id: str, hold_id: str | None):
    who = ADA if address_id == ADA.address_id else EVE
    return await app(who).ask(
        "BookAppointment", addressId=address_id, slotId=SLOT.text, holdId=hold_id, lines=LINES
    )
