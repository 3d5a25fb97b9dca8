"""What happens to what a slot has to give."""

from doorstep.kit.events import Event


class CapacityChanged(Event):
    """Another edition of a slot: `aggregate` is its key, `sequence` the edition."""

    branch_id: str
