"""Another door for a visit that is promised: asked for, judged afresh, and told to its courier."""

from dataclasses import dataclass, field
from datetime import datetime

from doorstep.accounts.model import Role
from doorstep.addresses.model import Address
from doorstep.appointments import rules
from doorstep.appointments.actions.changing import Changing
from doorstep.appointments.events import AddressChangeTold, AppointmentRedirected
from doorstep.appointments.model import (
    AccessNotes,
    Appointment,
    ChangeRefusal,
    ChangeRefused,
    EventKind,
)
from doorstep.appointments.rules import Placement
from doorstep.capacity.actions import SlotView
from doorstep.capacity.model import NotTaken, SlotRef
from doorstep.capacity.rules import Wish, take
from doorstep.couriers.actions import Couriers
from doorstep.kit.mongo.transactions import Attempt, Tx


@dataclass(frozen=True)
class DoorAsked:
    """Another door for a visit: in the window it has, unless a slot is named.

    `access` None: how to get in is not known there, or is as it was if the door is the same.
    """

    address: Address | None
    by_role: Role
    slot: SlotRef | None = None
    access: AccessNotes | None = None
    reason: str | None = None


@dataclass(frozen=True)
class _Judged:
    """A request against which nothing speaks but, perhaps, the race for the last place."""

    there: Placement
    answer_by: datetime | None
    """Until when its courier is asked. None: nobody has to be."""


