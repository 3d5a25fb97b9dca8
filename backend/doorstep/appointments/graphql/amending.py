"""Saying whom to call and how to get in; trying again what was left undone."""

from typing import Annotated

import strawberry

from doorstep.accounts.model import CUSTOMER, CUSTOMER_OR_AGENT, Role
from doorstep.accounts.permissions import mutation
from doorstep.appointments import model
from doorstep.appointments.actions import Asked
from doorstep.appointments.graphql.behalf import NoConsent, behalf_of
from doorstep.appointments.graphql.inputs import (
    AccessNotesInput,
    ContactInput,
    OnBehalfOfInput,
    slot_in,
)
from doorstep.appointments.graphql.mutations import (
    NO_CONSENT,
    NO_PROMISE,
    NO_SLOT,
    as_served,
    booking_refused,
    change_refused,
    changing,
    promise_out_of_reach,
)
from doorstep.appointments.graphql.queries import appointments_of
from doorstep.appointments.graphql.results import BookingRefused, ChangeRefused
from doorstep.appointments.graphql.types import Appointment
from doorstep.appointments.rules import left_over
from doorstep.kit.gql import Info, InvalidInput, argument, asking, given, public, shown
from doorstep.kit.once import Keyed, attempt_of


@asking("Say anew how to get in. What is not said again is forgotten.")
class ChangeAccessNotesInput(Keyed):
    id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    access_notes: AccessNotesInput = given("All there is to say of the way in.")


@asking("Name another person to call.")
class ChangeContactInput(Keyed):
    id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    contact: ContactInput = given("Whom to call.")
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Try again what a visit left undone.")
class RebookRemainderInput(Keyed):
    appointment_id: strawberry.ID = given("Which visit.")
    slot_id: strawberry.ID = given("When.")
    line_ids: list[strawberry.ID] | None = given(
        "Only these lines; null: all that failed, but for what was REFUSED or CUSTOMER_CANCELLED.",
        default=None,
    )
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@public("The courier will know how to get in.")
class AccessNotesChanged:
    appointment: Appointment = shown("How it stands now.")


@public("Another person will be called.")
class ContactChanged:
    appointment: Appointment = shown("How it stands now.")


@public("What was left undone is promised again.")
class RemainderRebooked:
    appointment: Appointment = shown("The new promise.")


ChangeAccessNotesResult = Annotated[
    AccessNotesChanged | ChangeRefused | InvalidInput,
    strawberry.union("ChangeAccessNotesResult", description="What came of the new notes."),
]
ChangeContactResult = Annotated[
    ContactChanged | ChangeRefused | InvalidInput,
    strawberry.union("ChangeContactResult", description="What came of naming another contact."),
]
RebookRemainderResult = Annotated[
    RemainderRebooked | BookingRefused | InvalidInput,
    strawberry.union("RebookRemainderResult", description="What came of trying again."),
]


_NO_VISIT = model.BookingRefused(code=model.BookingRefusal.NOT_FOUND, path=("appointmentId",))


async def _asked_of(info: Info, asked: model.RemainderAsked) -> Asked | None:
    """The place that was asked for, to find others like it."""
    before = (await appointments_of(info).load([asked.appointment_id])).get(asked.appointment_id)
    lines = left_over(before, asked.line_ids)
    if before is None or isinstance(lines, model.BookingRefused):
        return None
    services = frozenset(line.kind for line in lines)
    notes = before.private.access_notes
    return Asked(before.address_id, asked.slot, services, lines, notes)


@strawberry.type
class AmendingMutation:
    @mutation(
        "Say anew how to get in, until the courier sets out. More stairs than were reckoned with "
        "have to fit into the window.",
        to=CUSTOMER,
    )
    async def change_access_notes(
        self, info: Info, input: Annotated[ChangeAccessNotesInput, argument("The notes.")]
    ) -> ChangeAccessNotesResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "changeAccessNotes", rooms.clock.now())
        outcome = await rooms.change_access_notes(
            input.id,
            info.context.caller.id,
            input.access_notes.parsed(),
            attempt,
            expected_version=input.expected_version,
            by_role=Role.CUSTOMER,
        )
        if isinstance(outcome, model.ChangeRefused):
            return await change_refused(outcome, info, None)
        return AccessNotesChanged(appointment=await as_served(outcome, info))

    @mutation("Name another person to call, until the courier sets out.", to=CUSTOMER_OR_AGENT)
    async def change_contact(
        self, info: Info, input: Annotated[ChangeContactInput, argument("Whom.")]
    ) -> ChangeContactResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "changeContact", rooms.clock.now())
        contact = input.contact.parsed()
        behalf = await changing(info, input.on_behalf_of, dry=attempt.dry)
        if await promise_out_of_reach(info, behalf, input.id):
            return await change_refused(NO_PROMISE, info, None)
        outcome = await rooms.change_contact(
            input.id,
            behalf.customer_id,
            contact,
            attempt,
            expected_version=input.expected_version,
            by_role=behalf.role,
        )
        if isinstance(outcome, model.ChangeRefused):
            return await change_refused(outcome, info, None)
        return ContactChanged(appointment=await as_served(outcome, info))

    @mutation(
        "Promise to come again for what a visit left undone: same door, same contact, one place. "
        "Each line is tried again in one appointment only.",
        to=CUSTOMER_OR_AGENT,
    )
    async def rebook_remainder(
        self, info: Info, input: Annotated[RebookRemainderInput, argument("Which, and when.")]
    ) -> RebookRemainderResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "rebookRemainder", rooms.clock.now())
        try:
            behalf = await behalf_of(info, input.on_behalf_of, dry=attempt.dry)
        except NoConsent:
            return await booking_refused(NO_CONSENT, info)
        slot = slot_in(input.slot_id)
        if slot is None:
            return await booking_refused(NO_SLOT, info)
        if await promise_out_of_reach(info, behalf, input.appointment_id):
            return await booking_refused(_NO_VISIT, info)
        asked = model.RemainderAsked(
            appointment_id=input.appointment_id,
            customer_id=behalf.customer_id,
            booked_by=behalf.caller_id,
            booked_by_role=behalf.role,
            channel=behalf.channel,
            slot=slot,
            line_ids=None if input.line_ids is None else tuple(input.line_ids),
        )
        outcome = await rooms.rebook(asked, attempt)
        if isinstance(outcome, model.BookingRefused):
            return await booking_refused(outcome, info, await _asked_of(info, asked))
        return RemainderRebooked(appointment=await as_served(outcome, info))
