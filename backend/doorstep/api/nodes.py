"""Finding anything by its id, for whoever may see it. Everyone else finds nothing."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final

import strawberry

from doorstep.accounts.graphql import Account
from doorstep.accounts.model import AGENT, DISPATCH, SIGNED_IN, STAFF, SUPERVISORS, Caller, Role
from doorstep.accounts.permissions import query
from doorstep.addresses.graphql import Address, ServiceArea
from doorstep.appointments.graphql.conduct import ConductMark
from doorstep.appointments.graphql.mutations import hold_shown
from doorstep.appointments.graphql.offers import Reoffer
from doorstep.appointments.graphql.queries import is_staff, viewer_of
from doorstep.appointments.graphql.types import presented
from doorstep.appointments.graphql.waiting import entries_shown
from doorstep.appointments.rules import Viewer, may_see_entry
from doorstep.calendar.graphql.queries import calendar_of
from doorstep.calendar.graphql.queries import is_staff as is_any_staff
from doorstep.calendar.graphql.types import Block, Closure, FerryRoute, Sailing
from doorstep.capacity.graphql import Slot
from doorstep.capacity.model import SlotRef
from doorstep.couriers.actions import Couriers
from doorstep.couriers.graphql import (
    Vehicle,
    bookings_shown,
    dedications_shown,
    leaves_shown,
    outages_shown,
    reach,
    shifts_shown,
)
from doorstep.couriers.graphql import presented as couriers_presented
from doorstep.dispatch.graphql import round_shown, transfers_shown
from doorstep.kit.gql import Info, Node, argument
from doorstep.kit.ids import kind_of
from doorstep.organisation.graphql import OrgUnit
from doorstep.relocation.graphql import move_shown

Finder = Callable[[str, Info], Awaitable[Node | None]]


async def _account(id: str, info: Info) -> Node | None:
    if id != info.context.caller.id:
        return None
    account = await info.context.house.accounts.get(id)
    return Account.of(account) if account else None


async def _address(id: str, info: Info) -> Node | None:
    house, caller = info.context.house, info.context.caller
    found = await house.addresses.get(id)
    if found is None:
        return None
    own = found.owner_id == caller.id
    area = await house.addresses.area(found.area_id)
    if not own and not (area and caller.may(AGENT, area.branch_path)):
        return None
    areas, tree = await house.addresses.city.areas(), await house.organisation.tree()
    return Address.of(found, areas, tree, whole=own, own=own)


async def _appointment(id: str, info: Info) -> Node | None:
    found = await info.context.house.appointments.seen(id, await viewer_of(info))
    return (await presented([found], info))[0] if found else None


async def _courier(id: str, info: Info) -> Node | None:
    house, caller = info.context.house, info.context.caller
    courier = await house.couriers.get(id)
    if courier is None:
        return None
    if courier.account_id != caller.id and not caller.may(DISPATCH, courier.branch_path):
        return None
    return (await couriers_presented([courier], info))[0]


async def _vehicle(id: str, info: Info) -> Node | None:
    house, caller = info.context.house, info.context.caller
    vehicle = await house.couriers.vehicle(id)
    if vehicle is None:
        return None
    unit = await house.organisation.unit(vehicle.branch_id)
    own = await _drives(id, info)
    if not own and not (unit and caller.may(DISPATCH, unit.path)):
        return None
    return Vehicle.of(vehicle)


async def _drives(vehicle_id: str, info: Info) -> bool:
    caller: Caller = info.context.caller
    if Role.COURIER not in caller.roles:
        return False
    courier = await info.context.house.couriers.of_account(caller.id)
    return bool(courier and courier.vehicle_id == vehicle_id)


async def _area(id: str, info: Info) -> Node | None:
    house = info.context.house
    area = await house.addresses.area(id)
    return ServiceArea.of(area, await house.organisation.tree()) if area else None


async def _unit(id: str, info: Info) -> Node | None:
    tree = await info.context.house.organisation.tree()
    unit = tree.units.get(id)
    return OrgUnit.of(unit, tree) if unit else None


async def _slot(id: str, info: Info) -> Node | None:
    ref, capacity = SlotRef.read(id), info.context.house.capacity
    view = await capacity.view(ref, at=capacity.clock.now()) if ref else None
    return Slot.of(view, staff=is_staff(info)) if view else None


async def _hold(id: str, info: Info) -> Node | None:
    house, caller = info.context.house, info.context.caller
    hold = await house.capacity.hold_of(id, caller.id)
    if hold is None or hold.over or hold.expires_at <= house.capacity.clock.now():
        return None
    return await hold_shown(hold, info)


async def _reoffer(id: str, info: Info) -> Node | None:
    rooms, caller = info.context.house.appointments, info.context.caller
    found = await rooms.reoffer_of(id)
    if found is None:
        return None
    if found.customer_id != caller.id and not caller.may(STAFF, found.branch_path):
        return None
    return Reoffer.of(found, at=rooms.clock.now())


async def _round(id: str, info: Info) -> Node | None:
    house, caller = info.context.house, info.context.caller
    round = await house.dispatch.round(id)
    courier = await house.couriers.get(round.courier_id) if round else None
    if round is None or courier is None:
        return None
    if courier.account_id == caller.id:
        return await round_shown(round, courier, Viewer(caller, courier.id), info)
    if caller.may(DISPATCH, courier.branch_path):
        return await round_shown(round, courier, Viewer(caller), info)
    return None


async def _transfer(id: str, info: Info) -> Node | None:
    house, caller = info.context.house, info.context.caller
    found = await house.dispatch.transfer_of(id)
    if found is None:
        return None
    me = await house.couriers.of_account(caller.id) if Role.COURIER in caller.roles else None
    if me and me.id in (found.from_courier_id, found.to_courier_id):
        return (await transfers_shown([found], Viewer(caller, me.id), info))[0]
    if caller.may(DISPATCH, found.branch_path):
        return (await transfers_shown([found], Viewer(caller), info))[0]
    return None


async def _block(id: str, info: Info) -> Node | None:
    found = await calendar_of(info).block(id)
    tree = await info.context.house.organisation.tree()
    return Block.of(found, tree, staff=is_any_staff(info)) if found else None


async def _closure(id: str, info: Info) -> Node | None:
    found = await calendar_of(info).closure(id)
    tree = await info.context.house.organisation.tree()
    return Closure.of(found, tree, staff=is_any_staff(info)) if found else None


async def _route(id: str, info: Info) -> Node | None:
    found = (await calendar_of(info).routes()).get(id)
    tree = await info.context.house.organisation.tree()
    return FerryRoute.of(found, tree, staff=is_any_staff(info)) if found else None


async def _sailing(id: str, info: Info) -> Node | None:
    found = await calendar_of(info).sailing(id)
    return Sailing.of(found) if found else None


async def _entry(id: str, info: Info) -> Node | None:
    found = await info.context.house.appointments.entry(id)
    if found is None or not may_see_entry(found, info.context.caller):
        return None
    return (await entries_shown([found], info))[0]


async def _mark(id: str, info: Info) -> Node | None:
    rooms, caller = info.context.house.appointments, info.context.caller
    found = await rooms.mark(id)
    if found is None:
        return None
    heard = found.under_appeal and caller.may(SUPERVISORS, found.branch_path)
    if found.customer_id != caller.id and not heard:
        return None
    return ConductMark.of(found, rooms.clock.now())


async def _move(id: str, info: Info) -> Node | None:
    found = await info.context.house.relocation.get(id, info.context.caller.id)
    return await move_shown(found, info) if found else None


def _at_branch(
    find: Callable[[Couriers, str], Awaitable[Any]], show: Callable[..., Awaitable[Sequence[Node]]]
) -> Finder:
    """For who dispatches in the branch that it belongs to."""

    async def finder(id: str, info: Info) -> Node | None:
        found, within = await find(info.context.house.couriers, id), await reach(info)
        if found is None or not within(found.branch_id):
            return None
        return (await show([found], info))[0]

    return finder


FINDERS: Final[dict[str, Finder]] = {
    "acc": _account,
    "adr": _address,
    "apt": _appointment,
    "are": _area,
    "blk": _block,
    "clo": _closure,
    "cou": _courier,
    "ded": _at_branch(Couriers.dedication, dedications_shown),
    "fer": _route,
    "hld": _hold,
    "lea": _at_branch(Couriers.leave, leaves_shown),
    "mrk": _mark,
    "mov": _move,
    "org": _unit,
    "rnd": _round,
    "rof": _reoffer,
    "sai": _sailing,
    "sft": _at_branch(Couriers.shift, shifts_shown),
    "slt": _slot,
    "vbk": _at_branch(Couriers.vehicle_booking, bookings_shown),
    "trf": _transfer,
    "veh": _vehicle,
    "vou": _at_branch(Couriers.outage, outages_shown),
    "wle": _entry,
}


@strawberry.type
class NodeQuery:
    @query("Anything by its id; null if it is not there, or not yours to see.", to=SIGNED_IN)
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, argument("Its id.")]
    ) -> Node | None:
        finder = FINDERS.get(kind_of(id))
        return await finder(id, info) if finder else None
