"""A courier who drops out, as dispatchers see it."""

from datetime import datetime
from typing import Annotated

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import mutation
from doorstep.appointments.graphql.types import Appointment, shown_by_id
from doorstep.appointments.rules import Viewer
from doorstep.couriers.graphql import Courier, cards
from doorstep.dispatch import model
from doorstep.dispatch.graphql.explaining import PassedCourier
from doorstep.dispatch.graphql.room import dispatch_of
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Refused,
    argument,
    asking,
    explain,
    given,
    public,
    shown,
    worded,
)
from doorstep.kit.once import Keyed, attempt_of, said_no

explain(
    model.Flag,
    "Why a stop of a courier who dropped out is a person's to see to.",
    {
        model.Flag.NO_PLACE: "It fits into nobody's round; `passedOver` says why. Nobody has it.",
        model.Flag.UNDER_WAY: "The courier was on the way to it, or there; it is theirs still.",
        model.Flag.PLACE_UNKNOWN: "Nobody knows where the door is; nobody has it.",
    },
)
explain(model.DropOutRefusal, "Why a courier is not taken off.", model.DROP_OUT_WORDS)


@public("A stop that another courier has now.")
class RehomedStop:
    appointment: Appointment | None = shown("Which visit.")
    courier: Courier | None = shown("Who comes instead.")
    arrival: datetime = shown("When they should be there.")
    detour_seconds: int = shown("By how much it lengthens their way.")
    detour_metres: int = shown("The same in metres.")


@public("A stop that a person has to see to. An alarm of the branch says so, too.")
class FlaggedStop:
    appointment: Appointment | None = shown("Which visit.")
    because: model.Flag = shown("Why it was not re-homed.")
    passed_over: list[PassedCourier] = shown(
        "Every courier who was considered, and why it cannot be them; the nearest miss first."
    )


@public("A courier has dropped out; every open stop of theirs is in one of the two lists.")
class CourierDroppedOut:
    id: strawberry.ID = shown("Names what was done.")
    courier: Courier | None = shown("Who dropped out.")
    since: datetime = shown("From when on they do not come.", name="from")
    until: datetime = shown("Until when.")
    rehomed: list[RehomedStop] = shown("Who has what now; the most urgent first.")
    flagged: list[FlaggedStop] = shown("What nobody else can keep, and why.")


@public("A courier was not taken off.")
class DropOutRefused(Refused):
    code: model.DropOutRefusal = shown("Why.")


DropOutResult = Annotated[
    CourierDroppedOut | DropOutRefused | InvalidInput,
    strawberry.union("DropOutResult", description="What came of a courier dropping out."),
]


@asking("A courier does not come any more.")
class DropOutInput(Keyed):
    courier_id: strawberry.ID = given("Who.")
    since: datetime = given("From when on; yesterday at the earliest.", name="from")
    until: datetime | None = given(
        "Until when, 14 days at most; null: for the rest of that day.", default=None
    )
    reason: str = given("Why.")
    include_under_way: bool = given(
        "Also move what they are under way to, or at the door of.", default=False
    )


@strawberry.type
class DropOutMutation:
    @mutation(
        "A courier drops out: each of their open stops from then on goes to whoever's way it "
        "lengthens least, the most urgent first, or is flagged with why it cannot; all in one "
        "call. They get no more offers, and their hours give no capacity.",
        to=DISPATCH,
    )
    async def drop_out(
        self, info: Info, input: Annotated[DropOutInput, argument("Who, from when, and why.")]
    ) -> DropOutResult:
        rooms, caller = dispatch_of(info), info.context.caller
        outcome = await rooms.drop_out(
            input.courier_id,
            attempt_of(info, input, "dropOut", rooms.clock.now()),
            since=input.since,
            until=input.until,
            reason=worded(input.reason, 200, "reason"),
            with_under_way=input.include_under_way,
            may=caller.paths(DISPATCH),
            by=caller.id,
            by_role=caller.acting_as(DISPATCH),
        )
        if isinstance(outcome, model.DropOutRefused):
            return DropOutRefused(
                **said_no(outcome, model.DROP_OUT_WORDS, info),
            )
        return await _told(outcome, info)


async def _told(outcome: model.DropOut, info: Info) -> CourierDroppedOut:
    about = {each.appointment_id for each in outcome.rehomed}
    about |= {each.appointment_id for each in outcome.flagged}
    found = await info.context.house.appointments.load(about)
    appointments = await shown_by_id(Viewer(info.context.caller), found, info)
    couriers = await cards([outcome.courier_id, *(e.courier_id for e in outcome.rehomed)], info)
    return CourierDroppedOut(
        id=strawberry.ID(outcome.id),
        courier=couriers.get(outcome.courier_id),
        since=outcome.since,
        until=outcome.until,
        rehomed=[
            RehomedStop(
                appointment=appointments.get(each.appointment_id),
                courier=couriers.get(each.courier_id),
                arrival=each.arrival,
                detour_seconds=each.detour_seconds,
                detour_metres=each.detour_metres,
            )
            for each in outcome.rehomed
        ],
        flagged=[
            FlaggedStop(
                appointment=appointments.get(each.appointment_id),
                because=each.because,
                passed_over=[PassedCourier.of(one) for one in each.passed],
            )
            for each in outcome.flagged
        ],
    )
