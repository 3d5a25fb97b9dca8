"""What lies where in a demo city, and what it is called: units, areas, places.

Towns     a branch of a town serves a street office (街道) of communities; one of the country serves
          a township (镇) of communities and villages, each village with a point of its own
Divisions of six digits in the small city; in the large one a township has nine, a place twelve
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from doorstep.addresses.model import Township
from doorstep.demo import cast, coast, names
from doorstep.demo.ground import Ground, geometry_of
from doorstep.demo.scale import (
    ISLANDS,
    SCALES,
    TOWNS,
    Scale,
    Size,
    areas_of_branch,
    branch_of_area,
    county_of_branch,
)
from doorstep.kit.geo import Point
from doorstep.organisation.model import OrgLevel, OutletKind

Cell = str | int | float

_SMALL_AREA_NAMES: Final = (
    *("望海片区", "金线片区", "柳林片区"),
    *("文苑片区", "渔港片区", "东港片区"),
)
_SMALL_TOWN_NAMES: Final = ("望海", "柳林", "渔港")
_COUNTY_NAMES: Final = ("环山县局", "东港县局", "文峰县局", "南泊县局")
_COUNTY_DIVISIONS: Final = ("371002", "371082", "371003", "371083")
_COUNTY_POSTCODES: Final = ("264200", "264300", "264400", "264500")
_SMALL_DIVISIONS: Final = ("371002", "371003", "371082")
_SMALL_POSTCODES: Final = ("264200", "264400", "264300")
_CAMPUSES: Final = ("滨城学院", "海洋职业学院")
_TWICE_NAMED_IN: Final = (2, 5)
_INSET: Final = 0.003


@dataclass(frozen=True)
class Spot:
    """A name that people use in addresses, and where it is."""

    id: str
    name: str
    division_code: str
    area: int
    location: Point

    @property
    def is_village(self) -> bool:
        return self.name.endswith("村")


@dataclass(frozen=True)
class Atlas:
    """A city of one size, drawn and named."""

    size: Size
    ground: Ground
    towns: tuple[str, ...]
    """Of each branch's township: "石泉镇"."""
    places: tuple[Spot, ...]
    villages: tuple[Spot, ...] = ()
    """Those of the places that have a village point."""

    @property
    def scale(self) -> Scale:
        return SCALES[self.size]

    def area_name(self, number: int) -> str:
        if number <= len(_SMALL_AREA_NAMES):
            return _SMALL_AREA_NAMES[number - 1]
        branch = branch_of_area(number)
        parts = areas_of_branch(branch)
        return self.towns[branch - 1] + (
            "" if len(parts) == 1 else f"第{number - parts[0] + 1}片区"
        )

    def postcode(self, area: int) -> str:
        branch = branch_of_area(area)
        if self.size is Size.SMALL:
            return _SMALL_POSTCODES[branch - 1]
        return _COUNTY_POSTCODES[county_of_branch(branch) - 1]

    def address_prefix(self, area: int) -> str:
        """What a line of an address begins with there."""
        branch = branch_of_area(area)
        county = _COUNTY_NAMES[county_of_branch(branch) - 1][:3]
        return county if self.size is Size.SMALL else county + self.towns[branch - 1]

    def townships(self) -> list[Township]:
        """All the land, and whose it is to be: what the areas have to cover."""
        return [
            Township(name=name, geometry=geometry_of(outline))
            for name, outline in zip(self.towns, self.ground.townships, strict=True)
        ]

    # ------------------------------------------------------------ units

    def units(self, random: Random) -> Iterator[Sequence[Cell]]:
        """The rows of units.csv: the bureau, its counties, branches, stations and points."""
        yield (
            *(cast.CITY, "滨城市邮政局", OrgLevel.CITY_BUREAU, "", ""),
            *degrees(self.ground.centre(3)),
        )
        yield from map(self._county, range(1, self.scale.counties + 1))
        yield from map(self._branch, range(1, self.scale.branches + 1))
        yield from (self._station(number, random) for number in range(1, self.scale.stations + 1))
        yield from (self._campus(number, random) for number in range(1, self.scale.campuses + 1))
        for number, village in enumerate(self.villages, start=1):
            yield self._point(number, village)

    def _county(self, number: int) -> Sequence[Cell]:
        seats = (2, 6) if self.size is Size.SMALL else (1, 5, 11, 13)
        seat = degrees(self.ground.centre(seats[number - 1]))
        name = _COUNTY_NAMES[number - 1]
        return cast.county_id(number), name, OrgLevel.COUNTY_BUREAU, "", cast.CITY, *seat

    def _branch(self, number: int) -> Sequence[Cell]:
        county = cast.county_id(county_of_branch(number))
        town = self.towns[number - 1].removesuffix("街道").removesuffix("镇")
        return (
            *(cast.branch_id(number), f"{town}支局"),
            *(OrgLevel.BRANCH_OFFICE, OutletKind.BRANCH, county),
            *degrees(self.ground.centre(areas_of_branch(number)[-1])),
        )

    def _station(self, number: int, random: Random) -> Sequence[Cell]:
        """A counter in a community, under one of the first branches."""
        area = areas_of_branch(number)[0]
        community = next(place for place in self.places if place.area == area)
        return (
            *(f"org_station_{number}", f"{community.name}邮政服务站"),
            *(OrgLevel.BRANCH_OFFICE, OutletKind.COMMUNITY_STATION, cast.branch_id(number)),
            *degrees(community.location),
        )

    def _campus(self, number: int, random: Random) -> Sequence[Cell]:
        branch = self.scale.stations + number
        where = self.ground.point_in(areas_of_branch(branch)[0], random, inset=_INSET)
        return (
            *(f"org_campus_{number}", f"{_CAMPUSES[number - 1]}校园邮局"),
            *(OrgLevel.BRANCH_OFFICE, OutletKind.CAMPUS_OFFICE, cast.branch_id(branch)),
            *degrees(where),
        )

    def _point(self, number: int, village: Spot) -> Sequence[Cell]:
        return (
            *(f"org_village_{number:03}", f"{village.name}邮政服务点"),
            *(OrgLevel.VILLAGE_AGENT, OutletKind.VILLAGE_POINT),
            *(cast.branch_id(branch_of_area(village.area)), *degrees(village.location)),
        )


