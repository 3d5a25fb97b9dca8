"""Rosters, vehicles and purposes as dispatchers meet them: over HTTP, with their own operations."""

from typing import Any

import pytest

from doorstep.wiring import House
from tests import given
from tests.couriers.hours import add_shift, away, book, keep, out_of_service, spare
from tests.given import ADA, BO, CAI, DAN, EAST, OTTO, TOMORROW, WEST, window
from tests.journeys.apps import OPERATIONS
from tests.journeys.conftest import Sign, address, app

__all__ = ["address", "app"]
BRANCH = {"branchId": "org_branch"}
DAY = {**BRANCH, "day": str(TOMORROW)}
TEN, NOON = "2026-11-25T02:00:00.000Z", "2026-11-25T04:00:00.000Z"
SHIFT = f"sft_{BO.courier_id}.{TOMORROW}"
KEPT = {
    **BRANCH,
    "courierId": BO.courier_id,
    "weekdays": [2, 3],
    "startTime": "10:00",
    "endTime": "12:00",
}


@pytest.mark.row("F5")
async def test_a_dispatcher_sees_and_changes_who_works_when(house: House, app: Sign):
    promise = await given.booked(house)
    dan = app(DAN)
    # The worker has offered it to the nearest by the time a dispatcher looks.
    on = {"appointmentId": promise.id, "expectedVersion": 1, "courierId": BO.courier_id}
    assert (await dan.ask("AssignAppointment", **on))["__typename"] == "AppointmentAssigned"

    leave = {"courierId": BO.courier_id, "from": TEN, "to": NOON, "reason": "休假"}
    refused = await dan.ask("PutLeave", **leave)
    assert (refused["code"], refused["appointmentIds"]) == ("WOULD_ORPHAN_STOPS", [promise.id])
    put = await dan.ask("PutLeave", **leave, ifOrphans="HAND_OVER")
    assert put["leave"]["window"] == {"start": TEN, "end": NOON}
    overlapping = await dan.ask("PutLeave", **leave)
    assert overlapping["code"] == "OVERLAPS"
    assert overlapping["otherLeave"]["id"] == put["leave"]["id"]
    (shown,) = await dan.run("Leaves", **BRANCH, **{"from": str(TOMORROW)})
    assert shown == put["leave"]

    shifts = {each["id"]: each for each in await dan.run("Shifts", **DAY)}
    assert [each["start"] for each in shifts[SHIFT]["worked"]] == ["2026-11-24T16:00:00.000Z", NOON]
    back = await dan.ask("CancelLeave", id=put["leave"]["id"])
    assert back["leave"]["cancelledAt"]
    assert await dan.run("Leaves", **BRANCH, **{"from": str(TOMORROW)}) == []

    gone = await dan.ask("CancelShift", id=SHIFT, reason="换班", ifOrphans="HAND_OVER")
    assert (gone["shift"]["worked"], gone["shift"]["reason"]) == ([], "换班")
    assert SHIFT not in {each["id"] for each in await dan.run("Shifts", **DAY)}
    more = {"courierId": BO.courier_id, "start": TEN, "end": NOON}
    added = await dan.ask("AddShift", **more)
    again = await dan.ask("AddShift", **more)
    assert again["otherShift"]["id"] == added["shift"]["id"]


@pytest.mark.row("F6")
async def test_a_dispatcher_hands_out_vehicles(house: House, app: Sign):
    await spare(house, insured_until="2027-01-31")
    dan = app(DAN)
    span = {"start": TEN, "end": NOON}
    taken = await dan.ask("BookVehicle", vehicleId="veh_bo", courierId=CAI.courier_id, **span)
    assert (taken["code"], taken["heldBy"]["displayName"]) == ("VEHICLE_TAKEN", BO.name)
    wanted = {"vehicleId": "veh_spare", "courierId": BO.courier_id}
    booked = await dan.ask("BookVehicle", **wanted, shiftId=SHIFT)
    assert booked["booking"]["vehicle"] == {"id": "veh_spare", "plate": "鲁K00003", "kind": "VAN"}
    out = {"vehicleId": "veh_spare", "from": TEN, "to": NOON, "reason": "年检"}
    outage = await dan.ask("PutVehicleOutOfService", **out)

    fleet = await dan.run("VehicleBookings", **DAY)
    assert [each["id"] for each in fleet["vehicles"]] == ["veh_bo", "veh_cai", "veh_spare"]
    assert fleet["vehicles"][2]["insuredUntil"] == "2027-01-31"
    assert fleet["bookings"] == [booked["booking"]]
    assert fleet["outages"] == [outage["outage"]]

    back = await dan.ask("PutVehicleBackInService", id=outage["outage"]["id"])
    assert back["outage"]["endedAt"]
    released = await dan.ask("ReleaseVehicle", id=booked["booking"]["id"])
    assert released["booking"]["releasedAt"]
    fleet = await dan.run("VehicleBookings", **DAY)
    assert (fleet["bookings"], fleet["outages"]) == ([], [])


