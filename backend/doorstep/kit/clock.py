"""The one place that asks what time it is.

Units  instants are UTC, cut to whole milliseconds: all that BSON keeps, so what we hold is what
       we read back
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Whoever can say what time it is."""

    def now(self) -> datetime: ...


class WallClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        instant = datetime.now(UTC)
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


class StoppedClock:
    """Time stands where it was put, until it is moved."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant

    def advance(self, by: timedelta) -> None:
        self._instant += by

    def set(self, instant: datetime) -> None:
        self._instant = instant
