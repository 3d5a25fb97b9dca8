"""Why it was this courier, as dispatchers may ask."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from doorstep.accounts.model import DISPATCH, Role
from doorstep.accounts.permissions import query
from doorstep.dispatch import model
from doorstep.dispatch.graphql.room import dispatch_of
from doorstep.kit.gql import Info, argument, explain, public, shown

_WORDS = {
    model.PassedOver.OFF_DUTY: "No shift of theirs covers the window.",
    model.PassedOver.LACKS_SKILL: "Not trained for so many of the services.",
    model.PassedOver.OTHER_AREA: "They serve other areas.",
    model.PassedOver.ISLAND: "They are not where the door is: on the island, or off it.",
    model.PassedOver.DEDICATED_ELSEWHERE: "They are kept for somebody else in this window.",
    model.PassedOver.ASKED_BEFORE: "They were asked, and said no or nothing.",
    model.PassedOver.NO_VEHICLE: "Their vehicle is short by so many kilograms, or else litres.",
    model.PassedOver.FULL: "Who comes after would be reached so many minutes too late.",
    model.PassedOver.TOO_LATE: "They would come so many minutes after the window.",
    model.PassedOver.DETOUR: "They could; their way would be so many metres longer.",
}
explain(model.PassedOver, "Why a courier was not chosen, and what the figure counts.", _WORDS)
explain(
    model.Ending,
    "Why an assignment is over.",
    {
        model.Ending.DECLINED: "The courier said no.",
        model.Ending.NOT_ANSWERED: "The courier did not answer in time.",
        model.Ending.REPLACED: "A dispatcher named somebody else.",
        model.Ending.UNASSIGNED: "A dispatcher took it away.",
        model.Ending.MOVED: "The visit moved to another window or door.",
        model.Ending.CANCELLED: "The visit was cancelled.",
        model.Ending.COURIER_AWAY: "The courier is on leave then, or their shift was cancelled.",
        model.Ending.TRANSFERRED: "A colleague took it over.",
        model.Ending.HANDED_BACK: "A colleague was asked to take it over, and did not answer.",
        model.Ending.DROPPED_OUT: "The courier dropped out.",
    },
)


@public("A courier who was considered and not chosen.")
class PassedCourier:
    courier_id: strawberry.ID = shown("Who.")
    code: model.PassedOver = shown("Why not.")
    figure: int | None = shown("By how much, where there is a figure: see the code.")

    @classmethod
    def of(cls, passed: model.Passed) -> Self:
        return cls(
            courier_id=strawberry.ID(passed.courier_id), code=passed.code, figure=passed.figure
        )


@public("That an appointment is one courier's to answer for, or was.")
class Assignment:
    id: strawberry.ID = shown("Names the assignment.")
    courier_id: strawberry.ID = shown("Whose it is, or was.")
    at: datetime = shown("When they were asked, or told.")
    by_role: Role | None = shown("Whose word it was; null: the house offered it.")
    accepted: bool = shown("Whether the courier said yes.")
    answer_by: datetime | None = shown("Until when an offer waits.")
    ended: model.Ending | None = shown("Why it is over; null: it holds.")
    ended_at: datetime | None = shown("Since when.")
    reason: str | None = shown("In the words of who ended it.")
    detour_seconds: int | None = shown("What it added to their way; null: it fitted nowhere.")
    detour_metres: int | None = shown("The same in metres.")
    passed_over: list[PassedCourier] = shown("Who else was considered, the likeliest first.")

    @classmethod
    def of(cls, kept: model.Assignment) -> Self:
        return cls(
            id=strawberry.ID(kept.id),
            courier_id=strawberry.ID(kept.courier_id),
            at=kept.at,
            by_role=kept.by_role,
            accepted=kept.accepted,
            answer_by=kept.answer_by,
            ended=kept.ended,
            ended_at=kept.ended_at,
            reason=kept.reason,
            detour_seconds=kept.detour_seconds,
            detour_metres=kept.detour_metres,
            passed_over=[PassedCourier.of(each) for each in kept.passed],
        )


@strawberry.type
class ExplainingQuery:
    @query(
        "Who was asked to go to an appointment, in order, and why nobody else was. An appointment "
        "that is not your branch's has none.",
        to=DISPATCH,
    )
    async def assignments(
        self,
        info: Info,
        appointment_id: Annotated[strawberry.ID, argument("Which appointment.")],
    ) -> list[Assignment]:
        may = info.context.caller.paths(DISPATCH)
        found = await dispatch_of(info).assignments_of(appointment_id, may)
        return [Assignment.of(each) for each in found]
