"""What the house does about couriers is not what a customer's version counts."""

import asyncio

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.wiring import House
from tests import given


@pytest.mark.row("A8")
async def test_a_customer_reschedules_while_the_house_makes_an_offer(house: House):
    for _ in range(20):
        appointment = await given.booked(house)
        moving = house.appointments.reschedule(
            appointment.id,
            given.ADA.account_id,
            given.slot(12),
            given.attempt(house),
            expected_version=1,
            by_role=Role.CUSTOMER,
            reason=None,
        )
        outcome, _ = await asyncio.gather(moving, house.dispatch.offer_next(appointment.id))

        assert isinstance(outcome, Appointment), outcome
