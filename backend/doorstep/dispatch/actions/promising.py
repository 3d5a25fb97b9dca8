"""Whether a stop still fits into the rounds: what makes a slot more than a budget of minutes.

Fresh    rounds are compared with the database at every question; who works when may be seconds old
Safe     nothing is sold by this: a slot's budget is what one conditional update decides. Of two who
         are told "it fits" in the same moment both may book, and the dispatcher is told of the one
         for whom nobody is found.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from doorstep.calendar.model import Sailing
from doorstep.calendar.rules import Almanac
from doorstep.capacity.model import Demand, Slot, SlotClosedReason
from doorstep.couriers.model import Courier
from doorstep.couriers.rules import Garage, Roster, serves
from doorstep.dispatch import rules
from doorstep.dispatch.actions.surveying import Surveying
from doorstep.dispatch.model import Round
from doorstep.dispatch.rules import Call, Line, Made, Place, Wanted
from doorstep.kit.geo import Point, metres_between
from doorstep.kit.remembered import Latest, Remembered
from doorstep.kit.windows import TimeWindow, day_span, local_day

_DAYS_KNOWN: Final = 62
_LINES_KEPT: Final = 4_000
_STEP: Final = timedelta(minutes=5)
"""How finely the present moves along in a line that is kept."""


@dataclass(frozen=True)
class Staff:
    """Who works in a branch and when, and what they drive."""

    roster: Roster
    garage: Garage


@dataclass(frozen=True)
class _Branch:
    """All that is read for one question; `nearest`: couriers, by how far their station is."""

    roster: Roster
    nearest: Sequence[Courier]
    garage: Garage
    made: Mapping[date, Mapping[str, Sequence[Made]]]
    sequences: Mapping[tuple[str, date], int]
    unasked: Mapping[date, Sequence[Call]]
    almanac: Almanac


_LineKey = tuple[str, datetime, int | None, tuple[str, ...], datetime, str | None, tuple[str, ...]]
"""The shift and its end, the round's sequence, the boats of the day, when its courier is free, what
they drive and what they know how to do.
"""


@dataclass(frozen=True)
class Promising(Surveying):
    """Asked by capacity, through the seam that it declares."""

    staff: dict[tuple[str, datetime], Remembered[Staff]] = field(default_factory=dict)
    lines: Latest[_LineKey, Line] = field(default_factory=lambda: Latest(_LINES_KEPT))

    async def closed(
        self, visits: Sequence[tuple[Slot, Demand]], where: Point, *, at: datetime
    ) -> Mapping[str, SlotClosedReason]:
        """Those of the slots in whose rounds the visit finds no place. All are of one branch."""
        branch = await self._branch([slot for slot, _ in visits], where, at)
        if not branch.roster.couriers:
            return {}
        found = {}
        for slot, demand in visits:
            if reason := self._closed(slot, _call(slot, demand, where), branch, at):
                found[slot.id] = reason
        return found

    def _closed(
        self, slot: Slot, call: Call, branch: _Branch, at: datetime
    ) -> SlotClosedReason | None:
        boat = branch.almanac.sailing_for(slot.route_id, slot.window) if slot.route_id else None
        wanted = Wanted(call, boat=boat.id if boat else None)
        soon = slot.window.start < at + self.policy.at_once_within
        on_duty = {courier.id for courier in branch.roster.couriers if courier.on_duty}
        lines = []
        for line in self._lines_in(slot, call, boat, branch, at):
            if soon and not self._near(line, call, on_duty, at):
                continue
            if not branch.unasked.get(slot.day) and _fits(line, wanted):
                return None
            lines.append(line)
        if not lines:
            return SlotClosedReason.NO_COURIER
        for other in branch.unasked.get(slot.day, ()):
            if other.window.touches(slot.window):
                lines = _given(other, lines)
        fits = any(_fits(line, wanted) for line in lines)
        return None if fits else SlotClosedReason.FULL

    def _near(self, line: Line, call: Call, on_duty: Collection[str], at: datetime) -> bool:
        way = self.ways.trip(line.here, call.where, line.vehicle, at)
        return line.courier_id in on_duty and way.seconds <= self.policy.near.total_seconds()

    def _lines_in(
        self, slot: Slot, call: Call, boat: Sailing | None, branch: _Branch, at: datetime
    ) -> Iterable[Line]:
        """Of those who work in the window and could do it, the nearest station first."""
        now = _stepped(at)
        area, home = slot.area_id, slot.branch_id
        for courier in branch.nearest:
            shift = branch.roster.shift_around(courier.id, slot.window)
            able = serves(courier, call.services, area_id=area, branch_id=home)
            if shift is None or not able:
                continue
            if branch.roster.dedicated_elsewhere(courier.id, slot.window, area_id=area):
                continue
            hand = self.hand(courier, shift, branch.garage, slot.window)
            made = branch.made.get(slot.day, {}).get(courier.id, ())
            if boat:
                there = rules.island(hand, made, boat, call.where, ways=self.ways)
                if there:
                    yield there
                continue
            free = max(now, shift.start)
            boats = tuple(each.boat.id for each in made if each.boat)
            sequence = branch.sequences.get((courier.id, slot.day))
            driven = hand.vehicle.id if hand.vehicle else None
            key = (shift.id, shift.end, sequence, boats, free, driven, courier.skills)
            yield self.lines.get(key) or self.lines.keep(
                key, rules.mainland(hand, made, now=free, ways=self.ways)
            )

    # ------------------------------------------------------------ reading

    async def _branch(self, slots: Sequence[Slot], where: Point, at: datetime) -> _Branch:
        id = slots[0].branch_id
        staff = await self._staff(id, at)
        roster = staff.roster
        days = sorted({slot.day for slot in slots})
        span = TimeWindow(start=day_span(days[0]).start, end=day_span(days[-1]).end)
        rounds = await self._rounds(id, days)
        made = {day: await self._made(rounds.get(day, ()), day, None) for day in days}
        unasked = await self.appointments.load(await self.appointments.unasked_on(id, days))
        calls: dict[date, list[Call]] = {}
        for each in unasked.values():
            if call := rules.call_of(each):
                calls.setdefault(each.day, []).append(call)
        return _Branch(
            roster=roster,
            nearest=sorted(roster.couriers, key=lambda c: metres_between(c.station, where)),
            garage=staff.garage,
            made=made,
            sequences={(r.courier_id, day): r.sequence for day in rounds for r in rounds[day]},
            unasked=calls,
            almanac=await self.calendar.almanac(span),
        )

    async def _rounds(self, branch_id: str, days: Sequence[date]) -> dict[date, list[Round]]:
        """Only those that have changed since they were seen are read."""
        standing = await self.rounds.sequences(branch_id, days)
        known = {id: self.known.round(id, sequence) for id, sequence in standing.items()}
        fresh = await self.rounds.get_many([id for id, round in known.items() if round is None])
        found: dict[date, list[Round]] = {}
        for round in [*fresh.values(), *filter(None, known.values())]:
            found.setdefault(round.day, []).append(round)
        return found

    async def _staff(self, branch_id: str, at: datetime) -> Staff:
        """Who works when, as far ahead as anything can be booked."""
        span = day_span(local_day(at) - timedelta(days=1), _DAYS_KNOWN)
        key = (branch_id, span.start)
        if key not in self.staff:

            async def read() -> Staff:
                roster = await self.couriers.roster(branch_id, span)
                return Staff(roster, await self.couriers.garage(roster.couriers, span))

            for past in [each for each in self.staff if each[1] < span.start]:
                del self.staff[past]
            self.staff[key] = Remembered(read, seconds=2.0)
        return await self.staff[key].get()


def _call(slot: Slot, demand: Demand, where: Point) -> Call:
    return Call(
        id=slot.id,
        where=where,
        window=slot.window,
        lasts=timedelta(minutes=demand.load.minutes),
        services=demand.services,
        area_id=slot.area_id,
        grams=demand.load.grams,
        litres=demand.load.litres,
    )


def _fits(line: Line, wanted: Wanted) -> bool:
    return isinstance(rules.best_place(line, wanted), Place)


def _given(call: Call, lines: Sequence[Line]) -> list[Line]:
    """The lines with that call in the one whose way it lengthens least, if it fits into any."""
    place = rules.cheapest(lines, Wanted(call)).place
    if place is None:
        return list(lines)
    return [
        line.with_call(call, place.position) if line.courier_id == place.courier_id else line
        for line in lines
    ]


def _stepped(at: datetime) -> datetime:
    return at - (at - datetime.min.replace(tzinfo=at.tzinfo)) % _STEP
