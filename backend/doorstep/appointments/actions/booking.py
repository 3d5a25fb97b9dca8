"""Making promises, and holding places for them."""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from doorstep.addresses.model import Address
from doorstep.appointments import rules
from doorstep.appointments.actions.conduct import Minding
from doorstep.appointments.actions.handing import Handing
from doorstep.appointments.actions.tools import Asked
from doorstep.appointments.events import (
    AppointmentBooked,
)
from doorstep.appointments.model import (
    Appointment,
    BookingRefusal,
    BookingRefused,
    BookingRequest,
    Standing,
)
from doorstep.capacity.actions import SlotView
from doorstep.capacity.model import Ask, Hold, NoPlace, NotTaken, SlotRef
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import (
    Attempt,
    Repeated,
    Reused,
    Tx,
)

_REUSED: Final = BookingRefused(
    code=BookingRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",)
)
NO_PLACE: Final = {
    NoPlace.FULL: BookingRefusal.SLOT_FULL,
    NoPlace.NO_COURIER: BookingRefusal.NO_COURIER,
    NoPlace.NO_VEHICLE: BookingRefusal.NO_VEHICLE,
    NoPlace.HOLD_EXPIRED: BookingRefusal.HOLD_EXPIRED,
    NoPlace.GONE: BookingRefusal.NOT_OFFERED,
}


@dataclass(frozen=True)
class Judged:
    """A request against which nothing speaks but, perhaps, the race for the last place."""

    address: Address
    view: SlotView
    standing: Standing = field(default_factory=Standing)


