"""Finding a courier for every promise, and keeping rounds true as the day changes."""

from dataclasses import dataclass

from doorstep.dispatch.actions.dropping import Absence, Dropping
from doorstep.dispatch.actions.following import Following
from doorstep.dispatch.actions.leaving import Leaving
from doorstep.dispatch.actions.looking import Looking
from doorstep.dispatch.actions.offering import Offering
from doorstep.dispatch.actions.picturing import Picturing
from doorstep.dispatch.actions.planning import Planning
from doorstep.dispatch.actions.promising import Promising
from doorstep.dispatch.actions.proposing import Proposal
from doorstep.dispatch.actions.reading import Change, Reading
from doorstep.dispatch.actions.reassigning import Reassigning
from doorstep.dispatch.actions.transferring import Transferring
from doorstep.dispatch.actions.working import Working

__all__ = ["Absence", "Change", "Dispatch", "Proposal"]


@dataclass(frozen=True)
class Dispatch(
    Promising,
    Offering,
    Reassigning,
    Transferring,
    Dropping,
    Following,
    Working,
    Leaving,
    Looking,
    Planning,
    Reading,
    Picturing,
):
    """All verbs of the room, over one set of tools."""
