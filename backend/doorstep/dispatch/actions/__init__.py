"""Finding a courier for every promise, and keeping rounds true as the day changes."""

from dataclasses import dataclass

from doorstep.dispatch.actions.assigning import Assigning
from doorstep.dispatch.actions.following import Following
from doorstep.dispatch.actions.offering import Offering
from doorstep.dispatch.actions.planning import Planning, Proposal
from doorstep.dispatch.actions.reading import Change, Reading
from doorstep.dispatch.actions.working import Working

__all__ = ["Change", "Dispatch", "Proposal"]


@dataclass(frozen=True)
class Dispatch(Offering, Assigning, Following, Working, Planning, Reading):
    """All verbs of the room, over one set of tools."""