@dataclass(frozen=True)
class Moving(Changing):
    """A change of address is a request: area, slot and courier are judged again."""

    couriers: Couriers = field(kw_only=True)

    async def redirect(
        self,
        id: str,
        customer_id: str,
        asked: DoorAsked,
        attempt: Attempt,
        *,
        expected_version: int,
    ) -> Appointment | ChangeRefused:
        """The visit at another door; or, until the courier who has it agrees, where it was.

        The place at the new door is taken before the old one is given back.
        """
        outcome = await self._changed_before(attempt) or await self._redirect(
            id, customer_id, asked, attempt, expected_version
        )
        if isinstance(outcome, ChangeRefused):
            return await self._changed_before(attempt) or outcome
        return outcome

    async def _redirect(
        self,
        id: str,
        customer_id: str,
        asked: DoorAsked,
        attempt: Attempt,
        expected_version: int,
    ) -> Appointment | ChangeRefused:
        def changeable(found: Appointment | None) -> Appointment | ChangeRefused:
            return rules.changeable(
                found,
                EventKind.ADDRESS_CHANGED,
                expected_version=expected_version,
                at=attempt.at,
                policy=self.policy,
            )

        before = changeable(await self._of_customer(id, customer_id))
        if isinstance(before, ChangeRefused):
            return before
        judged = await self._judge_door(before, asked, attempt.at)
        if isinstance(judged, ChangeRefused):
            return judged
        there = judged.there
        ask = rules.ask_for(before, there, both=judged.answer_by is not None, at=attempt.at)
        if attempt.dry:
            taken = take(there.slot, ask)
            if isinstance(taken, NotTaken):
                return await self._changed(taken, before)
            return _there(before, judged, asked, attempt.at)

        async def write(tx: Tx) -> Appointment | ChangeRefused:
            # Read again: an offer may have come meanwhile, which is no change of version.
            current = changeable(await self._of_customer(id, customer_id, tx=tx))
            if isinstance(current, ChangeRefused):
                return current
            after = _there(current, judged, asked, attempt.at)
            if after.pending_change:
                await self.save([(current, after)], AddressChangeTold, tx=tx)
                return after
            await self.save([(current, after)], AppointmentRedirected, tx=tx)
            if after.slot.key != current.slot.key:
                await self.give_back(current, at=attempt.at, tx=tx)
            return after

        ref = SlotRef(
            area_id=there.slot.area_id, start=there.slot.window.start, services=before.services
        )
        outcome = await self.capacity.take(ref, ask, attempt, write)
        return await self._changed(outcome, before)

    async def _judge_door(
        self, before: Appointment, asked: DoorAsked, at: datetime
    ) -> _Judged | ChangeRefused:
        """Everything that can be said before the race for the place."""
        address = asked.address
        area = await self.addresses.area(address.area_id) if address else None
        if refused := rules.judge_door(before, address, area, asked.slot, self.policy):
            return refused
        assert address is not None
        assert area is not None
        if await self.notes.barring(address.owner_id, address.key, at=at):
            return ChangeRefused(
                code=ChangeRefusal.ADDRESS_NOT_SERVED, path=("addressId",), current=before
            )
        access = rules.access_at(before, address, asked.access)
        ref = asked.slot or SlotRef(
            area_id=area.id, start=before.slot.start, services=before.services
        )
        view = await self._place_at(before, ref, _wish(before, address, access), at)
        if isinstance(view, ChangeRefused):
            return view
        there = Placement(address, access, view.slot, view.demand, view.cancellable_until)
        return _Judged(there, await self._answer_by(before, there, at))

    async def _place_at(
        self, before: Appointment, ref: SlotRef, wish: Wish, at: datetime
    ) -> SlotView | ChangeRefused:
        """The slot for the new door; the one that the visit has counts as given back."""
        same = ref.key == before.slot.key
        instead = before.takes if same else None
        view = await self.capacity.view(ref, wish, at=at, instead=instead)
        if view is None or (view.too_far and not same):
            return ChangeRefused(code=ChangeRefusal.NOT_OFFERED, path=("slotId",), current=before)
        if view.closed and not (same and view.closed in rules.PROMISED_ALREADY):
            code = rules.CLOSED_TO_CHANGE[view.closed]
            return ChangeRefused(code=code, path=("slotId",), current=before)
        return view

    async def _answer_by(
        self, before: Appointment, there: Placement, at: datetime
    ) -> datetime | None:
        if before.courier_id is None:
            return None
        courier = await self.couriers.get(before.courier_id)
        roster = await self.couriers.roster(there.slot.branch_id, there.slot.window)
        if not rules.keeps_courier(before, there, courier, roster):
            return None
        shifts = await self.couriers.next_shifts(before.courier_id, at)
        return rules.answer_by(
            shifts, self.policy.change_patience, at=at, latest=before.cancellable_until
        )

    async def places_at(self, before: Appointment, asked: DoorAsked) -> list[SlotView]:
        """What can be had at the other door, when what was asked for cannot."""
        address = asked.address
        area = await self.addresses.area(address.area_id) if address else None
        if address is None or area is None or not before.services <= set(area.services):
            return []
        wish = _wish(before, address, rules.access_at(before, address, asked.access))
        return await self.capacity.open_slots(
            area, wish, at=self.clock.now(), not_key=before.slot.key
        )

    async def withdraw(
        self,
        id: str,
        customer_id: str,
        attempt: Attempt,
        *,
        expected_version: int,
        by_role: Role,
    ) -> Appointment | ChangeRefused:
        """Ask for another door no longer: the visit stays where it was."""

        async def body(tx: Tx) -> Appointment | ChangeRefused:
            before = await self._of_customer(id, customer_id, tx=tx)
            if before is None:
                return ChangeRefused(code=ChangeRefusal.NOT_FOUND, path=("appointmentId",))
            if before.version != expected_version:
                stale = ChangeRefusal.STALE_VERSION
                return ChangeRefused(code=stale, path=("expectedVersion",), current=before)
            if before.pending_change is None:
                return ChangeRefused(code=ChangeRefusal.NO_CHANGE_PENDING, current=before)
            after = rules.change_ended(
                before, at=attempt.at, recorded_at=attempt.at, by_role=by_role
            )
            await self.save([(before, after)], AddressChangeTold, tx=tx)
            return after

        return await self._changed(await self.mongo.once(attempt, body), None)


def _wish(before: Appointment, address: Address, access: AccessNotes) -> Wish:
    errands = tuple(line.errand for line in before.lines)
    return Wish(errands, access.way_in, address.door.location)


def _there(current: Appointment, judged: _Judged, asked: DoorAsked, at: datetime) -> Appointment:
    """The appointment at the new door, or with it if its courier has to agree first."""
    if judged.answer_by is None:
        return rules.redirected(
            current, judged.there, at=at, by_role=asked.by_role, reason=asked.reason
        )
    return rules.asked_elsewhere(
        current,
        judged.there,
        answer_by=judged.answer_by,
        at=at,
        by_role=asked.by_role,
        reason=asked.reason,
    )
