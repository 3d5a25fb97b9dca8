"""The rows that say when: days of the bureau's own, sea routes, and the ferry's timetable."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from doorstep.calendar.model import BureauDay, Closure, FerryRoute, SailingPattern
from doorstep.demo.folder import Row
from doorstep.kit.windows import at_local

_DAY: Final = r"\d{4}-\d\d-\d\d"
_ANY_DAY: Final = date(2026, 1, 1)


def check_days(row: Row, *columns: str) -> None:
    for column in columns:
        row.fits(column, _DAY, "is no day like 2026-10-01")


def check_season(row: Row) -> None:
    check_days(row, "valid_from", "valid_to")
    if row["valid_to"] and row["valid_to"] < row["valid_from"]:
        row.wrong("valid_to", "lies before valid_from")


def check_times(row: Row, *columns: str) -> None:
    for column in columns:
        row.fits(column, r"\d\d:\d\d", "is no time like 08:00")
    days = row.parts("weekdays")
    if not days or len(set(days)) < len(days) or not set(days) <= set("1234567"):
        row.wrong("weekdays", "is no list like 1|2|3, where Monday is 1")


def closures(rows: Sequence[Row], path_of: Callable[[Row, str], str]) -> Iterator[Closure]:
    for row in rows:
        check_days(row, "day")
        path = path_of(row, "unit_id")
        if closure := row.made(Closure, {**row.taken("id", "day", "reason"), "path": path}):
            yield closure


def calendar_days(rows: Sequence[Row]) -> Iterator[BureauDay]:
    """A day is named by itself: it stands there once."""
    first: dict[str, Row] = {}
    for row in rows:
        check_days(row, "day")
        if first.setdefault(row["day"], row) is not row:
            row.wrong("day", f"stands in row {first[row['day']].number} already")
        given = row.taken("day", "is_workday", "in_lieu", "name", "citation")
        id = f"cdy_{row['day']}"
        if day := row.made(BureauDay, {"id": id, **given}):
            yield day


def ferry_routes(rows: Sequence[Row], path_of: Callable[[Row, str], str]) -> Iterator[FerryRoute]:
    columns = ("id", "name", "mainland", "island", "operator", "contract_ref", "crossing_minutes")
    for row in rows:
        path = path_of(row, "unit_id")
        if route := row.made(FerryRoute, {**row.taken(*columns), "path": path}):
            yield route


def sailings(
    rows: Sequence[Row],
    refer: Callable[[Row, str, str], None],
    routes: Mapping[str, FerryRoute],
) -> Iterator[SailingPattern]:
    found: list[tuple[Row, SailingPattern]] = []
    for row in rows:
        refer(row, "route_id", "ferry_routes")
        check_times(row, "departs", "returns")
        check_season(row)
        given = row.taken("id", "route_id", "departs", "returns", "valid_from", "valid_to")
        pattern = row.made(SailingPattern, {**given, "weekdays": row.parts("weekdays")})
        if pattern is None:
            continue
        route = routes.get(pattern.route_id)
        if route and _returns_too_soon(pattern, route):
            row.wrong("returns", "leaves the island before it gets there")
        for other, known in found:
            if _clash(pattern, known):
                row.wrong("departs", f"row {other.number} sails there and then already")
        found.append((row, pattern))
        yield pattern


def _returns_too_soon(pattern: SailingPattern, route: FerryRoute) -> bool:
    departs, returns = at_local(_ANY_DAY, pattern.departs), at_local(_ANY_DAY, pattern.returns)
    return returns < departs + timedelta(minutes=route.crossing_minutes)


def _clash(one: SailingPattern, other: SailingPattern) -> bool:
    """Whether they have a boat in common."""
    return (
        (one.route_id, one.departs) == (other.route_id, other.departs)
        and not set(one.weekdays).isdisjoint(other.weekdays)
        and (one.valid_from or date.min) <= (other.valid_to or date.max)
        and (other.valid_from or date.min) <= (one.valid_to or date.max)
    )
