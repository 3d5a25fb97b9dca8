"""Asking the calendar, and changing what it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from doorstep.calendar.actions.blocking import Blocking
from doorstep.calendar.actions.dating import Dating
from doorstep.calendar.actions.reading import Reading, SeenDay, read_known, seen
from doorstep.calendar.actions.sailings import Sailings
from doorstep.calendar.model import BureauDay, Closure, FerryRoute, SailingPattern
from doorstep.calendar.outside import PathOfArea
from doorstep.calendar.store import CalendarStore, FerryStore
from doorstep.kit.clock import Clock
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.remembered import Remembered

__all__ = ["Calendar", "SeenDay", "seen"]


@dataclass(frozen=True)
class Calendar(Dating, Blocking, Sailings, Reading):
    """All verbs of the room, over one set of tools."""

    @classmethod
    def of(cls, mongo: Mongo, path_of_area: PathOfArea, clock: Clock) -> Self:
        store, ferries = CalendarStore(mongo), FerryStore(mongo)
        return cls(
            mongo=mongo,
            store=store,
            ferries=ferries,
            path_of_area=path_of_area,
            clock=clock,
            known=Remembered(lambda: read_known(store, ferries, clock)),
            known_routes=Remembered(ferries.routes),
        )

    def add(
        self,
        closures: Iterable[Closure],
        days: Iterable[BureauDay] = (),
        routes: Iterable[FerryRoute] = (),
        patterns: Iterable[SailingPattern] = (),
        *,
        tx: Tx,
    ) -> None:
        self.store.add(closures, days, tx=tx)
        self.ferries.add(routes, patterns, tx=tx)
        self.known.forget()
        self.known_routes.forget()
