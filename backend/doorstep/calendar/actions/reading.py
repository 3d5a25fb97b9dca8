"""Asking the calendar.

Memory   what other rooms ask is a few seconds old in this process, and up to that in others; a
         decision that must not be asks with its `tx`
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

from doorstep.calendar import rules
from doorstep.calendar.actions.tools import Known, Tools
from doorstep.calendar.model import Block, BureauDay, CalendarDay, Closure, FerryRoute, Sailing
from doorstep.calendar.rules import Almanac, Workdays
from doorstep.calendar.store import CalendarStore, FerryStore
from doorstep.kit.clock import Clock
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import TimeWindow, local_day

_LOOKED_BACK: Final = timedelta(days=1)
"""A night's window may have begun yesterday."""


@dataclass(frozen=True)
class SeenDay:
    """A day as it is for one unit: what it is, and what lies on it."""

    layers: tuple[CalendarDay, ...]
    version: int
    """Of the bureau's own row; 0 if there never was one."""
    closures: tuple[Closure, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Reading(Tools):
    """What the days are, what shuts them, which boats go."""

    # ------------------------------------------------------------ what other rooms ask

    async def almanac(self, span: TimeWindow, *, tx: Tx | None = None) -> Almanac:
        """All that the calendar knows of the span; with `tx` as that transaction sees it."""
        known = await (self._known_to(tx) if tx else self.known.get())
        blocks, timetable = known.blocks, known.timetable
        if local_day(span.start) < known.since:
            blocks = await self.store.blocks(span.start, span.end, tx=tx)
            first, last = local_day(span.start), local_day(span.end)
            timetable = by_route(await self.ferries.sailings(first, last, tx=tx))
        return Almanac(span, known.workdays, known.closures, blocks, timetable)

    async def _known_to(self, tx: Tx) -> Known:
        return await read_known(self.store, self.ferries, self.clock, tx=tx)

    async def workdays(self) -> Workdays:
        """Every day there is: for clocks and plans that count working days."""
        return (await self.known.get()).workdays

    async def closures(self) -> tuple[Closure, ...]:
        return (await self.known.get()).closures

    # ------------------------------------------------------------ what people ask

    async def days(self, first: date, days: int, path: str | None) -> list[SeenDay]:
        """`days` days from `first` on, as far as there are so many, with what shuts the unit."""
        last = _last(first, days)
        almanac = await self.almanac(rules.span_of(first, last))
        return [
            _seen_by(almanac, date.fromordinal(ordinal), path)
            for ordinal in range(first.toordinal(), last.toordinal() + 1)
        ]

    async def closure(self, id: str) -> Closure | None:
        return await self.store.closure(id)

    async def block(self, id: str) -> Block | None:
        return await self.store.block(id)

    async def routes(self) -> dict[str, FerryRoute]:
        return await self.known_routes.get()

    async def sailing(self, id: str) -> Sailing | None:
        return await self.ferries.sailing(id)

    async def sailings_of(self, route_id: str, first: date, days: int) -> list[Sailing]:
        last = _last(first, days)
        return await self.ferries.sailings(first, last, route_id=route_id)


async def read_known(
    store: CalendarStore, ferries: FerryStore, clock: Clock, *, tx: Tx | None = None
) -> Known:
    since = local_day(clock.now()) - _LOOKED_BACK
    return Known(
        since=since,
        workdays=Workdays(await store.days(tx=tx)),
        closures=await store.closures(tx=tx),
        blocks=await store.blocks(rules.span_of(since, since).start, tx=tx),
        timetable=by_route(await ferries.sailings(since, tx=tx)),
    )


def by_route(sailings: Iterable[Sailing]) -> dict[str, tuple[Sailing, ...]]:
    """Each route's boats, in the order they came in."""
    route_id = attrgetter("route_id")
    ranked = sorted(sailings, key=route_id)
    return {route: tuple(boats) for route, boats in groupby(ranked, key=route_id)}


def _last(first: date, days: int) -> date:
    """The last of `days` days, as far as the calendar goes."""
    return date.fromordinal(min(first.toordinal() + days - 1, date.max.toordinal()))


def seen(day: date, row: BureauDay | None) -> SeenDay:
    """A day as it is for everybody, with this row of the bureau's table, if there is one."""
    layers = Workdays({day: row} if row else {}).layers(day)
    return SeenDay(layers, row.version if row else 0)


def _seen_by(almanac: Almanac, day: date, path: str | None) -> SeenDay:
    found = seen(day, almanac.workdays.bureau.get(day))
    if path is None:
        return found
    return replace(
        found,
        closures=tuple(each for each in almanac.closures if each.closes(day, path)),
        blocks=tuple(
            each for each in almanac.blocks if each.touches_day(day) and each.concerns(path, None)
        ),
    )
