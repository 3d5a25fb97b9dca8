"""Asking the calendar."""

from collections.abc import Iterable

from doorstep.calendar.model import Closure
from doorstep.calendar.store import ClosureStore
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.remembered import Remembered


class Calendar:
    def __init__(self, closures: ClosureStore) -> None:
        self._store = closures
        self._closures = Remembered(closures.all)

    async def closures(self) -> tuple[Closure, ...]:
        return await self._closures.get()

    def add(self, closures: Iterable[Closure], *, tx: Tx) -> None:
        self._store.add(closures, tx=tx)
        self._closures.forget()
