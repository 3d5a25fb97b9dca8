"""Reference data that is read often and changed seldom, kept for a few seconds.

What is remembered may be as old as `seconds`; nothing that decides a race may rest on it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """One value and when it was read. Several who ask at once cause one reading."""

    def __init__(self, read: Callable[[], Awaitable[T]], *, seconds: float = 5.0) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._until = 0.0
        self._forgotten = 0

    async def get(self) -> T:
        now = asyncio.get_running_loop().time()
        if self._value is not None and now < self._until:
            return self._value
        async with self._lock:
            if self._value is None or now >= self._until:
                before = self._forgotten
                self._value = await self._read()
                # What was forgotten while it was being read may be read from before the change.
                self._until = now + self._seconds if before == self._forgotten else 0.0
            return self._value

    def forget(self) -> None:
        """Read afresh at the next question."""
        self._until = 0.0
        self._forgotten += 1
