"""What dispatch keeps in MongoDB."""

from doorstep.dispatch.store.plans import PLANS_KEPT, PlanStore
from doorstep.dispatch.store.rounds import (
    KEPT as ROUNDS_KEPT,
)
from doorstep.dispatch.store.rounds import (
    AssignmentStore,
    RoundStore,
)

KEPT = (*ROUNDS_KEPT, *PLANS_KEPT)

__all__ = [
    "KEPT",
    "AssignmentStore",
    "PlanStore",
    "RoundStore",
]
