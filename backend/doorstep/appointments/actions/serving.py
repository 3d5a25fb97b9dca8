"""Whether we come to a door, for what, and when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from doorstep.addresses.actions import Located
from doorstep.addresses.model import Address, AddressAsked, BeatMatch, ServiceArea, UnservedReason
from doorstep.appointments import rules
from doorstep.appointments.actions.tools import Asked, Tools
from doorstep.appointments.model import AccessNotes, LineAsked
from doorstep.calendar.model import Sailing
from doorstep.capacity.actions import SlotView
from doorstep.capacity.rules import Wish
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.windows import day_span, local_day


@dataclass(frozen=True)
class Offer:
    """A service, and when we could come for it next."""

    kind: ServiceKind
    next_slot: SlotView | None


@dataclass(frozen=True)
class Serviceability:
    """Whether we come to a door, for what, and why not."""

    located: Located
    offers: tuple[Offer, ...]
    reason: UnservedReason | None
    beat: BeatMatch | None = None
    next_sailing: Sailing | None = None
    """To a door on an island."""

    @property
    def needs_alternatives(self) -> bool:
        """Whether to say where to go instead: nobody comes, or not with the next boat."""
        area = self.located.area
        if self.reason or area is None or area.ferry_route_id is None:
            return self.reason is not None
        days = [offer.next_slot.slot.day if offer.next_slot else None for offer in self.offers]
        return rules.waits_for_a_boat(days, self.next_sailing)

    @property
    def served(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Serving(Tools):
    """Asking what can be promised."""

    async def serviceability(
        self, asked: AddressAsked, services: Collection[ServiceKind] | None
    ) -> Serviceability:
        """What we do at this door, and when next."""
        located = await self.addresses.locate(asked)
        return await self.offers(located, services)

    async def offers(
        self, located: Located, services: Collection[ServiceKind] | None
    ) -> Serviceability:
        area = located.area
        if area is None:
            return Serviceability(located, (), _unserved(located))
        wanted = [kind for kind in area.services if services is None or kind in services]
        if not wanted:
            reason = UnservedReason.SERVICE_NOT_OFFERED_HERE
            return Serviceability(located, (), reason)
        now = self.clock.now()
        boats = await self._boats_to(area, now)
        sailing = rules.next_sailing(boats, now)
        if area.ferry_route_id and not rules.sails_at_all(boats, now):
            return Serviceability(located, (), UnservedReason.NO_SAILING)
        where = located.candidate.door.location if located.candidate else None
        wishes = {kind: Wish.of([kind], where) for kind in wanted}
        slots = await self.capacity.first_open(area, wishes.values(), at=now)
        offers = [Offer(kind, slots[wish]) for kind, wish in wishes.items()]
        _, beat = await self.addresses.placed_on_beat(located)
        return Serviceability(located, tuple(offers), None, beat, sailing)

    async def _boats_to(self, area: ServiceArea, now: datetime) -> tuple[Sailing, ...]:
        """Those that go there as far as we book ahead, also those that are cancelled."""
        if area.ferry_route_id is None:
            return ()
        span = day_span(local_day(now), self.capacity.policy.horizon_days + 1)
        return (await self.calendar.almanac(span)).sailings(area.ferry_route_id)

    async def slots(
        self,
        address: Address,
        services: frozenset[ServiceKind],
        first: date,
        days: int,
        lines: Sequence[LineAsked] = (),
        access: AccessNotes | None = None,
    ) -> list[SlotView]:
        """Every slot of the days at this door, each closed one with its reason."""
        area = await self.addresses.area(address.area_id)
        if area is None:
            return []
        wish = rules.wish_of(lines, access or AccessNotes(), address.door.location, services)
        return await self.capacity.views(area, wish, day_span(first, days), at=self.clock.now())

    async def alternatives_to(self, asked: Asked, area_id: str) -> list[SlotView]:
        """What to offer instead to somebody who asked for a place."""
        address = await self.addresses.get(asked.address_id)
        where = address.door.location if address else None
        wish = rules.wish_of(asked.lines, asked.access, where, asked.services)
        return await self.alternatives(area_id, wish, not_key=asked.slot.key)

    async def alternatives(self, area_id: str, wish: Wish, *, not_key: str) -> list[SlotView]:
        """What to offer instead of a slot that was refused."""
        area = await self.addresses.area(area_id)
        if area is None:
            return []
        return await self.capacity.open_slots(area, wish, at=self.clock.now(), not_key=not_key)


def _unserved(located: Located) -> UnservedReason:
    if located.candidate is None:
        return UnservedReason.AMBIGUOUS_ADDRESS
    return UnservedReason.OUTSIDE_ALL_AREAS
