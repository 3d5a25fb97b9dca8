"""Planning a day as a dispatcher asks for it."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import mutation
from doorstep.dispatch import model
from doorstep.dispatch.graphql.room import dispatch_of
from doorstep.dispatch.problem import LeftOut
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Refused,
    argument,
    asking,
    explain,
    given,
    invalid,
    public,
    shown,
)
from doorstep.kit.once import Keyed, attempt_of, said_no

_MOST_SEED = 2**31 - 1

explain(model.PlanRefusal, "Why a day is not planned.", model.PLAN_WORDS)
explain(
    LeftOut,
    "Why a visit is in nobody's round, and what its `figure` counts.",
    {
        LeftOut.NOWHERE: "Nobody knows where it is. No figure.",
        LeftOut.SHUT: "A closure, a block or a cancelled boat is in the way. No figure.",
        LeftOut.NEEDS_TWO: "It takes two people, whom a dispatcher has to name. Visits of two.",
        LeftOut.ISLAND: "Nobody goes with a boat that would do. Boats, or couriers who could.",
        LeftOut.OTHER_AREA: "Nobody who works serves its area. Couriers who work.",
        LeftOut.LACKS_SKILL: "Nobody who serves the area can do all of it. Couriers who serve it.",
        LeftOut.DEDICATED_ELSEWHERE: "All who could are kept for others then. How many they are.",
        LeftOut.DECLINED: "All who could were asked already. Couriers asked.",
        LeftOut.OFF_DUTY: "Nobody who could works then. Couriers who could at another hour.",
        LeftOut.TOO_HEAVY: "No vehicle takes it. Grams and litres too much.",
        LeftOut.FULL: "There is time, and no room on the vehicles. Grams and litres too much.",
        LeftOut.TOO_LATE: "Wherever it is put, somebody is late. Seconds, at the least.",
        LeftOut.DETOUR: "It would fit, at a way that is worth more than it. Metres.",
    },
)


@public("What becomes of a day's visits.")
class DayFigures:
    stops: int = shown("Visits in somebody's round.")
    unplanned: int = shown("Visits in nobody's.")
    metres: int = shown("The way of all rounds, from the station and back.")
    late_seconds: int = shown("How late all of them are together.")
    late_stops: int = shown("How many begin after their window.")
    tours: int = shown("How often somebody sets out.")


@public("A visit that is in nobody's round, and why.")
class UnplannedVisit:
    appointment_id: strawberry.ID = shown("Which appointment.")
    because: LeftOut = shown("Why.")
    figure: int | None = shown("How much was lacking; what it counts depends on `because`.")


@public("What came of planning a day. How rounds stand now, rounds say.")
class DayPlan:
    id: strawberry.ID = shown("Names the plan.")
    day: date = shown("The local day.")
    at: datetime = shown("When it was written.")
    seed: int = shown("The same day, seed and iterations give the same plan.")
    iterations: int = shown("How long was searched.")
    cut_by_clock: bool = shown("The clock ended the search early: another run may differ.")
    feasible: bool = shown("Nobody is late, and no vehicle overloaded.")
    before: DayFigures = shown("The day as it was.")
    after: DayFigures = shown("The day as planned.")
    offered: int = shown("Visits that somebody is asked to make, and nobody was before.")
    moved: int = shown("Offers that went to another courier.")
    rounds: int = shown("Rounds that it changed.")
    unplanned: list[UnplannedVisit] = shown("What is in nobody's round.")
    left_alone: list[strawberry.ID] = shown(
        "Appointments that changed while the plan was made: they stay as they are."
    )


@public("The day is planned.")
class DayPlanned:
    plan: DayPlan = shown("What came of it.")


@public("The day was not planned.")
class PlanRefused(Refused):
    code: model.PlanRefusal = shown("Why.")


PlanDayResult = Annotated[
    DayPlanned | PlanRefused | InvalidInput,
    strawberry.union("PlanDayResult", description="What came of planning."),
]


@asking("Plan a branch's day.")
class PlanDayInput(Keyed):
    branch_id: strawberry.ID = given("Whose day.")
    day: date = given("Which local day.")
    seconds: int | None = given("How long to search; null: as the bureau has it.", default=None)
    seed: int = given("Another seed, another search.", default=1)


@strawberry.type
class PlanningMutation:
    @mutation(
        "Plan the day anew: who goes where, in which order. Visits that nobody has accepted may go "
        "to others, who are asked; what is accepted stays with its courier and may be reordered; "
        "what is under way stays as it is. The answer takes as long as the search.",
        to=DISPATCH,
    )
    async def plan_day(
        self, info: Info, input: Annotated[PlanDayInput, argument("Which day, and how long.")]
    ) -> PlanDayResult:
        rooms = dispatch_of(info)
        seconds = rooms.planning.seconds if input.seconds is None else input.seconds
        most = rooms.planning.most_seconds
        if not 1 <= seconds <= most:
            raise invalid("seconds", zh=f"请填 1 到 {most} 秒。", en=f"From 1 to {most} seconds.")
        if not 0 <= input.seed <= _MOST_SEED:
            raise invalid("seed", zh="不能为负数。", en="Not negative.")
        outcome = await rooms.plan_day(
            input.branch_id,
            input.day,
            attempt_of(info, input, "planDay", rooms.clock.now()),
            seconds=seconds,
            seed=input.seed,
            may=info.context.caller.paths(DISPATCH),
        )
        if isinstance(outcome, model.PlanRefused):
            return PlanRefused(
                **said_no(outcome, model.PLAN_WORDS, info),
            )
        return DayPlanned(plan=_plan(outcome))


def _plan(plan: model.DayPlan) -> DayPlan:
    return DayPlan(
        id=strawberry.ID(plan.id),
        day=plan.day,
        at=plan.at,
        seed=plan.seed,
        iterations=plan.iterations,
        cut_by_clock=plan.cut_by_clock,
        feasible=plan.feasible,
        before=_figures(plan.before),
        after=_figures(plan.after),
        offered=plan.offered,
        moved=plan.moved,
        rounds=plan.rounds,
        unplanned=[
            UnplannedVisit(
                appointment_id=strawberry.ID(each.appointment_id),
                because=LeftOut(each.because),
                figure=each.figure,
            )
            for each in plan.unplanned
        ],
        left_alone=[strawberry.ID(each) for each in plan.left_alone],
    )


def _figures(figures: model.FiguresKept) -> DayFigures:
    return DayFigures(**figures.model_dump())
