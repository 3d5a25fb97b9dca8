"""The map of the city, as it was a few seconds ago."""

from collections.abc import Iterable
from datetime import date

from doorstep.addresses.model import Coast, Place, ServiceArea
from doorstep.addresses.rules import AreaMap
from doorstep.addresses.store import MapStore
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.remembered import Remembered


class CityMap:
    """The areas, places and coasts as they were a few seconds ago."""

    def __init__(self, store: MapStore) -> None:
        self._store = store
        self._areas = Remembered(self._read)
        self._places = Remembered(store.places)
        self._coasts = Remembered(store.coasts)

    async def areas(self, day: date | None = None) -> AreaMap:
        """The map of a day. Without one, that of all days: to find an area by its id."""
        maps = await self._areas.get()
        if day not in maps:
            maps[day] = AreaMap.of(maps[None].areas, day)
        return maps[day]

    async def places(self) -> list[Place]:
        return await self._places.get()

    async def coasts(self) -> list[Coast]:
        return await self._coasts.get()

    def add(
        self,
        areas: Iterable[ServiceArea],
        places: Iterable[Place],
        coasts: Iterable[Coast] = (),
        *,
        tx: Tx,
    ) -> None:
        self._store.add(areas, places, coasts, tx=tx)
        self._areas.forget()
        self._places.forget()
        self._coasts.forget()

    async def _read(self) -> dict[date | None, AreaMap]:
        return {None: AreaMap.of(await self._store.areas())}
