"""What dispatch keeps in MongoDB."""

from doorstep.dispatch.store.rounds import (
    KEPT,
    AssignmentStore,
    RoundStore,
)

__all__ = [
    "KEPT",
    "AssignmentStore",
    "RoundStore",
]
