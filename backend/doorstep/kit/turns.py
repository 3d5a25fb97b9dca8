"""One after the other, in this process."""

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """Whose turn it is with something that has a name.

    Nothing rests on it: what must not happen twice is settled in the database. It spares those who
    come at once from running into each other's transactions: 50 assignments to one courier took 15
    seconds without it.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())
