"""Asking for visits, and changing one's mind."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from doorstep.accounts.model import AGENT, CUSTOMER_OR_AGENT, Role
from doorstep.accounts.permissions import mutation
from doorstep.addresses.actions import Addresses
from doorstep.appointments import model
from doorstep.appointments.actions import Asked
from doorstep.appointments.graphql.behalf import Behalf, NoConsent, behalf_of
from doorstep.appointments.graphql.inputs import (
    BookAppointmentInput,
    CancelAppointmentInput,
    ContactInput,
    HoldSlotInput,
    OnBehalfOfInput,
    ReleaseHoldInput,
    RescheduleAppointmentInput,
    lines_in,
    reason_in,
    slot_in,
)
from doorstep.appointments.graphql.queries import (
    appointments_of,
    is_staff,
    shown_to,
    viewer_of,
)
from doorstep.appointments.graphql.results import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentRescheduled,
    BookAppointmentResult,
    BookingRefused,
    CancelAppointmentResult,
    ChangeRefused,
    HoldSlotResult,
    ReleaseHoldResult,
    RescheduleAppointmentResult,
)
from doorstep.appointments.graphql.types import Appointment
from doorstep.capacity.actions import SlotView
from doorstep.capacity.graphql import HoldReleased, Slot, SlotHeld, SlotHold
from doorstep.capacity.model import Hold, SlotRef
from doorstep.items.rules import problem_with
from doorstep.kit.gql import Info, InvalidAsk, argument, invalid
from doorstep.kit.once import attempt_of, said_no
from doorstep.kit.refusals import Invalid, Problem


async def contact_of(info: Info, asked: ContactInput | None, behalf: Behalf) -> model.Contact:
    """Whom to call: who was named, else the customer themselves."""
    if asked:
        return asked.parsed()
    account = await info.context.house.accounts.get(behalf.customer_id)
    phone = (account and account.phone) or behalf.phone
    name = behalf.name or (account and account.name)
    if not phone or not name:
        raise invalid("contact", zh="请填写联系人。", en="Say whom to call.")
    return model.Contact(name=name, phone=phone)


def judge_items(info: Info, lines: tuple[model.LineAsked, ...]) -> None:
    """Raises InvalidAsk for an item number that is none."""
    pattern = info.context.house.domestic_items
    problems = tuple(
        Problem(path=("lines", str(index), "delivery", "itemId"), words=words)
        for index, line in enumerate(lines)
        if isinstance(line, model.DeliveryAsked) and (words := problem_with(line.item_id, pattern))
    )
    if problems:
        raise InvalidAsk(Invalid(problems=problems))


NO_CONSENT = model.BookingRefused(
    code=model.BookingRefusal.NO_CONSENT, path=("onBehalfOf", "consentGiven")
)
NO_SLOT = model.BookingRefused(code=model.BookingRefusal.NOT_OFFERED, path=("slotId",))
NO_ADDRESS = model.BookingRefused(code=model.BookingRefusal.NOT_FOUND, path=("addressId",))
NO_PROMISE = model.ChangeRefused(code=model.ChangeRefusal.NOT_FOUND, path=("id",))
NO_OTHER_SLOT = model.ChangeRefused(code=model.ChangeRefusal.NOT_OFFERED, path=("slotId",))


async def door_out_of_reach(info: Info, behalf: Behalf, address_id: str) -> bool:
    """Whether an agent would act at a door that lies in another part of the bureau."""
    if behalf.role is not Role.AGENT:
        return False
    addresses: Addresses = info.context.house.addresses
    address = await addresses.of_owner(address_id, behalf.customer_id)
    area = await addresses.area(address.area_id) if address else None
    return area is not None and not info.context.caller.may(AGENT, area.branch_path)


async def promise_out_of_reach(info: Info, behalf: Behalf, id: str) -> bool:
    """Whether an agent would change a promise of another part of the bureau."""
    if behalf.role is not Role.AGENT:
        return False
    found = (await appointments_of(info).load([id])).get(id)
    return found is not None and not info.context.caller.may(AGENT, found.branch_path)


@strawberry.type
class AppointmentMutation:
    @mutation("Keep a place for a few minutes.", to=CUSTOMER_OR_AGENT)
    async def hold_slot(
        self, info: Info, input: Annotated[HoldSlotInput, argument("Which slot, for what.")]
    ) -> HoldSlotResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "holdSlot", rooms.clock.now())
        if not input.services:
            raise invalid("services", zh="至少选一项服务。", en="At least one service.")
        lines = lines_in(input.lines, rooms.policy.most_lines) if input.lines else ()
        access = input.access.parsed("access") if input.access else model.AccessNotes()
        try:
            behalf = await behalf_of(info, input.on_behalf_of, dry=input.validate_only)
        except NoConsent:
            return await booking_refused(NO_CONSENT, info)
        slot = slot_in(input.slot_id)
        if slot is None:
            return await booking_refused(NO_SLOT, info)
        if await door_out_of_reach(info, behalf, input.address_id):
            return await booking_refused(NO_ADDRESS, info)
        services = frozenset(input.services) | {line.kind for line in lines}
        asked = Asked(input.address_id, slot, services, lines, access)
        outcome = await rooms.hold(behalf.customer_id, asked, attempt)
        if isinstance(outcome, model.BookingRefused):
            return await booking_refused(outcome, info, asked)
        return SlotHeld(hold=await hold_shown(outcome, info))

    @mutation("Give a held place back.", to=CUSTOMER_OR_AGENT)
    async def release_hold(
        self, info: Info, input: Annotated[ReleaseHoldInput, argument("Which hold.")]
    ) -> ReleaseHoldResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "releaseHold", rooms.clock.now())
        outcome = await rooms.release(input.hold_id, info.context.caller.id, attempt)
        if isinstance(outcome, model.BookingRefused):
            return await booking_refused(outcome, info)
        return HoldReleased(id=strawberry.ID(outcome.id))

    @mutation(
        "Ask for a visit. The answer is a promise, or a refusal that says why.",
        to=CUSTOMER_OR_AGENT,
    )
    async def book_appointment(
        self, info: Info, input: Annotated[BookAppointmentInput, argument("The visit.")]
    ) -> BookAppointmentResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "bookAppointment", rooms.clock.now())
        lines = lines_in(input.lines, rooms.policy.most_lines)
        judge_items(info, lines)
        notes = input.access_notes.parsed() if input.access_notes else model.AccessNotes()
        try:
            behalf = await behalf_of(info, input.on_behalf_of, dry=attempt.dry)
        except NoConsent:
            return await booking_refused(NO_CONSENT, info)
        slot = slot_in(input.slot_id)
        if slot is None:
            return await booking_refused(NO_SLOT, info)
        if await door_out_of_reach(info, behalf, input.address_id):
            return await booking_refused(NO_ADDRESS, info)
        request = model.BookingRequest(
            customer_id=behalf.customer_id,
            booked_by=behalf.caller_id,
            booked_by_role=behalf.role,
            channel=behalf.channel,
            address_id=input.address_id,
            slot=slot,
            hold_id=input.hold_id,
            contact=await contact_of(info, input.contact, behalf),
            lines=lines,
            access_notes=notes,
        )
        outcome = await rooms.book(request, attempt)
        if isinstance(outcome, model.BookingRefused):
            return await booking_refused(outcome, info, Asked.of(request))
        return AppointmentBooked(appointment=await as_served(outcome, info))

    @mutation(
        "Move an appointment to another window: the new place is taken before the old is freed.",
        to=CUSTOMER_OR_AGENT,
    )
    async def reschedule_appointment(
        self,
        info: Info,
        input: Annotated[RescheduleAppointmentInput, argument("Which one, and when instead.")],
    ) -> RescheduleAppointmentResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "rescheduleAppointment", rooms.clock.now())
        behalf = await changing(info, input.on_behalf_of, dry=attempt.dry)
        if await promise_out_of_reach(info, behalf, input.id):
            return await change_refused(NO_PROMISE, info, None)
        slot = slot_in(input.slot_id)
        if slot is None:
            return await change_refused(NO_OTHER_SLOT, info, None)
        outcome = await rooms.reschedule(
            input.id,
            behalf.customer_id,
            slot,
            attempt,
            expected_version=input.expected_version,
            by_role=behalf.role,
            reason=reason_in(input.reason),
        )
        if isinstance(outcome, model.ChangeRefused):
            return await change_refused(outcome, info, slot)
        return AppointmentRescheduled(appointment=await as_served(outcome, info))

    @mutation("Take an appointment back; its place is free at once.", to=CUSTOMER_OR_AGENT)
    async def cancel_appointment(
        self, info: Info, input: Annotated[CancelAppointmentInput, argument("Which one.")]
    ) -> CancelAppointmentResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "cancelAppointment", rooms.clock.now())
        behalf = await changing(info, input.on_behalf_of, dry=attempt.dry)
        if await promise_out_of_reach(info, behalf, input.id):
            return await change_refused(NO_PROMISE, info, None)
        outcome = await rooms.cancel(
            input.id,
            behalf.customer_id,
            attempt,
            expected_version=input.expected_version,
            by_role=behalf.role,
            reason=reason_in(input.reason),
        )
        if isinstance(outcome, model.ChangeRefused):
            return await change_refused(outcome, info, None)
        return AppointmentCancelled(appointment=await as_served(outcome, info))


async def changing(info: Info, asked: OnBehalfOfInput | None, *, dry: bool) -> Behalf:
    """A change has no refusal for a missing consent: it is an input that makes no sense."""
    try:
        return await behalf_of(info, asked, dry=dry)
    except NoConsent:
        raise invalid(
            "onBehalfOf",
            "consentGiven",
            zh="代客户操作前须取得客户同意。",
            en="The customer has to agree first.",
        ) from None


async def as_served(appointment: model.Appointment, info: Info) -> Appointment:
    """The appointment as whoever asked may see it; an agent sees it as staff do."""
    shown = await shown_to(await viewer_of(info), [appointment], info)
    return shown[0]


async def hold_shown(hold: Hold, info: Info) -> SlotHold:
    capacity = info.context.house.capacity
    ref = SlotRef.read(hold.ref)
    assert ref
    view = await capacity.view(ref, at=capacity.clock.now())
    return SlotHold(
        id=strawberry.ID(hold.id),
        slot=Slot.of(view, staff=is_staff(info)),
        expires_at=hold.expires_at,
    )


_WITH_ALTERNATIVES = frozenset(
    {
        model.BookingRefusal.SLOT_FULL,
        model.BookingRefusal.CUTOFF_PASSED,
        model.BookingRefusal.TOO_FAR_AHEAD,
        model.BookingRefusal.NOT_OFFERED,
        model.BookingRefusal.HOLD_EXPIRED,
        model.BookingRefusal.NO_COURIER,
        model.BookingRefusal.NO_VEHICLE,
    }
)


async def booking_refused(
    refused: model.BookingRefused, info: Info, asked: Asked | None = None
) -> BookingRefused:
    alternatives: list[Slot] = []
    if refused.code in _WITH_ALTERNATIVES and refused.area_id and asked:
        views = await appointments_of(info).alternatives_to(asked, refused.area_id)
        alternatives = [Slot.of(view, staff=is_staff(info)) for view in views]
    return BookingRefused.of(refused, info.context.locale, alternatives)


CHANGES_WITH_ALTERNATIVES = frozenset(
    {
        model.ChangeRefusal.SLOT_FULL,
        model.ChangeRefusal.NOT_OFFERED,
        model.ChangeRefusal.CUTOFF_PASSED,
    }
)


async def change_refused(
    refused: model.ChangeRefused, info: Info, slot: SlotRef | None
) -> ChangeRefused:
    current, views = refused.current, list[SlotView]()
    if current and slot and refused.code in CHANGES_WITH_ALTERNATIVES:
        views = await appointments_of(info).alternatives(
            current.area_id, current.wish, not_key=slot.key
        )
    return await change_refusal_shown(refused, info, views)


async def change_refusal_shown(
    refused: model.ChangeRefused, info: Info, instead: Sequence[SlotView]
) -> ChangeRefused:
    current = refused.current
    shown = await shown_to(await viewer_of(info), [current], info) if current else []
    return ChangeRefused(
        **said_no(refused, model.CHANGE_WORDS, info),
        current=shown[0] if shown else None,
        alternatives=[Slot.of(view, staff=is_staff(info)) for view in instead],
    )
