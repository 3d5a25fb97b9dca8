"""What decides in appointments, all of it pure."""

from doorstep.appointments.rules.promises import (
    CLOSED_TO_BOOKING,
    CLOSED_TO_CHANGE,
    Sight,
    Viewer,
    changeable,
    judge_change,
    judge_place,
    judge_size,
    lines_of,
    moved,
    noted,
    promised,
    reference_of,
    rescheduled,
    sight_of,
    wish_of,
)

__all__ = [
    "CLOSED_TO_BOOKING",
    "CLOSED_TO_CHANGE",
    "Sight",
    "Viewer",
    "changeable",
    "judge_change",
    "judge_place",
    "judge_size",
    "lines_of",
    "moved",
    "noted",
    "promised",
    "reference_of",
    "rescheduled",
    "sight_of",
    "wish_of",
]
