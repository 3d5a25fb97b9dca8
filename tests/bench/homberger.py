"""Instances of the kind that Gehring and Homberger made, from a seed.

    python -m tests.bench.homberger RC 2 1000 7 > RC2_like.vrp

Classes: R (random), C (clustered), RC (half and half); 1 (narrow windows, small vehicles) or 2
(wide ones, large vehicles). They are like theirs, and are not theirs: no best known cost is known.
"""

import sys
from math import hypot
from random import Random

_SIDE = 500
_SERVICE = 10


def instance(kind: str, series: int, clients: int, seed: int) -> str:
    """The file's text, in VRPLIB's form."""
    random = Random(f"{kind}{series} {clients} {seed}")
    horizon = 1925 if series == 1 else 7697
    depot = (_SIDE // 2, _SIDE // 2)
    points = [depot, *_points(kind, clients, random)]
    windows = [(0, horizon)] + [
        _window(point, depot, horizon, series, random) for point in points[1:]
    ]
    demands = [0] + [random.randint(1, 40) for _ in range(clients)]
    head = {
        "NAME": f"{kind}{series}_like_{clients}_{seed}",
        "TYPE": "VRPTW",
        "DIMENSION": len(points),
        "VEHICLES": clients // 4,
        "CAPACITY": 200 if series == 1 else 1000,
        "SERVICE_TIME": _SERVICE,
        "EDGE_WEIGHT_TYPE": "EUC_2D",
    }
    return "\n".join(
        [
            *(f"{name} : {value}" for name, value in head.items()),
            "NODE_COORD_SECTION",
            *(f"{n} {x} {y}" for n, (x, y) in enumerate(points, start=1)),
            "DEMAND_SECTION",
            *(f"{n} {demand}" for n, demand in enumerate(demands, start=1)),
            "TIME_WINDOW_SECTION",
            *(f"{n} {start} {end}" for n, (start, end) in enumerate(windows, start=1)),
            *("DEPOT_SECTION", "1", "-1", "EOF", ""),
        ]
    )


def _points(kind: str, clients: int, random: Random) -> list[tuple[int, int]]:
    clustered = {"R": 0, "C": clients, "RC": clients // 2}[kind]
    middles = [(random.uniform(0, _SIDE), random.uniform(0, _SIDE)) for _ in range(12)]

    def near(middle: tuple[float, float]) -> tuple[int, int]:
        x, y = (round(random.gauss(each, _SIDE / 40)) for each in middle)
        return min(max(x, 0), _SIDE), min(max(y, 0), _SIDE)

    return [near(random.choice(middles)) for _ in range(clustered)] + [
        (random.randint(0, _SIDE), random.randint(0, _SIDE)) for _ in range(clients - clustered)
    ]


def _window(
    point: tuple[int, int], depot: tuple[int, int], horizon: int, series: int, random: Random
) -> tuple[int, int]:
    way = int(hypot(point[0] - depot[0], point[1] - depot[1])) + 1
    first, last = way, horizon - way - _SERVICE
    wide = random.randint(10, 60) * (2 if series == 1 else 8)
    middle = random.randint(first, max(first, last))
    return max(first, middle - wide // 2), max(first + 1, min(last, middle + wide // 2))


if __name__ == "__main__":
    kind, series, clients, seed = sys.argv[1:]
    sys.stdout.write(instance(kind, int(series), int(clients), int(seed)))
