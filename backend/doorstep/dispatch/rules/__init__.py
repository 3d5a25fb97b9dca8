"""Who can take a stop, in what order a round goes, and how long the way is. Pure."""

from doorstep.dispatch.rules.applying import (
    Planned,
    Standing,
    changed_meanwhile,
    ordered,
    standing,
)
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
    "Call",
    "Pace",
    "Planned",
    "Standing",
    "StraightLines",
    "Trip",
    "Ways",
    "answer_by",
    "at_other_door",
    "call_at",
    "changed_meanwhile",
    "door_of",
    "is_for",
    "is_full",
    "judge_assignment",
    "judge_courier",
    "judge_unassignment",
    "offer",
    "ordered",
    "ranked",
    "standing",
    "timed",
    "with_state",
    "with_stop",
]
