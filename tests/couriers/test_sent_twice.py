"""Every change of rosters, vehicles and purposes: sent twice, 20 times at once, dry. On one driver,
in one house.
"""

from typing import Any, Final

import pytest

from doorstep.wiring import House
from tests.couriers.hours import away, book, keep, out_of_service, spare
from tests.given import BO, CAI, DAN, TOMORROW, WEST, window
from tests.journeys.conftest import Sign, address, app
from tests.journeys.test_sent_twice import Case, sent_again_and_again

__all__ = ["address", "app"]

TEN, NOON, TWO = (f"2026-11-25T0{hour}:00:00.000Z" for hour in (2, 4, 6))
SPAN: Final = {"from": TEN, "to": NOON, "reason": "年检"}


async def _put_leave(house: House) -> dict[str, Any]:
    return {**SPAN, "courierId": CAI.courier_id}


async def _cancel_leave(house: House) -> dict[str, Any]:
    return {"id": (await away(house, window(14, 16))).id}


async def _cancel_shift(house: House) -> dict[str, Any]:
    return {"id": f"sft_{BO.courier_id}.{TOMORROW}", "reason": "换班"}


async def _add_shift(house: House) -> dict[str, Any]:
    return {"courierId": BO.courier_id, "start": TEN, "end": NOON}


async def _book(house: House) -> dict[str, Any]:
    return {"vehicleId": "veh_spare", "courierId": BO.courier_id, "start": TEN, "end": NOON}


async def _release(house: House) -> dict[str, Any]:
    return {"id": (await book(house, window(14), CAI)).id}


async def _put_out(house: House) -> dict[str, Any]:
    return {**SPAN, "vehicleId": "veh_cai"}


async def _put_back(house: House) -> dict[str, Any]:
    return {"id": (await out_of_service(house, window(8), "veh_cai")).id}


async def _keep(house: House) -> dict[str, Any]:
    return {
        "branchId": "org_branch",
        "courierId": BO.courier_id,
        "areaId": WEST,
        "weekdays": [1],
        "startTime": "08:00",
        "endTime": "10:00",
    }


async def _end(house: House) -> dict[str, Any]:
    return {"id": (await keep(house, area_id=WEST)).id, "expectedVersion": 1}


CASES: Final = [
    Case("PutLeave", DAN, _put_leave, {"reason": "病"}, {"courierId": "cou_x"}, "LeavePut"),
    Case("CancelLeave", DAN, _cancel_leave, {"id": "lea_o"}, {"id": "lea_x"}, "LeaveCancelled"),
    Case("CancelShift", DAN, _cancel_shift, {"reason": "x"}, {"id": "sft_x"}, "ShiftCancelled"),
    Case("AddShift", DAN, _add_shift, {"end": TWO}, {"courierId": "cou_x"}, "ShiftAdded"),
    Case("BookVehicle", DAN, _book, {"end": TWO}, {"vehicleId": "veh_x"}, "VehicleBooked"),
    Case("ReleaseVehicle", DAN, _release, {"id": "vbk_o"}, {"id": "vbk_x"}, "VehicleReleased"),
    Case(
        "PutVehicleOutOfService",
        DAN,
        _put_out,
        {"reason": "x"},
        {"vehicleId": "veh_x"},
        "VehicleOutOfService",
    ),
    Case(
        "PutVehicleBackInService",
        DAN,
        _put_back,
        {"id": "vou_o"},
        {"id": "vou_x"},
        "VehicleBackInService",
    ),
    Case("PutDedication", DAN, _keep, {"weekdays": [2]}, {"courierId": "cou_x"}, "DedicationPut"),
    Case("EndDedication", DAN, _end, {"id": "ded_o"}, {"expectedVersion": 7}, "DedicationEnded"),
]


@pytest.mark.row("A2", "F5", "F6", "N3")
async def test_a_change_of_who_comes_happens_once(house: House, app: Sign):
    await spare(house)
    for case in CASES:
        await sent_again_and_again(house, app, case)
