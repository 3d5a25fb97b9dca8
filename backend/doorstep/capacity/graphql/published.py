"""What is published of slots, for those who plan with it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Final, Self

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import query
from doorstep.addresses.graphql import ServiceArea
from doorstep.capacity import model, rules
from doorstep.capacity.actions import Capacity
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.gql import (
    Info,
    Refused,
    TimeWindow,
    argument,
    asks_for,
    explain,
    invalid,
    public,
    shown,
)
from doorstep.kit.windows import local_day

_MOST_DAYS: Final = 31
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 1, 1)  # nothing was or will be offered beyond
_EDITIONS: Final = frozenset({"editions"})

explain(
    model.EditionReason,
    "Why another edition of a slot was published.",
    {
        model.EditionReason.ROSTER: "Shifts, vehicles or areas changed.",
        model.EditionReason.CAP: "An operator set how far the slot may go.",
    },
    name="SlotEditionReason",
)
explain(
    model.CapacityRefusal,
    "Why a cap, or terms of booking, are not changed.",
    model.CAPACITY_WORDS,
)


@public("The four dimensions of capacity.")
class CapacityLoad:
    minutes: int = shown("Minutes of couriers.")
    grams: int = shown("What vehicles carry.")
    litres: int = shown("What vehicles hold.")
    pairs: int = shown("Visits that take two people.")

    @classmethod
    def of(cls, load: model.Load) -> Self:
        return cls(**dict(load))


@public("Couriers on shift who are alike: the same skills, and vehicles that carry the same.")
class CapacityHands:
    skills: list[ServiceKind] = shown("What each of them can do.")
    people: int = shown("How many they are.")
    minutes: int = shown("Of all of them, as far as the area has a share in them.")
    grams: int = shown("As above.")
    litres: int = shown("As above.")
    vehicle_grams: int = shown("What one vehicle carries.")
    vehicle_litres: int = shown("What one vehicle holds.")

    @classmethod
    def of(cls, hands: model.Hands) -> Self:
        return cls(**{**dict(hands), "skills": sorted(hands.skills)})


@public("What the couriers and vehicles on shift can do, and what an operator will not go beyond.")
class CapacityBudget:
    hands: list[CapacityHands] = shown("The couriers, by what they can do and carry.")
    load: CapacityLoad = shown("Of all of them together.")
    most_visits: int | None = shown("An operator's cap on visits; null: none.")
    most_minutes: int | None = shown("An operator's cap on minutes; null: none.")

    @classmethod
    def of(cls, budget: model.CapacityBudget, cap: model.Cap) -> Self:
        return cls(
            hands=[CapacityHands.of(hands) for hands in budget.hands],
            load=CapacityLoad.of(budget.load),
            most_visits=cap.visits,
            most_minutes=cap.minutes,
        )


@public("What is given away of a slot.")
class CapacityTaken:
    visits: int = shown("How many visits.")
    load: CapacityLoad = shown("What they take.")

    @classmethod
    def of(cls, taken: model.Taken) -> Self:
        return cls(visits=taken.visits, load=CapacityLoad.of(taken.load))


@public("What had been published of a slot, and why that changed.")
class SlotEdition:
    edition: int = shown("Counts what was published of this slot, from 1.")
    budget: CapacityBudget = shown("What had been published.")
    until: datetime = shown("When the next edition took its place.")
    because: model.EditionReason = shown("Why.")
    by: strawberry.ID | None = shown("The account whose word it was; null: the roster's.")
    note: str | None = shown("What they said about it.")

    @classmethod
    def of(cls, edition: model.Edition) -> Self:
        return cls(
            edition=edition.edition,
            budget=CapacityBudget.of(edition.budget, edition.cap),
            until=edition.until,
            because=edition.because,
            by=strawberry.ID(edition.by) if edition.by else None,
            note=edition.note,
        )


@public("What is published of one slot, and what of it is left.")
class SlotCapacity:
    slot_id: strawberry.ID = shown("The slot's, for all services of its area.")
    area: ServiceArea | None = shown("Of which area; null: it is no more.")
    day: date = shown("The local day.")
    window: TimeWindow = shown("From when to when.")
    edition: int = shown("Counts what was published of this slot, from 1.")
    budget: CapacityBudget = shown("What it has to give.")
    booked: CapacityTaken = shown("What is promised.")
    held: CapacityTaken = shown("What is kept for those who are still choosing.")
    free: CapacityLoad = shown("What is left; below zero where more is promised than there is.")
    editions: list[SlotEdition] = shown("What had been published before, the first one first.")


@public("A cap was not set.")
class CapRefused(Refused):
    code: model.CapacityRefusal = shown("Why.")
    current: SlotCapacity | None = shown("How the slot stands.")


def capacity_of(info: Info) -> Capacity:
    found: Capacity = info.context.house.capacity
    return found


async def capacities_shown(slots: Sequence[model.Slot], info: Info) -> list[SlotCapacity]:
    """What is published of the slots; what was before is read only if somebody asks."""
    house, now = info.context.house, capacity_of(info).clock.now()
    areas, tree = await house.addresses.city.areas(), await house.organisation.tree()
    editions: Mapping[str, Iterable[model.Edition]] = {}
    if asks_for(info, _EDITIONS):
        editions = await capacity_of(info).editions([slot.id for slot in slots])
    found = []
    for slot in slots:
        area, taken = areas.get(slot.area_id), rules.taken(slot, now)
        services = frozenset(area.services if area else ()) or frozenset(ServiceKind)
        ref = model.SlotRef(area_id=slot.area_id, start=slot.window.start, services=services)
        found.append(
            SlotCapacity(
                slot_id=strawberry.ID(ref.text),
                area=ServiceArea.of(area, tree) if area else None,
                day=slot.day,
                window=TimeWindow.of(slot.window),
                edition=slot.edition,
                budget=CapacityBudget.of(slot.budget, slot.cap),
                booked=CapacityTaken.of(slot.booked),
                held=CapacityTaken.of(rules.held(slot, now)),
                free=CapacityLoad.of(rules.left(slot, taken)),
                editions=[SlotEdition.of(each) for each in editions.get(slot.id, ())],
            )
        )
    return found


@strawberry.type
class CapacityQuery:
    @query(
        "What is published of a branch's slots: who is on shift, what that comes to, what of it is "
        "taken, and every edition before.",
        to=DISPATCH,
    )
    async def slot_capacity(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        area_id: Annotated[
            strawberry.ID | None, argument("Only this area; null: all of the branch's.")
        ] = None,
        from_: Annotated[date | None, argument("The first day; null: today.", name="from")] = None,
        days: Annotated[int, argument("How many days, at most 31.")] = 7,
    ) -> list[SlotCapacity]:
        context, rooms = info.context, capacity_of(info)
        if not 1 <= days <= _MOST_DAYS:
            raise invalid("days", zh="须为 1 到 31 天。", en="From 1 to 31 days.")
        first = from_ or local_day(rooms.clock.now())
        theirs = await context.house.organisation.in_reach(branch_id, context.caller, DISPATCH)
        if not theirs or not _FIRST_DAY <= first <= _LAST_DAY:
            return []
        slots = await rooms.published(branch_id, first, days)
        wanted = [slot for slot in slots if area_id in (None, slot.area_id)]
        return await capacities_shown(wanted, info)
