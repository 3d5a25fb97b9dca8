"""What dispatch keeps in MongoDB."""

from doorstep.dispatch.store import dropouts, rounds, transfers
from doorstep.dispatch.store.dropouts import DropOutStore
from doorstep.dispatch.store.rounds import AssignmentStore, RoundStore
from doorstep.dispatch.store.transfers import TransferStore

KEPT = (*rounds.KEPT, *transfers.KEPT, *dropouts.KEPT)

__all__ = [
    "KEPT",
    "AssignmentStore",
    "DropOutStore",
    "RoundStore",
    "TransferStore",
]
