"""Everybody wants the same two hours, over HTTP."""

import asyncio
from collections import Counter

import pytest

from doorstep.wiring import House
from tests import given
from tests.crowd import budgets_add_up, crowd
from tests.journeys.conftest import Sign

SLOT = given.slot(10).text
LINES = [{"pickup": {"description": "书", "weightGrams": 2000}}]


@pytest.mark.row("B4", "B3")
async def test_whoever_comes_too_late_is_shown_a_window_that_can_be_booked(house: House, app: Sign):
    everybody = await crowd(house, 120)
    apps = [app(who) for who in everybody]

    async def hold(number: int):
        return await apps[number].ask(
            "HoldSlot",
            addressId=everybody[number].address_id,
            slotId=SLOT,
            services=["PARCEL_PICKUP"],
        )

    async def book(number: int, slot: str = SLOT, hold_id: str | None = None):
        return await apps[number].ask(
            "BookAppointment",
            addressId=everybody[number].address_id,
            slotId=slot,
            holdId=hold_id,
            lines=LINES,
            idempotencyKey=given.unique(),
        )

    holds = await asyncio.gather(*(hold(number) for number in range(5)))
    held = [each["hold"]["id"] for each in holds]
    answers = await asyncio.gather(
        *(book(number, hold_id=held[number] if number < 5 else None) for number in range(120))
    )

    said = Counter(answer["__typename"] for answer in answers)
    assert said == {"AppointmentBooked": 20, "BookingRefused": 100}
    assert all(answer["__typename"] == "AppointmentBooked" for answer in answers[:5])
    refused = [n for n, answer in enumerate(answers) if answer["__typename"] == "BookingRefused"]
    for number in refused:
        assert answers[number]["code"] == "SLOT_FULL"
        assert len(answers[number]["alternatives"]) == 3
        assert SLOT not in [slot["id"] for slot in answers[number]["alternatives"]]

    second = await asyncio.gather(
        *(book(n, answers[n]["alternatives"][i % 3]["id"]) for i, n in enumerate(refused[:60]))
    )
    assert {answer["__typename"] for answer in second} == {"AppointmentBooked"}
    ids = {a["appointment"]["id"] for a in answers + second if "appointment" in a}
    assert len(ids) == 80
    assert await budgets_add_up(house)
