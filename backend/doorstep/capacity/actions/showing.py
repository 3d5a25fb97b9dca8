"""Showing what can still be promised."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from doorstep.addresses.model import ServiceArea
from doorstep.capacity import rules
from doorstep.capacity.actions.agreeing import Agreeing
from doorstep.capacity.model import Demand, Slot, SlotClosedReason, SlotRef
from doorstep.capacity.rules import Bounds, Surroundings, Wish
from doorstep.kit.windows import TimeWindow, day_span, local_day


@dataclass(frozen=True)
class SlotView:
    """A slot as it looks to one question at one instant."""

    slot: Slot
    ref: SlotRef
    demand: Demand
    closed: SlotClosedReason | None
    cutoff_at: datetime
    cancellable_until: datetime
    too_far: bool
    """Beyond the horizon of what was asked for: not shown yet, and not booked."""
    at: datetime

    @property
    def taken(self) -> int:
        return rules.taken(self.slot, self.at).visits

    @property
    def places(self) -> int:
        """Of the smallest budget."""
        return rules.places(self.slot, rules.taken(self.slot, self.at), self.demand)


@dataclass(frozen=True)
class Showing(Agreeing):
    """Every slot is judged by the functions that booking is judged by."""

    async def views(
        self, area: ServiceArea, wish: Wish, span: TimeWindow, *, at: datetime
    ) -> list[SlotView]:
        """Every slot that starts in the span, closed ones too, each with its reason."""
        return (await self.views_for(area, [wish], span, at=at))[wish]

    async def views_for(
        self, area: ServiceArea, wishes: Iterable[Wish], span: TimeWindow, *, at: datetime
    ) -> dict[Wish, list[SlotView]]:
        """The same for many wishes: the slots are read once."""
        slots = await self.slots.of_area(area.id, span.start, span.end)
        return {
            wish: [v for v in await self._views(slots, wish, area, at) if not v.too_far]
            for wish in wishes
        }

    async def open_slots(
        self,
        area: ServiceArea,
        wish: Wish,
        *,
        at: datetime,
        most: int = 3,
        not_key: str | None = None,
    ) -> list[SlotView]:
        """The next slots that can be booked: what to offer instead."""
        views = await self.views(area, wish, await self._ahead(at), at=at)
        return [view for view in views if not view.closed and view.slot.id != not_key][:most]

    async def first_open(
        self, area: ServiceArea, wishes: Iterable[Wish], *, at: datetime
    ) -> dict[Wish, SlotView | None]:
        """The next slot that can be booked for each wish."""
        found = await self.views_for(area, wishes, await self._ahead(at), at=at)
        return {
            wish: next((v for v in views if not v.closed), None) for wish, views in found.items()
        }

    async def _ahead(self, at: datetime) -> TimeWindow:
        """As far as anything can be booked."""
        return day_span(local_day(at), await self.farthest_days() + 1)

    async def view(
        self,
        ref: SlotRef,
        wish: Wish | None = None,
        *,
        at: datetime,
        hold_id: str | None = None,
        instead: Demand | None = None,
    ) -> SlotView | None:
        """One slot. None: there is none of that area and start."""
        slot = await self.slots.get(ref.key)
        if slot is None:
            return None
        area = await self.addresses.area(slot.area_id)
        asked = wish or Wish.of(ref.services)
        (view,) = await self._views([slot], asked, area, at, hold_id=hold_id, instead=instead)
        return replace(view, ref=ref)

    async def get_many(self, keys: Sequence[str]) -> dict[str, Slot]:
        return await self.slots.get_many(keys)

    def beyond_horizon(self, start: datetime, *, at: datetime) -> bool:
        return local_day(start) > local_day(at) + timedelta(days=self.policy.horizon_days)

    async def presented(self, wanted: Sequence[SlotRef], *, at: datetime) -> dict[str, SlotView]:
        """Many slots at once, by their refs' texts: for lists of appointments."""
        slots = await self.slots.get_many({ref.key for ref in wanted})
        alike: dict[tuple[str, frozenset[str]], list[SlotRef]] = defaultdict(list)
        for ref in wanted:
            if ref.key in slots:
                alike[ref.area_id, ref.services].append(ref)
        shown: dict[str, SlotView] = {}
        for (area_id, _), refs in alike.items():
            area, wish = await self.addresses.area(area_id), Wish.of(refs[0].services)
            views = await self._views([slots[ref.key] for ref in refs], wish, area, at)
            shown |= {ref.text: view for ref, view in zip(refs, views, strict=True)}
        return shown

    # ------------------------------------------------------------ judging

    async def _views(
        self,
        slots: Sequence[Slot],
        wish: Wish,
        area: ServiceArea | None,
        at: datetime,
        *,
        hold_id: str | None = None,
        instead: Demand | None = None,
    ) -> list[SlotView]:
        if not slots:
            return []
        start = min(slot.window.start for slot in slots)
        end = max(slot.window.end for slot in slots)
        almanac = await self.calendar.almanac(TimeWindow(start=start, end=end))
        around = Surroundings(area, almanac)
        days = await self._days({slot.day for slot in slots}, wish, slots[0].area_id)
        views = []
        for slot in slots:
            bounds, demand = days[slot.day]
            closed = rules.closed_because(
                slot, demand, bounds, around, at=at, hold_id=hold_id, instead=instead
            )
            views.append(_view(slot, wish, bounds, demand, closed, at))
        if hold_id or instead:  # what is kept for whoever asks is not taken from them again
            return views
        return await self._with_room(views, wish, at)

    async def _days(
        self, days: set[date], wish: Wish, area_id: str
    ) -> Mapping[date, tuple[Bounds, Demand]]:
        """The terms and the cost of each day: both may change with the date."""
        found = {}
        for day in days:
            bounds = await self.bounds(wish.services, area_id, day)
            costs = await self.catalogue.costs(day)
            found[day] = bounds, rules.demand_of(wish, costs, bounds.buffer_minutes)
        return found

    async def _with_room(self, views: list[SlotView], wish: Wish, at: datetime) -> list[SlotView]:
        """What the budget leaves open, full rounds may still close."""
        open_ones = [view for view in views if not view.closed and not view.too_far]
        if wish.where is None or not open_ones:
            return views
        visits = [(view.slot, view.demand) for view in open_ones]
        shut = await self.feasible.closed(visits, wish.where, at=at)
        return [
            replace(view, closed=shut[view.slot.id])
            if view.closed is None and view.slot.id in shut
            else view
            for view in views
        ]


def _view(
    slot: Slot,
    wish: Wish,
    bounds: Bounds,
    demand: Demand,
    closed: SlotClosedReason | None,
    at: datetime,
) -> SlotView:
    return SlotView(
        slot=slot,
        ref=SlotRef(area_id=slot.area_id, start=slot.window.start, services=wish.services),
        demand=demand,
        closed=closed,
        cutoff_at=bounds.cutoff_of(slot),
        cancellable_until=bounds.cancellable_until(slot),
        too_far=slot.day > local_day(at) + timedelta(days=bounds.horizon_days),
        at=at,
    )
