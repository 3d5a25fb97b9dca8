"""What happens to days, blocks and sailings.

`aggregate` is the id of the row, `sequence` its version. Rooms above look at what stands now: an
event says where to look, and whether it shuts or opens.
"""

from datetime import date, datetime

from doorstep.calendar.model import BlockKind
from doorstep.kit.events import Event


class CalendarDayChanged(Event):
    """The bureau said what a day is, or took its word back."""

    day: date


class ClosureAdded(Event):
    """A part of the bureau does not come on a day."""

    day: date
    path: str


class ClosureLifted(Event):
    """It comes after all."""

    day: date
    path: str


class BlockAdded(Event):
    """Nobody comes there from `start` to `end`. Without areas: to all that the unit serves."""

    path: str
    area_ids: tuple[str, ...]
    start: datetime
    end: datetime
    kind: BlockKind


class BlockLifted(Event):
    """The way is free again."""

    path: str
    area_ids: tuple[str, ...]
    start: datetime
    end: datetime


class SailingAdded(Event):
    """An extra boat goes, or a cancelled one goes after all."""

    route_id: str
    arrives_at: datetime
    returns_at: datetime


class SailingCancelled(Event):
    """A boat does not go: whoever relied on it cannot be on the island between these instants."""

    route_id: str
    arrives_at: datetime
    returns_at: datetime
