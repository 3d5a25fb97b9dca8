"""What happens to couriers."""

from doorstep.kit.events import Event


class DutyEnded(Event):
    """A courier went home: `aggregate` is the courier, `sequence` the instant in milliseconds."""

    branch_id: str
