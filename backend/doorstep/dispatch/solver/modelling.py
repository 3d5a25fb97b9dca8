"""Our problem in PyVRP's terms.

Kin       tours that are alike are one vehicle type, so that the search does not tell them apart
Profiles  one for each net and set of tasks allowed: the way to and from any other is `MAX_VALUE`
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pyvrp import (
    Activity,
    ActivityType,
    Client,
    Depot,
    Location,
    ProblemData,
    Route,
    Solution,
    VehicleType,
)
from pyvrp.constants import MAX_VALUE

from doorstep.dispatch.problem import Net, Problem, Tour
from doorstep.dispatch.problem.shape import Whole

_ENDLESS: Final = int(np.iinfo(np.int64).max)
Look = tuple[int, int, int, int, tuple[int, ...], int, int, int]
"""What makes two tours alike: start, end, early, late, room, longest, farthest, profile."""


@dataclass(frozen=True, slots=True)
class Model:
    """PyVRP's data, and which of our tours each of its vehicle types stands for."""

    data: ProblemData
    kin: tuple[tuple[int, ...], ...]

    def solution(self, orders: Sequence[Sequence[int]]) -> Solution:
        """What our tours do, as PyVRP says it."""
        type_of = {tour: number for number, tours in enumerate(self.kin) for tour in tours}
        routes = [
            Route(self.data, [Activity(ActivityType.CLIENT, i) for i in order], type_of[tour])
            for tour, order in enumerate(orders)
            if order
        ]
        return Solution(self.data, routes)


def model_of(problem: Problem) -> Model:
    profiles: dict[tuple[int, frozenset[int]], int] = {}
    alike: dict[Look, list[int]] = defaultdict(list)
    for number, tour in enumerate(problem.tours):
        net = problem.crews[tour.crew].net
        profile = profiles.setdefault((net, _forbidden(problem, tour)), len(profiles))
        alike[_look(tour, profile)].append(number)
    depots = sorted({place for tour in problem.tours for place in (tour.start, tour.end)})
    metres: list[Any] = [_fenced(problem.nets[net], out) for net, out in profiles]
    seconds: list[Any] = [problem.nets[net].seconds for net, _ in profiles]
    data = ProblemData(
        locations=[Location(0, 0) for _ in range(len(problem.nets[0].metres))],
        clients=_clients(problem),
        depots=[Depot(place) for place in depots],
        vehicle_types=[_vehicle(look, depots, len(tours)) for look, tours in alike.items()],
        distance_matrices=metres,
        duration_matrices=seconds,
    )
    return Model(data, tuple(tuple(tours) for tours in alike.values()))


def _forbidden(problem: Problem, tour: Tour) -> frozenset[int]:
    """The places of tasks that are not theirs."""
    return frozenset(task.place for task in problem.tasks if not problem.may(tour, task))


def _look(tour: Tour, profile: int) -> Look:
    longest = _ENDLESS if tour.longest is None else tour.longest
    farthest = _ENDLESS if tour.farthest is None else tour.farthest
    span = (tour.start, tour.end, tour.early, tour.late)
    return *span, tour.room, longest, farthest, profile


def _clients(problem: Problem) -> list[Client]:
    return [
        Client(
            location=task.place,
            delivery=list(task.loads),
            service_duration=task.lasts,
            tw_early=task.early,
            tw_late=task.late,
            prize=task.prize,
            required=task.required,
        )
        for task in problem.tasks
    ]


def _vehicle(look: Look, depots: list[int], count: int) -> VehicleType:
    start, end, early, late, room, longest, farthest, profile = look
    return VehicleType(
        num_available=count,
        capacity=list(room),
        start_depot=depots.index(start),
        end_depot=depots.index(end),
        tw_early=early,
        tw_late=late,
        shift_duration=longest,
        max_distance=farthest,
        profile=profile,
    )


def _fenced(net: Net, out: frozenset[int]) -> Whole:
    if not out:
        return net.metres
    fenced, places = net.metres.copy(), sorted(out)
    fenced[places, :] = MAX_VALUE
    fenced[:, places] = MAX_VALUE
    np.fill_diagonal(fenced, 0)
    return fenced
