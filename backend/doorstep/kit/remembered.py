"""Reference data that is read often and changed seldom, kept for a few seconds.

What is remembered may be as old as `seconds`; nothing that decides a race may rest on it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
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


class Latest(Generic[K, T]):
    """The `most` that were kept last; the one that was kept first goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, T] = OrderedDict()

    def get(self, key: K) -> T | None:
        return self._kept.get(key)

    def keep(self, key: K, value: T) -> T:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value
