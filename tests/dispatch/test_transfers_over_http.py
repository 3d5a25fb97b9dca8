"""转单 and dropping out as the apps see them."""

from typing import Any

import pytest

from doorstep.wiring import House
from tests import given
from tests.given import ADA, BO, CAI, DAN, EVE, TOMORROW
from tests.journeys.apps import App, command
from tests.journeys.conftest import Sign, address, app

__all__ = ["address", "app"]
AT = "2026-11-24T01:00:00.000Z"
DAY = {"branchId": "org_branch", "day": str(TOMORROW)}


async def accepted(dan: App, courier: App, promise: Any) -> dict[str, Any]:
    """A visit that Bo has said yes to."""
    about = {"appointmentId": promise.id, "expectedVersion": 1}
    told = await dan.ask("AssignAppointment", **about, courierId=BO.courier_id)
    assert told["__typename"] == "AppointmentAssigned", told
    (yes,) = await courier.carry_out(command("acceptStop", AT, appointmentId=promise.id))
    return {**about, "expectedVersion": yes["appointment"]["version"]}


@pytest.mark.row("F4", "F8")
async def test_a_stop_is_passed_on_and_then_its_courier_drops_out(house: House, app: Sign):
    bo, cai, dan = app(BO), app(CAI), app(DAN)
    about = await accepted(dan, bo, await given.booked(house))
    (colleague,) = await bo.run("MyColleagues")
    assert colleague["id"] == CAI.courier_id

    id = {"appointmentId": about["appointmentId"]}
    ask = command("transferStop", AT, **id, toCourierId=colleague["id"], reason="车坏了")
    assert all(each["accepted"] for each in await bo.carry_out(ask))
    (asked,) = (await cai.run("MyRound", day=str(TOMORROW)))["transfers"]
    assert (asked["state"], asked["reason"], asked["fromCourier"]["id"]) == (
        "PENDING",
        "车坏了",
        BO.courier_id,
    )
    assert asked["appointment"]["id"] == id["appointmentId"]
    node = await cai.run("Node", id=asked["id"])
    assert node["__typename"] == "TransferRequest"
    no = command("refuseTransfer", AT, transferId=asked["id"], reason="太远")
    assert (await cai.carry_out(no))[0]["accepted"]
    (told,) = (await bo.run("MyRound", day=str(TOMORROW)))["transfers"]
    assert (told["state"], told["answer"]) == ("REFUSED", "太远")

    again = await dan.ask("TransferAppointment", **about, toCourierId=CAI.courier_id, reason="顺路")
    assert again["transfer"]["state"] == "PENDING"
    (open_one,) = await dan.run("Transfers", **DAY)
    assert open_one["id"] == again["transfer"]["id"]
    back = await dan.ask("WithdrawTransfer", transferId=open_one["id"], reason="不用了")
    assert back["transfer"]["state"] == "WITHDRAWN"
    assert len(await dan.run("Transfers", **DAY, pending=False)) == 2

    start = given.window(8).start.isoformat()
    gone = await dan.ask("DropOut", courierId=BO.courier_id, **{"from": start}, reason="发烧")
    (stop,), flagged = gone["rehomed"], gone["flagged"]
    assert (stop["appointment"]["id"], stop["courier"]["id"], flagged) == (
        id["appointmentId"],
        CAI.courier_id,
        [],
    )
    (lost,) = (await bo.run("MyRound", day=str(TOMORROW)))["stops"]
    assert (lost["state"], lost["appointment"]) == ("REMOVED", None)


@pytest.mark.row("F8")
async def test_nobody_can_come_instead_and_the_dispatcher_is_told_why(house: House, app: Sign):
    bo, dan = app(BO), app(DAN)
    await house.mongo["shifts"].delete_many({"courier_id": CAI.courier_id})
    about = await accepted(dan, bo, await given.booked(house, EVE))
    since = given.window(8).start.isoformat()
    ill = command("reportUnavailable", AT, reason="摔伤", **{"from": since})
    assert (await bo.carry_out(ill))[0]["accepted"]
    left = await dan.run("UnassignedAppointments", **DAY)
    assert [edge["node"]["id"] for edge in left["edges"]] == [about["appointmentId"]]
    again = await dan.ask("DropOut", courierId=BO.courier_id, **{"from": since}, reason="x")
    assert (again["rehomed"], again["flagged"]) == ([], [])
    none = await dan.ask("DropOut", courierId="cou_none", **{"from": since}, reason="x")
    assert none["code"] == "NOT_FOUND"
    assert (await app(ADA).post("mutation { dropOut }"))["errors"]
