"""What dispatch keeps in MongoDB."""

from doorstep.dispatch.store import dropouts, plans, rounds, transfers
from doorstep.dispatch.store.dropouts import DropOutStore
from doorstep.dispatch.store.plans import PlanStore
from doorstep.dispatch.store.rounds import AssignmentStore, RoundStore
from doorstep.dispatch.store.transfers import TransferStore

KEPT = (*rounds.KEPT, *transfers.KEPT, *dropouts.KEPT, *plans.KEPT)

__all__ = [
    "KEPT",
    "AssignmentStore",
    "DropOutStore",
    "PlanStore",
    "RoundStore",
    "TransferStore",
]
