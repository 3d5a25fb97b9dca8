"""Saying what a day is, and on which days a unit stays at home."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from doorstep.calendar.actions.tools import Tools, lies_in, refuse, stale
from doorstep.calendar.events import CalendarDayChanged, ClosureAdded, ClosureLifted
from doorstep.calendar.model import (
    BureauDay,
    CalendarRefusal,
    CalendarRefused,
    Closure,
    DayAsked,
    bureau_day_id,
    closure_id,
)
from doorstep.kit.mongo.transactions import Attempt, Tx
from doorstep.kit.windows import local_day
from doorstep.organisation.model import OrgUnit


@dataclass(frozen=True)
class Dating(Tools):
    """The bureau's own table, and closures."""

    async def set_day(
        self, day: date, asked: DayAsked, attempt: Attempt, *, expected_version: int, by: str
    ) -> BureauDay | CalendarRefused:
        """The bureau says what a day is, whatever the layers below say."""

        async def body(tx: Tx) -> BureauDay | CalendarRefused:
            before = await self.store.day(day, tx=tx)
            version = before.version if before else 0
            if version != expected_version:
                return stale(before)
            after = BureauDay(
                id=bureau_day_id(day),
                day=day,
                **asked.model_dump(),
                created_by=by,
                version=version + 1,
            )
            await self.store.put_day(before, after, tx=tx)
            tx.record(_day_changed(after, attempt.at))
            return after

        return await self._done(attempt, body, lambda id: self.store.day(day))

    async def clear_day(
        self, day: date, attempt: Attempt, *, expected_version: int
    ) -> BureauDay | CalendarRefused:
        """The bureau takes its word back: the layers below hold again."""

        async def body(tx: Tx) -> BureauDay | CalendarRefused:
            before = await self.store.day(day, tx=tx)
            if (before.version if before else 0) != expected_version:
                return stale(before)
            if before is None or before.cleared_at:
                return refuse(CalendarRefusal.NOTHING_TO_CLEAR, "day", before)
            after = before.model_copy(
                update={"cleared_at": attempt.at, "version": before.version + 1}
            )
            await self.store.put_day(before, after, tx=tx)
            tx.record(_day_changed(after, attempt.at))
            return after

        return await self._done(attempt, body, lambda id: self.store.day(day))

    async def close(
        self, unit: OrgUnit | None, day: date, reason: str, attempt: Attempt, *, by: str
    ) -> Closure | CalendarRefused:
        """The unit, and all below it, does not come on that day. None: there is no such unit."""

        async def body(tx: Tx) -> Closure | CalendarRefused:
            if unit is None:
                return refuse(CalendarRefusal.NOT_FOUND, "unitId")
            id = closure_id(unit.id, day)
            if day < local_day(attempt.at):
                return refuse(CalendarRefusal.IN_THE_PAST, "day")
            if closed := await self.store.closure_on(day, unit.path, tx=tx):
                return refuse(CalendarRefusal.ALREADY_CLOSED, "day", closed)
            before = await self.store.closure(id, tx=tx)
            after = Closure(
                id=id,
                day=day,
                path=unit.path,
                reason=reason,
                created_by=by,
                version=before.version + 1 if before else 1,
            )
            await self.store.put_closure(before, after, tx=tx)
            tx.record(
                ClosureAdded(
                    aggregate=id, sequence=after.version, at=attempt.at, day=day, path=unit.path
                )
            )
            return after

        return await self._done(attempt, body, self.store.closure)

    async def reopen(
        self, id: str, attempt: Attempt, *, expected_version: int, may: Collection[str]
    ) -> Closure | CalendarRefused:
        """The unit comes on that day after all."""

        async def body(tx: Tx) -> Closure | CalendarRefused:
            before = await self.store.closure(id, tx=tx)
            if before is None or not lies_in(before.path, may):
                return refuse(CalendarRefusal.NOT_FOUND, "id")
            if before.version != expected_version:
                return stale(before)
            if before.reopened_at:
                return refuse(CalendarRefusal.ALREADY_OPEN, "id", before)
            after = before.model_copy(
                update={"reopened_at": attempt.at, "version": before.version + 1}
            )
            await self.store.put_closure(before, after, tx=tx)
            tx.record(
                ClosureLifted(
                    aggregate=id,
                    sequence=after.version,
                    at=attempt.at,
                    day=after.day,
                    path=after.path,
                )
            )
            return after

        return await self._done(attempt, body, self.store.closure)


def _day_changed(row: BureauDay, at: datetime) -> CalendarDayChanged:
    return CalendarDayChanged(aggregate=row.id, sequence=row.version, at=at, day=row.day)
