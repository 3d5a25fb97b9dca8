"""What happens at a dispatcher's desk."""

from doorstep.kit.events import Event


class BranchTold(Event):
    """A branch's feed has one more line: `aggregate` is the branch."""
