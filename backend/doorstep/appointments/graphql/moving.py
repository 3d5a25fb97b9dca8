"""Sending a visit to another door."""

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from doorstep.accounts.model import CUSTOMER_OR_AGENT
from doorstep.accounts.permissions import mutation
from doorstep.addresses.model import Address
from doorstep.appointments import model
from doorstep.appointments.actions import DoorAsked
from doorstep.appointments.graphql.behalf import Behalf
from doorstep.appointments.graphql.inputs import (
    RequestAddressChangeInput,
    WithdrawAddressChangeInput,
    reason_in,
    slot_in,
)
from doorstep.appointments.graphql.mutations import (
    CHANGES_WITH_ALTERNATIVES,
    NO_OTHER_SLOT,
    NO_PROMISE,
    as_served,
    change_refusal_shown,
    changing,
    door_out_of_reach,
    promise_out_of_reach,
)
from doorstep.appointments.graphql.queries import (
    appointments_of,
)
from doorstep.appointments.graphql.results import ChangeRefused
from doorstep.appointments.graphql.types import Appointment
from doorstep.capacity.actions import SlotView
from doorstep.kit.gql import Info, InvalidInput, argument, explain, public, shown
from doorstep.kit.once import attempt_of
from doorstep.kit.refusals import Locale

explain(
    model.Decision,
    "What becomes of a visit that is to go to another door.",
    {
        model.Decision.KEPT: "It goes there, in the slot it had.",
        model.Decision.REPLACED: "It goes there, in another slot or with another courier.",
        model.Decision.PENDING: "It goes there once its courier has agreed.",
    },
    name="AddressChangeDecision",
)
explain(
    model.Because,
    "What speaks in the decision on another door.",
    model.BECAUSE_WORDS,
    name="AddressChangeReasonCode",
)


@public("One thing that speaks in a decision.")
class AddressChangeReason:
    code: model.Because = shown("Which.")
    message: str = shown("Fit to show.")

    @classmethod
    def of(cls, because: model.Because, locale: Locale) -> Self:
        return cls(code=because, message=model.BECAUSE_WORDS[because].spoken(locale))


@public("A change of address was decided, or waits for the courier.")
class AddressChangeDecided:
    appointment: Appointment = shown("How it stands now.")
    decision: model.Decision = shown("What becomes of it.")
    explanation: list[AddressChangeReason] = shown("Why.")


@public("A change of address is asked for no longer.")
class AddressChangeWithdrawn:
    appointment: Appointment = shown("How it stands now.")


RequestAddressChangeResult = Annotated[
    AddressChangeDecided | ChangeRefused | InvalidInput,
    strawberry.union(
        "RequestAddressChangeResult", description="What came of asking for another door."
    ),
]
WithdrawAddressChangeResult = Annotated[
    AddressChangeWithdrawn | ChangeRefused | InvalidInput,
    strawberry.union(
        "WithdrawAddressChangeResult", description="What came of asking for it no longer."
    ),
]


@strawberry.type
class MovingMutation:
    @mutation(
        "Ask that a visit goes to another door. Area, slot and courier are judged again; a courier "
        "who has the visit and can keep it has to agree first.",
        to=CUSTOMER_OR_AGENT,
    )
    async def request_address_change(
        self,
        info: Info,
        input: Annotated[RequestAddressChangeInput, argument("Which visit, and where to.")],
    ) -> RequestAddressChangeResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "requestAddressChange", rooms.clock.now())
        slot = slot_in(input.slot_id) if input.slot_id is not None else None
        access = input.access_notes.parsed() if input.access_notes else None
        reason = reason_in(input.reason)
        behalf = await changing(info, input.on_behalf_of, dry=attempt.dry)
        if await promise_out_of_reach(info, behalf, input.appointment_id):
            return await change_refused(NO_PROMISE, info)
        if input.slot_id is not None and slot is None:
            return await change_refused(NO_OTHER_SLOT, info)
        asked = DoorAsked(
            address=await _door(info, behalf, input.address_id),
            by_role=behalf.role,
            slot=slot,
            access=access,
            reason=reason,
        )
        outcome = await rooms.redirect(
            input.appointment_id,
            behalf.customer_id,
            asked,
            attempt,
            expected_version=input.expected_version,
        )
        if isinstance(outcome, model.ChangeRefused):
            return await change_refused(outcome, info, asked)
        return await _decided(outcome, info)

    @mutation(
        "Ask for another door no longer, while the courier has not agreed.", to=CUSTOMER_OR_AGENT
    )
    async def withdraw_address_change(
        self, info: Info, input: Annotated[WithdrawAddressChangeInput, argument("Of which visit.")]
    ) -> WithdrawAddressChangeResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "withdrawAddressChange", rooms.clock.now())
        behalf = await changing(info, input.on_behalf_of, dry=attempt.dry)
        if await promise_out_of_reach(info, behalf, input.appointment_id):
            return await change_refused(NO_PROMISE, info)
        outcome = await rooms.withdraw(
            input.appointment_id,
            behalf.customer_id,
            attempt,
            expected_version=input.expected_version,
            by_role=behalf.role,
        )
        if isinstance(outcome, model.ChangeRefused):
            return await change_refused(outcome, info)
        return AddressChangeWithdrawn(appointment=await as_served(outcome, info))


async def _door(info: Info, behalf: Behalf, address_id: str) -> Address | None:
    """The customer's address; for an agent, one in their part of the bureau."""
    if await door_out_of_reach(info, behalf, address_id):
        return None
    found: Address | None = await info.context.house.addresses.of_owner(
        address_id, behalf.customer_id
    )
    return found


async def _decided(appointment: model.Appointment, info: Info) -> AddressChangeDecided:
    told = appointment.door_change
    assert told, "whoever asked for another door was told what came of it"
    return AddressChangeDecided(
        appointment=await as_served(appointment, info),
        decision=told.decision,
        explanation=[AddressChangeReason.of(each, info.context.locale) for each in told.because],
    )


async def change_refused(
    refused: model.ChangeRefused, info: Info, asked: DoorAsked | None = None
) -> ChangeRefused:
    """The refusal, with what can be had at the new door instead if only the slot is at fault."""
    current = refused.current
    views: Sequence[SlotView] = ()
    only_slot = refused.path == ("slotId",) and refused.code in CHANGES_WITH_ALTERNATIVES
    if current and asked and only_slot:
        views = await appointments_of(info).places_at(current, asked)
    path = tuple("appointmentId" if step == "id" else step for step in refused.path)
    return await change_refusal_shown(refused.model_copy(update={"path": path}), info, views)
