"""Who goes where: assignments, rounds, and the words for what may not be."""

from doorstep.dispatch.model.planning import (
    PLAN_WORDS,
    DayPlan,
    FiguresKept,
    PlanPolicy,
    PlanRefusal,
    PlanRefused,
    UnplannedKept,
)
from doorstep.dispatch.model.rounds import (
    ASSIGNMENT_WORDS,
    OPEN_STOPS,
    Assignment,
    AssignmentRefusal,
    AssignmentRefused,
    DispatchPolicy,
    Ending,
    FeedEntry,
    Round,
    Stop,
    StopState,
    round_id,
)

__all__ = [
    "ASSIGNMENT_WORDS",
    "OPEN_STOPS",
    "PLAN_WORDS",
    "Assignment",
    "AssignmentRefusal",
    "AssignmentRefused",
    "DayPlan",
    "DispatchPolicy",
    "Ending",
    "FeedEntry",
    "FiguresKept",
    "PlanPolicy",
    "PlanRefusal",
    "PlanRefused",
    "Round",
    "Stop",
    "StopState",
    "UnplannedKept",
    "round_id",
]
