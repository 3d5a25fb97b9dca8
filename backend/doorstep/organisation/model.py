"""The bureau's tree: city bureau, county bureaus, branch offices, village agents.

Paths  "/city/county/branch/": ids from the root down, with a slash at both ends, so that a prefix
       is a part of the tree and nothing else is
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from doorstep.kit.documents import Stored
from doorstep.kit.geo import Point


class OrgLevel(StrEnum):
    CITY_BUREAU = "CITY_BUREAU"
    COUNTY_BUREAU = "COUNTY_BUREAU"
    BRANCH_OFFICE = "BRANCH_OFFICE"
    VILLAGE_AGENT = "VILLAGE_AGENT"


class OutletKind(StrEnum):
    BRANCH = "BRANCH"
    COMMUNITY_STATION = "COMMUNITY_STATION"
    CAMPUS_OFFICE = "CAMPUS_OFFICE"
    MOBILE_VAN = "MOBILE_VAN"
    TEMPORARY_OFFICE = "TEMPORARY_OFFICE"
    PICKUP_DELIVERY_STATION = "PICKUP_DELIVERY_STATION"
    VILLAGE_POINT = "VILLAGE_POINT"


class OrgUnit(Stored):
    """One place of the bureau."""

    name: str
    level: OrgLevel
    kind: OutletKind | None = None
    parent_id: str | None = None
    path: str
    location: Point | None = None


@dataclass(frozen=True)
class Tree:
    """All units, by id."""

    units: Mapping[str, OrgUnit]

    @classmethod
    def of(cls, units: Iterable[OrgUnit]) -> Self:
        return cls({unit.id: unit for unit in units})

    def parent(self, unit: OrgUnit) -> OrgUnit | None:
        return self.units.get(unit.parent_id) if unit.parent_id else None

    def branches(self) -> list["OrgUnit"]:
        """The branch offices, by name."""
        found = [u for u in self.units.values() if u.level is OrgLevel.BRANCH_OFFICE]
        return sorted(found, key=lambda unit: (unit.name, unit.id))

    def outlets(self) -> list[OrgUnit]:
        """Where a customer can go: every unit that has a counter."""
        return [unit for unit in self.units.values() if unit.kind is not None]
