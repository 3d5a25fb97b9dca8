"""Where couriers are, as they let it be known."""

from datetime import datetime
from typing import Annotated

import strawberry

from doorstep.accounts.model import COURIER, DISPATCH
from doorstep.accounts.permissions import mutation, query
from doorstep.couriers.graphql import Courier, CourierPosition, presented
from doorstep.couriers.model import (
    POSITION_WORDS,
    Position,
    PositionRefusal,
    Sharing,
)
from doorstep.couriers.model import (
    PositionRefused as StoredRefused,
)
from doorstep.dispatch.graphql.room import dispatch_of
from doorstep.kit.gql import (
    CoordinatesInput,
    Info,
    InvalidInput,
    Refused,
    argument,
    asking,
    explain,
    given,
    not_found,
    parsed,
    public,
    shown,
)
from doorstep.kit.once import Keyed, attempt_of, said_no

explain(PositionRefusal, "Why a position is not kept.", POSITION_WORDS)


@public("A courier who lets it be known where they are, and where that was last.")
class CourierAt:
    courier: Courier = shown("Who.")
    position: CourierPosition = shown("Where, and when.")


@public("Whether the courier lets it be known where they are.")
class PositionSharing:
    on: bool = shown("Whether they do. When it is off, nothing is kept.")


@public("The position was kept, in the place of the one before.")
class PositionReported:
    position: CourierPosition | None = shown("The one that is kept now.")


@public("A position was not kept.")
class PositionRefused(Refused):
    code: PositionRefusal = shown("Why.")


SharePositionResult = Annotated[
    PositionSharing | PositionRefused | InvalidInput,
    strawberry.union("SharePositionResult", description="What came of sharing."),
]
ReportPositionResult = Annotated[
    PositionReported | PositionRefused | InvalidInput,
    strawberry.union("ReportPositionResult", description="What came of a position."),
]


@asking("Let it be known where you are while on duty, or not any more.")
class SharePositionInput(Keyed):
    on: bool = given("Whether. Off, what was known is forgotten at once.")


@asking("Where you are.")
class ReportPositionInput(Keyed):
    captured_at: datetime = given("When it was measured, by the handheld's clock.")
    location: CoordinatesInput = given("Where.")
    accuracy_metres: int | None = given("How far off it may be, in metres.", default=None)


@strawberry.type
class LiveQuery:
    @query(
        "Where the couriers of a branch are, of those on duty who let it be known. A branch that "
        "is not yours has none.",
        to=DISPATCH,
    )
    async def courier_positions(
        self, info: Info, branch_id: Annotated[strawberry.ID, argument("Which branch.")]
    ) -> list[CourierAt]:
        organisation = info.context.house.organisation
        if not await organisation.in_reach(branch_id, info.context.caller, DISPATCH):
            return []
        found = await dispatch_of(info).where_are(branch_id)
        couriers = await presented([courier for courier, _ in found], info)
        return [
            CourierAt(courier=courier, position=CourierPosition.of(position))
            for courier, (_, position) in zip(couriers, found, strict=True)
        ]


@strawberry.type
class LiveMutation:
    @mutation(
        "Let it be known where you are while on duty: to your dispatchers, and to the customer "
        "whom you visit within the hour. Off until you say so.",
        to=COURIER,
    )
    async def share_position(
        self, info: Info, input: Annotated[SharePositionInput, argument("Whether.")]
    ) -> SharePositionResult:
        rooms = dispatch_of(info)
        attempt = attempt_of(info, input, "sharePosition", rooms.clock.now())
        outcome = await rooms.share_position(info.context.caller.id, attempt, on=input.on)
        if isinstance(outcome, Sharing):
            return PositionSharing(on=outcome.on)
        return _refused(outcome, info)

    @mutation(
        "Where you are. Only the latest is kept; the ETAs of your round follow it. No key is "
        "needed: the same position again changes nothing.",
        to=COURIER,
    )
    async def report_position(
        self, info: Info, input: Annotated[ReportPositionInput, argument("Where, and when.")]
    ) -> ReportPositionResult:
        rooms = dispatch_of(info)
        position = parsed(
            Position,
            where=input.location.parsed(("location",)),
            at=input.captured_at,
            accuracy_metres=input.accuracy_metres,
        )
        attempt = attempt_of(info, input, "reportPosition", rooms.clock.now())
        outcome = await rooms.report_position(info.context.caller.id, position, attempt)
        if isinstance(outcome, Sharing):
            kept = outcome.position
            return PositionReported(position=CourierPosition.of(kept) if kept else None)
        return _refused(outcome, info)


def _refused(refused: StoredRefused | None, info: Info) -> PositionRefused:
    if refused is None:
        raise not_found(info.context.locale)
    return PositionRefused(
        **said_no(refused, POSITION_WORDS, info),
    )
