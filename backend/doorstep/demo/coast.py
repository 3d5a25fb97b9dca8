"""The ground of the large demo city: an invented peninsula, its townships, and two islands off it.

Units   whole millionths of a degree in WGS 84 (0.1 m), longitude first, until the very end
Shared  coast and borders are cut into one another on that grid before any face is read off, so a
        border is the same string of points for both who share it: no overlap, no gap
Sites   every area is what lies nearest to its site; branches of a town lie close around the seat
        of their county, the two areas of one branch side by side
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import cos, hypot, pi, sin
from random import Random
from typing import Final

import shapely

from doorstep.demo.ground import Ground, Outline, in_degrees, joined
from doorstep.demo.scale import (
    ISLANDS,
    SCALES,
    TOWNS,
    Size,
    areas_of_branch,
    branch_of_area,
    county_of_branch,
)

Spot = tuple[float, float]

_GRID: Final = 1.0
_MIDDLE: Final = (122_150_000, 37_180_000)
_REACH: Final = (560_000, 270_000)
_SEATS: Final = (
    (122_180_000, 37_330_000),
    (122_470_000, 37_180_000),
    (121_860_000, 37_190_000),
    (122_160_000, 37_030_000),
)
"""Of the counties, by number."""
_TOWN_SPREAD: Final = 38_000
_FROM_COAST: Final = 9_000
_BESIDE: Final = 17_000
_TRIES: Final = 400
_CANDIDATES: Final = 16
_COAST_POINTS: Final = 260
_ISLAND_POINTS: Final = 48
_ISLAND_REACH: Final = (34_000, 22_000)
_OFF_SHORE: Final = 75_000


def drawn(random: Random) -> Ground:
    """The large city's ground."""
    mainland = _blob(random, _MIDDLE, _REACH, points=_COAST_POINTS)
    islands = _islands(random, mainland)
    sites = _sites(random, mainland)
    areas = {**_cells(mainland, sites), **islands}
    return Ground(
        areas=tuple(in_degrees(areas[number]) for number in sorted(areas)),
        townships=tuple(in_degrees(each) for each in _townships(areas)),
        land=in_degrees(joined(list(areas.values()))),
    )


def _townships(areas: dict[int, Outline]) -> Iterator[Outline]:
    """What each branch serves, in the order of branches."""
    for branch in range(1, SCALES[Size.CITY].branches + 1):
        own = [areas[number] for number in areas_of_branch(branch)]
        yield joined(own)


# ------------------------------------------------------------ coast and islands


def _blob(
    random: Random, middle: tuple[int, int], reach: tuple[int, int], *, points: int
) -> shapely.Polygon:
    """A round shape with bays and capes; every ray from its middle crosses its edge once."""
    waves = [
        (k, random.uniform(0.25, 0.6) / (k + 2), random.uniform(0, 2 * pi))
        for k in (2, 3, 5, 8, 13, 21)
    ]
    ring = []
    for step in range(points):
        angle = 2 * pi * step / points
        out = 1 + sum(size * sin(k * angle + turn) for k, size, turn in waves) / 2
        out += random.uniform(-0.008, 0.008)
        x, y = middle[0] + reach[0] * out * cos(angle), middle[1] + reach[1] * out * sin(angle)
        ring.append((round(x), round(y)))
    return shapely.Polygon(ring)


def _islands(random: Random, mainland: shapely.Polygon) -> dict[int, Outline]:
    """One off the northern coast, one off the eastern; each is one area."""
    _, _, east, north = (int(edge) for edge in mainland.bounds)
    middles = ((_SEATS[0][0], north + _OFF_SHORE), (east + _OFF_SHORE, _SEATS[1][1]))
    return {
        areas_of_branch(branch)[0]: _blob(random, middle, _ISLAND_REACH, points=_ISLAND_POINTS)
        for branch, middle in zip(ISLANDS, middles, strict=True)
    }


