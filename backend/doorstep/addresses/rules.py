"""Which area a point lies in, and which place an address names. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import shapely
from shapely.geometry import shape

from doorstep.addresses.model import AddressAsked, Candidate, Place, ServiceArea
from doorstep.kit.geo import Point, metres_between

_BY_POINT: Final = 1.0
_BY_NAME: Final = 0.8


@dataclass(frozen=True)
class AreaMap:
    """All areas, ready to be asked which one a point lies in: 10 µs among 1,000."""

    areas: tuple[ServiceArea, ...]
    tree: shapely.STRtree

    @classmethod
    def of(cls, areas: Iterable[ServiceArea]) -> Self:
        kept = tuple(areas)
        return cls(kept, shapely.STRtree([shape(area.geometry) for area in kept]))

    def at(self, point: Point) -> ServiceArea | None:
        """The area that holds the point; on a shared border, the first by id."""
        found = self.tree.query(
            shapely.Point(point.longitude, point.latitude), predicate="intersects"
        )
        return min((self.areas[i] for i in found), key=lambda area: area.id, default=None)

    def get(self, id: str | None) -> ServiceArea | None:
        return next((area for area in self.areas if area.id == id), None)


def candidates(asked: AddressAsked, places: Sequence[Place]) -> list[Candidate]:
    """What the address may mean, the likeliest first. Never one silently guessed.

    A point on the map is taken at its word. Without one, the longest place names that stand in the
    address decide; places of the same name in several divisions are several candidates.
    """
    door = asked.door
    if door.location is not None:
        nearest = min(places, key=lambda p: metres_between(p.location, door.location), default=None)  # type: ignore[arg-type]
        division = asked.division_code or (nearest.division_code if nearest else "")
        return [Candidate(division_code=division, door=door, confidence=_BY_POINT)]
    named = [place for place in places if place.name in door.line]
    if asked.division_code:
        named = [p for p in named if p.division_code.startswith(asked.division_code)]
    longest = max((len(place.name) for place in named), default=0)
    best = [place for place in named if len(place.name) == longest]
    return [
        Candidate(
            division_code=place.division_code,
            door=door.model_copy(update={"location": place.location}),
            confidence=round(_BY_NAME / len(best), 2),
        )
        for place in best
    ]


def certain(found: Sequence[Candidate]) -> Candidate | None:
    """The one candidate there is. None: none, or several to choose from."""
    return found[0] if len(found) == 1 else None
