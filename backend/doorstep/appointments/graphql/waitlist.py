"""Waiting for a place in a window that is full."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import strawberry

from doorstep.accounts.model import AGENT, CUSTOMER, CUSTOMER_OR_AGENT, DISPATCH, SIGNED_IN, Role
from doorstep.accounts.permissions import mutation, query, subscription
from doorstep.appointments import model, rules
from doorstep.appointments.graphql.behalf import Behalf, NoConsent, behalf_of
from doorstep.appointments.graphql.inputs import lines_in, slot_in
from doorstep.appointments.graphql.mutations import (
    NO_CONSENT,
    as_served,
    booking_refused,
    changing,
    contact_of,
    door_out_of_reach,
    judge_items,
)
from doorstep.appointments.graphql.queries import appointments_of, page_of
from doorstep.appointments.graphql.results import AppointmentBooked, BookAppointmentResult
from doorstep.appointments.graphql.waiting import (
    AcceptWaitlistOfferInput,
    JoinWaitlistInput,
    JoinWaitlistResult,
    LeaveWaitlistInput,
    LeaveWaitlistResult,
    WaitlistChange,
    WaitlistConnection,
    WaitlistEdge,
    WaitlistEntry,
    WaitlistJoined,
    WaitlistLeft,
    entries_shown,
    refused_shown,
)
from doorstep.capacity.model import SlotRef
from doorstep.kit.gql import Info, PageInfo, argument, asks_for, invalid, not_found, refuse
from doorstep.kit.once import attempt_of
from doorstep.kit.pages import Page, keyed

_TOTAL = frozenset({"totalCount"})


@strawberry.type
class WaitlistMutation:
    @mutation("Wait for a place; who is next in turn is offered it.", to=CUSTOMER_OR_AGENT)
    async def join_waitlist(
        self, info: Info, input: Annotated[JoinWaitlistInput, argument("For what, and when.")]
    ) -> JoinWaitlistResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "joinWaitlist", rooms.clock.now())
        lines = lines_in(input.lines, rooms.policy.most_lines)
        judge_items(info, lines)
        notes = input.access_notes.parsed() if input.access_notes else model.AccessNotes()
        slots = _slots_in(input.slot_ids, rooms.waiting.most_slots)
        try:
            behalf = await behalf_of(info, input.on_behalf_of, dry=attempt.dry)
        except NoConsent:
            return await refused_shown(model.WaitlistRefused.like(NO_CONSENT), info)
        if isinstance(slots, model.WaitlistRefused):
            return await refused_shown(slots, info)
        if await door_out_of_reach(info, behalf, input.address_id):
            return await refused_shown(_NO_ADDRESS, info)
        request = model.WaitRequest(
            customer_id=behalf.customer_id,
            joined_by=behalf.caller_id,
            joined_by_role=behalf.role,
            channel=behalf.channel,
            address_id=input.address_id,
            slots=slots,
            contact=await contact_of(info, input.contact, behalf),
            lines=lines,
            access_notes=notes,
        )
        outcome = await rooms.join(request, attempt)
        if isinstance(outcome, model.WaitlistRefused):
            return await refused_shown(outcome, info)
        return WaitlistJoined(entry=(await entries_shown([outcome], info))[0])

    @mutation(
        "Wait no longer. A place that was kept goes to the next in turn.", to=CUSTOMER_OR_AGENT
    )
    async def leave_waitlist(
        self, info: Info, input: Annotated[LeaveWaitlistInput, argument("Which entry.")]
    ) -> LeaveWaitlistResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "leaveWaitlist", rooms.clock.now())
        behalf = await changing(info, input.on_behalf_of, dry=attempt.dry)
        if await _out_of_reach(info, behalf, input.id):
            return await refused_shown(_NO_ENTRY, info)
        outcome = await rooms.leave(
            input.id, behalf.customer_id, attempt, expected_version=input.expected_version
        )
        if isinstance(outcome, model.WaitlistRefused):
            return await refused_shown(outcome, info)
        return WaitlistLeft(entry=(await entries_shown([outcome], info))[0])

    @mutation("Book what was offered, as `bookAppointment` does.", to=CUSTOMER_OR_AGENT)
    async def accept_waitlist_offer(
        self, info: Info, input: Annotated[AcceptWaitlistOfferInput, argument("Which entry.")]
    ) -> BookAppointmentResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "acceptWaitlistOffer", rooms.clock.now())
        try:
            behalf = await behalf_of(info, input.on_behalf_of, dry=attempt.dry)
        except NoConsent:
            return await booking_refused(NO_CONSENT, info)
        if await _out_of_reach(info, behalf, input.id):
            return await booking_refused(_NO_OFFER, info)
        outcome = await rooms.accept(
            input.id,
            behalf.customer_id,
            attempt,
            by=behalf.caller_id,
            by_role=behalf.role,
            channel=behalf.channel,
        )
        if isinstance(outcome, model.BookingRefused):
            return await booking_refused(outcome, info)
        return AppointmentBooked(appointment=await as_served(outcome, info))


_NO_ADDRESS = model.WaitlistRefused(code=model.WaitlistRefusal.NOT_FOUND, path=("addressId",))
_NO_ENTRY = model.WaitlistRefused(code=model.WaitlistRefusal.NOT_FOUND, path=("id",))
_NO_OFFER = model.BookingRefused(code=model.BookingRefusal.NOT_FOUND, path=("id",))


def _slots_in(ids: Sequence[str], most: int) -> tuple[SlotRef, ...] | model.WaitlistRefused:
    """Raises InvalidAsk for none, for too many, and for one twice."""
    if not 1 <= len(ids) <= most:
        raise invalid("slotIds", zh=f"须有 1 到 {most} 项。", en=f"From 1 to {most} of them.")
    slots = []
    for index, id in enumerate(ids):
        slot = slot_in(id)
        if slot is None:
            path = ("slotIds", str(index))
            return model.WaitlistRefused(code=model.WaitlistRefusal.NOT_OFFERED, path=path)
        slots.append(slot)
    if len({slot.key for slot in slots}) != len(slots):
        raise invalid("slotIds", zh="同一时段只能选一次。", en="Each window only once.")
    return tuple(slots)


async def _out_of_reach(info: Info, behalf: Behalf, id: str) -> bool:
    """Whether an agent would act on an entry of another part of the bureau."""
    if behalf.role is not Role.AGENT:
        return False
    found = await appointments_of(info).entry(id)
    return found is not None and not info.context.caller.may(AGENT, found.branch_path)


@strawberry.type
class WaitlistQuery:
    @query("What I wait for, and what came of it; the latest joined first.", to=CUSTOMER)
    async def my_waitlist(self, info: Info) -> list[WaitlistEntry]:
        found = await appointments_of(info).entries_of(info.context.caller.id)
        return await entries_shown(found, info)

    @query("Who waits for a window of your branch, in their turn.", to=DISPATCH)
    async def waitlist(
        self,
        info: Info,
        slot_id: Annotated[strawberry.ID, argument("Which window.")],
        first: Annotated[int, argument("How many; at most 100.")] = 50,
        after: Annotated[str | None, argument("The last cursor of the page before.")] = None,
    ) -> WaitlistConnection:
        rooms, ask, ref = appointments_of(info), page_of(first, after), slot_in(slot_id)
        slots = await info.context.house.capacity.get_many([ref.key]) if ref else {}
        slot = slots.get(ref.key) if ref else None
        page: Page[model.WaitlistEntry] = Page((), more=False)
        total = 0
        if ref and slot and info.context.caller.may(DISPATCH, slot.branch_path):
            page = await rooms.list_of(ref, ask)
            total = await rooms.count_of(ref) if asks_for(info, _TOTAL) else 0
        cursors = [cursor for cursor, _ in keyed(page, lambda entry: entry.id)]
        nodes = await entries_shown(page.rows, info)
        return WaitlistConnection(
            edges=[
                WaitlistEdge(node=node, cursor=cursor)
                for node, cursor in zip(nodes, cursors, strict=True)
            ],
            page_info=PageInfo.of(cursors, more=page.more, after=page.after),
            total_count=total if asks_for(info, _TOTAL) else None,
        )


@strawberry.type
class WaitlistSubscription:
    @subscription(
        "Every change of one wait past `after` (a WaitlistChange.sequence): the missed ones in "
        "order, then each new one. An offer is told here once, within a second.",
        to=SIGNED_IN,
    )
    async def waitlist_changed(
        self,
        info: Info,
        id: Annotated[strawberry.ID, argument("Which entry.")],
        after: Annotated[
            int | None, argument("The last sequence had; 0: everything; null: from now on.")
        ] = None,
    ) -> AsyncIterator[WaitlistChange]:
        rooms, caller = appointments_of(info), info.context.caller
        if after is not None and after < 0:
            raise refuse("BAD_USER_INPUT", "after must not be negative")
        found = await rooms.entry(id)
        if found is None or not rules.may_see_entry(found, caller):
            raise not_found(info.context.locale)

        def may_see(entry: model.WaitlistEntry) -> bool:
            return rules.may_see_entry(entry, caller)

        async for change in rooms.follow_entry(id, may_see, after=after):
            yield WaitlistChange(
                sequence=change.sequence,
                state=change.step.state if change.step else None,
                at=change.step.at if change.step else None,
                entry=(await entries_shown([change.entry], info))[0],
                resync=change.step is None,
            )
