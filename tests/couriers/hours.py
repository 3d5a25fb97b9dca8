"""Leave, shifts and vehicles as a test asks for them."""

from typing import Any

from doorstep.accounts.model import Role
from doorstep.couriers.model import (
    Dedication,
    IfOrphans,
    Leave,
    Outage,
    RosterRefused,
    Shift,
    VehicleBooking,
    VehicleRefused,
)
from doorstep.kit.ids import new_id
from doorstep.kit.windows import TimeWindow
from doorstep.wiring import House
from tests import given
from tests.given import BO, CAI, DAN, Person


def ours(branch_id: str) -> bool:
    return branch_id == "org_branch"


async def away(
    house: House,
    span: TimeWindow,
    who: Person = BO,
    *,
    orphans: IfOrphans = IfOrphans.REFUSE,
    key: str | None = None,
) -> Leave | RosterRefused:
    leave = Leave(
        id=new_id("lea"),
        courier_id=who.courier_id,
        branch_id="",
        start=span.start,
        end=span.end,
        reason="休假",
        by=DAN.account_id,
        at=house.clock.now(),
    )
    return await house.dispatch.put_leave(
        leave,
        given.attempt(house, key),
        if_orphans=orphans,
        by_role=Role.DISPATCHER,
        within=ours,
    )


async def strike_out(
    house: House, id: str, *, orphans: IfOrphans = IfOrphans.REFUSE
) -> Shift | RosterRefused:
    return await house.dispatch.cancel_shift(
        id,
        "换班",
        given.attempt(house),
        if_orphans=orphans,
        by_role=Role.DISPATCHER,
        within=ours,
    )


async def add_shift(house: House, span: TimeWindow, who: Person = BO) -> Shift | RosterRefused:
    shift = Shift(
        id=new_id("sft"),
        courier_id=who.courier_id,
        branch_id="",
        start=span.start,
        end=span.end,
    )
    return await house.couriers.add_shift(shift, given.attempt(house), within=ours)


async def book(
    house: House, span: TimeWindow, who: Person = CAI, vehicle_id: str = "veh_spare"
) -> VehicleBooking | VehicleRefused:
    booking = VehicleBooking(
        id=new_id("vbk"),
        vehicle_id=vehicle_id,
        courier_id=who.courier_id,
        branch_id="",
        start=span.start,
        end=span.end,
        by=DAN.account_id,
        at=house.clock.now(),
    )
    return await house.couriers.book_vehicle(booking, given.attempt(house), within=ours)


async def out_of_service(
    house: House, span: TimeWindow, vehicle_id: str = "veh_spare"
) -> Outage | VehicleRefused:
    outage = Outage(
        id=new_id("vou"),
        vehicle_id=vehicle_id,
        branch_id="",
        start=span.start,
        end=span.end,
        reason="年检",
        by=DAN.account_id,
        at=house.clock.now(),
    )
    return await house.couriers.put_out_of_service(outage, given.attempt(house), within=ours)


async def spare(house: House, **changed: Any) -> None:
    """A van that is nobody's."""
    van = given.vehicle("veh_spare", "鲁K00003").document()
    van |= {"kind": "VAN", "capacity_kilograms": 800, **changed}
    await house.mongo["vehicles"].insert_one(van)


async def keep(house: House, **changed: Any) -> Dedication:
    """Somebody is kept for something, all week from ten to twelve."""
    said: dict[str, Any] = {
        "id": new_id("ded"),
        "branch_id": "org_branch",
        "courier_id": BO.courier_id,
        "weekdays": given.ALL_WEEK,
        "start_time": "10:00",
        "end_time": "12:00",
    }
    put = await house.couriers.put_dedication(
        Dedication.model_validate(said | changed),
        given.attempt(house),
        expected_version=None,
        within=ours,
    )
    assert isinstance(put, Dedication)
    return put
