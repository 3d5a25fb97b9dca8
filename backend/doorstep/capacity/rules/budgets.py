"""What there is to give: budgets from shifts, vehicles and areas. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from doorstep.addresses.model import ServiceArea
from doorstep.calendar.model import Sailing
from doorstep.capacity.model import (
    Cap,
    CapacityBudget,
    CapacityPolicy,
    Hands,
    Slot,
    SlotPattern,
    slot_key,
)
from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.model import Courier, Vehicle
from doorstep.couriers.rules import Garage, Roster
from doorstep.kit.windows import TimeWindow


@dataclass(frozen=True)
class Force:
    """A branch's couriers, shifts and vehicles, and the areas that share them."""

    roster: Roster
    garage: Garage
    areas: tuple[ServiceArea, ...]
    patterns: tuple[SlotPattern, ...]
    _of_day: dict[date, list[tuple[str, TimeWindow]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def served(self, slot: Slot) -> frozenset[str]:
        """The areas that are served while the slot lasts, itself included.

        A window may reach past midnight: those of the days beside count too.
        """
        days = (slot.day + timedelta(days=offset) for offset in (-1, 0, 1))
        beside = {
            area_id
            for day in days
            for area_id, window in self._windows(day)
            if slot.window.touches(window)
        }
        return frozenset(beside | {slot.area_id})

    def _windows(self, day: date) -> list[tuple[str, TimeWindow]]:
        """Which areas have a window that day; reckoned once, since every slot asks."""
        if day not in self._of_day:
            held = {area.id for area in self.areas if area.holds_on(day)}
            self._of_day[day] = [
                (pattern.area_id, window)
                for pattern in self.patterns
                if pattern.area_id in held
                for window in pattern.windows(day)
            ]
        return self._of_day[day]

    def shares(self, courier: Courier, slot: Slot, served: Collection[str]) -> int:
        """How many of the areas `served` then share the courier. 0: the slot's has nothing of them.

        Whoever is kept for somebody gives no time to the public, and who is kept for an area gives
        it none elsewhere: also where only a part of the window is concerned.
        """
        ours = {
            area
            for area in served
            if (not courier.area_ids or area in courier.area_ids)
            and not self.roster.dedicated_elsewhere(courier.id, slot.window, area_id=area)
        }
        return len(ours) if slot.area_id in ours else 0


def slots_of(
    pattern: SlotPattern, day: date, ashore: Sequence[TimeWindow], policy: CapacityPolicy
) -> list[Slot]:
    """The slots of the pattern that fall on `day`, with nothing to give yet.

    On an island: what of the window lies in a span in which a courier is `ashore`.
    """
    windows = pattern.windows(day)
    if pattern.route_id:
        both = (_shared(window, stay) for window in windows for stay in ashore)
        windows = [each for each in both if each and each.length >= policy.shortest_window]
    return [_slot(pattern, day, window) for window in windows]


def _shared(one: TimeWindow, other: TimeWindow) -> TimeWindow | None:
    if not one.touches(other):
        return None
    return TimeWindow(start=max(one.start, other.start), end=min(one.end, other.end))


def stays(sailings: Iterable[Sailing], policy: CapacityPolicy) -> list[TimeWindow]:
    """When couriers who went with these boats can be at doors of the island."""
    return [stay for each in sailings if (stay := stay_of(each, policy.ashore))]


def stay_of(boat: Sailing, ashore: timedelta) -> TimeWindow | None:
    """When who goes with it can be at doors. None: at no time."""
    start, end = boat.arrives_at + ashore, boat.returns_at - ashore
    goes = boat.cancelled_at is None and start < end
    return TimeWindow(start=start, end=end) if goes else None


def _slot(pattern: SlotPattern, day: date, window: TimeWindow) -> Slot:
    return Slot(
        id=slot_key(pattern.area_id, window.start),
        area_id=pattern.area_id,
        branch_id=pattern.branch_id,
        branch_path=pattern.branch_path,
        day=day,
        window=window,
        route_id=pattern.route_id,
        cap=Cap(visits=pattern.places),
    )


def budgets_of(
    slots: Iterable[Slot], force: Force, policy: CapacityPolicy
) -> dict[str, CapacityBudget]:
    """What those on shift can do in each slot, by its id."""
    return {slot.id: budget_of(slot, force, policy) for slot in slots}


def budget_of(slot: Slot, force: Force, policy: CapacityPolicy) -> CapacityBudget:
    """What those whose shift covers the window can do in it, as far as the area has a share.

    A courier who serves several areas gives each that is served at the time the same share of
    minutes and load, rounded down: what is published never exceeds what there is.
    """
    working = force.roster.working(slot.window)
    ours = [courier for courier in force.roster.couriers if courier.id in working]
    served = force.served(slot)
    length = slot.window.length // timedelta(minutes=1)
    alike: dict[tuple[frozenset[ServiceKind], int, int], list[int]] = {}
    for courier in ours:
        if not (shared := force.shares(courier, slot, served)):
            continue
        grams, litres = _carries(force.garage.driven_by(courier, slot.window), policy)
        alike.setdefault((frozenset(courier.skills), grams, litres), []).append(shared)
    hands = tuple(
        Hands(
            skills=skills,
            people=len(shared),
            minutes=sum(length // areas for areas in shared),
            grams=sum(grams // areas for areas in shared),
            litres=sum(litres // areas for areas in shared),
            vehicle_grams=grams,
            vehicle_litres=litres,
        )
        for (skills, grams, litres), shared in sorted(
            alike.items(), key=lambda each: (sorted(each[0][0]), each[0][1:])
        )
    )
    return CapacityBudget(hands=hands, pairs=_pairs(alike.values(), length, policy))


def _carries(vehicle: Vehicle | None, policy: CapacityPolicy) -> tuple[int, int]:
    """Grams and litres."""
    if vehicle is None:
        return policy.on_foot_grams, policy.on_foot_litres
    return vehicle.capacity_kilograms * 1000, vehicle.capacity_litres


def _pairs(shares: Iterable[Sequence[int]], length: int, policy: CapacityPolicy) -> int:
    """How many visits two people can make together: pairs, times visits one after the other."""
    each = [Fraction(1, areas) for shared in shares for areas in shared]
    if not each:
        return 0
    visits = len(each) // 2 * (length // policy.pair_minutes)
    return int(visits * sum(each) / len(each))
