"""What dispatch keeps in MongoDB."""

from doorstep.dispatch.store import rounds, transfers
from doorstep.dispatch.store.rounds import AssignmentStore, RoundStore
from doorstep.dispatch.store.transfers import TransferStore

KEPT = (*rounds.KEPT, *transfers.KEPT)

__all__ = [
    "KEPT",
    "AssignmentStore",
    "RoundStore",
    "TransferStore",
]
