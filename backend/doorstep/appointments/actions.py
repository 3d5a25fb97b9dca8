"""Making promises, changing them, and following what becomes of them."""

import secrets
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from doorstep.addresses.actions import Addresses, Located
from doorstep.addresses.model import Address, AddressAsked, ServiceArea, UnservedReason
from doorstep.appointments import rules
from doorstep.appointments.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentEvent,
    AppointmentRescheduled,
)
from doorstep.appointments.model import (
    Appointment,
    BookingPolicy,
    BookingRefusal,
    BookingRefused,
    BookingRequest,
    ChangeRefusal,
    ChangeRefused,
    EventKind,
    HistoryEntry,
    LineAsked,
    Status,
)
from doorstep.appointments.rules import Sight, Viewer
from doorstep.appointments.store import AppointmentStore
from doorstep.capacity.actions import Capacity, SlotView
from doorstep.capacity.model import Ask, Hold, NoPlace, NotTaken, SlotRef
from doorstep.catalogue.actions import Catalogue
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.clock import Clock
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.hub import Hub
from doorstep.kit.mongo.transactions import (
    Attempt,
    Mongo,
    Overtaken,
    Repeated,
    Reused,
    Tx,
)
from doorstep.kit.pages import Ask as PageAsk
from doorstep.kit.pages import Page
from doorstep.kit.windows import day_span

