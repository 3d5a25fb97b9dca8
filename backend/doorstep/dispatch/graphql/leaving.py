"""Leave and cancelled shifts, as dispatchers put them."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import mutation
from doorstep.couriers import model
from doorstep.couriers.graphql import (
    Leave,
    RosterRefused,
    Shift,
    leaves_shown,
    reach,
    roster_refused,
    shifts_shown,
    span_of,
)
from doorstep.dispatch.graphql.room import dispatch_of
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    argument,
    asking,
    explain,
    given,
    public,
    shown,
    worded,
)
from doorstep.kit.ids import new_id
from doorstep.kit.once import Keyed, attempt_of

explain(
    model.IfOrphans,
    "What is to become of stops that nobody would be there for.",
    {
        model.IfOrphans.REFUSE: "Nothing: then it is refused, and says which they are.",
        model.IfOrphans.HAND_OVER: "They are taken off the courier, and others are asked.",
    },
)
_LONGEST: Final = timedelta(days=366)
_MOST_WORDS: Final = 200


@public("The courier is away.")
class LeavePut:
    leave: Leave = shown("When.")


@public("The courier does not work in that shift.")
class ShiftCancelled:
    shift: Shift = shown("Which.")


PutLeaveResult = Annotated[
    LeavePut | RosterRefused | InvalidInput,
    strawberry.union("PutLeaveResult", description="What came of putting leave."),
]
CancelShiftResult = Annotated[
    ShiftCancelled | RosterRefused | InvalidInput,
    strawberry.union("CancelShiftResult", description="What came of cancelling a shift."),
]


@asking("Let a courier be away.")
class PutLeaveInput(Keyed):
    courier_id: strawberry.ID = given("Who.")
    start: datetime = given("From when.", name="from")
    end: datetime = given("Until when.", name="to")
    reason: str = given("What is written down; colleagues read it.")
    if_orphans: model.IfOrphans = given(
        "What is to become of their stops.", default=model.IfOrphans.REFUSE
    )

    def parsed(self, by: str, at: datetime) -> model.Leave:
        span = span_of(self.start, self.end, "to", most=_LONGEST)
        return model.Leave(
            id=new_id("lea"),
            courier_id=self.courier_id,
            branch_id="",
            start=span.start,
            end=span.end,
            reason=worded(self.reason, _MOST_WORDS, "reason"),
            by=by,
            at=at,
        )


@asking("Let a courier not work in one shift.")
class CancelShiftInput(Keyed):
    id: strawberry.ID = given("Which shift.")
    reason: str = given("Why.")
    if_orphans: model.IfOrphans = given(
        "What is to become of their stops.", default=model.IfOrphans.REFUSE
    )


@strawberry.type
class LeavingMutation:
    @mutation(
        "A courier is away. Stops that nobody would be there for are named, or handed over; what "
        "is under way is never taken.",
        to=DISPATCH,
    )
    async def put_leave(
        self, info: Info, input: Annotated[PutLeaveInput, argument("Who, when and why.")]
    ) -> PutLeaveResult:
        rooms, caller = dispatch_of(info), info.context.caller
        now = rooms.clock.now()
        outcome = await rooms.put_leave(
            input.parsed(caller.id, now),
            attempt_of(info, input, "putLeave", now),
            if_orphans=input.if_orphans,
            by_role=caller.acting_as(DISPATCH),
            within=await reach(info),
        )
        if isinstance(outcome, model.RosterRefused):
            return await roster_refused(outcome, info)
        return LeavePut(leave=(await leaves_shown([outcome], info))[0])

    @mutation(
        "A courier does not work in one shift. Stops that nobody would be there for are named, or "
        "handed over; what is under way is never taken.",
        to=DISPATCH,
    )
    async def cancel_shift(
        self, info: Info, input: Annotated[CancelShiftInput, argument("Which, and why.")]
    ) -> CancelShiftResult:
        rooms, caller = dispatch_of(info), info.context.caller
        outcome = await rooms.cancel_shift(
            input.id,
            worded(input.reason, _MOST_WORDS, "reason"),
            attempt_of(info, input, "cancelShift", rooms.clock.now()),
            if_orphans=input.if_orphans,
            by_role=caller.acting_as(DISPATCH),
            within=await reach(info),
        )
        if isinstance(outcome, model.RosterRefused):
            return await roster_refused(outcome, info)
        return ShiftCancelled(shift=(await shifts_shown([outcome], info))[0])
