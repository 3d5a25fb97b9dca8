"""Shifts and leave as dispatchers see and change them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import mutation, query
from doorstep.couriers import model
from doorstep.couriers.graphql.people import Courier, cards, couriers_of, reach
from doorstep.couriers.rules import worked
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Node,
    Refused,
    TimeWindow,
    argument,
    asking,
    explain,
    given,
    invalid,
    public,
    shown,
)
from doorstep.kit.ids import new_id
from doorstep.kit.once import Keyed, attempt_of, said_no
from doorstep.kit.windows import TimeWindow as Window
from doorstep.kit.windows import day_span

explain(model.RosterRefusal, "Why a shift or leave is refused.", model.ROSTER_WORDS)
_MOST_DAYS = 62


@public("A span in which a courier works.")
class Shift(Node):
    courier: Courier = shown("Who works.")
    window: TimeWindow = shown("From when to when.")
    worked: list[TimeWindow] = shown("What is left of it beside leave; none: they are away.")
    breaks: list[TimeWindow] = shown("When they pause.")
    cancelled_at: datetime | None = shown("When it was cancelled; null: it holds.")
    reason: str | None = shown("Why it was cancelled.")


@public("A span in which a courier is away, whatever their shifts say.")
class Leave(Node):
    courier: Courier = shown("Who is away.")
    window: TimeWindow = shown("From when to when.")
    reason: str = shown("What was written down.")
    cancelled_at: datetime | None = shown("When it was cancelled; null: it holds.")


@public("A shift or leave was not changed.")
class RosterRefused(Refused):
    code: model.RosterRefusal = shown("Why.")
    appointment_ids: list[strawberry.ID] = shown("The appointments that stand in the way.")
    other_shift: Shift | None = shown("The shift that stands in the way.")
    other_leave: Leave | None = shown("The leave that stands in the way.")


@public("They work then.")
class ShiftAdded:
    shift: Shift = shown("When.")


@public("They come after all.")
class LeaveCancelled:
    leave: Leave = shown("What was cancelled.")


AddShiftResult = Annotated[
    ShiftAdded | RosterRefused | InvalidInput,
    strawberry.union("AddShiftResult", description="What came of adding a shift."),
]
CancelLeaveResult = Annotated[
    LeaveCancelled | RosterRefused | InvalidInput,
    strawberry.union("CancelLeaveResult", description="What came of cancelling leave."),
]


@asking("Let a courier work besides their pattern.")
class AddShiftInput(Keyed):
    courier_id: strawberry.ID = given("Who.")
    start: datetime = given("From when.")
    end: datetime = given("Until when; a day later at most.")

    def parsed(self) -> model.Shift:
        span = span_of(self.start, self.end, "end", most=timedelta(days=1))
        return model.Shift(
            id=new_id("sft"),
            courier_id=self.courier_id,
            branch_id="",
            start=span.start,
            end=span.end,
        )


@asking("Let a courier come after all.")
class CancelLeaveInput(Keyed):
    id: strawberry.ID = given("Which leave.")


def span_of(start: datetime, end: datetime, path: str, *, most: timedelta) -> Window:
    """Raises InvalidAsk for a span without length, or longer than `most`."""
    if end <= start:
        raise invalid(path, zh="结束时间须晚于开始时间。", en="It ends after it starts.")
    if end - start > most:
        raise invalid(path, zh=f"最长 {most.days} 天。", en=f"At most {most.days} days.")
    return Window(start=start, end=end)


def days_of(first: date, days: int) -> Window:
    """Raises InvalidAsk for no days, or too many."""
    if not 1 <= days <= _MOST_DAYS:
        raise invalid("days", zh=f"须为 1 到 {_MOST_DAYS}。", en=f"From 1 to {_MOST_DAYS}.")
    try:
        return day_span(first, days)
    except OverflowError:
        raise invalid("from", zh="日期超出范围。", en="No day of the calendar.") from None


async def shifts_shown(shifts: Sequence[model.Shift], info: Info) -> list[Shift]:
    """Shifts with what leave leaves of them, in a few questions however many they are."""
    people = await cards((each.courier_id for each in shifts), info)
    leaves = await _leaves_beside(shifts, info)
    return [
        Shift(
            id=strawberry.ID(each.id),
            courier=people[each.courier_id],
            window=TimeWindow.of(each.window),
            worked=[]
            if each.cancelled_at
            else [TimeWindow.of(left.window) for left in worked([each], leaves)],
            breaks=[TimeWindow.of(pause.window) for pause in each.breaks],
            cancelled_at=each.cancelled_at,
            reason=each.reason,
        )
        for each in shifts
    ]


async def _leaves_beside(shifts: Sequence[model.Shift], info: Info) -> list[model.Leave]:
    if not shifts:
        return []
    span = Window(start=min(s.start for s in shifts), end=max(s.end for s in shifts))
    branches = {each.branch_id for each in shifts}
    return [each for b in branches for each in await couriers_of(info).leaves(b, span)]


async def leaves_shown(leaves: Sequence[model.Leave], info: Info) -> list[Leave]:
    people = await cards((each.courier_id for each in leaves), info)
    return [
        Leave(
            id=strawberry.ID(each.id),
            courier=people[each.courier_id],
            window=TimeWindow.of(each.window),
            reason=each.reason,
            cancelled_at=each.cancelled_at,
        )
        for each in leaves
    ]


async def roster_refused(refused: model.RosterRefused, info: Info) -> RosterRefused:
    current = refused.current
    shifts = [current] if isinstance(current, model.Shift) else []
    leaves = [current] if isinstance(current, model.Leave) else []
    return RosterRefused(
        **said_no(refused, model.ROSTER_WORDS, info),
        appointment_ids=[strawberry.ID(id) for id in refused.appointment_ids],
        other_shift=next(iter(await shifts_shown(shifts, info)), None),
        other_leave=next(iter(await leaves_shown(leaves, info)), None),
    )


@strawberry.type
class RosterQuery:
    @query("A branch's shifts that touch a day. A branch that is not yours has none.", to=DISPATCH)
    async def shifts(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        day: Annotated[date, argument("Which local day.")],
    ) -> list[Shift]:
        days_of(day, 1)
        if not (await reach(info))(branch_id):
            return []
        return await shifts_shown(await couriers_of(info).shifts(branch_id, day), info)

    @query("Who of a branch is away, and when. A branch that is not yours has none.", to=DISPATCH)
    async def leaves(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        first: Annotated[date, argument("From which local day.", name="from")],
        days: Annotated[int, argument("How many days.")] = 7,
    ) -> list[Leave]:
        span = days_of(first, days)
        if not (await reach(info))(branch_id):
            return []
        return await leaves_shown(await couriers_of(info).leaves(branch_id, span), info)


@strawberry.type
class RosterMutation:
    @mutation("A courier works besides what their pattern says.", to=DISPATCH)
    async def add_shift(
        self, info: Info, input: Annotated[AddShiftInput, argument("Who, and when.")]
    ) -> AddShiftResult:
        rooms = couriers_of(info)
        attempt = attempt_of(info, input, "addShift", info.context.house.clock.now())
        outcome = await rooms.add_shift(input.parsed(), attempt, within=await reach(info))
        if isinstance(outcome, model.RosterRefused):
            return await roster_refused(outcome, info)
        return ShiftAdded(shift=(await shifts_shown([outcome], info))[0])

    @mutation("A courier comes after all: their shifts hold again.", to=DISPATCH)
    async def cancel_leave(
        self, info: Info, input: Annotated[CancelLeaveInput, argument("Which leave.")]
    ) -> CancelLeaveResult:
        rooms = couriers_of(info)
        attempt = attempt_of(info, input, "cancelLeave", info.context.house.clock.now())
        outcome = await rooms.cancel_leave(input.id, attempt, within=await reach(info))
        if isinstance(outcome, model.RosterRefused):
            return await roster_refused(outcome, info)
        return LeaveCancelled(leave=(await leaves_shown([outcome], info))[0])
