"""What every verb of the calendar works with."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from doorstep.calendar.model import (
    Block,
    BureauDay,
    CalendarRefusal,
    CalendarRefused,
    Closure,
    FerryRoute,
    Sailing,
)
from doorstep.calendar.outside import PathOfArea
from doorstep.calendar.rules import Workdays
from doorstep.calendar.store import CalendarStore, FerryStore
from doorstep.kit.clock import Clock
from doorstep.kit.documents import Stored
from doorstep.kit.mongo.transactions import Attempt, Mongo, Repeated, Reused, Tx
from doorstep.kit.remembered import Remembered

T = TypeVar("T", bound=Stored)


class NotReadableYet(RuntimeError):
    """What took effect cannot be read in this moment: the client sends it again."""


@dataclass(frozen=True)
class Known:
    """What is asked most: all that holds from `since` on."""

    since: date
    workdays: Workdays
    closures: tuple[Closure, ...]
    blocks: tuple[Block, ...]
    timetable: dict[str, tuple[Sailing, ...]]


@dataclass(frozen=True)
class Tools:
    """The stores, the clock, and what was read from them a few seconds ago."""

    mongo: Mongo
    store: CalendarStore
    ferries: FerryStore
    path_of_area: PathOfArea
    clock: Clock
    known: Remembered[Known]
    known_routes: Remembered[dict[str, FerryRoute]]

    async def _done(
        self,
        attempt: Attempt,
        body: Callable[[Tx], Awaitable[T | CalendarRefused]],
        read: Callable[[str], Awaitable[T | None]],
    ) -> T | CalendarRefused:
        """What came of it; a repeat answers with what stands now. Raises NotReadableYet."""
        outcome = await self.mongo.once(attempt, body)
        self.known.forget()
        if isinstance(outcome, Reused):
            return refuse(CalendarRefusal.IDEMPOTENCY_KEY_REUSED, "idempotencyKey")
        if not isinstance(outcome, Repeated):
            return outcome
        if found := await read(outcome.id):
            return found
        raise NotReadableYet(outcome.id)


def refuse(
    code: CalendarRefusal, path: str, current: BureauDay | Closure | Block | Sailing | None = None
) -> CalendarRefused:
    return CalendarRefused(code=code, path=(path,), current=current)


def stale(current: BureauDay | Closure | Block | Sailing | None) -> CalendarRefused:
    return refuse(CalendarRefusal.STALE_VERSION, "expectedVersion", current)


def lies_in(path: str, may: Collection[str]) -> bool:
    """Whether the unit at `path` lies in one of these parts of the bureau."""
    return any(path.startswith(prefix) for prefix in may)
