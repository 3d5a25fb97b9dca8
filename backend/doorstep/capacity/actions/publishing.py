"""Publishing what an area can do: from shifts, vehicles and areas, never from a typed number.

Each change is another edition of the slot; the one before is kept with the reason, so that whoever
asks can be told why there is less than there was, and which promises that touches.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from doorstep.calendar.rules import Almanac
from doorstep.capacity import rules
from doorstep.capacity.actions.tools import Tools
from doorstep.capacity.events import CapacityChanged
from doorstep.capacity.model import (
    Cap,
    CapacityBudget,
    Edition,
    EditionReason,
    Slot,
    SlotPattern,
    Terms,
)
from doorstep.capacity.rules import Force
from doorstep.kit.mongo.transactions import Overtaken, Tx
from doorstep.kit.windows import day_span


@dataclass(frozen=True)
class Publishing(Tools):
    """Filling the horizon, and following the roster as it changes."""

    stamps: dict[str, bytes] = field(default_factory=dict)
    """Of each branch, what the last look at its roster saw: no reason to publish it again."""

    async def fill_slots(self, first: date, days: int) -> int:
        """Make the slots that the patterns foresee. Harmless when repeated; how many were new."""
        patterns = await self.slots.patterns()
        almanac = await self.calendar.almanac(day_span(first, days))
        wanted = [
            slot
            for pattern in patterns
            for offset in range(days)
            for slot in self._slots_of(pattern, first + timedelta(days=offset), almanac)
        ]
        known = await self.slots.known([slot.id for slot in wanted])
        fresh = [slot for slot in wanted if slot.id not in known]
        fresh = [slot for slot in fresh if not slot.route_id or not await self._beside(slot)]
        if not fresh:
            return 0
        budgeted = []
        for branch, theirs in _by_branch(patterns).items():
            those = [slot for slot in fresh if slot.branch_id == branch]
            if those:
                force = await self._force(branch, theirs, first, days)
                budgets = rules.budgets_of(those, force, self.policy)
                budgeted += [slot.model_copy(update={"budget": budgets[slot.id]}) for slot in those]
        return await self.slots.add(budgeted)

    def _slots_of(self, pattern: SlotPattern, day: date, almanac: Almanac) -> list[Slot]:
        boats = almanac.sailings(pattern.route_id) if pattern.route_id else ()
        ashore = rules.stays((each for each in boats if each.day == day), self.policy)
        return rules.slots_of(pattern, day, ashore, self.policy)

    async def _beside(self, slot: Slot) -> bool:
        """Whether the timetable changed under a slot of the same hours: its minutes are not sold
        twice.
        """
        span = day_span(slot.day)
        others = await self.slots.of_area(slot.area_id, span.start, span.end)
        return any(each.window.touches(slot.window) for each in others)

    async def _force(
        self, branch_id: str, patterns: Sequence[SlotPattern], first: date, days: int
    ) -> Force:
        """Who works for the branch in those days, with what, and which areas they share."""
        roster = await self.couriers.roster(branch_id, day_span(first, days))
        vehicles = await self.couriers.vehicles_of(roster.couriers)
        areas = [
            area
            for area in (await self.addresses.city.areas()).areas
            if area.branch_id == branch_id
        ]
        return Force(roster, vehicles, tuple(areas), tuple(patterns))

    async def publish_all(self, first: date, days: int) -> int:
        """Bring all slots in line with their branches' rosters. How many changed."""
        branches = _by_branch(await self.slots.patterns())
        return sum(
            [await self._publish(each, branches[each], first, days) for each in sorted(branches)]
        )

    async def _publish(
        self, branch_id: str, patterns: Sequence[SlotPattern], first: date, days: int
    ) -> int:
        force = await self._force(branch_id, patterns, first, days)
        stamp = _stamp(force, first)
        if self.stamps.get(branch_id) == stamp:
            return 0
        slots = await self.slots.of_branch(branch_id, first, days)
        budgets = rules.budgets_of(slots, force, self.policy)
        now = self.clock.now()
        changed = [slot for slot in slots if budgets[slot.id] != slot.budget]
        for slot in changed:
            await self._renew(slot, budgets, now)
        self.stamps[branch_id] = stamp
        return len(changed)

    async def _renew(
        self, slot: Slot, budgets: Mapping[str, CapacityBudget], now: datetime
    ) -> None:
        after = slot.model_copy(update={"budget": budgets[slot.id], "edition": slot.edition + 1})

        async def body(tx: Tx) -> None:
            await self._replace(slot, after, EditionReason.ROSTER, now, tx)

        await self.mongo.transact(body)

    async def _replace(
        self,
        before: Slot,
        after: Slot,
        because: EditionReason,
        now: datetime,
        tx: Tx,
        *,
        by: str | None = None,
        note: str | None = None,
    ) -> None:
        """Raises Overtaken: another edition came between."""
        if not await self.slots.republish(before, after, tx=tx):
            raise Overtaken
        edition = Edition(
            id=f"{before.id}|{before.edition}",
            slot_key=before.id,
            edition=before.edition,
            budget=before.budget,
            cap=before.cap,
            until=now,
            because=because,
            by=by,
            note=note,
        )
        self.slots.keep_edition(edition, tx=tx)
        tx.record(
            CapacityChanged(
                aggregate=after.id, sequence=after.edition, at=now, branch_id=after.branch_id
            )
        )

    async def editions(self, key: str) -> list[Edition]:
        """What had been published of a slot before today's edition, the first one first."""
        return await self.slots.editions(key)

    async def cap(self, slot: Slot, cap: Cap, *, at: datetime, by: str, note: str, tx: Tx) -> Slot:
        """What an operator will not go beyond. What is promised already stays promised."""
        after = slot.model_copy(update={"cap": cap, "edition": slot.edition + 1})
        await self._replace(slot, after, EditionReason.CAP, at, tx, by=by, note=note)
        return after

    def add_patterns(self, patterns: Iterable[SlotPattern], *, tx: Tx) -> None:
        self.slots.add_patterns(patterns, tx=tx)

    def add_terms(self, terms: Iterable[Terms], *, tx: Tx) -> None:
        self.terms.add(terms, tx=tx)
        self.known_terms.forget()


def _by_branch(patterns: Iterable[SlotPattern]) -> dict[str, list[SlotPattern]]:
    found: dict[str, list[SlotPattern]] = defaultdict(list)
    for pattern in patterns:
        found[pattern.branch_id].append(pattern)
    return found


def _stamp(force: Force, first: date) -> bytes:
    """Changes when anything does that a budget is made of."""
    digest = hashlib.sha256(first.isoformat().encode())
    parts: Sequence[Sequence[object]] = (
        [(c.id, c.skills, c.vehicle_id, c.area_ids) for c in force.roster.couriers],
        sorted((s.courier_id, s.start, s.end) for s in force.roster.shifts),
        sorted((v.id, v.capacity_kilograms, v.capacity_litres) for v in force.vehicles.values()),
        sorted((a.id, str(a.valid_from), str(a.valid_to)) for a in force.areas),
        sorted((p.id, p.weekdays, p.start, p.length_minutes) for p in force.patterns),
    )
    for part in parts:
        digest.update(repr(list(part)).encode())
    return digest.digest()
