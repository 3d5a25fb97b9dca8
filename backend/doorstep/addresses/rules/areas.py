"""Which area a point lies in, which place an address names, and whether the areas fit. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import cos, radians
from typing import Any, Final, Self

import shapely
from shapely.geometry import shape

from doorstep.addresses.model import (
    Address,
    Fault,
    FaultKind,
    ServiceArea,
    Township,
)
from doorstep.kit.geo import Point

_METRES_A_DEGREE: Final = 111_195
SLIVER_METRES: Final = 0.5
"""What is narrower than this tells of a pen, not of a border."""


@dataclass(frozen=True)
class AreaMap:
    """All areas, ready to be asked which one a point lies in: 10 µs among 1,000.

    An area that does not hold on the map's day is known by its id, and nothing lies in it.
    """

    areas: tuple[ServiceArea, ...]
    held: tuple[ServiceArea, ...]
    tree: shapely.STRtree

    @classmethod
    def of(cls, areas: Iterable[ServiceArea], day: date | None = None) -> Self:
        """The map of one day; without a day, of all that ever was or will be."""
        kept = tuple(areas)
        held = kept if day is None else tuple(area for area in kept if area.holds_on(day))
        return cls(kept, held, shapely.STRtree([shape(area.geometry) for area in held]))

    def at(self, point: Point) -> ServiceArea | None:
        """The area that holds the point; on a shared border, the first by id."""
        found = self.tree.query(
            shapely.Point(point.longitude, point.latitude), predicate="intersects"
        )
        return min((self.held[i] for i in found), key=lambda area: area.id, default=None)

    def get(self, id: str | None) -> ServiceArea | None:
        return next((area for area in self.areas if area.id == id), None)

    def holds(self, id: str) -> bool:
        """Whether the area is one of the map's day."""
        return any(area.id == id for area in self.held)


def placed(address: Address, areas: AreaMap) -> Address:
    """The address in the area that it lies in on the map's day, should its own hold no longer."""
    if address.area_id is None or areas.holds(address.area_id):
        return address
    where = address.door.location
    area = areas.at(where) if where else None
    return address.model_copy(update={"area_id": area.id if area else None})


# ------------------------------------------------------------ how the areas fit together


def tiling_faults(
    areas: Iterable[ServiceArea],
    land: Sequence[Township],
    at: date,
    *,
    narrowest_metres: float = SLIVER_METRES,
) -> list[Fault]:
    """What keeps the areas that hold on a day from covering the land once and only once.

    Ground that two areas share or none has counts if it is wider than `narrowest_metres`. A
    township has the branches whose areas lie in it: there should be one. Without `land`, only what
    the areas themselves enclose and do not cover is a gap.
    """
    held = [area for area in areas if area.holds_on(at)]
    outlines = [shape(area.geometry) for area in held]
    townships = [shape(township.geometry) for township in land]
    return [
        *_overlaps(held, outlines, narrowest_metres),
        *_gaps(outlines, townships, narrowest_metres),
        *_without_branch(held),
        *_shared_townships(held, outlines, land, townships, narrowest_metres),
    ]


def days_of_change(areas: Iterable[ServiceArea], first: date, last: date) -> list[date]:
    """The first day, and every later one up to the last on which another map holds."""
    begun = {area.valid_from for area in areas if area.valid_from}
    ended = {area.valid_to + timedelta(days=1) for area in areas if area.valid_to}
    return [first, *sorted(day for day in begun | ended if first < day <= last)]


def _overlaps(
    areas: Sequence[ServiceArea], outlines: Sequence[Any], narrowest: float
) -> Iterator[Fault]:
    tree = shapely.STRtree(outlines)
    pairs = tree.query(outlines, predicate="intersects").T.tolist() if outlines else []
    for one, other in sorted(pairs):
        if one < other:
            names = (areas[one].id, areas[other].id)
            shared = outlines[one].intersection(outlines[other])
            yield from _faults(FaultKind.OVERLAP, names, shared, narrowest)


def _gaps(outlines: Sequence[Any], townships: Sequence[Any], narrowest: float) -> Iterator[Fault]:
    covered = shapely.union_all(outlines)
    wanted = shapely.union_all(townships or [_without_holes(covered)])
    yield from _faults(FaultKind.GAP, (), wanted.difference(covered), narrowest)


def _without_holes(outline: Any) -> Any:
    rings = [part.exterior for part in shapely.get_parts(outline) if part.geom_type == "Polygon"]
    return shapely.union_all([shapely.Polygon(ring) for ring in rings])


def _without_branch(areas: Iterable[ServiceArea]) -> Iterator[Fault]:
    for area in areas:
        if not area.branch_id or f"/{area.branch_id}/" not in area.branch_path:
            yield Fault(kind=FaultKind.NO_BRANCH, names=(area.id,))


def _shared_townships(
    areas: Sequence[ServiceArea],
    outlines: Sequence[Any],
    land: Sequence[Township],
    townships: Sequence[Any],
    narrowest: float,
) -> Iterator[Fault]:
    tree = shapely.STRtree(outlines)
    for township, outline in zip(land, townships, strict=True):
        near = tree.query(outline, predicate="intersects").tolist()
        within = [i for i in near if _wide(outlines[i].intersection(outline), narrowest)]
        branches = sorted({areas[i].branch_id for i in within})
        if not branches:
            yield Fault(kind=FaultKind.NO_BRANCH_IN_TOWNSHIP, names=(township.name,))
        elif len(branches) > 1:
            names = (township.name, *branches)
            yield Fault(kind=FaultKind.SEVERAL_BRANCHES_IN_TOWNSHIP, names=names)


def _faults(
    kind: FaultKind, names: tuple[str, ...], where: Any, narrowest: float
) -> Iterator[Fault]:
    """One for each piece of ground that is wide enough to count."""
    for piece in shapely.get_parts(where):
        if _wide(piece, narrowest):
            inside = piece.representative_point()
            yield Fault(
                kind=kind,
                names=names,
                square_metres=round(_in_metres(piece).area),
                at=Point(longitude=inside.x, latitude=inside.y),
            )


def _wide(ground: Any, narrowest: float) -> bool:
    """Whether it has any area, and a part of it is wider than that."""
    return bool(ground.area > 0) and not _in_metres(ground).buffer(-narrowest / 2).is_empty


def _in_metres(ground: Any) -> Any:
    """Flat, and good to a percent for anything that one branch could serve."""
    shrunk = cos(radians(ground.centroid.y))
    scale = [_METRES_A_DEGREE * shrunk, _METRES_A_DEGREE]
    # Near the origin, so that digits are left for what is smaller than a metre.
    west, south, _, _ = ground.bounds
    return shapely.transform(ground, lambda corners: (corners - [west, south]) * scale)
