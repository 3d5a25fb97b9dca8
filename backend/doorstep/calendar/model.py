"""Which days the bureau does not come."""

from collections.abc import Iterable
from datetime import date

from doorstep.kit.documents import Stored
from doorstep.kit.windows import Day


class Closure(Stored):
    """A day on which a part of the bureau does not come, and why."""

    day: Day
    path: str
    reason: str


def is_closed(closures: Iterable[Closure], day: date, path: str) -> bool:
    """Whether the unit at `path`, or one above it, stays at home on `day`."""
    return any(closure.day == day and path.startswith(closure.path) for closure in closures)
