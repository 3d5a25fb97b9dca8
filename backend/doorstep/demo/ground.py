"""The ground the demo city stands on: six areas side by side along an invented coast.

Units   degrees in WGS 84, kept to six places (0.1 m)
Shared  neighbours are drawn from one and the same border, so they neither overlap nor leave a gap
Widths  area 1 is narrow and area 2 wide: who stands in the middle of area 1 is nearer to all of it
        than anybody on the far side of area 2 (3.0 km against 3.7 km at the worst corner)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any, Final

import shapely
from shapely.geometry import mapping

from doorstep.kit.geo import Point

Ring = list[tuple[float, float]]
Outline = shapely.Polygon | shapely.MultiPolygon

_BORDERS: Final = (122.000, 122.036, 122.086, 122.120, 122.154, 122.188, 122.222)
_SOUTH: Final = 37.380
_NORTH: Final = 37.420
_BEND: Final = 0.002
_PLACES: Final = 6


@dataclass(frozen=True)
class Ground:
    """The areas by number, the townships (one a branch, in that order), and all the land."""

    areas: tuple[Outline, ...]
    townships: tuple[Outline, ...]
    land: Outline

    @classmethod
    def drawn(cls, random: Random) -> "Ground":
        """The small city's: six areas from west to east, two for each of three townships."""
        borders = [_border(longitude, random) for longitude in _BORDERS]
        areas = tuple(_area(west, east, random) for west, east in pairwise(borders))
        pairs = zip(areas[::2], areas[1::2], strict=True)
        townships = tuple(joined(pair) for pair in pairs)
        return cls(areas, townships, joined(areas))

    def centre(self, area: int) -> Point:
        return _point(self.areas[area - 1].centroid)

    def point_in(self, area: int, random: Random, *, inset: float, east_of: float = 0.0) -> Point:
        """Somewhere in the area, at least `inset` degrees from its edge."""
        within = self.areas[area - 1].buffer(-inset)
        west, south, east, north = within.bounds
        shapely.prepare(within)
        while True:
            longitude = random.uniform(max(west, east_of), east)
            found = shapely.Point(longitude, random.uniform(south, north))
            if within.contains(found):
                return _point(found)


def near(point: Point, random: Random, *, within: float) -> Point:
    """A few doors further: at most `within` degrees away in each direction."""
    return Point(
        longitude=round(point.longitude + random.uniform(-within, within), _PLACES),
        latitude=round(point.latitude + random.uniform(-within, within), _PLACES),
    )


def joined(parts: Sequence[Outline]) -> Outline:
    """One outline of several that share their borders."""
    found = shapely.coverage_union_all(list(parts))
    if found.geom_type == "GeometryCollection":
        found = shapely.union_all(shapely.get_parts(found))
    assert isinstance(found, Outline)
    return found


def in_degrees(outline: Outline) -> Outline:
    """From whole millionths of a degree; counter-clockwise, as RFC 7946 wants it."""
    scaled = shapely.transform(outline, lambda corners: (corners / 10**_PLACES).round(_PLACES))
    turned: Outline = shapely.orient_polygons(scaled)
    return turned


def geometry_of(outline: Outline) -> dict[str, Any]:
    """As GeoJSON."""
    return dict(mapping(outline))


def _border(longitude: float, random: Random) -> Ring:
    """From the hills in the south up to the sea, not quite straight."""
    steps = 4
    return [
        (
            round(longitude + random.uniform(-_BEND, _BEND), _PLACES),
            round(_SOUTH + (_NORTH - _SOUTH) * step / steps, _PLACES),
        )
        for step in range(steps + 1)
    ]


def _area(west: Ring, east: Ring, random: Random) -> shapely.Polygon:
    """Counter-clockwise, as RFC 7946 wants it: inland edge, east, coast, west."""
    inland = _along(west[0], east[0], random, bends=2)
    coast = _along(east[-1], west[-1], random, bends=5)
    return shapely.Polygon([*west[:1], *inland, *east, *coast, *reversed(west[1:])])


def _along(
    start: tuple[float, float], end: tuple[float, float], random: Random, *, bends: int
) -> Sequence[tuple[float, float]]:
    shares = [step / (bends + 1) for step in range(1, bends + 1)]
    return [
        (
            round(start[0] + (end[0] - start[0]) * share, _PLACES),
            round(start[1] + (end[1] - start[1]) * share + random.uniform(-_BEND, _BEND), _PLACES),
        )
        for share in shares
    ]


def _point(found: shapely.Point) -> Point:
    return Point(longitude=round(found.x, _PLACES), latitude=round(found.y, _PLACES))
