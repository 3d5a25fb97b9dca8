"""A dispatcher asks why it was this courier."""

from typing import Any

import pytest

from doorstep.appointments.model import Appointment
from doorstep.handheld.model import Act
from doorstep.wiring import House
from tests import given
from tests.dispatch.test_races import relay, say
from tests.given import ADA, BO, CAI, DAN, OTTO
from tests.journeys.conftest import Sign, address, app

__all__ = ["address", "app"]
pytestmark = pytest.mark.row("F2")


async def asked(app: Sign, who: given.Person, promise: Appointment) -> Any:
    return await app(who).run("Assignments", appointmentId=promise.id)


async def test_who_was_asked_and_why_nobody_else_was_is_told_in_order(house: House, app: Sign):
    promise = await given.booked(house)
    await relay(house)
    await say(house, BO, Act.DECLINE, promise, reason="车坏了")
    await relay(house)

    first, second = await asked(app, DAN, promise)

    assert (first["courierId"], first["ended"], first["reason"]) == (
        BO.courier_id,
        "DECLINED",
        "车坏了",
    )
    (farther,) = first["passedOver"]
    assert (farther["courierId"], farther["code"]) == (CAI.courier_id, "DETOUR")
    assert farther["figure"] == pytest.approx(8_830 * 1.4, rel=0.01)
    assert (second["courierId"], second["ended"]) == (CAI.courier_id, None)
    assert second["passedOver"] == [
        {"courierId": BO.courier_id, "code": "ASKED_BEFORE", "figure": None}
    ]


async def test_a_dispatcher_s_word_says_who_would_have_been_nearer(house: House, app: Sign):
    promise = await given.booked(house)
    on = {"appointmentId": promise.id, "expectedVersion": 1, "courierId": CAI.courier_id}
    await app(DAN).run("AssignAppointment", input=on)

    (word,) = await asked(app, DAN, promise)

    assert (word["byRole"], word["courierId"]) == ("DISPATCHER", CAI.courier_id)
    assert word["detourMetres"] == pytest.approx(8_830 * 1.4, rel=0.01)
    (nearer,) = word["passedOver"]
    assert (nearer["courierId"], nearer["code"]) == (BO.courier_id, "DETOUR")
    assert nearer["figure"] == -word["detourMetres"]


async def test_another_branch_s_appointment_has_no_assignments(house: House, app: Sign):
    promise = await given.booked(house)
    await relay(house)

    assert await asked(app, DAN, promise)
    assert await asked(app, OTTO, promise) == []


async def test_who_came_last_time_is_asked_again_if_the_way_is_not_much_longer(house: House):
    before = await given.booked(house)
    await house.mongo["appointments"].update_one(
        {"_id": before.id}, {"$set": {"status": "COMPLETED", "courier_id": CAI.courier_id}}
    )
    assert await house.appointments.last_courier(ADA.account_id) == CAI.courier_id
    promise = await given.booked(house, slot=given.slot(14))

    far = await house.dispatch.offer_next(promise.id)

    assert far
    assert far.courier_id == BO.courier_id
