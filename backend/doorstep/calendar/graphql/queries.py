"""Asking what the days are and when the ferry goes."""

from datetime import date
from typing import Annotated

import strawberry

from doorstep.accounts.model import SIGNED_IN, STAFF
from doorstep.accounts.permissions import query
from doorstep.calendar.actions import Calendar
from doorstep.calendar.graphql.types import CalendarDay, FerryRoute, Sailing
from doorstep.kit.gql import Info, argument, invalid, not_found

_MOST_DAYS = 366


def calendar_of(info: Info) -> Calendar:
    found: Calendar = info.context.house.calendar
    return found


def is_staff(info: Info) -> bool:
    roles: frozenset[str] = info.context.caller.roles
    return not roles.isdisjoint(STAFF)


def _checked(days: int) -> int:
    if not 1 <= days <= _MOST_DAYS:
        raise invalid("days", zh=f"须为 1 到 {_MOST_DAYS}。", en=f"From 1 to {_MOST_DAYS}.")
    return days


@strawberry.type
class CalendarQuery:
    @query(
        "Days, each with what it is and by whose word; of a branch, also what shuts it. Any day "
        "has an answer: for a year that nobody has published yet it is provisional.",
        to=SIGNED_IN,
    )
    async def calendar_days(
        self,
        info: Info,
        first: Annotated[date, argument("The first day.", name="from")],
        days: Annotated[int, argument("How many, 366 at most.")] = 31,
        branch_id: Annotated[
            strawberry.ID | None, argument("Whose closures and blocks; null: nobody's.")
        ] = None,
    ) -> list[CalendarDay]:
        tree = await info.context.house.organisation.tree()
        unit = tree.units.get(branch_id) if branch_id else None
        if branch_id and unit is None:
            raise not_found(info.context.locale)
        path = unit.path if unit else None
        seen = await calendar_of(info).days(first, _checked(days), path)
        return [CalendarDay.of(each, tree, staff=is_staff(info)) for each in seen]

    @query("The sea routes that carry couriers to islands.", to=SIGNED_IN)
    async def ferry_routes(self, info: Info) -> list[FerryRoute]:
        tree = await info.context.house.organisation.tree()
        found = await calendar_of(info).routes()
        return [FerryRoute.of(each, tree, staff=is_staff(info)) for each in found.values()]

    @query("A route's boats in order, also those that are cancelled.", to=SIGNED_IN)
    async def sailings(
        self,
        info: Info,
        route_id: Annotated[strawberry.ID, argument("Which route.")],
        first: Annotated[date, argument("The first day.", name="from")],
        days: Annotated[int, argument("How many, 366 at most.")] = 14,
    ) -> list[Sailing]:
        found = await calendar_of(info).sailings_of(route_id, first, _checked(days))
        return [Sailing.of(each) for each in found]
