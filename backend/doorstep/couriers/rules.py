"""Who can come in a window, and whose position may be known. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.model import Courier, Position, PositionRefusal, Sharing, Shift
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

    def working(self, window: TimeWindow) -> set[str]:
        """Whose shift covers the whole window."""
        return {shift.courier_id for shift in self.shifts if shift.covers(window)}

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


def judge_position(
    position: Position,
    courier: Courier,
    sharing: Sharing | None,
    *,
    now: datetime,
    clock_ahead: timedelta,
) -> PositionRefusal | None:
    """Whether it may be kept. One that is kept already is no news, and no mistake either."""
    if sharing is None or not sharing.on:
        return PositionRefusal.NOT_SHARED
    if not courier.on_duty:
        return PositionRefusal.NOT_ON_DUTY
    if position.at > now + clock_ahead:
        return PositionRefusal.CLOCK_SKEW
    if sharing.position_at and position.at < sharing.position_at:
        return PositionRefusal.OUTDATED
    if courier.duty_changed_at and position.at < courier.duty_changed_at - clock_ahead:
        return PositionRefusal.OUTDATED
    return None
