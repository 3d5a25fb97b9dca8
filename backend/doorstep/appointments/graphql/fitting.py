"""Holding a slot below what it could do, and who is affected when there is less to give."""

from typing import Annotated

import strawberry
from pydantic import BaseModel, Field

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import mutation, query
from doorstep.appointments.graphql.inputs import slot_in
from doorstep.appointments.graphql.queries import appointments_of, shown_to, viewer_of
from doorstep.appointments.graphql.types import Appointment
from doorstep.capacity import model
from doorstep.capacity.actions import Capacity
from doorstep.capacity.graphql import CapRefused, SlotCapacity, capacities_shown
from doorstep.capacity.graphql.published import capacity_of
from doorstep.capacity.graphql.terms import note_in
from doorstep.kit.gql import Info, InvalidInput, argument, asking, given, parsed, public, shown
from doorstep.kit.once import Keyed, attempt_of, said_no


@public("A slot has another cap.")
class SlotCapped:
    capacity: SlotCapacity = shown("What is published of it now.")
    affected: list[Appointment] = shown(
        "The promises it has no room for now; the newest first. Nothing was cancelled."
    )


CapSlotResult = Annotated[
    SlotCapped | CapRefused | InvalidInput,
    strawberry.union("CapSlotResult", description="What came of capping a slot."),
]

_Most = Annotated[int, Field(ge=0, le=100_000)]


class _CapAsked(BaseModel):
    most_visits: _Most | None
    most_minutes: _Most | None


@asking("Say how far a slot may go, whoever is on shift.")
class CapSlotInput(Keyed):
    slot_id: strawberry.ID = given("Which slot.")
    expected_edition: int = given("The edition it was read at.")
    most_visits: int | None = given("At most so many visits; null: no such cap.", default=None)
    most_minutes: int | None = given("At most so many minutes; null: no such cap.", default=None)
    note: str | None = given("Why.", default=None)

    def parsed(self) -> model.Cap:
        asked = parsed(_CapAsked, most_visits=self.most_visits, most_minutes=self.most_minutes)
        return model.Cap(visits=asked.most_visits, minutes=asked.most_minutes)


@strawberry.type
class FittingQuery:
    @query(
        "The appointments that a slot, as it is published, has no room for; the newest booked "
        "first. Those who booked first stay.",
        to=DISPATCH,
    )
    async def affected_by(
        self, info: Info, slot_id: Annotated[strawberry.ID, argument("Which slot.")]
    ) -> list[Appointment]:
        capacity, ref = capacity_of(info), slot_in(slot_id)
        slot = (await capacity.get_many([ref.key])).get(ref.key) if ref else None
        if slot is None or not info.context.caller.may(DISPATCH, slot.branch_path):
            return []
        return await _affected(slot, info)


@strawberry.type
class FittingMutation:
    @mutation(
        "Say how far a slot may go, whoever is on shift. What is promised already stays promised: "
        "the answer says for whom there is no room any more.",
        to=DISPATCH,
    )
    async def cap_slot(
        self, info: Info, input: Annotated[CapSlotInput, argument("Which slot, and how far.")]
    ) -> CapSlotResult:
        capacity: Capacity = capacity_of(info)
        attempt = attempt_of(info, input, "capSlot", capacity.clock.now())
        cap, note, ref = input.parsed(), note_in(input.note), slot_in(input.slot_id)
        outcome = await capacity.cap_slot(
            ref.key if ref else "",
            cap,
            attempt,
            expected_edition=input.expected_edition,
            by=info.context.caller,
            note=note,
        )
        if isinstance(outcome, model.CapRefused):
            return await _refused(outcome, info)
        (shown,) = await capacities_shown([outcome], info)
        return SlotCapped(capacity=shown, affected=await _affected(outcome, info))


async def _affected(slot: model.Slot, info: Info) -> list[Appointment]:
    found = await appointments_of(info).affected_by(slot)
    return await shown_to(await viewer_of(info), found, info)


async def _refused(refused: model.CapRefused, info: Info) -> CapRefused:
    current = await capacities_shown([refused.current], info) if refused.current else []
    return CapRefused(
        **said_no(refused, model.CAPACITY_WORDS, info),
        current=current[0] if current else None,
    )
