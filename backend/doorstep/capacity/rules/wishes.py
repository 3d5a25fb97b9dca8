"""What is wanted of a slot, and on which terms. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property

from doorstep.capacity.model import (
    CapacityPolicy,
    Demand,
    Load,
    Slot,
    Terms,
)
from doorstep.catalogue.model import Errand, ServiceKind, WayIn
from doorstep.catalogue.rules import IN_PAIRS, CostModel, cost_of
from doorstep.kit.geo import Point
from doorstep.kit.windows import at_local


@dataclass(frozen=True)
class Wish:
    """What somebody wants done at a door, and where that is, if they said."""

    errands: tuple[Errand, ...]
    way_in: WayIn = field(default_factory=WayIn)
    where: Point | None = None

    @cached_property
    def services(self) -> frozenset[ServiceKind]:
        return frozenset(errand.kind for errand in self.errands)

    @classmethod
    def of(cls, services: Iterable[ServiceKind], where: Point | None = None) -> "Wish":
        """One piece of each kind, of unknown size: the question before the details are known."""
        return cls(tuple(Errand(kind=kind) for kind in sorted(services)), where=where)


def demand_of(wish: Wish, costs: CostModel, buffer_minutes: int) -> Demand:
    """What the wish takes of a slot, the room around it included."""
    cost = cost_of(wish.errands, wish.way_in, costs)
    return Demand(
        services=wish.services,
        load=Load(
            minutes=cost.minutes + buffer_minutes * cost.people,
            grams=cost.grams,
            litres=cost.litres,
            pairs=int(cost.people == IN_PAIRS),
        ),
    )


@dataclass(frozen=True)
class Bounds:
    """The terms that hold for one visit."""

    notice: timedelta
    cutoffs: frozenset[tuple[int, time]]
    """Days before, and the time on the clock."""
    cancel_before: timedelta
    horizon_days: int
    buffer_minutes: int
    workdays_only: bool

    def cutoff_of(self, slot: Slot) -> datetime:
        """From this instant on, it is too late."""
        latest = [slot.window.start - self.notice]
        latest += [at_local(slot.day - timedelta(days=days), at) for days, at in self.cutoffs]
        return min(latest)

    def cancellable_until(self, slot: Slot) -> datetime:
        return slot.window.start - self.cancel_before


def bounds_of(
    terms: Sequence[Terms],
    services: Iterable[ServiceKind],
    area_id: str,
    day: date,
    policy: CapacityPolicy,
) -> Bounds:
    """Of each service the most particular terms, figure by figure; of all of them the strictest."""
    each = [_rows_for(terms, kind, area_id, day) for kind in services]

    def figures(name: str, otherwise: int) -> list[int]:
        return [_first(rows, name, otherwise) for rows in each]

    def minutes(name: str, otherwise: timedelta) -> timedelta:
        return timedelta(minutes=max(figures(name, int(otherwise.total_seconds()) // 60)))

    clocks = [next((row for row in rows if row.cutoff_time), None) for rows in each]
    return Bounds(
        notice=minutes("notice_minutes", policy.cutoff_before),
        cutoffs=frozenset(
            (row.cutoff_days, row.cutoff_time) for row in clocks if row and row.cutoff_time
        ),
        cancel_before=minutes("cancel_minutes", policy.cancel_before),
        horizon_days=min(figures("horizon_days", policy.horizon_days)),
        buffer_minutes=max(figures("buffer_minutes", policy.buffer_minutes)),
        workdays_only=any(figures("workdays_only", False)),
    )


def _rows_for(terms: Sequence[Terms], kind: ServiceKind, area_id: str, day: date) -> list[Terms]:
    """Those that apply, the most particular first; of two alike, the later begun."""
    found = [
        row
        for row in terms
        if row.service in (None, kind)
        and row.area_id in (None, area_id)
        and (row.valid_from is None or row.valid_from <= day)
        and (row.valid_to is None or day <= row.valid_to)
    ]
    found.sort(key=lambda row: (row.valid_from or date.min, row.id), reverse=True)
    return sorted(found, key=lambda row: (row.area_id is None, row.service is None))


def _first(rows: Sequence[Terms], name: str, otherwise: int) -> int:
    values = (getattr(row, name) for row in rows)
    return next((value for value in values if value is not None), otherwise)
