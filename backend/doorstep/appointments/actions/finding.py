"""Finding the promises that cannot be kept as they are.

Fresh    what decides is read in one transaction, not remembered: another process may have shut a
         way this very second
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from doorstep.appointments import rules
from doorstep.appointments.actions.tools import Tools
from doorstep.appointments.model import Affected, Appointment, Promise
from doorstep.appointments.rules import Cause, Surroundings
from doorstep.calendar.model import Block, Closure, Sailing
from doorstep.calendar.rules import Almanac
from doorstep.capacity.model import Slot, SlotRef
from doorstep.kit.ids import kind_of
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import TimeWindow, day_span

_EVERYWHERE: Final = ("",)


@dataclass(frozen=True)
class Finding(Tools):
    """Nothing is changed here: who is affected is told to whoever may decide."""

    async def affected_in(self, branch_id: str, first: date, days: int) -> list[Affected]:
        """Those of a branch's days that are still to come, the first window first."""
        last = date.fromordinal(min(first.toordinal() + days - 1, date.max.toordinal()))
        found = await self.promises.of_branch(branch_id, first, last)
        now = self.clock.now()
        return await self._among([each for each in found if each.window.end > now])

    async def affected_of(self, ids: Collection[str], paths: Collection[str]) -> list[Affected]:
        """Those of these that are affected, and lie in these parts of the bureau."""
        return await self._among(await self.promises.get_many(ids, paths))

    async def affected_by_cause(
        self, cause_id: str, paths: Collection[str]
    ) -> list[Affected] | None:
        """Whom just this cause touches, in these parts of the bureau. None: there is no such."""
        cause = await self._cause_of(cause_id)
        if cause is None:
            return None
        now = self.clock.now()
        promises = await self._near_cause(cause, paths)
        waiting = [each for each in promises if each.is_waiting and each.window.end > now]
        if isinstance(cause, Slot):
            everybody = await self.promises.of_slots(waiting)
            short = rules.short_of_room(cause, everybody.get(cause.id, ()))
            theirs = {each.id for each in waiting}
            return [each for each in short if each.promise.id in theirs]
        around = await self._around(waiting)
        hits = [rules.hit_by(cause, each, around) for each in waiting]
        return [each for each in hits if each]

    async def _cause_of(self, id: str) -> Cause | None:
        match kind_of(id):
            case "blk":
                return await self.calendar.block(id)
            case "clo":
                return await self.calendar.closure(id)
            case "sai":
                return await self.calendar.sailing(id)
            case "are":
                return await self.addresses.area(id)
            case "slt":
                ref = SlotRef.read(id)
                found = await self.capacity.get_many([ref.key]) if ref else {}
                return next(iter(found.values()), None)
        return None

    async def _near_cause(self, cause: Cause, paths: Collection[str]) -> list[Promise]:
        """Whom the cause could touch, seen from afar."""
        match cause:
            case Block():
                return await self.promises.waiting_in(cause.window, paths, cause.area_ids)
            case Closure():
                return await self.promises.waiting_in(day_span(cause.day), paths)
            case Sailing():
                if cause.returns_at <= cause.arrives_at:
                    return []
                ashore = TimeWindow(start=cause.arrives_at, end=cause.returns_at)
                return await self.promises.waiting_in(ashore, paths)
            case Slot():
                return await self.promises.waiting_in(cause.window, paths, (cause.area_id,))
        now = self.clock.now()
        for_ever = TimeWindow(start=now, end=now + timedelta(days=366))
        return await self.promises.waiting_in(for_ever, paths, (cause.id,))

    async def _among(self, promises: Sequence[Promise]) -> list[Affected]:
        if not promises:
            return []
        around = await self._around(promises)
        found = {
            each.id: hit for each in promises if (hit := rules.affected(each, around)) is not None
        }
        kept = [each for each in promises if each.id not in found]
        everybody = await self.promises.of_slots(kept)
        for key in {each.slot.key for each in kept} & around.slots.keys():
            for short in rules.short_of_room(around.slots[key], everybody.get(key, ())):
                found.setdefault(short.promise.id, short)
        return [found[each.id] for each in promises if each.id in found]

    async def _around(self, promises: Sequence[Promise], *, tx: Tx | None = None) -> Surroundings:
        if not promises:
            now = self.clock.now()
            instant = TimeWindow(start=now, end=now + timedelta(minutes=1))
            return Surroundings({}, {}, await self.calendar.almanac(instant))
        start = min(each.window.start for each in promises)
        end = max(each.window.end for each in promises)
        return Surroundings(
            slots=await self.capacity.get_many(list({each.slot.key for each in promises})),
            areas={id: await self.addresses.area(id) for id in {p.area_id for p in promises}},
            almanac=await self._almanac(TimeWindow(start=start, end=end), tx),
        )

    async def _almanac(self, span: TimeWindow, tx: Tx | None) -> Almanac:
        async def read(tx: Tx) -> Almanac:
            return await self.calendar.almanac(span, tx=tx)

        return await (read(tx) if tx else self.mongo.transact(read))

    # ------------------------------------------------------------ for rooms above

    async def cannot_be_kept(self, appointment: Appointment, *, tx: Tx) -> bool:
        """Whether nobody can or may go there then: no courier is to be asked."""
        return bool(await self.which_cannot_be_kept([appointment], tx=tx))

    async def which_cannot_be_kept(
        self, appointments: Sequence[Appointment], *, tx: Tx | None = None
    ) -> frozenset[str]:
        """The ids of those of them to whom nobody can or may go then."""
        promises = [
            Promise.model_validate(each.model_dump(exclude={"private", "history"}))
            for each in appointments
        ]
        around = await self._around(promises, tx=tx)
        return frozenset(each.id for each in promises if rules.affected(each, around))

    async def unasked_in(
        self, span: TimeWindow, path: str = "", area_ids: Collection[str] = ()
    ) -> list[Promise]:
        """Those that no courier has, and none is asked about."""
        return await self.promises.unasked_in(span, path, area_ids)

    async def unasked_on(self, branch_id: str, days: Collection[date]) -> list[str]:
        """The ids of the same of one branch, on these days."""
        return await self.promises.unasked_on(branch_id, days)
