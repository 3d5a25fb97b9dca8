"""Promises, made and changed on a real database."""

import pytest

from doorstep.appointments.model import Status
from doorstep.wiring import House
from tests import given


@pytest.mark.row("A3")
async def test_a_promise_takes_a_place(house: House):
    appointment = await given.booked(house)

    slot = await house.capacity.slots.get(given.slot().key)
    assert appointment.status is Status.BOOKED
    assert slot
    assert slot.booked.visits == 1
    found = await house.appointments.load([appointment.id])
    assert found[appointment.id] == appointment