@dataclass(frozen=True)
class Booking(Minding, Handing):
    """Booking and holding: nothing is promised that was not free."""

    async def book(self, request: BookingRequest, attempt: Attempt) -> Appointment | BookingRefused:
        """Promise to come, if the rules allow it and a place is left."""
        outcome = await self._booked_before(attempt) or await self._book(request, attempt)
        if isinstance(outcome, BookingRefused):
            # What stands in the way may be what this very request did when it was sent before.
            return await self._booked_before(attempt) or outcome
        return outcome

    async def _booked_before(self, attempt: Attempt) -> Appointment | BookingRefused | None:
        """What became of the request that was sent under this key, if one took effect."""
        told = await self.mongo.answered(attempt)
        return await self._booked_again(told) if told else None

    async def _book(
        self, request: BookingRequest, attempt: Attempt
    ) -> Appointment | BookingRefused:
        hold = await self._hold_named(request)
        if isinstance(hold, BookingRefused):
            return hold
        judged = await self._judge(Asked.of(request), request.customer_id, attempt.at, hold)
        if isinstance(judged, BookingRefused):
            return judged
        promise = self._promise(request, judged, attempt.at)
        if attempt.dry:
            return promise

        async def write(tx: Tx) -> Appointment | BookingRefused:
            refused = await self.judge_again(
                request.customer_id, judged.standing, promise.services, tx=tx
            )
            if refused:
                return refused
            if hold and not await self.capacity.use_hold(hold, at=attempt.at, tx=tx):
                return BookingRefused(code=BookingRefusal.HOLD_EXPIRED, path=("holdId",))
            if hold and hold.kept_for:
                await self.take_offer(hold, promise, tx=tx)
            return await self._write(promise, tx)

        ask = Ask(
            id=promise.id,
            at=attempt.at,
            demand=promise.takes,
            hold_id=hold.id if hold else None,
        )
        outcome = await self.capacity.take(request.slot, ask, attempt, write)
        return await self._booked(outcome, request.slot)

    def _promise(self, request: BookingRequest, judged: Judged, at: datetime) -> Appointment:
        """What would be promised; a place is still to be taken for it."""
        return rules.promised(
            request,
            judged.view.slot,
            judged.address,
            id=new_id("apt"),
            pickup_code=f"{secrets.randbelow(10**6):06}",
            takes=judged.view.demand,
            cancellable_until=judged.view.cancellable_until,
            at=at,
        )

    async def _write(self, promise: Appointment, tx: Tx) -> Appointment:
        await self.store.add(promise, tx=tx)
        tx.record(AppointmentBooked.of(promise))
        return promise

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
        asked: Asked,
        customer_id: str,
        at: datetime,
        hold: Hold | None = None,
    ) -> Judged | BookingRefused:
        """Everything that can be said before the race for the place."""
        address = await self.addresses.of_owner(asked.address_id, customer_id)
        return await self._judge_at(address, asked, at, hold)

    async def _judge_at(
        self, address: Address | None, asked: Asked, at: datetime, hold: Hold | None = None
    ) -> Judged | BookingRefused:
        area = await self.addresses.area(address.area_id) if address else None
        refused = rules.judge_place(address, area, asked.services, asked.slot)
        if refused:
            return refused
        assert address is not None
        standing = await self._judge_owner(address, asked.services, at)
        if isinstance(standing, BookingRefused):
            return standing
        wish = rules.wish_of(asked.lines, asked.access, address.door.location, asked.services)
        view = await self.capacity.view(asked.slot, wish, at=at, hold_id=hold.id if hold else None)
        if view and (
            refused := rules.judge_size(asked.lines, await self.catalogue.limits(view.slot.day))
        ):
            return refused
        judged = self._judge_slot(address, asked.slot, view, at, hold)
        return replace(judged, standing=standing) if isinstance(judged, Judged) else judged

    async def _judge_owner(
        self, address: Address, services: frozenset[ServiceKind], at: datetime
    ) -> Standing | BookingRefused:
        """Whether we come to this door and to this customer, whatever the slot."""
        if await self.notes.barring(address.owner_id, address.key, at=at):
            return BookingRefused(code=BookingRefusal.BLOCKED, path=("addressId",))
        return await self.judge_customer(address.owner_id, services, at=at)

    def _judge_slot(
        self,
        address: Address,
        slot: SlotRef,
        view: SlotView | None,
        at: datetime,
        hold: Hold | None,
    ) -> Judged | BookingRefused:
        at_slot: dict[str, Any] = {"path": ("slotId",), "area_id": slot.area_id}
        if view is None or view.too_far:
            far = view is not None or self.capacity.beyond_horizon(slot.start, at=at)
            code = BookingRefusal.TOO_FAR_AHEAD if far else BookingRefusal.NOT_OFFERED
            return BookingRefused(code=code, **at_slot)
        if hold and hold.expires_at <= at:
            return BookingRefused(
                code=BookingRefusal.HOLD_EXPIRED, path=("holdId",), area_id=slot.area_id
            )
        if view.closed:
            code = rules.CLOSED_TO_BOOKING[view.closed]
            return BookingRefused(code=code, cutoff_at=view.cutoff_at, **at_slot)
        return Judged(address, view)

    async def _booked(self, outcome: object, slot: SlotRef) -> Appointment | BookingRefused:
        match outcome:
            case Appointment() | BookingRefused():
                return outcome
            case NotTaken(code=code):
                return BookingRefused(code=NO_PLACE[code], path=("slotId",), area_id=slot.area_id)
            case Repeated() | Reused():
                return await self._booked_again(outcome)
        raise AssertionError(outcome)

    async def _booked_again(self, told: Repeated | Reused) -> Appointment | BookingRefused:
        if isinstance(told, Reused):
            return _REUSED
        return await self._promised(told.id)

    async def hold(self, customer_id: str, asked: Asked, attempt: Attempt) -> Hold | BookingRefused:
        """Keep a place for a few minutes. One for each customer and service."""
        outcome = await self._held_before(customer_id, attempt) or await self._hold(
            customer_id, asked, attempt
        )
        if isinstance(outcome, BookingRefused):
            return await self._held_before(customer_id, attempt) or outcome
        return outcome

    async def _held_before(
        self, customer_id: str, attempt: Attempt
    ) -> Hold | BookingRefused | None:
        told = await self.mongo.answered(attempt)
        return await self._held_again(told, customer_id) if told else None

    async def _hold(
        self, customer_id: str, asked: Asked, attempt: Attempt
    ) -> Hold | BookingRefused:
        slot = asked.slot
        judged = await self._judge(asked, customer_id, attempt.at)
        if isinstance(judged, BookingRefused):
            return judged
        until = min(attempt.at + self.capacity.policy.hold_lasts, judged.view.cutoff_at)
        hold = Hold(
            id=new_id("hld"),
            customer_id=customer_id,
            ref=slot.text,
            slot_key=slot.key,
            services=tuple(sorted(asked.services)),
            expires_at=until,
        )
        too_many = BookingRefused(code=BookingRefusal.TOO_MANY_HOLDS)

        async def write(tx: Tx) -> Hold | BookingRefused:
            kept = await self.capacity.keep_hold(hold, at=attempt.at, tx=tx)
            return hold if kept else too_many

        if attempt.dry:
            return await self.mongo.transact(write, dry=True)
        ask = Ask(id=hold.id, at=attempt.at, demand=judged.view.demand, hold_until=until)
        outcome = await self.capacity.take(slot, ask, attempt, write)
        match outcome:
            case Hold() | BookingRefused():
                return outcome
            case Repeated() | Reused():
                return await self._held_again(outcome, customer_id)
            case NotTaken(code=code):
                return BookingRefused(code=NO_PLACE[code], path=("slotId",), area_id=slot.area_id)
        raise AssertionError(outcome)

    async def _held_again(self, told: Repeated | Reused, customer_id: str) -> Hold | BookingRefused:
        if isinstance(told, Reused):
            return _REUSED
        return await self.capacity.hold_of(told.id, customer_id) or _REUSED

    async def release(self, id: str, customer_id: str, attempt: Attempt) -> Hold | BookingRefused:
        """Give a held place back, for whoever waits for it. Harmless when it was over already."""

        async def body(tx: Tx) -> Hold | BookingRefused:
            hold = await self.capacity.hold_of(id, customer_id, tx=tx)
            if hold is None:
                return BookingRefused(code=BookingRefusal.NOT_FOUND, path=("holdId",))
            if not hold.over:
                await self.capacity.give_back(hold, at=attempt.at, tx=tx)
                await self.decline_offer(hold, at=attempt.at, tx=tx)
                await self.hand_on(hold.slot_key, at=attempt.at, tx=tx)
            return hold

        outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Repeated | Reused):
            return await self._held_again(outcome, customer_id)
        return outcome
