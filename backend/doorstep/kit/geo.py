"""Points and metres.

Units  degrees in WGS 84, longitude first as in GeoJSON; distances in whole metres
"""

from collections.abc import Mapping
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final, NewType

import coordTransform
from pydantic import BaseModel, ConfigDict, Field

EARTH_METRES: Final = 6_371_008.8  # mean radius, IUGG


class CoordinateSystem(StrEnum):
    """What a pair of degrees is measured in. Phones in China give GCJ-02 or BD-09 from map SDKs."""

    WGS84 = "WGS84"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


class Point(BaseModel):
    """A place on the ground, in WGS 84."""

    model_config = ConfigDict(frozen=True)

    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)
    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)


GeoJson = NewType("GeoJson", Mapping[str, Any])
"""What RFC 7946 calls a GeoJSON object."""

_TO_WGS84: Final = {
    CoordinateSystem.GCJ02: coordTransform.gcj02_to_wgs84,
    CoordinateSystem.BD09: coordTransform.bd09_to_wgs84,
}


def in_wgs84(point: Point, system: CoordinateSystem) -> Point:
    """`point`, measured in `system`, as WGS 84. The obfuscation of GCJ-02 is undone to ~1 metre."""
    if system is CoordinateSystem.WGS84:
        return point
    longitude, latitude = _TO_WGS84[system](point.longitude, point.latitude)
    return Point(longitude=longitude, latitude=latitude)


def metres_between(here: Point, there: Point) -> int:
    """Great-circle distance (haversine)."""
    north = radians(there.latitude - here.latitude)
    east = radians(there.longitude - here.longitude)
    chord = (
        sin(north / 2) ** 2
        + cos(radians(here.latitude)) * cos(radians(there.latitude)) * sin(east / 2) ** 2
    )
    return round(2 * EARTH_METRES * asin(sqrt(min(1.0, chord))))
