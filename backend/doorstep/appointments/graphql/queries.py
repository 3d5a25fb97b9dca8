"""Asking after appointments."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any

import strawberry

from doorstep.accounts.graphql import phone_in
from doorstep.accounts.model import (
    AGENT,
    CUSTOMER,
    CUSTOMER_OR_AGENT,
    DISPATCH,
    SIGNED_IN,
    STAFF,
    Role,
    masked_phone,
)
from doorstep.accounts.permissions import query, subscription
from doorstep.addresses.graphql import Address, AddressInput
from doorstep.addresses.model import Address as StoredAddress
from doorstep.appointments import actions, model
from doorstep.appointments.actions import Appointments
from doorstep.appointments.graphql.inputs import AccessNotesInput, AppointmentLineInput, lines_in
from doorstep.appointments.graphql.results import Serviceability
from doorstep.appointments.graphql.types import (
    Appointment,
    AppointmentChange,
    AppointmentConnection,
    AppointmentEvent,
    cursors_of,
    presented,
)
from doorstep.appointments.graphql.types import shown_to as shown_to
from doorstep.appointments.graphql.types import viewer_of as viewer_of
from doorstep.appointments.rules import Viewer, nearest_outlets, sight_of
from doorstep.capacity.graphql import Slot
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.gql import (
    Info,
    argument,
    asks_for,
    computed,
    invalid,
    not_found,
    public,
    refuse,
    shown,
)
from doorstep.kit.pages import Ask, BadCursor, Page
from doorstep.kit.windows import local_day
from doorstep.organisation.graphql import OrgUnit
from doorstep.organisation.model import OrgUnit as Unit

_MOST_DAYS = 31
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 1, 1)  # nothing was or will be offered beyond
_TOTAL = frozenset({"totalCount"})
_ALTERNATIVES = 3


def appointments_of(info: Info) -> Appointments:
    found: Appointments = info.context.house.appointments
    return found


def is_staff(info: Info) -> bool:
    return not STAFF.isdisjoint(info.context.caller.roles)


def page_of(first: int, after: str | None) -> Ask:
    try:
        return Ask.of(first, after)
    except BadCursor as error:
        raise refuse("BAD_USER_INPUT", f"Invalid pagination argument: {error}") from None


async def connection(
    page: Page[model.Appointment], viewer: Viewer, info: Info, *, by_window: bool, total: int | None
) -> AppointmentConnection:
    nodes = await shown_to(viewer, list(page.rows), info)
    return AppointmentConnection.of(page, nodes, cursors_of(page, by_window=by_window), total)


async def addresses_shown(found: list[StoredAddress], info: Info, *, own: bool) -> list[Address]:
    areas = await info.context.house.addresses.city.areas()
    tree = await info.context.house.organisation.tree()
    return [Address.of(address, areas, tree, whole=own, own=own) for address in found]


async def serviceability_shown(found: actions.Serviceability, info: Info) -> Serviceability:
    tree = await info.context.house.organisation.tree()
    candidate = found.located.candidate
    point = candidate.door.location if candidate else None
    outlets: list[Unit] = []
    if found.needs_alternatives:
        areas = await info.context.house.addresses.city.areas()
        area = found.located.area
        route_id = area.ferry_route_id if area else None
        outlets = nearest_outlets(tree.outlets(), point, areas, _ALTERNATIVES, route_id)
    alternatives = [OrgUnit.of(unit, tree) for unit in outlets]
    return Serviceability.of(found, alternatives, tree, staff=is_staff(info))


@public("What an agent may see of a customer who is on the phone.")
class CustomerCard:
    id: strawberry.ID = shown("The customer's account.")
    display_name: str = shown("How to address them.")
    masked_phone: str = shown("Enough of their phone to be sure.")
    addresses: list[Address] = shown("Their address book, without rooms.")

    @computed("Their appointments, the latest booked first.")
    async def appointments(
        self,
        info: Info,
        first: Annotated[int, argument("How many; at most 100.")] = 20,
        after: Annotated[str | None, argument("The last cursor of the page before.")] = None,
    ) -> AppointmentConnection:
        rooms = appointments_of(info)
        page = await rooms.of_customer(self.id, page_of(first, after), None)
        viewer = await viewer_of(info)
        visible = [row for row in page.rows if viewer.caller.may(AGENT, row.branch_path)]
        total = await rooms.count_of_customer(self.id, None) if asks_for(info, _TOTAL) else None
        return await connection(
            Page(tuple(visible), page.more, page.after), viewer, info, by_window=False, total=total
        )


@strawberry.type
class AppointmentQuery:
    @query("Whether we come to a door, for what, and when next.", to=SIGNED_IN)
    async def serviceability(
        self,
        info: Info,
        address: Annotated[AddressInput, argument("The address as it was typed.")],
        services: Annotated[
            list[ServiceKind] | None, argument("Only these; null: all we do there.")
        ] = None,
    ) -> Serviceability:
        found = await appointments_of(info).serviceability(address.parsed(), services)
        return await serviceability_shown(found, info)

    @query("My address book.", to=CUSTOMER)
    async def my_addresses(self, info: Info) -> list[Address]:
        found = await info.context.house.addresses.all_of(info.context.caller.id)
        return await addresses_shown(found, info, own=True)

    @query("The customer on the phone. Who is none of ours is null.", to=AGENT)
    async def customer(
        self, info: Info, phone: Annotated[str, argument("Their phone.")]
    ) -> CustomerCard | None:
        house = info.context.house
        account = await house.accounts.by_phone(phone_in(phone, "phone"))
        if account is None or account.phone is None:
            return None
        found = await house.addresses.all_of(account.id)
        return CustomerCard(
            id=strawberry.ID(account.id),
            display_name=account.name or "",
            masked_phone=masked_phone(account.phone),
            addresses=await addresses_shown(found, info, own=False),
        )

    @query(
        "Every slot of the days asked for, closed ones too, each closed one with its reason. "
        "What is open is bookable for the lines given.",
        to=CUSTOMER_OR_AGENT,
    )
    async def slots(
        self,
        info: Info,
        address_id: Annotated[strawberry.ID, argument("Where to.")],
        services: Annotated[list[ServiceKind], argument("For what, all in one visit.")],
        lines: Annotated[
            list[AppointmentLineInput] | None, argument("The errands, if known.")
        ] = None,
        access: Annotated[AccessNotesInput | None, argument("How to get in, if known.")] = None,
        from_: Annotated[date | None, argument("The first day; null: today.", name="from")] = None,
        days: Annotated[int, argument("How many days, at most 31.")] = 7,
    ) -> list[Slot]:
        rooms = appointments_of(info)
        if not 1 <= days <= _MOST_DAYS:
            raise invalid("days", zh="须为 1 到 31 天。", en="From 1 to 31 days.")
        if not services:
            raise invalid("services", zh="至少选一项服务。", en="At least one service.")
        errands = lines_in(lines, rooms.policy.most_lines) if lines else ()
        wanted = frozenset(services) | {line.kind for line in errands}
        notes = access.parsed("access") if access else None
        address = await address_for(address_id, info)
        if address is None:
            return []
        first = from_ or local_day(rooms.clock.now())
        if not _FIRST_DAY <= first <= _LAST_DAY:
            return []
        views = await rooms.slots(address, wanted, first, days, errands, notes)
        return [Slot.of(view, staff=is_staff(info)) for view in views]

    @query("One appointment; null if it is not there, or not yours to see.", to=SIGNED_IN)
    async def appointment(
        self, info: Info, id: Annotated[strawberry.ID, argument("Which one.")]
    ) -> Appointment | None:
        found = await appointments_of(info).seen(id, await viewer_of(info))
        return (await presented([found], info))[0] if found else None

    @query("My appointments, the latest booked first.", to=CUSTOMER)
    async def my_appointments(
        self,
        info: Info,
        first: Annotated[int, argument("How many; at most 100.")] = 20,
        after: Annotated[str | None, argument("The last cursor of the page before.")] = None,
        status: Annotated[list[model.Status] | None, argument("Only these.")] = None,
    ) -> AppointmentConnection:
        rooms, mine = appointments_of(info), info.context.caller.id
        page = await rooms.of_customer(mine, page_of(first, after), status)
        total = await rooms.count_of_customer(mine, status) if asks_for(info, _TOTAL) else None
        return await connection(page, await viewer_of(info), info, by_window=False, total=total)

    @query("A branch's appointments of a day, in the order of their windows.", to=STAFF)
    async def appointments(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        day: Annotated[date, argument("Which local day.")],
        status: Annotated[list[model.Status] | None, argument("Only these.")] = None,
        first: Annotated[int, argument("How many; at most 100.")] = 50,
        after: Annotated[str | None, argument("The last cursor of the page before.")] = None,
    ) -> AppointmentConnection:
        return await _branch_day(info, branch_id, day, page_of(first, after), status)

    @query("What no courier has taken, and none is being asked about.", to=DISPATCH)
    async def unassigned_appointments(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        day: Annotated[date, argument("Which local day.")],
        first: Annotated[int, argument("How many; at most 100.")] = 50,
        after: Annotated[str | None, argument("The last cursor of the page before.")] = None,
    ) -> AppointmentConnection:
        ask = page_of(first, after)
        return await _branch_day(info, branch_id, day, ask, None, unassigned=True)


async def _branch_day(
    info: Info,
    branch_id: str,
    day: date,
    ask: Ask,
    statuses: Any,
    *,
    unassigned: bool = False,
) -> AppointmentConnection:
    """A branch that is not yours has no appointments."""
    rooms, viewer = appointments_of(info), await viewer_of(info)
    organisation = info.context.house.organisation
    if not await organisation.in_reach(branch_id, viewer.caller, STAFF):
        empty: Page[model.Appointment] = Page((), more=False)
        return await connection(empty, viewer, info, by_window=True, total=0)
    page = await rooms.of_branch_day(branch_id, day, ask, statuses, unassigned=unassigned)
    total = None
    if asks_for(info, _TOTAL):
        total = await rooms.count_of_branch_day(branch_id, day, statuses, unassigned=unassigned)
    return await connection(page, viewer, info, by_window=True, total=total)


async def address_for(id: str, info: Info) -> StoredAddress | None:
    """The caller's own address; an agent may ask for anybody's in their part of the bureau."""
    house, caller = info.context.house, info.context.caller
    own: StoredAddress | None = await house.addresses.of_owner(id, caller.id)
    if own or Role.AGENT not in caller.roles:
        return own
    found: StoredAddress | None = await house.addresses.get(id)
    area = await house.addresses.area(found.area_id) if found else None
    return found if area and caller.may(AGENT, area.branch_path) else None


@strawberry.type
class AppointmentSubscription:
    @subscription(
        "Every change of one appointment past `after` (an AppointmentEvent.sequence): the missed "
        "ones in order, then each new one; and each new `eta`, without an event.",
        to=SIGNED_IN,
    )
    async def appointment_changed(
        self,
        info: Info,
        id: Annotated[strawberry.ID, argument("Which appointment.")],
        after: Annotated[
            int | None, argument("The last sequence had; 0: everything; null: from now on.")
        ] = None,
    ) -> AsyncIterator[AppointmentChange]:
        rooms, viewer = appointments_of(info), await viewer_of(info)
        if after is not None and after < 0:
            raise refuse("BAD_USER_INPUT", "after must not be negative")
        if await rooms.seen(id, viewer) is None:
            raise not_found(info.context.locale)

        def may_see(appointment: model.Appointment) -> bool:
            return sight_of(appointment, viewer, at=rooms.clock.now()) is not None

        async for change in rooms.follow(id, may_see, after=after):
            yield AppointmentChange(
                sequence=change.sequence,
                event=AppointmentEvent.of(change.entry) if change.entry else None,
                appointment=(await shown_to(viewer, [change.appointment], info))[0],
                resync=change.resync,
            )
