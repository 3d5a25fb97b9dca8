"""What it takes to find the cheapest place of a stop among a large branch's live rounds.

    python -m tests.bench.insertion [COURIERS] [STOPS] [ASKED]

One process, rounds in memory, straight lines. Each round is built by insertion itself, so that it
is as full and as true as live ones; what was asked for is not put in.
"""

import sys
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median, quantiles
from time import perf_counter

from doorstep.dispatch.rules.insertion import Call, Line, Place, Wanted, best_place, cheapest
from doorstep.dispatch.rules.ways import StraightLines
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow

MORNING = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
WAYS = StraightLines()


def somewhere(random: Random, around: Point, reach: float) -> Point:
    return Point(
        longitude=around.longitude + random.uniform(-reach, reach),
        latitude=around.latitude + random.uniform(-reach, reach),
    )


def wanted(random: Random, number: int, around: Point) -> Call:
    opens = MORNING + timedelta(hours=random.randrange(0, 10, 2))
    return Call(
        id=f"apt_{number}",
        where=somewhere(random, around, 0.02),
        window=TimeWindow(start=opens, end=opens + timedelta(hours=2)),
        lasts=timedelta(minutes=random.randint(3, 12)),
    )


def rounds(random: Random, couriers: int, stops: int) -> list[Line]:
    town = Point(longitude=122.1, latitude=37.4)
    lines = [_empty(number, somewhere(random, town, 0.1)) for number in range(couriers)]
    for number in range(stops):
        line = lines[number % couriers]
        for _ in range(20):
            place = best_place(line, Wanted(call := wanted(random, number, line.start)))
            if isinstance(place, Place):
                lines[number % couriers] = line.with_call(call, place.position)
                break
    return lines


def _empty(number: int, station: Point) -> Line:
    shift = TimeWindow(start=MORNING, end=MORNING + timedelta(hours=10))
    return Line(f"cou_{number:04}", shift, station, shift.start, ways=WAYS)


def main(couriers: int = 200, stops: int = 5_000, asked: int = 1_000) -> None:
    random = Random("insertion")
    lines = rounds(random, couriers, stops)
    for line in lines:
        assert not line.late
        assert line.latest
    took, found = [], 0
    for number in range(asked):
        call = wanted(random, number, random.choice(lines).start)
        began = perf_counter()
        choice = cheapest(lines, Wanted(call), worth_seconds=300)
        took.append((perf_counter() - began) * 1000)
        found += choice.place is not None
    held = sum(len(line.calls) for line in lines)
    sys.stdout.write(
        f"{couriers} couriers, {held} stops; asked {asked} times, found a place {found} times\n"
        f"p50 {median(took):.1f} ms, p99 {quantiles(took, n=100)[98]:.1f} ms\n"
    )


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