_KEY: Final = ("idempotencyKey",)
_NO_PLACE: Final = {
    NoPlace.FULL: BookingRefusal.SLOT_FULL,
    NoPlace.HOLD_EXPIRED: BookingRefusal.HOLD_EXPIRED,
    NoPlace.GONE: BookingRefusal.NOT_OFFERED,
}
_NO_CHANGE: Final = {
    NoPlace.FULL: ChangeRefusal.SLOT_FULL,
    NoPlace.HOLD_EXPIRED: ChangeRefusal.SLOT_FULL,
    NoPlace.GONE: ChangeRefusal.NOT_OFFERED,
}


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

    @property
    def served(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Change:
    """One thing that happened to an appointment; without `entry` the reader must start over."""

    sequence: int
    entry: HistoryEntry | None
    appointment: Appointment


@dataclass(frozen=True)
class _Judged:
    """A request against which nothing speaks but, perhaps, the race for the last place."""

    address: Address
    view: SlotView


@dataclass(frozen=True)
class Appointments:
    mongo: Mongo
    store: AppointmentStore
    addresses: Addresses
    capacity: Capacity
    catalogue: Catalogue
    hub: Hub
    policy: BookingPolicy
    clock: Clock

    # ------------------------------------------------------------ can we come

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
        return Serviceability(
            located, tuple([await self._offer(area, kind, now) for kind in wanted]), None
        )

    async def _offer(self, area: ServiceArea, kind: ServiceKind, now: datetime) -> Offer:
        found = await self.capacity.open_slots(area.id, area.branch_id, [kind], at=now, most=1)
        return Offer(kind, found[0] if found else None)

    async def slots(
        self, address: Address, services: frozenset[ServiceKind], first: date, days: int
    ) -> list[SlotView]:
        """Every slot of the days at this door, each closed one with its reason."""
        area = await self.addresses.area(address.area_id)
        if area is None or not services <= set(area.services):
            return []
        span = day_span(first, days)
        return await self.capacity.views(
            area.id, area.branch_id, services, span, at=self.clock.now()
        )

    async def alternatives(
        self, area_id: str, services: Collection[ServiceKind], *, not_key: str
    ) -> list[SlotView]:
        """What to offer instead of a slot that was refused."""
        area = await self.addresses.area(area_id)
        if area is None:
            return []
        return await self.capacity.open_slots(
            area.id, area.branch_id, services, at=self.clock.now(), not_key=not_key
        )

    # ------------------------------------------------------------ booking

    async def book(self, request: BookingRequest, attempt: Attempt) -> Appointment | BookingRefused:
        """Promise to come, if the rules allow it and a place is left."""
        outcome = await self._booked_before(attempt) or await self._book(request, attempt)
        if isinstance(outcome, BookingRefused):
            # What stands in the way may be what this very request did when it was sent before.
            return await self._booked_before(attempt) or outcome
        return outcome

    async def _booked_before(self, attempt: Attempt) -> Appointment | BookingRefused | None:
        """What became of the request that was sent under this key, if one took effect."""
        told = (await self.mongo.told([attempt])).get(attempt.key or "")
        if told is None:
            return None
        return await self._booked_again(told.id, told.body_hash == attempt.body_hash)

    async def _book(
        self, request: BookingRequest, attempt: Attempt
    ) -> Appointment | BookingRefused:
        hold = await self._hold_named(request)
        if isinstance(hold, BookingRefused):
            return hold
        judged = await self._judge(
            request.address_id, request.customer_id, request.slot, request.lines, attempt.at, hold
        )
        if isinstance(judged, BookingRefused):
            return judged
        promise = rules.promised(
            request,
            judged.view.slot,
            judged.address,
            id=new_id("apt"),
            pickup_code=f"{secrets.randbelow(10**6):06}",
            policy=self.policy,
            at=attempt.at,
        )
        if attempt.dry:
            return promise

        async def write(tx: Tx) -> Appointment | BookingRefused:
            if hold and not await self.capacity.use_hold(hold, at=attempt.at, tx=tx):
                return BookingRefused(code=BookingRefusal.HOLD_EXPIRED, path=("holdId",))
            await self.store.add(promise, tx=tx)
            tx.record(AppointmentBooked.of(promise))
            return promise

        ask = Ask(id=promise.id, at=attempt.at, hold_id=hold.id if hold else None)
        outcome = await self.capacity.take(request.slot, ask, attempt, write)
        return await self._booked(outcome, request.slot)

    async def _hold_named(self, request: BookingRequest) -> Hold | BookingRefused | None:
        """The hold that the request names, if it names one."""
        if request.hold_id is None:
            return None
        hold = await self.capacity.hold_of(request.hold_id, request.customer_id)
        if hold is None:
            return BookingRefused(code=BookingRefusal.NOT_FOUND, path=("holdId",))
        if hold.over or hold.slot_key != request.slot.key:
            return BookingRefused(code=BookingRefusal.HOLD_EXPIRED, path=("holdId",))
        return hold

    async def _judge(
        self,
        address_id: str,
        customer_id: str,
        slot: SlotRef,
        lines: Sequence[LineAsked],
        at: datetime,
        hold: Hold | None = None,
        services: frozenset[ServiceKind] | None = None,
    ) -> _Judged | BookingRefused:
        """Everything that can be said before the race for the place."""
        services = services or frozenset(line.kind for line in lines)
        address = await self.addresses.of_owner(address_id, customer_id)
        area = await self.addresses.area(address.area_id) if address else None
        refused = rules.judge_place(address, area, services, slot)
        if refused:
            return refused
        assert address is not None
        view = await self.capacity.view(slot, at=at, hold_id=hold.id if hold else None)
        if view and (
            refused := rules.judge_size(lines, await self.catalogue.limits(view.slot.day))
        ):
            return refused
        return self._judge_slot(address, slot, view, at, hold)

    def _judge_slot(
        self,
        address: Address,
        slot: SlotRef,
        view: SlotView | None,
        at: datetime,
        hold: Hold | None,
    ) -> _Judged | BookingRefused:
        at_slot: dict[str, Any] = {"path": ("slotId",), "area_id": slot.area_id}
        if view is None:
            far = self.capacity.beyond_horizon(slot.start, at=at)
            code = BookingRefusal.TOO_FAR_AHEAD if far else BookingRefusal.NOT_OFFERED
            return BookingRefused(code=code, **at_slot)
        if hold and hold.expires_at <= at:
            return BookingRefused(
                code=BookingRefusal.HOLD_EXPIRED, path=("holdId",), area_id=slot.area_id
            )
        if view.closed:
            code = rules.CLOSED_TO_BOOKING[view.closed]
            return BookingRefused(code=code, cutoff_at=view.cutoff_at, **at_slot)
        return _Judged(address, view)

    async def _booked(self, outcome: object, slot: SlotRef) -> Appointment | BookingRefused:
        match outcome:
            case Appointment() | BookingRefused():
                return outcome
            case NotTaken(code=code):
                return BookingRefused(code=_NO_PLACE[code], path=("slotId",), area_id=slot.area_id)
            case Repeated(id):
                return await self._booked_again(id, same_body=True)
            case Reused():
                return await self._booked_again("", same_body=False)
        raise AssertionError(outcome)

    async def _booked_again(self, id: str, same_body: bool) -> Appointment | BookingRefused:
        found = await self.store.get(id) if same_body else None
        if found is None:
            return BookingRefused(code=BookingRefusal.IDEMPOTENCY_KEY_REUSED, path=_KEY)
        return found

    # ------------------------------------------------------------ holding

    async def hold(
        self,
        customer_id: str,
        address_id: str,
        slot: SlotRef,
        services: frozenset[ServiceKind],
        lines: Sequence[LineAsked],
        attempt: Attempt,
    ) -> Hold | BookingRefused:
        """Keep a place for a few minutes. One for each customer and service."""
        outcome = await self._held_before(customer_id, attempt) or await self._hold(
            customer_id, address_id, slot, services, lines, attempt
        )
        if isinstance(outcome, BookingRefused):
            return await self._held_before(customer_id, attempt) or outcome
        return outcome

    async def _held_before(
        self, customer_id: str, attempt: Attempt
    ) -> Hold | BookingRefused | None:
        told = (await self.mongo.told([attempt])).get(attempt.key or "")
        if told is None:
            return None
        same = told.body_hash == attempt.body_hash
        return await self._held_again(told.id, customer_id, same_body=same)

    async def _hold(
        self,
        customer_id: str,
        address_id: str,
        slot: SlotRef,
        services: frozenset[ServiceKind],
        lines: Sequence[LineAsked],
        attempt: Attempt,
    ) -> Hold | BookingRefused:
        judged = await self._judge(
            address_id, customer_id, slot, lines, attempt.at, services=services
        )
        if isinstance(judged, BookingRefused):
            return judged
        until = min(attempt.at + self.capacity.policy.hold_lasts, judged.view.cutoff_at)
        hold = Hold(
            id=new_id("hld"),
            customer_id=customer_id,
            ref=slot.text,
            slot_key=slot.key,
            services=tuple(sorted(services)),
            expires_at=until,
        )
        too_many = BookingRefused(code=BookingRefusal.TOO_MANY_HOLDS)

        async def write(tx: Tx) -> Hold | BookingRefused:
            kept = await self.capacity.keep_hold(hold, at=attempt.at, tx=tx)
            return hold if kept else too_many

        if attempt.dry:
            return await self.mongo.transact(write, dry=True)
        ask = Ask(id=hold.id, at=attempt.at, hold_until=until)
        outcome = await self.capacity.take(slot, ask, attempt, write)
        match outcome:
            case Hold() | BookingRefused():
                return outcome
            case Repeated(id):
                return await self._held_again(id, customer_id, same_body=True)
            case NotTaken(code=code):
                return BookingRefused(code=_NO_PLACE[code], path=("slotId",), area_id=slot.area_id)
        return await self._held_again("", customer_id, same_body=False)

    async def _held_again(
        self, id: str, customer_id: str, *, same_body: bool
    ) -> Hold | BookingRefused:
        found = await self.capacity.hold_of(id, customer_id) if same_body else None
        if found is None:
            return BookingRefused(code=BookingRefusal.IDEMPOTENCY_KEY_REUSED, path=_KEY)
        return found

    async def release(self, id: str, customer_id: str, attempt: Attempt) -> Hold | BookingRefused:
        outcome = await self.capacity.release(id, customer_id, attempt)
        match outcome:
            case Hold():
                return outcome
            case Repeated(id=told):
                return await self._held_again(told, customer_id, same_body=True)
            case NotTaken():
                return BookingRefused(code=BookingRefusal.NOT_FOUND, path=("holdId",))
        return await self._held_again("", customer_id, same_body=False)

    # ------------------------------------------------------------ changing a promise

    async def reschedule(
        self,
        id: str,
        customer_id: str,
        slot: SlotRef,
        attempt: Attempt,
        *,
        expected_version: int,
        by_role: Any,
        reason: str | None,
    ) -> Appointment | ChangeRefused:
        """Another window: the new place is taken before the old one is given back."""
        outcome = await self._changed_before(attempt) or await self._reschedule(
            id,
            customer_id,
            slot,
            attempt,
            expected_version=expected_version,
            by_role=by_role,
            reason=reason,
        )
        if isinstance(outcome, ChangeRefused):
            return await self._changed_before(attempt) or outcome
        return outcome

    async def _changed_before(self, attempt: Attempt) -> Appointment | ChangeRefused | None:
        told = (await self.mongo.told([attempt])).get(attempt.key or "")
        if told is None:
            return None
        return await self._changed_again(told.id, told.body_hash == attempt.body_hash)

    async def _reschedule(
        self,
        id: str,
        customer_id: str,
        slot: SlotRef,
        attempt: Attempt,
        *,
        expected_version: int,
        by_role: Any,
        reason: str | None,
    ) -> Appointment | ChangeRefused:
        def judged(found: Appointment | None) -> Appointment | ChangeRefused:
            return rules.changeable(
                found,
                EventKind.RESCHEDULED,
                expected_version=expected_version,
                at=attempt.at,
                policy=self.policy,
            )

        before = judged(await self._of_customer(id, customer_id))
        if isinstance(before, ChangeRefused):
            return before
        view = await self._other_slot(before, slot, attempt.at)
        if isinstance(view, ChangeRefused):
            return view

        def rescheduled(appointment: Appointment) -> Appointment:
            return rules.rescheduled(
                appointment,
                view.slot,
                at=attempt.at,
                by_role=by_role,
                reason=reason,
                policy=self.policy,
            )

        if attempt.dry:
            return rescheduled(before)

        async def write(tx: Tx) -> Appointment | ChangeRefused:
            # Read again: an offer may have come meanwhile, which is no change of version.
            current = judged(await self._of_customer(id, customer_id, tx=tx))
            if isinstance(current, ChangeRefused):
                return current
            after = rescheduled(current)
            await self.save([(current, after)], AppointmentRescheduled, tx=tx)
            await self.capacity.free(current.slot.key, tx=tx)
            return after

        outcome = await self.capacity.take(slot, Ask(id=id, at=attempt.at), attempt, write)
        return await self._changed(outcome, before)

    async def _other_slot(
        self, before: Appointment, slot: SlotRef, at: datetime
    ) -> SlotView | ChangeRefused:
        view = await self.capacity.view(slot, at=at)
        not_offered = (
            view is None
            or slot.area_id != before.area_id
            or not before.services <= slot.services
            or slot.key == before.slot.key
        )
        if view is None or not_offered:
            return ChangeRefused(code=ChangeRefusal.NOT_OFFERED, path=("slotId",), current=before)
        if view.closed:
            return ChangeRefused(
                code=rules.CLOSED_TO_CHANGE[view.closed], path=("slotId",), current=before
            )
        return view

    async def cancel(
        self,
        id: str,
        customer_id: str,
        attempt: Attempt,
        *,
        expected_version: int,
        by_role: Any,
        reason: str | None,
    ) -> Appointment | ChangeRefused:
        """Take the promise back, and free its place in the same breath."""

        async def body(tx: Tx) -> Appointment | ChangeRefused:
            before = rules.changeable(
                await self._of_customer(id, customer_id, tx=tx),
                EventKind.CANCELLED,
                expected_version=expected_version,
                at=attempt.at,
                policy=self.policy,
            )
            if isinstance(before, ChangeRefused):
                return before
            after = rules.moved(
                before,
                EventKind.CANCELLED,
                at=attempt.at,
                recorded_at=attempt.at,
                by_role=by_role,
                note=reason,
                cancel_reason=reason,
                offered_to=None,
            )
            assert after is not None
            await self.save([(before, after)], AppointmentCancelled, tx=tx)
            await self.capacity.free(before.slot.key, tx=tx)
            return after

        outcome = await self.mongo.once(attempt, body)
        return await self._changed(outcome, None)

    async def _changed(
        self, outcome: object, before: Appointment | None
    ) -> Appointment | ChangeRefused:
        match outcome:
            case ChangeRefused(code=ChangeRefusal.STALE_VERSION, current=Appointment(id=id)):
                current = await self.store.get(id)
                return outcome.model_copy(update={"current": current})
            case Appointment() | ChangeRefused():
                return outcome
            case NotTaken(code=code):
                return ChangeRefused(code=_NO_CHANGE[code], path=("slotId",), current=before)
            case Repeated(id):
                return await self._changed_again(id, same_body=True)
            case Reused():
                return await self._changed_again("", same_body=False)
        raise AssertionError(outcome)

    async def _changed_again(self, id: str, same_body: bool) -> Appointment | ChangeRefused:
        found = await self.store.get(id) if same_body else None
        if found is None:
            return ChangeRefused(code=ChangeRefusal.IDEMPOTENCY_KEY_REUSED, path=_KEY)
        return found

    # ------------------------------------------------------------ for rooms above

    async def load(self, ids: Collection[str], *, tx: Tx | None = None) -> dict[str, Appointment]:
        return await self.store.get_many(ids, tx=tx) if ids else {}

    async def save(
        self,
        steps: Sequence[tuple[Appointment, Appointment]],
        event: type[AppointmentEvent] | None,
        *,
        tx: Tx,
    ) -> None:
        """Write what was decided, and say so. Raises Overtaken if one was changed meanwhile.

        What leaves no entry in the history (an offer) is nobody else's news.
        """
        if not await self.store.advance(steps, tx=tx):
            raise Overtaken
        for before, after in steps:
            for told in event.since(after, before.sequence) if event else ():
                tx.record(told)

    # ------------------------------------------------------------ reading

    async def seen(self, id: str, viewer: Viewer) -> tuple[Appointment, Sight] | None:
        """The appointment, if it is theirs to see. Someone else's looks exactly like none."""
        appointment = await self.store.get(id)
        sight = rules.sight_of(appointment, viewer, at=self.clock.now()) if appointment else None
        return (appointment, sight) if appointment and sight else None

    async def in_use(self, address_id: str, customer_id: str) -> bool:
        return await self.store.in_use(address_id, customer_id)

    async def ending_between(
        self, first: datetime, last: datetime, statuses: Collection[Status]
    ) -> list[Appointment]:
        """Whose window ends in (first, last], in one of these statuses."""
        return await self.store.ending_between(first, last, statuses)

    async def of_customer(
        self, customer_id: str, ask: PageAsk, statuses: Collection[Status] | None
    ) -> Page[Appointment]:
        return await self.store.of_customer(customer_id, ask, statuses)

    async def of_branch_day(
        self,
        branch_id: str,
        day: date,
        ask: PageAsk,
        statuses: Collection[Status] | None,
        *,
        unassigned: bool = False,
    ) -> Page[Appointment]:
        return await self.store.of_branch_day(branch_id, day, ask, statuses, unassigned=unassigned)

    async def count_of_customer(self, customer_id: str, statuses: Collection[Status] | None) -> int:
        return await self.store.count_of_customer(customer_id, statuses)

    async def count_of_branch_day(
        self,
        branch_id: str,
        day: date,
        statuses: Collection[Status] | None,
        *,
        unassigned: bool = False,
    ) -> int:
        return await self.store.count_of_branch_day(branch_id, day, statuses, unassigned=unassigned)

    async def _of_customer(
        self, id: str, customer_id: str, *, tx: Tx | None = None
    ) -> Appointment | None:
        found = await self.store.get(id, tx=tx)
        return found if found and found.customer_id == customer_id else None

    async def follow(
        self, id: str, may_see: Callable[[Appointment], bool], *, after: int | None
    ) -> AsyncIterator[Change]:
        """Every entry of the history past `after`: the missed ones in order, then each new one.

        The bell is hung before the first reading, so nothing falls between the two. A reader who
        claims to know more than has happened starts over. Ends when it is theirs no longer.
        """
        with self.hub.listen(id) as bell:
            told = after
            while (appointment := await self.store.get(id)) and may_see(appointment):
                if told is None:
                    told = appointment.sequence
                elif told > appointment.sequence:
                    told = appointment.sequence
                    yield Change(told, None, appointment)
                for entry in appointment.history:
                    if entry.sequence > told:
                        told = entry.sequence
                        yield Change(told, entry, appointment)
                await bell.heard()


def _unserved(located: Located) -> UnservedReason:
    if located.candidate is None:
        return UnservedReason.AMBIGUOUS_ADDRESS
    return UnservedReason.OUTSIDE_ALL_AREAS
