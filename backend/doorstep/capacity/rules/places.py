"""What is free, what is open, and what taking a place makes of a slot. Pure.

The same functions decide what is shown and what is accepted: offered means bookable.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from doorstep.addresses.model import ServiceArea
from doorstep.calendar.rules import Almanac
from doorstep.capacity.model import (
    Ask,
    CapacityBudget,
    Demand,
    HoldMark,
    Load,
    NoPlace,
    NotTaken,
    Slot,
    SlotClosedReason,
    Taken,
    mask_of,
)
from doorstep.capacity.rules.wishes import Bounds

_MOST_COUNTED: Final = 1000


def live(holds: Iterable[HoldMark], at: datetime) -> tuple[HoldMark, ...]:
    """A hold is judged when it is read: nothing has to delete it."""
    return tuple(hold for hold in holds if at < hold.until)


def taken(
    slot: Slot, at: datetime, *, but: str | None = None, instead: Demand | None = None
) -> Taken:
    """What is promised and held; not counting the hold `but` and what is given back for it."""
    given = slot.booked.minus(instead) if instead else slot.booked
    held = [hold.demand for hold in live(slot.holds, at) if hold.id != but]
    return given.plus(*held) if held else given


def held(slot: Slot, at: datetime) -> Taken:
    """What is kept for those who are still choosing."""
    return Taken().plus(*(hold.demand for hold in live(slot.holds, at)))


def lacking(slot: Slot, given: Taken, demand: Demand) -> SlotClosedReason | None:
    """What the slot lacks for one more visit, when `given` is given away. None: nothing."""
    able = [hand for hand in slot.budget.hands if demand.services <= hand.skills]
    if not able:
        return SlotClosedReason.NO_COURIER
    load = demand.load
    if not any(
        load.grams <= hand.vehicle_grams and load.litres <= hand.vehicle_litres for hand in able
    ):
        return SlotClosedReason.NO_VEHICLE
    after = given.plus(demand)
    if _exceeds(demand.load, after.load, _ceiling(slot)) or _beyond(slot.cap.visits, after.visits):
        return SlotClosedReason.FULL
    missing = shortfall(slot.budget, after.needs)
    if missing and missing > shortfall(slot.budget, given.needs):
        return SlotClosedReason.FULL
    return None


def _beyond(cap: int | None, count: int) -> bool:
    return cap is not None and count > cap


def _exceeds(added: Load, after: Load, ceiling: Load) -> bool:
    """Whether what was added goes beyond. A dimension it takes nothing of is not its fault."""
    return any(
        more and getattr(after, dimension) > getattr(ceiling, dimension)
        for dimension, more in added
    )


def _ceiling(slot: Slot) -> Load:
    whole = slot.budget.load
    if slot.cap.minutes is None:
        return whole
    return whole.model_copy(update={"minutes": min(whole.minutes, slot.cap.minutes)})


def shortfall(budget: CapacityBudget, needs: Mapping[str, int]) -> int:
    """Minutes that those who are able do not have, at the worst set of services. 0: all is well.

    Hall's condition on minutes: whatever can be done only by some of the couriers must fit into the
    minutes of those. It is enough to ask it of the unions of the groups that each need can go to.

    Source: P. Hall (1935), "On Representatives of Subsets", J. London Math. Soc. 10, 26-30; the
    shortfall is its deficiency version (Ore 1955).
    """
    minutes: dict[int, int] = {}
    for hand in budget.hands:
        skills = mask_of(hand.skills)
        minutes[skills] = minutes.get(skills, 0) + hand.minutes
    groups = list(minutes.items())
    able: dict[int, int] = {}
    for need, wanted in needs.items():
        mask = int(need)
        who = sum(1 << i for i, (skills, _) in enumerate(groups) if mask & skills == mask)
        able[who] = able.get(who, 0) + wanted
    unions = {0}
    for who in able:
        unions |= {union | who for union in unions}
    return max(
        sum(wanted for who, wanted in able.items() if who | union == union)
        - sum(has for i, (_, has) in enumerate(groups) if union >> i & 1)
        for union in unions
    )


def places(slot: Slot, given: Taken, demand: Demand) -> int:
    """How many visits the slot holds: those given away, and as many more like this one as fit."""

    def no_more(count: int) -> bool:
        after = given
        if count:
            after = Taken(
                visits=given.visits + count,
                load=given.load + _times(demand.load, count),
                needs=_more_needs(given, demand, count),
            )
        return lacking(slot, after, demand) is not None

    return given.visits + bisect_left(range(_MOST_COUNTED), True, key=no_more)


def _times(load: Load, count: int) -> Load:
    return Load(**{name: value * count for name, value in load})


def _more_needs(given: Taken, demand: Demand, count: int) -> dict[str, int]:
    need = str(mask_of(demand.services))
    return {**given.needs, need: given.needs.get(need, 0) + demand.load.minutes * count}


@dataclass(frozen=True)
class Surroundings:
    """What a slot's openness depends on, besides the slot itself."""

    area: ServiceArea | None
    almanac: Almanac

    def shuts(self, slot: Slot, bounds: Bounds) -> bool:
        """Whether we stay at home then, or the way is shut."""
        idle = bounds.workdays_only and not self.almanac.day(slot.day).is_workday
        shut = self.almanac.shut(slot.window, slot.day, slot.branch_path, slot.area_id)
        return idle or shut is not None


