"""Publishing what an area can do: from shifts, vehicles and areas, never from a typed number.

Each change is another edition of the slot; the one before is kept with the reason, so that whoever
asks can be told why there is less than there was, and which promises that touches.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from doorstep.accounts.model import DISPATCH, Caller
from doorstep.calendar.rules import Almanac
from doorstep.capacity import rules
from doorstep.capacity.actions.tools import Tools
from doorstep.capacity.events import CapacityChanged
from doorstep.capacity.model import (
    Cap,
    CapacityBudget,
    CapacityRefusal,
    CapRefused,
    Edition,
    EditionReason,
    Slot,
    SlotPattern,
)
from doorstep.capacity.rules import Force
from doorstep.kit.mongo.transactions import Attempt, Overtaken, Repeated, Reused, Tx
from doorstep.kit.windows import day_span

NO_SLOT: Final = CapRefused(code=CapacityRefusal.NOT_FOUND, path=("slotId",))
_REUSED: Final = CapRefused(code=CapacityRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",))


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
        span = day_span(first, days)
        roster = await self.couriers.roster(branch_id, span)
        garage = await self.couriers.garage(roster.couriers, span)
        areas = [
            area
            for area in (await self.addresses.city.areas()).areas
            if area.branch_id == branch_id
        ]
        return Force(roster, garage, tuple(areas), tuple(patterns))

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
        renewed = [await self._renew(slot.id, budgets[slot.id], now) for slot in changed]
        self.stamps[branch_id] = stamp
        return sum(renewed)

    async def _renew(self, key: str, budget: CapacityBudget, now: datetime) -> bool:
        """False: another worker has published just that meanwhile."""

        async def body(tx: Tx) -> bool:
            slot = await self.slots.get(key, tx=tx)
            if slot is None or slot.budget == budget:
                return False
            after = slot.model_copy(update={"budget": budget, "edition": slot.edition + 1})
            await self._replace(slot, after, EditionReason.ROSTER, now, tx)
            return True

        return await self.mongo.transact(body)

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

    async def published(self, branch_id: str, first: date, days: int) -> list[Slot]:
        """The slots of a branch's days as they are published, in order."""
        return await self.slots.of_branch(branch_id, first, days)

    async def editions(self, keys: Collection[str]) -> dict[str, list[Edition]]:
        """What had been published of each slot before today's edition, the first one first."""
        return await self.slots.editions(keys)

    async def cap(
        self, slot: Slot, cap: Cap, *, at: datetime, by: str, note: str | None, tx: Tx
    ) -> Slot:
        """What an operator will not go beyond. What is promised already stays promised."""
        after = slot.model_copy(update={"cap": cap, "edition": slot.edition + 1})
        await self._replace(slot, after, EditionReason.CAP, at, tx, by=by, note=note)
        return after

    async def cap_slot(
        self,
        key: str,
        cap: Cap,
        attempt: Attempt,
        *,
        expected_edition: int,
        by: Caller,
        note: str | None,
    ) -> Slot | CapRefused:
        """Cap the edition that they have read, if the slot is theirs."""

        async def body(tx: Tx) -> Slot | CapRefused:
            slot = await self.slots.get(key, tx=tx)
            if slot is None or not by.may(DISPATCH, slot.branch_path):
                return NO_SLOT
            if slot.edition != expected_edition:
                return CapRefused(
                    code=CapacityRefusal.STALE_VERSION, path=("expectedEdition",), current=slot
                )
            return await self.cap(slot, cap, at=attempt.at, by=by.id, note=note, tx=tx)

        outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Repeated):
            return await self.slots.get(outcome.id) or NO_SLOT
        return _REUSED if isinstance(outcome, Reused) else outcome

    def add_patterns(self, patterns: Iterable[SlotPattern], *, tx: Tx) -> None:
        self.slots.add_patterns(patterns, tx=tx)


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
        sorted(
            (v.id, v.capacity_kilograms, v.capacity_litres, str(v.insured_until))
            for v in force.garage.vehicles.values()
        ),
        sorted((b.id, b.start, b.end) for b in force.garage.bookings),
        sorted((o.id, o.start, o.end) for o in force.garage.outages),
        sorted((d.id, d.version) for d in force.roster.dedications),
        sorted((a.id, str(a.valid_from), str(a.valid_to)) for a in force.areas),
        sorted((p.id, p.weekdays, p.start, p.length_minutes) for p in force.patterns),
    )
    for part in parts:
        digest.update(repr(list(part)).encode())
    return digest.digest()
