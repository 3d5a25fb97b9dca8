"""Who can take a stop, in what order a round goes, and how long the way is. Pure."""

from doorstep.dispatch.rules.leaving import LONGEST_WINDOW, orphaned, without
from doorstep.dispatch.rules.rounds import (
    Call,
    answer_by,
    at_other_door,
    call_at,
    door_of,
    is_for,
    is_full,
    judge_assignment,
    judge_courier,
    judge_unassignment,
    offer,
    ranked,
    timed,
    with_state,
    with_stop,
)
from doorstep.dispatch.rules.ways import Pace, StraightLines, Trip, Ways

__all__ = [
    "LONGEST_WINDOW",
    "Call",
    "Pace",
    "StraightLines",
    "Trip",
    "Ways",
    "answer_by",
    "at_other_door",
    "call_at",
    "door_of",
    "is_for",
    "is_full",
    "judge_assignment",
    "judge_courier",
    "judge_unassignment",
    "offer",
    "orphaned",
    "ranked",
    "timed",
    "with_state",
    "with_stop",
    "without",
]
