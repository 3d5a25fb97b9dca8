"""Who goes where: assignments, rounds, and the words for what may not be."""

from doorstep.dispatch.model.rounds import (
    ASSIGNMENT_WORDS,
    NOT_AGAIN,
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
from doorstep.dispatch.model.transfers import (
    TRANSFER_WORDS,
    Transfer,
    TransferRefusal,
    TransferRefused,
    TransferState,
)

__all__ = [
    "ASSIGNMENT_WORDS",
    "NOT_AGAIN",
    "OPEN_STOPS",
    "TRANSFER_WORDS",
    "Assignment",
    "AssignmentRefusal",
    "AssignmentRefused",
    "DispatchPolicy",
    "Ending",
    "FeedEntry",
    "Passed",
    "PassedOver",
    "Round",
    "Stop",
    "StopState",
    "Transfer",
    "TransferRefusal",
    "TransferRefused",
    "TransferState",
    "round_id",
]