# ------------------------------------------------------------ sites


def _sites(random: Random, mainland: shapely.Polygon) -> list[Spot]:
    """One for each area of the mainland, in the order of areas."""
    within = mainland.buffer(-_FROM_COAST)
    shapely.prepare(within)
    firsts: list[Spot] = []
    for branch in range(1, SCALES[Size.CITY].branches - len(ISLANDS) + 1):
        firsts.append(_site(random, branch, within, firsts))
    sites, everywhere = [], list(firsts)
    for branch, first in enumerate(firsts, start=1):
        sites.append(first)
        if len(areas_of_branch(branch)) > 1:
            sites.append(_beside(random, first, within, everywhere))
            everywhere.append(sites[-1])
    return sites


def _site(random: Random, branch: int, within: Outline, others: Sequence[Spot]) -> Spot:
    """Of some that would do, the one that is farthest from everybody else."""
    candidates: list[Spot] = []
    while len(candidates) < _CANDIDATES:
        spot = _somewhere(random, branch, within)
        if _county_at(spot) == county_of_branch(branch) and within.contains(shapely.Point(spot)):
            candidates.append(spot)
    return max(candidates, key=lambda spot: _distance(spot, others))


def _somewhere(random: Random, branch: int, within: Outline) -> Spot:
    if branch <= TOWNS:
        x, y = _SEATS[county_of_branch(branch) - 1]
        return random.gauss(x, _TOWN_SPREAD), random.gauss(y, _TOWN_SPREAD)
    west, south, east, north = within.bounds
    return random.uniform(west, east), random.uniform(south, north)


def _beside(random: Random, first: Spot, within: Outline, others: Sequence[Spot]) -> Spot:
    """Close to `first`, and closer to it than to anybody else."""
    found: list[Spot] = []
    for _ in range(_TRIES):
        angle, far = random.uniform(0, 2 * pi), random.uniform(0.7, 1.0) * _BESIDE
        spot = (first[0] + far * cos(angle), first[1] + far * sin(angle))
        if within.contains(shapely.Point(spot)) and _distance(spot, others) >= far * 0.999:
            found.append(spot)
    return max(found, key=lambda spot: _distance(spot, [o for o in others if o != first]))


def _distance(spot: Spot, others: Sequence[Spot]) -> float:
    return min((hypot(spot[0] - x, spot[1] - y) for x, y in others), default=0.0)


def _county_at(spot: Spot) -> int:
    """The county whose seat is nearest."""
    return min(range(len(_SEATS)), key=lambda n: _distance(spot, [_SEATS[n]])) + 1


# ------------------------------------------------------------ cells


def _cells(mainland: shapely.Polygon, sites: Sequence[Spot]) -> dict[int, Outline]:
    """The mainland cut up among the sites; an area keeps its number."""
    numbers = [n for n in range(1, SCALES[Size.CITY].areas + 1) if branch_of_area(n) not in ISLANDS]
    points = [shapely.Point(site) for site in sites]
    tree = shapely.STRtree(points)
    faces: dict[int, list[shapely.Polygon]] = defaultdict(list)
    for face in _faces(mainland, points):
        inside = face.representative_point()
        if mainland.contains(inside):
            faces[numbers[int(tree.nearest(inside))]].append(face)
    return {number: joined(own) for number, own in faces.items()}


def _faces(mainland: shapely.Polygon, points: Sequence[shapely.Point]) -> Iterator[shapely.Polygon]:
    """What coast and borders enclose, every corner on the grid."""
    borders = shapely.voronoi_polygons(
        shapely.MultiPoint(points), extend_to=mainland.envelope.buffer(_OFF_SHORE), only_edges=True
    )
    lines = shapely.union_all([borders, mainland.boundary], grid_size=_GRID)
    for face in shapely.get_parts(shapely.polygonize(list(shapely.get_parts(lines)))):
        assert isinstance(face, shapely.Polygon)
        yield face
