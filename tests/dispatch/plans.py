"""Whether a round can be made in some order, and how many stops any plan could keep: all orders
there are, with arithmetic of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import permutations, product

from doorstep.dispatch.rules.insertion import Call, Line


def can_be_made(line: Line, calls: Sequence[Call]) -> bool:
    """Each is reached within its window, by who may and can carry it, and the shift holds."""
    at, here = line.free_at, line.start
    for call in calls:
        seconds = line.ways.trip(here, call.where, line.vehicle, at).seconds
        at = max(at + timedelta(seconds=seconds), call.window.start)
        if at > call.window.end:
            return False
        at, here = at + call.lasts, call.where
    return at <= max(line.shift.end, line.free_at) and _carried(line, calls)


def _carried(line: Line, calls: Sequence[Call]) -> bool:
    for call in calls:
        along = [each for each in calls if each.window.touches(call.window)]
        if call.grams and sum(each.grams for each in along) > line.grams:
            return False
        if sum(each.window == call.window for each in calls) > line.most_in_window:
            return False
    return True


def may_come(line: Line, call: Call) -> bool:
    here = not line.area_ids or call.area_id in line.area_ids
    return here and line.shift.covers(call.window) and call.services <= line.skills


def orders_with(line: Line, call: Call) -> Iterator[tuple[Call, ...]]:
    """The line's own order, with the stop at each place."""
    for at in range(line.settled, len(line.calls) + 1):
        yield (*line.calls[:at], call, *line.calls[at:])


def fits_somewhere(lines: Iterable[Line], call: Call) -> bool:
    """Whether anybody could still take it without another stop giving way."""
    return any(
        can_be_made(line, order)
        for line in lines
        if may_come(line, call)
        for order in orders_with(line, call)
    )


def most_kept(lines: Sequence[Line], loose: Sequence[Call]) -> int:
    """How many of them the best of all plans keeps, where nobody loses a stop they had."""
    best = 0
    for homes in product(range(-1, len(lines)), repeat=len(loose)):
        kept = sum(home >= 0 for home in homes)
        if kept > best and _plan_holds(lines, loose, homes):
            best = kept
    return best


def _plan_holds(lines: Sequence[Line], loose: Sequence[Call], homes: Sequence[int]) -> bool:
    for index, line in enumerate(lines):
        got = [call for call, home in zip(loose, homes, strict=True) if home == index]
        if not all(may_come(line, call) for call in got):
            return False
        orders = permutations((*line.calls, *got))
        if got and not any(can_be_made(line, order) for order in orders):
            return False
    return True
