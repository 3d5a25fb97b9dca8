"""Who can come in a window, who stands in, and who is kept for something else. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.model import Courier, Dedication, Leave, Shift
from doorstep.kit.windows import TimeWindow


def serves(
    courier: Courier, services: Collection[ServiceKind], *, area_id: str, branch_id: str
) -> bool:
    """Whether the courier comes to that area, and knows how to do all of it."""
    here = courier.branch_id == branch_id
    return (
        here
        and (not courier.area_ids or area_id in courier.area_ids)
        and set(services) <= set(courier.skills)
    )


@dataclass(frozen=True)
class Roster:
    """A branch's couriers, and their shifts over some span."""

    couriers: tuple[Courier, ...]
    shifts: tuple[Shift, ...]
    dedications: tuple[Dedication, ...] = ()

    def working(self, window: TimeWindow) -> AbstractSet[str]:
        """Whose shift covers the whole window."""
        span = window.start, window.end
        if span not in self._working:
            self._working[span] = {s.courier_id for s in self.shifts if s.covers(window)}
        return self._working[span]

    @cached_property
    def _working(self) -> dict[tuple[datetime, datetime], set[str]]:
        """What was answered before: many areas have the same window."""
        return {}

    def able(self, window: TimeWindow, services: Collection[ServiceKind]) -> list[Courier]:
        """Who works in the window and knows how to do all of it."""
        working = self.working(window)
        return [
            courier
            for courier in self.couriers
            if courier.id in working and set(services) <= set(courier.skills)
        ]

    def shift_around(self, courier_id: str, window: TimeWindow) -> Shift | None:
        around = (shift for shift in self._of.get(courier_id, ()) if shift.covers(window))
        return min(around, key=lambda shift: shift.start, default=None)

    @cached_property
    def _of(self) -> Mapping[str, Sequence[Shift]]:
        """Each courier's shifts: a week of slots is asked about courier by courier."""
        found: dict[str, list[Shift]] = defaultdict(list)
        for shift in self.shifts:
            found[shift.courier_id].append(shift)
        return found

    def stand_in(self, dedication: Dedication, window: TimeWindow) -> str | None:
        """Who is kept by it in the window: the courier, or the first substitute who works."""
        working = self.working(window)
        return next((id for id in dedication.courier_ids if id in working), None)

    def dedicated_elsewhere(
        self,
        courier_id: str,
        window: TimeWindow,
        *,
        customer_id: str = "",
        area_id: str | None = None,
        beat_id: str | None = None,
    ) -> Dedication | None:
        """What keeps the courier from a visit in the window: they are there for another.

        Without a customer: whether they are kept from all of the area's.
        """
        keeping = [
            each
            for each in self.dedications
            if courier_id in each.courier_ids
            and each.touches(window)
            and self.stand_in(each, window) == courier_id
        ]
        if any(each.is_for(customer_id, area_id, beat_id) for each in keeping):
            return None
        return min(keeping, key=lambda each: each.id, default=None)


def worked(shifts: Iterable[Shift], leaves: Sequence[Leave]) -> list[Shift]:
    """What is left of the shifts beside leave: a shift may become two, or none."""
    return [
        shift.model_copy(
            update={
                "start": left.start,
                "end": left.end,
                "breaks": tuple(each for each in shift.breaks if left.covers(each.window)),
            }
        )
        for shift in shifts
        for left in beside(
            shift.window, [each.window for each in leaves if each.courier_id == shift.courier_id]
        )
    ]


def beside(window: TimeWindow, taken: Iterable[TimeWindow]) -> list[TimeWindow]:
    """The parts of the window in which nothing is taken, in order."""
    left, begins = [], window.start
    for each in sorted(taken, key=lambda each: each.start):
        if each.start >= window.end:
            break
        if begins < each.start:
            left.append(TimeWindow(start=begins, end=each.start))
        begins = max(begins, each.end)
    if begins < window.end:
        left.append(TimeWindow(start=begins, end=window.end))
    return left