@pytest.mark.row("N3")
async def test_a_dispatcher_keeps_couriers_for_customers_and_places(house: House, app: Sign):
    dan = app(DAN)
    put = await dan.ask("PutDedication", **KEPT, customerId=ADA.account_id)
    one = put["dedication"]
    change = {"id": one["id"], "expectedVersion": 1, "substituteIds": [CAI.courier_id]}
    changed = await dan.ask("PutDedication", **KEPT, **change, areaId=WEST)
    assert [each["id"] for each in changed["dedication"]["substitutes"]] == [CAI.courier_id]
    stale = await dan.ask("PutDedication", **KEPT, **change, areaId=EAST)
    assert (stale["code"], stale["current"]) == ("STALE_VERSION", changed["dedication"])
    assert await dan.run("Dedications", **BRANCH) == [changed["dedication"]]

    for who in (BO, CAI):
        await away(house, window(10), who)
    vacant = await dan.run("Vacancies", **BRANCH, **{"from": str(TOMORROW)}, days=1)
    assert [(each["kind"], each["area"]["id"]) for each in vacant] == [
        ("DEDICATION", WEST),
        ("AREA", EAST),
        ("AREA", WEST),
    ]
    assert vacant[0]["dedication"] == changed["dedication"]
    ended = await dan.ask("EndDedication", id=one["id"], expectedVersion=2)
    assert ended["dedication"]["endedAt"]
    assert await dan.run("Dedications", **BRANCH) == []


@pytest.mark.row("Q6", "N1")
async def test_another_branch_s_dispatcher_sees_and_changes_nothing_here(house: House, app: Sign):
    await spare(house)
    leave, shift = await away(house, window(10, 11), CAI), SHIFT
    booking, outage = await book(house, window(14), BO), await out_of_service(house, window(16))
    dedication = await keep(house, area_id=WEST)
    ids = {"lea": leave.id, "sft": shift, "vbk": booking.id, "vou": outage.id}
    dan, otto = app(DAN), app(OTTO)
    for kind, id in {**ids, "ded": dedication.id}.items():
        assert (await dan.run("Node", id=id))["id"] == id
        told = [await otto.post(OPERATIONS["Node"], {"id": each}) for each in (id, f"{kind}_no")]
        assert told[0] == told[1], kind
    span = {"start": TEN, "end": NOON}
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("AddShift", {"courierId": BO.courier_id}, span),
        ("CancelShift", {"id": shift}, {"reason": "x"}),
        ("PutLeave", {"courierId": BO.courier_id}, {"from": TEN, "to": NOON, "reason": "x"}),
        ("CancelLeave", {"id": leave.id}, {}),
        ("BookVehicle", {"vehicleId": "veh_spare"}, {"courierId": BO.courier_id, **span}),
        ("ReleaseVehicle", {"id": booking.id}, {}),
        (
            "PutVehicleOutOfService",
            {"vehicleId": "veh_spare"},
            {"from": TEN, "to": NOON, "reason": "x"},
        ),
        ("PutVehicleBackInService", {"id": outage.id}, {}),
        ("PutDedication", {"branchId": "org_branch"}, {**KEPT, "customerId": "acc_x"}),
        ("EndDedication", {"id": dedication.id}, {"expectedVersion": 1}),
    ]
    for operation, theirs, more in asked:
        nobodys = {name: "none_such" for name in theirs}
        told = [
            await otto.post(OPERATIONS[operation], {"input": {**more, **named}})
            for named in (theirs, nobodys)
        ]
        assert told[0] == told[1], operation
        assert '"NOT_FOUND"' in str(told[0]).replace("'", '"'), told
    for operation, more in (
        ("Shifts", {"day": str(TOMORROW)}),
        ("Leaves", {"from": str(TOMORROW)}),
        ("VehicleBookings", {"day": str(TOMORROW)}),
        ("Dedications", {}),
        ("Vacancies", {"from": str(TOMORROW)}),
    ):
        told = [
            await otto.post(OPERATIONS[operation], {"branchId": id, **more})
            for id in ("org_branch", "org_none")
        ]
        assert told[0] == told[1], operation
        assert not next(iter(told[0]["data"].values()))
    assert await add_shift(house, window(10), CAI)


SENSELESS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("AddShift", {"courierId": "cou_bo", "start": NOON, "end": TEN}, ["end"]),
    ("AddShift", {"courierId": "cou_bo", "start": TEN, "end": "2026-11-27T02:00:00Z"}, ["end"]),
    ("PutLeave", {"courierId": "cou_bo", "from": TEN, "to": TEN, "reason": "x"}, ["to"]),
    ("PutLeave", {"courierId": "cou_bo", "from": TEN, "to": NOON, "reason": " "}, ["reason"]),
    ("BookVehicle", {"vehicleId": "veh_bo", "courierId": "cou_bo"}, ["shiftId"]),
    (
        "BookVehicle",
        {"vehicleId": "veh_bo", "courierId": "cou_bo", "shiftId": "sft_none"},
        ["shiftId"],
    ),
    ("PutDedication", {**KEPT, "customerId": "a", "startTime": "10"}, ["startTime"]),
    ("PutDedication", {**KEPT, "areaId": "are_none"}, ["areaId"]),
    ("PutDedication", {**KEPT, "beatId": "bea_none"}, ["beatId"]),
    ("PutDedication", {**KEPT, "customerId": "a", "expectedVersion": 1}, ["expectedVersion"]),
    ("PutDedication", KEPT, []),
    ("PutDedication", {**KEPT, "customerId": "a", "weekdays": [8]}, []),
    ("PutDedication", {**KEPT, "customerId": "a", "endTime": "09:00"}, []),
    ("PutDedication", {**KEPT, "customerId": "a", "substituteIds": ["cou_bo"]}, []),
]


async def test_what_makes_no_sense_is_told_apart(house: House, app: Sign):
    for operation, input, path in SENSELESS:
        answer = await app(DAN).ask(operation, **input)
        assert answer["__typename"] == "InvalidInput", (operation, answer)
        assert [problem["path"] for problem in answer["problems"]] == [path], operation
    for days in (0, 63):
        for operation in ("Leaves", "Vacancies"):
            asked = {**BRANCH, "from": str(TOMORROW), "days": days}
            answer = await app(DAN).post(OPERATIONS[operation], asked)
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
