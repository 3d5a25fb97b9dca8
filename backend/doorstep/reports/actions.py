"""Counting what was done at doors as it becomes known, and telling what it comes to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from doorstep.appointments.actions import Appointments
from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import Appointment, Unkept
from doorstep.couriers.actions import Couriers
from doorstep.kit.clock import Clock
from doorstep.kit.geo import Point
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.windows import TimeWindow, day_span
from doorstep.reports import rules
from doorstep.reports.model import (
    Cell,
    CourierDay,
    DayKey,
    Difference,
    Grouping,
    Report,
    ReportPolicy,
    total,
)
from doorstep.reports.store import CourierDayStore


class NotReadableYet(RuntimeError):
    """What was told of cannot be read in this moment."""


@dataclass(frozen=True)
class Recount:
    """What the histories of a range of days say, beside what is kept of it."""

    at: datetime
    told: tuple[CourierDay, ...]
    unkept: tuple[Unkept, ...]
    differences: tuple[Difference, ...]
    forgotten: int
    """Visits to doors that nobody may know any more: their ways cannot be told again."""


@dataclass(frozen=True)
class Reports:
    mongo: Mongo
    store: CourierDayStore
    appointments: Appointments
    couriers: Couriers
    policy: ReportPolicy
    clock: Clock

    # ------------------------------------------------------------ counting

    async def count(self, event: AppointmentMoved) -> None:
        """Count the visit as it stands now, and nowhere else. Harmless when repeated or late."""
        found = await self.appointments.load([event.aggregate])
        appointment = found.get(event.aggregate)
        if appointment is None:
            return
        if appointment.sequence < event.sequence:
            raise NotReadableYet(event.aggregate)
        # What has happened since is told by an event of its own: one counting is enough for both.
        if event.sequence == rules.last_counted(appointment):
            await self.settle(event.aggregate)

    async def settle(self, appointment_id: str) -> None:
        """Count one visit afresh, with the day it is in and the day it was in."""

        async def body(tx: Tx) -> None:
            loaded = await self.appointments.load([appointment_id], tx=tx)
            key = rules.key_of(loaded[appointment_id])
            kept = await self.store.concerned(appointment_id, [key.id] if key else [], tx=tx)
            keys = {day.id: DayKey(day.branch_id, day.courier_id, day.day) for day in kept.values()}
            if key:
                keys[key.id] = key
            # The day it is taken out of goes first: in two at once the index would not have it.
            for id in sorted(keys, key=lambda id: key is not None and id == key.id):
                before = kept.get(id)
                ids = set(before.appointment_ids if before else ()) - {appointment_id}
                if keys[id] == key:
                    ids.add(appointment_id)
                after = await self._counted(keys[id], ids, tx)
                if after != before:
                    await self.store.put(before, after, tx=tx)

        await self.mongo.transact(body)

    async def _counted(self, key: DayKey, ids: set[str], tx: Tx) -> CourierDay:
        found = await self.appointments.load(ids, tx=tx)
        known = await self._with_what_was_before(found, tx=tx)
        here = [each for each in found.values() if rules.key_of(each) == key]
        visits = [rules.visit_of(each, rules.first_booked_at(each, known)) for each in here]
        station = (await self._stations([key.courier_id])).get(key.courier_id)
        return rules.courier_day(key, ids, [visit for visit in visits if visit], station)

    async def _with_what_was_before(
        self, found: Mapping[str, Appointment], *, tx: Tx | None = None
    ) -> dict[str, Appointment]:
        """Also the appointments of which these are remainders, back to the first."""
        known = dict(found)
        while wanted := {a.remainder_of for a in known.values() if a.remainder_of} - known.keys():
            before = await self.appointments.load(wanted, tx=tx)
            if not before:
                break
            known |= before
        return known

    async def _stations(self, courier_ids: Iterable[str]) -> dict[str, Point]:
        couriers = await self.couriers.get_many(set(courier_ids))
        return {id: courier.station for id, courier in couriers.items()}

    # ------------------------------------------------------------ telling

    async def report(self, branch_id: str, first: date, last: date, by: Grouping) -> Report:
        """What is kept of these days, both included."""
        at = self.clock.now()
        counted = await self.store.counted(branch_id, first, last, by)
        unkept = await self.appointments.unkept(branch_id, first, last, at)
        return await self._report(branch_id, first, last, by, counted, unkept, at)

    async def report_again(
        self, branch_id: str, first: date, last: date, by: Grouping, recount: Recount
    ) -> Report:
        """The same report, from the histories alone."""
        counted = map(rules.cell_of, recount.told)
        return await self._report(branch_id, first, last, by, counted, recount.unkept, recount.at)

    async def _report(
        self,
        branch_id: str,
        first: date,
        last: date,
        by: Grouping,
        counted: Iterable[Cell],
        unkept: Iterable[Unkept],
        at: datetime,
    ) -> Report:
        span = TimeWindow(start=day_span(first).start, end=day_span(last).end)
        shifts = await self.couriers.shifts_of(branch_id, span)
        cells = [
            *counted,
            *rules.missed(unkept),
            *rules.rostered(shifts, first, last, at),
        ]
        return Report(
            branch_id=branch_id,
            first=first,
            last=last,
            at=at,
            whole=rules.figures(total(cell.whole for cell in cells), self.policy.detour),
            groups=rules.grouped(cells, by, self.policy.detour),
        )

    # ------------------------------------------------------------ checking

    async def recount(self, branch_id: str, first: date, last: date) -> Recount:
        """Tell these days again from the histories of their appointments, a day at a time."""
        at, forgotten = self.clock.now(), 0
        told: list[CourierDay] = []
        unkept: list[Unkept] = []
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            those = await self.appointments.of_days([branch_id], day, day)
            known = await self._with_what_was_before({each.id: each for each in those})
            couriers = {each.courier_id for each in those if each.courier_id}
            told += rules.recounted(those, known, await self._stations(couriers))
            unkept += rules.unkept_in(those, at)
            forgotten += sum(rules.key_of(each) is not None and not each.where for each in those)
        kept = await self.store.of_branch(branch_id, first, last)
        differences = tuple(rules.differences(kept, told))
        return Recount(at, tuple(told), tuple(unkept), differences, forgotten)

    async def mend(self, differences: Iterable[Difference]) -> int:
        """Count afresh what is kept otherwise than the histories tell it. How many visits."""
        ids: set[str] = set()
        for each in differences:
            for day in (each.kept, each.told):
                ids |= set(day.appointment_ids if day else ())
        for id in sorted(ids):
            await self.settle(id)
        return len(ids)
