"""Ways between many places at once. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import numpy as np

from doorstep.couriers.model import VehicleKind
from doorstep.dispatch.problem.shape import Net, Whole
from doorstep.dispatch.rules import StraightLines, Ways
from doorstep.kit.geo import Point

_EARTH_METRES: Final = 6_371_008.8  # mean radius, IUGG


def net_of(
    points: Sequence[Point | None], vehicle: VehicleKind, hours: Iterable[datetime], ways: Ways
) -> Net:
    """Ways between all points in the slowest of these hours: what holds then, holds at any other.

    A point of None is at no distance from any.
    """
    known = [place for place, point in enumerate(points) if point]
    ground = [point for point in points if point]
    at = _slowest(ground, vehicle, hours, ways)
    metres = np.zeros((len(points), len(points)), np.int64)
    seconds = metres.copy()
    if isinstance(ways, StraightLines):
        far = _straight(ground, ways.pace.detour)
        metres[np.ix_(known, known)] = np.ceil(far)
        seconds[np.ix_(known, known)] = np.ceil(far / ways.pace.speed(vehicle, at))
        return Net(metres, seconds)
    for row, here in zip(known, ground, strict=True):
        for column, there in zip(known, ground, strict=True):
            if row != column:
                trip = ways.trip(here, there, vehicle, at)
                metres[row, column], seconds[row, column] = trip.metres, trip.seconds
    return Net(metres, seconds)


def _slowest(
    points: Sequence[Point], vehicle: VehicleKind, hours: Iterable[datetime], ways: Ways
) -> datetime:
    """By what one way takes: hours slow all of them alike."""
    here, there = points[0], max(points, key=lambda each: (each.longitude, each.latitude))
    return max(hours, key=lambda hour: (ways.trip(here, there, vehicle, hour).seconds, hour))


def _straight(points: Sequence[Point], detour: float) -> Whole:
    """As `metres_between` has it, lengthened."""
    longitude = np.radians([each.longitude for each in points])
    latitude = np.radians([each.latitude for each in points])
    north = latitude[:, None] - latitude[None, :]
    east = longitude[:, None] - longitude[None, :]
    flat = np.cos(latitude)[:, None] * np.cos(latitude)[None, :]
    chord = np.sin(north / 2) ** 2 + flat * np.sin(east / 2) ** 2
    far = np.rint(2 * _EARTH_METRES * np.arcsin(np.sqrt(np.minimum(1.0, chord))))
    return np.asarray(far * detour)
