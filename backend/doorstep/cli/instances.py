"""VRPLIB's files as problems of ours: anyone can check us against best known solutions.

Rounds as the files' own benchmarks do: "dimacs" cuts coordinates' distances, times and demands to
tenths, and counts those.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import vrplib

from doorstep.dispatch.problem import Crew, Net, Problem, Task, Tour
from doorstep.dispatch.problem.shape import Whole

_ENDLESS: Final = int(np.iinfo(np.int64).max)
_SCALED: Final[dict[str, Callable[[Any], Any]]] = {
    "dimacs": lambda values: np.asarray(values) * 10,
    "round": lambda values: np.rint(values),
    "trunc": lambda values: np.asarray(values),
    "exact": lambda values: np.rint(np.asarray(values) * 1000),
}
ROUNDINGS: Final = tuple(_SCALED)
_UNDERSTOOD: Final = frozenset(
    {
        *("name", "comment", "type", "dimension", "vehicles", "capacity", "service_time"),
        *("edge_weight_type", "edge_weight_format", "node_coord", "demand", "depot", "edge_weight"),
        *("time_window", "prize", "vehicles_depot", "vehicles_max_duration", "linehaul"),
        *("vehicles_max_distance", "distance", "num_depots"),
    }
)


_NEEDED: Final = frozenset({"dimension", "edge_weight"})


class NotUnderstood(ValueError):
    """A file that asks for what our problem has no word for."""


def problem_in(file: Path, rounding: str) -> Problem:
    """Raises NotUnderstood."""
    try:
        instance = vrplib.read_instance(file)
    except (ValueError, KeyError, IndexError, TypeError, RuntimeError) as error:
        raise NotUnderstood(f"{file} is no VRPLIB instance: {error!r}") from error
    if missing := _NEEDED - instance.keys():
        raise NotUnderstood(f"{file} is no VRPLIB instance: it has no {', '.join(sorted(missing))}")
    if strange := instance.keys() - _UNDERSTOOD:
        raise NotUnderstood(f"{file} has {', '.join(sorted(strange))}, which we do not know")
    return _problem(instance, rounding)


def _problem(instance: dict[str, Any], rounding: str) -> Problem:
    def whole(values: Any) -> Whole:
        return np.asarray(_SCALED[rounding](values)).astype(np.int64)

    places = int(instance["dimension"])
    depots = [int(each) for each in np.atleast_1d(instance.get("depot", [0]))]
    if depots != list(range(len(depots))):
        raise NotUnderstood("depots have to be the first places")
    ways = whole(instance["edge_weight"])
    spans = np.array([[0, _ENDLESS]] * places)
    if "time_window" in instance:
        spans = whole(instance["time_window"])
    demand = instance.get("demand", instance.get("linehaul", np.zeros(places)))
    loads = np.reshape(whole(demand), (places, -1))
    lasts = whole(np.broadcast_to(instance.get("service_time", 0), places))
    prizes = whole(instance.get("prize", np.zeros(places)))
    clients = range(len(depots), places)
    vehicles = int(instance.get("vehicles", len(clients)))
    return Problem(
        tasks=tuple(
            Task(
                id=str(place + 1),
                place=place,
                early=int(spans[place][0]),
                late=int(spans[place][1]),
                lasts=int(lasts[place]),
                loads=tuple(map(int, loads[place])),
                prize=int(prizes[place]),
                required=not prizes[place],
            )
            for place in clients
        ),
        crews=tuple(Crew(str(number), 0) for number in range(vehicles)),
        tours=_tours(instance, vehicles, spans, loads.shape[1], whole),
        nets=(Net(ways, ways.copy()),),
    )


def _tours(
    instance: dict[str, Any],
    vehicles: int,
    spans: Whole,
    dimensions: int,
    whole: Callable[[Any], Whole],
) -> tuple[Tour, ...]:
    def of_each(name: str) -> list[int | None]:
        if name not in instance:
            return [None] * vehicles
        return [int(each) for each in whole(np.broadcast_to(instance[name], vehicles))]

    starts = np.broadcast_to(instance.get("vehicles_depot", 1), vehicles) - 1
    room = instance.get("capacity")
    rooms = (
        np.full((vehicles, dimensions), _ENDLESS)
        if room is None
        else np.broadcast_to(np.reshape(whole(room), (-1, dimensions)), (vehicles, dimensions))
    )
    longest, farthest = of_each("vehicles_max_duration"), of_each("vehicles_max_distance")
    return tuple(
        Tour(
            crew=number,
            start=int(starts[number]),
            end=int(starts[number]),
            early=int(spans[starts[number]][0]),
            late=int(spans[starts[number]][1]),
            room=tuple(map(int, rooms[number])),
            longest=longest[number],
            farthest=farthest[number],
        )
        for number in range(vehicles)
    )
