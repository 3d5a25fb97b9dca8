"""More doors for Ada: one next to hers, one in the east, one with another branch, one nowhere."""

from typing import Any, Final

from doorstep.accounts.model import Role
from doorstep.addresses.model import Address
from doorstep.appointments.actions import DoorAsked
from doorstep.appointments.model import Appointment, ChangeRefused
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.dispatch.test_races import accept, relay
from tests.given import ADA, BO, Person

FAR: Final = "are_far"
NEXT_DOOR: Final = "adr_next"
IN_THE_EAST: Final = "adr_east"
FAR_AWAY: Final = "adr_far"
NOWHERE: Final = "adr_nowhere"


def door(id: str, longitude: float, area_id: str | None, who: Person = ADA) -> Address:
    made = given.address(who, longitude=longitude, area_id=area_id)
    return made.model_copy(
        update={"id": id, "door": made.door.model_copy(update={"line": f"新居路{id}"})}
    )


DOORS: Final = (
    door(NEXT_DOOR, 122.06, given.WEST),
    door(IN_THE_EAST, 122.15, given.EAST),
    door(FAR_AWAY, 122.25, FAR),
    door(NOWHERE, 123.5, None),
)


async def build(house: House) -> None:
    """The other branch, with an area, a courier and slots; and the doors."""
    away = {"branch_id": "org_other", "branch_path": given.OTHER_BRANCH}
    area = given.area(FAR, 122.2, 122.3).model_copy(update=away)
    zhu = given.person(
        "Zhu", "+8613900002009", Role.COURIER, given.OTHER_BRANCH, courier_id="cou_zhu"
    )
    await given.people(house, [zhu])
    courier = given.courier(zhu, longitude=122.25, vehicle_id="veh_zhu")

    async def write(tx: Tx) -> None:
        house.addresses.city.add([area], [], tx=tx)
        await house.couriers.add(
            [courier.model_copy(update=away)],
            [given.vehicle("veh_zhu", "鲁K00009").model_copy(update={"branch_id": "org_other"})],
            [given.shifts("cou_zhu").model_copy(update={"branch_id": "org_other"})],
            tx=tx,
        )
        house.capacity.add_patterns(
            [given.slots(FAR, hour, 20).model_copy(update=away) for hour in (10, 12)], tx=tx
        )
        await house.addresses.store.add(DOORS, tx=tx)

    await house.mongo.transact(write)
    await house.couriers.fill_shifts(given.TODAY, 15)
    await house.capacity.fill_slots(given.TODAY, 15)


async def redirect(
    house: House, promise: Appointment, to: str, key: str | None = None, **more: Any
) -> Appointment | ChangeRefused:
    dry, version = more.pop("dry", False), more.pop("version", promise.version)
    address = await house.addresses.of_owner(to, promise.customer_id)
    asked = DoorAsked(address=address, by_role=Role.CUSTOMER, **more)
    attempt = given.attempt(house, key, dry=dry)
    return await house.appointments.redirect(
        promise.id, promise.customer_id, asked, attempt, expected_version=version
    )


async def accepted(house: House, **changed: Any) -> Appointment:
    """Bo has it."""
    promise = await given.booked(house, **changed)
    await relay(house)
    assert (await accept(house, BO, promise)).accepted
    return (await house.appointments.load([promise.id]))[promise.id]


async def pending(house: House, to: str = NEXT_DOOR, **more: Any) -> Appointment:
    """Bo has it, and is asked about another door."""
    asked = await redirect(house, await accepted(house), to, **more)
    assert isinstance(asked, Appointment), asked
    assert asked.pending_change
    return asked
