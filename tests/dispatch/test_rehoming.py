"""Where a courier's stops go who dropped out, held against all plans there are."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from doorstep.dispatch.rules import Call, Line, LineKey, Loose, StraightLines, Wanted, rehome
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow
from tests.dispatch.plans import can_be_made, fits_somewhere, most_kept

MORNING = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
WAYS = StraightLines()
DAY = date(2026, 3, 2)


def somewhere(random: Random) -> Point:
    return Point(longitude=122 + random.random() * 0.12, latitude=37.4 + random.random() * 0.08)


def call(random: Random, number: int) -> Call:
    opens = MORNING + timedelta(minutes=random.choice((0, 60)))
    return Call(
        id=f"apt_{number}",
        where=somewhere(random),
        window=TimeWindow(start=opens, end=opens + timedelta(minutes=60)),
        lasts=timedelta(minutes=random.randint(8, 20)),
        grams=random.randint(0, 8_000),
    )


def line(random: Random, number: int) -> Line:
    """With as many of three stops of their own as can be made."""
    shift = TimeWindow(start=MORNING, end=MORNING + timedelta(minutes=150))
    empty = Line(f"cou_{number}", shift, somewhere(random), shift.start, ways=WAYS, grams=20_000)
    for n in range(3):
        longer = empty.with_call(call(random, 10 * number + n), len(empty.calls))
        if can_be_made(longer, longer.calls):
            empty = longer
    return empty


def scene(seed: int) -> tuple[Mapping[LineKey, Line], list[Call]]:
    random = Random(seed)
    lines: dict[LineKey, Line] = {
        (f"cou_{n}", DAY, MORNING, None): line(random, n) for n in range(2)
    }
    return lines, [call(random, 100 + n) for n in range(3)]


@pytest.mark.row("F8")
def test_of_60_drop_outs_nobody_loses_a_stop_and_hardly_a_plan_keeps_more():
    gaps: Counter[int] = Counter()
    for seed in range(60):
        lines, calls = scene(seed)
        loose = [Loose(Wanted(each), tuple(lines)) for each in calls]
        picture = rehome(lines, loose)

        assert picture.homes.keys() | picture.left.keys() == {each.id for each in calls}
        had = {one.id for each in lines.values() for one in each.calls}
        kept = [one.id for each in picture.lines.values() for one in each.calls]
        assert sorted(kept) == sorted(had | picture.homes.keys())
        for key, after in picture.lines.items():
            assert can_be_made(after, after.calls), (seed, key)
        for each in calls:
            if each.id in picture.left:
                assert not fits_somewhere(picture.lines.values(), each), seed
                assert {passed.courier_id for passed in picture.left[each.id]} == {"cou_0", "cou_1"}
        gaps[most_kept(list(lines.values()), calls) - len(picture.homes)] += 1

    assert min(gaps) == 0
    assert gaps[0] >= 58, gaps
