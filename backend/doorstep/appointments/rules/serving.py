"""When a boat next goes to a door, and where its people can go meanwhile. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from doorstep.addresses.model import ServiceArea
from doorstep.addresses.rules import AreaMap
from doorstep.calendar.model import Sailing
from doorstep.kit.geo import Point, metres_between
from doorstep.organisation.model import OrgUnit


def sails_at_all(boats: Iterable[Sailing], at: datetime) -> bool:
    """Whether somebody can still be brought there, or is there already."""
    return any(boat.cancelled_at is None and boat.returns_at > at for boat in boats)


def next_sailing(boats: Iterable[Sailing], at: datetime) -> Sailing | None:
    """The next boat that leaves. None: none does, as far as we book ahead."""
    coming = [boat for boat in boats if boat.cancelled_at is None and boat.departs_at > at]
    return min(coming, key=lambda boat: boat.departs_at, default=None)


def waits_for_a_boat(next_days: Iterable[date | None], sailing: Sailing | None) -> bool:
    """Whether something that is done there comes later than with the next boat, or not at all."""
    return any(day is None or (sailing is not None and day > sailing.day) for day in next_days)


def nearest_outlets(
    outlets: Sequence[OrgUnit], point: Point | None, areas: AreaMap, most: int, route_id: str | None
) -> list[OrgUnit]:
    """Where to go instead, the nearest first. Who lives on an island is shown what lies on it, and
    always one place that needs no boat.
    """
    if point is None:
        return list(outlets[:most])
    placed = [(unit, unit.location) for unit in outlets if unit.location]
    placed.sort(key=lambda pair: metres_between(pair[1], point))
    if route_id is None:
        return [unit for unit, _ in placed[:most]]
    routes = {unit.id: _route_of(areas.at(where)) for unit, where in placed}
    ashore = [unit for unit, _ in placed if routes[unit.id] == route_id][: most - 1]
    mainland = [unit for unit, _ in placed if routes[unit.id] is None]
    return ashore + mainland[: most - len(ashore)]


def _route_of(area: ServiceArea | None) -> str | None:
    return area.ferry_route_id if area else None