def atlas_of(size: Size, seed: int) -> Atlas:
    """The city of this size and seed; the same each time."""
    ground, places = Random(f"{seed}/ground"), Random(f"{seed}/places")
    return _small(ground, places) if size is Size.SMALL else _large(ground, places)


def degrees(point: Point) -> tuple[float, float]:
    return point.latitude, point.longitude


# ------------------------------------------------------------ the small city's places


def _small(ground: Random, random: Random) -> Atlas:
    drawn = Ground.drawn(ground)
    return Atlas(Size.SMALL, drawn, _SMALL_TOWN_NAMES, tuple(_small_places(drawn, random)))


def _small_places(ground: Ground, random: Random) -> Iterator[Spot]:
    """Five communities and two villages an area; one name stands in two of them."""
    communities, villages = iter(names.COMMUNITIES), iter(names.VILLAGES)
    number = 0
    for area in range(1, SCALES[Size.SMALL].areas + 1):
        twice = [names.NAMED_TWICE] if area in _TWICE_NAMED_IN else []
        own = [next(communities) for _ in range(5 - len(twice))]
        for name in [*own, *twice, next(villages), next(villages)]:
            number += 1
            yield Spot(
                id=f"plc_demo_{number:03}",
                name=name,
                division_code=f"{_SMALL_DIVISIONS[branch_of_area(area) - 1]}001{number:03}",
                area=area,
                location=ground.point_in(area, random, inset=_INSET),
            )


# ------------------------------------------------------------ the large city's places


def _large(ground: Random, random: Random) -> Atlas:
    drawn = coast.drawn(ground)
    scale = SCALES[Size.CITY]
    country = scale.branches - TOWNS - len(ISLANDS)
    towns = names.towns(random, streets=TOWNS, townships=country)
    towns[:3] = [f"{name}街道" for name in _SMALL_TOWN_NAMES]
    communities = tuple(_communities(drawn, random))
    villages = tuple(_villages(drawn, random, len(communities)))
    return Atlas(Size.CITY, drawn, tuple(towns), (*communities, *villages), villages)


def _communities(ground: Ground, random: Random) -> Iterator[Spot]:
    """Six an area in town, three in the country; one name stands in two counties."""
    homes = [
        area
        for area in range(1, SCALES[Size.CITY].areas + 1)
        for _ in range(6 if branch_of_area(area) <= TOWNS else 3)
    ]
    named = iter(names.communities(random, len(homes)))
    for number, area in enumerate(homes, start=1):
        first = number == 1 or homes[number - 2] != area
        name = names.NAMED_TWICE if first and area in _TWICE_NAMED_IN else next(named)
        yield _place(number, name, area, ground, random)


def _villages(ground: Ground, random: Random, before: int) -> Iterator[Spot]:
    """Shared evenly among the branches of the country."""
    scale = SCALES[Size.CITY]
    homes = [area for area in range(1, scale.areas + 1) if branch_of_area(area) > TOWNS]
    for number, name in enumerate(names.villages(random, scale.villages)):
        yield _place(before + number + 1, name, homes[number % len(homes)], ground, random)


def _place(number: int, name: str, area: int, ground: Ground, random: Random) -> Spot:
    branch = branch_of_area(area)
    county = _COUNTY_DIVISIONS[county_of_branch(branch) - 1]
    return Spot(
        id=f"plc_demo_{number:04}",
        name=name,
        division_code=f"{county}{branch:03}{number % 1000:03}",
        area=area,
        location=ground.point_in(area, random, inset=_INSET),
    )
