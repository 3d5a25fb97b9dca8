"""Couriers as colleagues see them, and as a customer may."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Self

import strawberry

from doorstep.accounts.model import COURIER, DISPATCH
from doorstep.accounts.permissions import query
from doorstep.catalogue.model import ServiceKind
from doorstep.couriers import model
from doorstep.couriers.actions import Couriers, Within
from doorstep.kit.gql import Info, Node, argument, explain, public, shown
from doorstep.organisation.graphql import OrgUnit
from doorstep.organisation.model import Tree

explain(
    model.VehicleKind,
    "How somebody gets about.",
    {
        model.VehicleKind.ON_FOOT: "A handcart, or nothing.",
        model.VehicleKind.BICYCLE: "A bicycle.",
        model.VehicleKind.E_TRIKE: "An electric tricycle.",
        model.VehicleKind.VAN: "A van or a car.",
    },
)


@public("What a courier drives, rides or pushes.")
class Vehicle(Node):
    plate: str = shown("Its plate.")
    kind: model.VehicleKind = shown("What it is: it decides how fast, and by which roads.")
    insured_until: date | None = shown("The last day it is insured; null: the bureau does not say.")
    capacity_kilograms: int = shown("What it carries, in kilograms.")
    capacity_litres: int = shown("What it holds, in litres.")

    @classmethod
    def of(cls, vehicle: model.Vehicle) -> Self:
        return cls(
            id=strawberry.ID(vehicle.id),
            plate=vehicle.plate,
            kind=vehicle.kind,
            insured_until=vehicle.insured_until,
            capacity_kilograms=vehicle.capacity_kilograms,
            capacity_litres=vehicle.capacity_litres,
        )


@public("Someone who comes to the door, as colleagues see them.")
class Courier(Node):
    display_name: str = shown("Their name.")
    on_duty: bool = shown("Whether they said they are at work.")
    branch: OrgUnit = shown("Where they belong.")
    vehicle: Vehicle | None = shown("What they drive.")
    skills: list[ServiceKind] = shown("What they are trained for.")

    @classmethod
    def of(cls, courier: model.Courier, vehicle: model.Vehicle | None, tree: Tree) -> Self:
        return cls(
            id=strawberry.ID(courier.id),
            display_name=courier.name or "",
            on_duty=courier.on_duty,
            branch=OrgUnit.of(tree.units[courier.branch_id], tree),
            vehicle=Vehicle.of(vehicle) if vehicle else None,
            skills=list(courier.skills),
        )


@public("What a customer may know of the courier who comes.")
class CourierCard:
    id: strawberry.ID = shown("The courier's id.")
    display_name: str = shown("Their name.")
    phone: str | None = shown("How to reach them while they are on their way.")
    vehicle_plate: str | None = shown("The plate to look out for.")

    @classmethod
    def of(cls, courier: model.Courier, vehicle: model.Vehicle | None) -> Self:
        return cls(
            id=strawberry.ID(courier.id),
            display_name=courier.name or "",
            phone=courier.phone,
            vehicle_plate=vehicle.plate if vehicle else None,
        )


def couriers_of(info: Info) -> Couriers:
    couriers: Couriers = info.context.house.couriers
    return couriers


async def reach(info: Info) -> Within:
    """Which branches are the caller's. One that is not theirs is like none."""
    tree: Tree = await info.context.house.organisation.tree()

    def within(branch_id: str) -> bool:
        unit = tree.units.get(branch_id)
        theirs: bool = unit is not None and info.context.caller.may(DISPATCH, unit.path)
        return theirs

    return within


async def presented(couriers: list[model.Courier], info: Info) -> list[Courier]:
    """Couriers with their vehicles, in two questions however many they are."""
    vehicles = await couriers_of(info).vehicles_of(couriers)
    tree: Tree = await info.context.house.organisation.tree()
    return [Courier.of(c, vehicles.get(c.vehicle_id or ""), tree) for c in couriers]


async def cards(ids: Iterable[str], info: Info) -> dict[str, Courier]:
    """The couriers of these ids, as they are shown."""
    found = await couriers_of(info).get_many(set(ids))
    return {str(each.id): each for each in await presented(list(found.values()), info)}


@strawberry.type
class CourierQuery:
    @query("The courier that I am.", to=COURIER)
    async def my_courier(self, info: Info) -> Courier | None:
        courier = await couriers_of(info).of_account(info.context.caller.id)
        return (await presented([courier], info))[0] if courier else None

    @query("A branch's couriers. A branch that is not yours has none.", to=DISPATCH)
    async def couriers(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        on_duty: Annotated[bool | None, argument("Only those on duty, or off.")] = None,
    ) -> list[Courier]:
        organisation = info.context.house.organisation
        if not await organisation.in_reach(branch_id, info.context.caller, DISPATCH):
            return []
        found = await couriers_of(info).of_branch(branch_id, on_duty=on_duty)
        return await presented(found, info)
