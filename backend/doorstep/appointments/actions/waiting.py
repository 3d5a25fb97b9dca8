"""Waiting for a place: joining a list, leaving it, and taking what was offered."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from doorstep.accounts.model import Role
from doorstep.addresses.model import Address, ServiceArea
from doorstep.appointments import rules
from doorstep.appointments.actions.booking import Booking
from doorstep.appointments.actions.tools import NotReadableYet
from doorstep.appointments.events import AppointmentBooked, WaitlistChanged
from doorstep.appointments.model import (
    Appointment,
    BookingRefusal,
    BookingRefused,
    WaitedSlot,
    WaitlistEntry,
    WaitlistRefusal,
    WaitlistRefused,
    WaitRequest,
    WaitState,
    WaitStep,
)
from doorstep.capacity.events import CapacityChanged
from doorstep.capacity.model import SlotRef
from doorstep.catalogue.model import Channel
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx
from doorstep.kit.pages import Ask as PageAsk
from doorstep.kit.pages import Page
from doorstep.kit.windows import local_day

_KEY: Final = ("idempotencyKey",)
_NO_OFFER: Final = BookingRefused(code=BookingRefusal.NO_OFFER, path=("id",))
_NO_ENTRY: Final = BookingRefused(code=BookingRefusal.NOT_FOUND, path=("id",))
_LAPSED: Final = BookingRefused(code=BookingRefusal.HOLD_EXPIRED, path=("id",))


@dataclass(frozen=True)
class WaitChange:
    """One thing that happened to an entry; without `step` the reader must start over."""

    sequence: int
    step: WaitStep | None
    entry: WaitlistEntry


@dataclass(frozen=True)
class _Door:
    """Where somebody would be visited who may wait for it."""

    address: Address
    area: ServiceArea


@dataclass(frozen=True)
class Waiting(Booking):
    """Whoever waits is served in their turn, and is told once for each offer."""

    # ------------------------------------------------------------ joining and leaving

    async def join(self, request: WaitRequest, attempt: Attempt) -> WaitlistEntry | WaitlistRefused:
        """Wait for a place in one of the slots, all of which are full."""
        door = await self._door(request, attempt)
        if isinstance(door, WaitlistRefused):
            return await self._joined_before(attempt) or door
        id = new_id("wle")

        async def body(tx: Tx) -> WaitlistEntry | WaitlistRefused:
            slots = await self._full_slots(request, door, attempt, tx)
            if isinstance(slots, WaitlistRefused):
                return slots
            mine = await self.waitlist.live_of(request.customer_id, tx=tx)
            nth = rules.judge_number(mine, [slot.ref.key for slot in slots], self.waiting)
            if isinstance(nth, WaitlistRefused):
                return nth
            entry = rules.joined(
                request,
                slots,
                branch_id=door.area.branch_id,
                branch_path=door.area.branch_path,
                where=door.address.door.location,
                id=id,
                nth=nth,
                at=attempt.at,
            )
            await self.waitlist.add(entry, tx=tx)
            tx.record(
                WaitlistChanged(aggregate=id, sequence=1, at=attempt.at, branch_id=entry.branch_id)
            )
            return entry

        return await self._settled(await self.mongo.once(attempt, body))

    async def _joined_before(self, attempt: Attempt) -> WaitlistEntry | WaitlistRefused | None:
        told = await self.mongo.answered(attempt)
        return await self._settled(told) if told else None

    async def _door(self, request: WaitRequest, attempt: Attempt) -> _Door | WaitlistRefused:
        """What can be said before the slots are looked at."""
        address = await self.addresses.of_owner(request.address_id, request.customer_id)
        area = await self.addresses.area(address.area_id) if address else None
        services = frozenset(line.kind for line in request.lines)
        refused = rules.judge_place(address, area, services, None)
        if refused:
            return WaitlistRefused.like(refused)
        assert address is not None
        assert area is not None
        for index, slot in enumerate(request.slots):
            if rules.judge_place(address, area, services, slot):
                path = ("slotIds", str(index))
                return WaitlistRefused(code=WaitlistRefusal.NOT_OFFERED, path=path)
        standing = await self._judge_owner(address, services, attempt.at)
        if isinstance(standing, BookingRefused):
            return WaitlistRefused.like(standing)
        first = min(slot.start for slot in request.slots)
        limits = await self.catalogue.limits(local_day(first))
        if too_big := rules.judge_size(request.lines, limits):
            return WaitlistRefused.like(too_big)
        return _Door(address, area)

    async def _full_slots(
        self, request: WaitRequest, door: _Door, attempt: Attempt, tx: Tx
    ) -> list[WaitedSlot] | WaitlistRefused:
        """The slots, locked: whoever frees a place of them comes before this or after it."""
        wish = rules.wish_of(request.lines, request.access_notes, door.address.door.location)
        slots = []
        for index, ref in enumerate(request.slots):
            view = await self.capacity.view_locked(ref, wish, at=attempt.at, tx=tx)
            if view is None or view.too_far:
                code = WaitlistRefusal.TOO_FAR_AHEAD if view else WaitlistRefusal.NOT_OFFERED
                return WaitlistRefused(code=code, path=("slotIds", str(index)))
            if refused := rules.judge_wait(view.closed, index=index):
                return refused
            slots.append(WaitedSlot(ref=ref, demand=view.demand, cutoff_at=view.cutoff_at))
        return slots

    async def leave(
        self, id: str, customer_id: str, attempt: Attempt, *, expected_version: int
    ) -> WaitlistEntry | WaitlistRefused:
        """Wait no longer. A place that was kept goes to the next in turn."""

        async def body(tx: Tx) -> WaitlistEntry | WaitlistRefused:
            before = await self._entry_of(id, customer_id, tx=tx)
            if refused := rules.leavable(before, expected_version=expected_version):
                return refused
            assert before is not None
            after = rules.ended(before, WaitState.LEFT, at=attempt.at)
            await self.step(before, after, tx=tx)
            if before.state is WaitState.OFFERED:
                await self._pass_on(before, attempt.at, tx)
            return after

        return await self._settled(await self.mongo.once(attempt, body))

    async def _entry_of(
        self, id: str, customer_id: str, *, tx: Tx | None = None
    ) -> WaitlistEntry | None:
        found = await self.waitlist.get(id, tx=tx)
        return found if found and found.customer_id == customer_id else None

    async def _settled(
        self, outcome: WaitlistEntry | WaitlistRefused | Repeated | Reused
    ) -> WaitlistEntry | WaitlistRefused:
        match outcome:
            case WaitlistRefused(current=WaitlistEntry(id=id)):
                current = await self.waitlist.get(id)
                return outcome.model_copy(update={"current": current})
            case Repeated(id):
                if found := await self.waitlist.get(id):
                    return found
                raise NotReadableYet(id)
            case Reused():
                return WaitlistRefused(code=WaitlistRefusal.IDEMPOTENCY_KEY_REUSED, path=_KEY)
        return outcome

    # ------------------------------------------------------------ taking what was offered

    async def accept(
        self,
        id: str,
        customer_id: str,
        attempt: Attempt,
        *,
        by: str,
        by_role: Role,
        channel: Channel,
    ) -> Appointment | BookingRefused:
        """Book what was offered, by the very way of any other booking."""
        entry = await self._entry_of(id, customer_id)
        if entry is None or entry.private is None:
            return await self._booked_before(attempt) or _NO_ENTRY
        if entry.offer is None or entry.state not in (WaitState.OFFERED, WaitState.LAPSED):
            return await self._booked_before(attempt) or _NO_OFFER
        if entry.state is WaitState.LAPSED:
            return await self._booked_before(attempt) or _LAPSED
        request = rules.accepted(
            entry, entry.offer, entry.private, by=by, by_role=by_role, channel=channel
        )
        return await self.book(request, attempt)

    # ------------------------------------------------------------ the worker's part

    async def pass_places_on(self) -> int:
        """End what has lapsed or passed, and hand on what that frees. How many were moved."""
        if not await self.waitlist.anybody():
            return 0
        now = self.clock.now()
        moved = 0
        for entry in await self.waitlist.lapsed(now):
            moved += await self._end(entry, WaitState.LAPSED)
        for entry in await self.waitlist.passed(now):
            moved += await self._end(entry, WaitState.PASSED)
        waited_for = await self.waitlist.waited_for()
        for key in await self.capacity.lapsed_in(waited_for, at=now):
            moved += await self.offer_places(key)
        return moved

    async def look_again(self) -> int:
        """Go through every list: a block may be over, or a cost lower. How many were offered."""
        return sum([await self.offer_places(key) for key in await self.waitlist.waited_for()])

    async def _end(self, entry: WaitlistEntry, state: WaitState) -> int:
        """Once, whoever else is at it: the place goes on in the same transaction."""
        now = self.clock.now()

        async def body(tx: Tx) -> int:
            before = await self.waitlist.get(entry.id, tx=tx)
            if before is None or before.version != entry.version:
                return 0
            await self.step(before, rules.ended(before, state, at=now), tx=tx)
            if before.state is WaitState.OFFERED:
                await self._pass_on(before, now, tx)
            return 1

        return await self.mongo.transact(body)

    async def _pass_on(self, before: WaitlistEntry, at: datetime, tx: Tx) -> None:
        """What was offered and is not wanted goes to the next in turn."""
        assert before.offer is not None
        hold = await self.capacity.hold_of(before.offer.hold_id, before.customer_id, tx=tx)
        if hold:
            await self.capacity.give_back(hold, at=at, tx=tx)
        await self.hand_on(before.offer.slot.key, at=at, tx=tx)

    # ------------------------------------------------------------ when others speak

    async def heed_booked(self, event: AppointmentBooked) -> None:
        """Who got their slot by another way waits no longer; what a hold left over goes on."""
        appointment = await self.store.get(event.aggregate)
        if appointment is None:
            return
        key = appointment.slot.key
        for entry in await self.waitlist.live_of(appointment.customer_id):
            if rules.is_served_by(entry, appointment):
                await self._served(entry, appointment)
        if await self.waitlist.waiting_for(key):
            await self.offer_places(key)

    async def _served(self, entry: WaitlistEntry, appointment: Appointment) -> None:
        at, id = appointment.booked_at, appointment.id

        async def body(tx: Tx) -> None:
            before = await self.waitlist.get(entry.id, tx=tx)
            if before and rules.is_served_by(before, appointment):
                taken = rules.ended(before, WaitState.TAKEN, at=at, appointment_id=id)
                await self.step(before, taken, tx=tx)

        await self.mongo.transact(body)

    async def heed_capacity(self, event: CapacityChanged) -> None:
        """Another budget or cap: there may be more than there was."""
        await self.offer_places(event.aggregate)

    # ------------------------------------------------------------ reading

    async def entries_of(self, customer_id: str) -> Sequence[WaitlistEntry]:
        """The latest joined first."""
        return await self.waitlist.of_customer(customer_id, self.waiting.most_shown)

    async def entry(self, id: str) -> WaitlistEntry | None:
        return await self.waitlist.get(id)

    async def list_of(self, ref: SlotRef, ask: PageAsk) -> Page[WaitlistEntry]:
        return await self.waitlist.of_slot(ref.key, ask)

    async def count_of(self, ref: SlotRef) -> int:
        return await self.waitlist.count_of_slot(ref.key)

    async def follow_entry(
        self, id: str, may_see: Callable[[WaitlistEntry], bool], *, after: int | None
    ) -> AsyncIterator[WaitChange]:
        """Every step of an entry past `after`: the missed ones in order, then each new one."""
        with self.hub.listen(id) as bell:
            told = after
            while (entry := await self.waitlist.get(id)) and may_see(entry):
                if told is None:
                    told = entry.version
                elif told > entry.version:
                    told = entry.version
                    yield WaitChange(told, None, entry)
                for step in entry.history:
                    if step.sequence > told:
                        told = step.sequence
                        yield WaitChange(told, step, entry)
                await bell.heard()
