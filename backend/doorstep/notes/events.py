"""What happens to notes. Ids only."""

from doorstep.kit.events import Event


class NoteChanged(Event):
    """A note was made, or looked at again: `sequence` is its version."""

    branch_id: str
