"""What happens to couriers."""

from datetime import datetime

from doorstep.kit.events import Event


class DutyEnded(Event):
    """A courier went home: `aggregate` is the courier, `sequence` the instant in milliseconds."""

    branch_id: str


class HoursChanged(Event):
    """A courier works more, or less, between two instants: `sequence` is their roster's version."""

    branch_id: str
    branch_path: str
    start: datetime
    end: datetime


class HoursGained(HoursChanged):
    """A shift was added, or leave was cancelled."""


class HoursLost(HoursChanged):
    """A shift was cancelled, or leave begins."""
