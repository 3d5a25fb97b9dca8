"""Who can take a stop, in what order a round goes, and how long the way is. Pure."""

from doorstep.dispatch.rules.insertion import (
    Call,
    Choice,
    Line,
    Place,
    Wanted,
    beside,
    best_place,
    cheapest,
)
from doorstep.dispatch.rules.lines import Hand, Made, call_of, island, mainland
from doorstep.dispatch.rules.rounds import (
    answer_by,
    at_other_door,
    behind_sooner,
    is_for,
    is_full,
    judge_assignment,
    judge_courier,
    judge_unassignment,
    offer,
    timed,
    with_state,
    with_stop,
)
from doorstep.dispatch.rules.transfers import handed_over, judge_transfer
from doorstep.dispatch.rules.ways import Pace, StraightLines, Trip, Ways

__all__ = [
    "Call",
    "Choice",
    "Hand",
    "Line",
    "Made",
    "Pace",
    "Place",
    "StraightLines",
    "Trip",
    "Wanted",
    "Ways",
    "answer_by",
    "at_other_door",
    "behind_sooner",
    "beside",
    "best_place",
    "call_of",
    "cheapest",
    "handed_over",
    "is_for",
    "is_full",
    "island",
    "judge_assignment",
    "judge_courier",
    "judge_transfer",
    "judge_unassignment",
    "mainland",
    "offer",
    "timed",
    "with_state",
    "with_stop",
]