def closed_because(
    slot: Slot,
    demand: Demand,
    bounds: Bounds,
    around: Surroundings,
    *,
    at: datetime,
    hold_id: str | None = None,
    instead: Demand | None = None,
) -> SlotClosedReason | None:
    """Why the slot cannot be booked for `demand` at this instant. None: it can.

    The place kept by `hold_id` counts as free: it is kept for whoever asks; so does what they have
    booked here and would give back.
    """
    area = around.area
    if area is None or not area.holds_on(slot.day) or not demand.services <= set(area.services):
        return SlotClosedReason.AREA
    if at >= bounds.cutoff_of(slot):
        return SlotClosedReason.CUTOFF_PASSED
    if around.shuts(slot, bounds):
        return SlotClosedReason.CALENDAR
    if slot.route_id and not around.almanac.sailing_for(slot.route_id, slot.window):
        return SlotClosedReason.NO_SAILING
    return _wanting(slot, demand, at, hold_id, instead)


def _wanting(
    slot: Slot, demand: Demand, at: datetime, hold_id: str | None, instead: Demand | None
) -> SlotClosedReason | None:
    """What the slot lacks for `demand`. A place that is kept stays kept, whatever became of the cap
    and the roster since; but not if nobody is left who could come.
    """
    reason = lacking(slot, taken(slot, at, but=hold_id, instead=instead), demand)
    kept = (hold.demand for hold in live(slot.holds, at) if hold.id == hold_id)
    if reason is SlotClosedReason.FULL and any(_covers(each, demand) for each in kept):
        return None
    return reason


def _covers(old: Demand, new: Demand) -> bool:
    """Whether the new takes no more than the old, of the same hands."""
    if old.services != new.services:
        return False
    return all(amount <= getattr(old.load, name) for name, amount in new.load)


@dataclass(frozen=True)
class Visit:
    """A promise, as far as a slot knows of it. `settled`: it is under way, or over."""

    id: str
    booked_at: datetime
    takes: Demand
    settled: bool = False


def beyond(slot: Slot, visits: Iterable[Visit]) -> list[Visit]:
    """Whom the slot, as it is now, could not be promised to; the newest first.

    All are asked again in the order in which they were booked, by the rule that booking is judged
    by: who came first stays, and nobody goes whose going would help nobody.
    """
    kept, affected = Taken(), []
    for visit in sorted(visits, key=lambda each: (not each.settled, each.booked_at, each.id)):
        if not visit.settled and lacking(slot, kept, visit.takes):
            affected.append(visit)
        else:
            kept = kept.plus(visit.takes)
    return affected[::-1]


def left(slot: Slot, given: Taken) -> Load:
    """What is still to be had in each dimension. Below zero: more is promised than there is."""
    ceiling = _ceiling(slot)
    return Load(**{name: amount - getattr(given.load, name) for name, amount in ceiling})


_NO_PLACE: Final = {
    SlotClosedReason.NO_COURIER: NoPlace.NO_COURIER,
    SlotClosedReason.NO_VEHICLE: NoPlace.NO_VEHICLE,
}


def take(slot: Slot, ask: Ask) -> Slot | NotTaken:
    """The slot after giving `ask` what it wants."""
    holds = live(slot.holds, ask.at)
    if ask.hold_id and not any(hold.id == ask.hold_id for hold in holds):
        return NotTaken(code=NoPlace.HOLD_EXPIRED)
    # Whoever gives back at least what they take is refused nothing, whatever the slot has left.
    no_more = ask.instead is not None and _covers(ask.instead, ask.demand)
    reason = _wanting(slot, ask.demand, ask.at, ask.hold_id, ask.instead)
    if reason and not no_more:
        return NotTaken(code=_NO_PLACE.get(reason, NoPlace.FULL))
    rest = tuple(hold for hold in holds if hold.id != ask.hold_id)
    if ask.hold_until:
        kept = (*rest, HoldMark(id=ask.id, until=ask.hold_until, demand=ask.demand))
        return slot.model_copy(update={"holds": kept})
    booked = slot.booked.minus(ask.instead) if ask.instead else slot.booked
    return slot.model_copy(update={"booked": booked.plus(ask.demand), "holds": rest})


def rehearse(
    slots: Mapping[str, Slot], wants: Iterable[Sequence[tuple[str, Ask]]]
) -> list[int | NotTaken]:
    """Which of the places it asks for each would get, if they came one after the other.

    Who would get none is told what the last of them lacks.
    """
    now, answers = dict(slots), []
    for choices in wants:
        answer: int | NotTaken = NotTaken(code=NoPlace.GONE)
        for index, (key, ask) in enumerate(choices):
            after = take(now[key], ask) if key in now else answer
            if isinstance(after, Slot):
                now[key], answer = after, index
                break
            answer = after
        answers.append(answer)
    return answers
