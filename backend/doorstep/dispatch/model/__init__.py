"""Who goes where: assignments, rounds, and the words for what may not be."""

from doorstep.dispatch.model.picture import BranchDay, Ground, Layer, Seen
from doorstep.dispatch.model.rounds import (
    ASSIGNMENT_WORDS,
    OPEN_STOPS,
    Assignment,
    AssignmentRefusal,
    AssignmentRefused,
    DispatchPolicy,
    Ending,
    FeedEntry,
    Passed,
    PassedOver,
    Round,
    Stop,
    StopState,
    round_id,
)

__all__ = [
    "ASSIGNMENT_WORDS",
    "OPEN_STOPS",
    "Assignment",
    "AssignmentRefusal",
    "AssignmentRefused",
    "BranchDay",
    "DispatchPolicy",
    "Ending",
    "FeedEntry",
    "Ground",
    "Layer",
    "Passed",
    "PassedOver",
    "Round",
    "Seen",
    "Stop",
    "StopState",
    "round_id",
]
