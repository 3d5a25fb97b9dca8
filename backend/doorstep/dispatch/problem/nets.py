"""Ways between many places at once. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil

import numpy as np
from numpy.typing import NDArray

from doorstep.couriers.model import VehicleKind
from doorstep.dispatch.problem.shape import Net
from doorstep.dispatch.rules import Chart
from doorstep.kit.geo import EARTH_METRES, Point


def net_of(
    points: Sequence[Point | None], vehicle: VehicleKind, hours: Iterable[datetime], ways: Chart
) -> Net:
    """Ways between all points in the slowest of these hours: what holds then, holds at any other.

    A point of None is at no distance from any.
    """
    places = np.array([place for place, point in enumerate(points) if point], np.int64)
    ground = [point for point in points if point]
    pace = ways.lines.pace
    at = min(hours, key=pace.left_at)
    far = _straight(ground) * pace.detour
    metres = np.zeros((len(points), len(points)), np.int64)
    seconds = metres.copy()
    metres[np.ix_(places, places)] = np.ceil(far)
    seconds[np.ix_(places, places)] = np.ceil(far / pace.speed(vehicle, at))
    for here, there, trip in ways.known(ground, vehicle):
        if here != there:
            metres[places[here], places[there]] = trip.metres
            seconds[places[here], places[there]] = ceil(trip.seconds / pace.left_at(at))
    return Net(metres, seconds)


def _straight(points: Sequence[Point]) -> NDArray[np.float64]:
    """As `metres_between` has it."""
    longitude = np.radians([each.longitude for each in points])
    latitude = np.radians([each.latitude for each in points])
    north = latitude[:, None] - latitude[None, :]
    east = longitude[:, None] - longitude[None, :]
    flat = np.cos(latitude)[:, None] * np.cos(latitude)[None, :]
    chord = np.sin(north / 2) ** 2 + flat * np.sin(east / 2) ** 2
    return np.asarray(np.rint(2 * EARTH_METRES * np.arcsin(np.sqrt(np.minimum(1.0, chord)))))
