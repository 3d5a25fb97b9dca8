"""What the calendar asks of the rooms above it: the map is not its own."""

from collections.abc import Awaitable, Callable

PathOfArea = Callable[[str], Awaitable[str | None]]
"""The path of the branch that serves an area. None: there is no such area."""
