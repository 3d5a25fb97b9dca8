"""Which stops nobody would be there for when a courier is away. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from doorstep.couriers.model import Shift
from doorstep.dispatch.model import OPEN_STOPS, Assignment, Round, StopState, round_id

LONGEST_WINDOW: Final = timedelta(days=1)


def orphaned(
    active: Iterable[Assignment],
    rounds: Mapping[str, Round],
    left: Collection[Shift],
    now: datetime,
) -> list[tuple[Assignment, StopState]]:
    """Those whose stop is open, and whose window none of the shifts that are left covers.

    What should have been done by now is left with whoever was to do it.
    """
    found = []
    for each in active:
        round = rounds.get(round_id(each.courier_id, each.day))
        stop = round.stop_for(each.appointment_id) if round else None
        if stop is None or stop.state not in OPEN_STOPS or each.window.end <= now:
            continue
        if not any(shift.window.covers(each.window) for shift in left):
            found.append((each, stop.state))
    return found


def without(round: Round, appointment_ids: Collection[str]) -> Round:
    """The round with tombstones for these."""
    stops = tuple(
        stop.model_copy(update={"state": StopState.REMOVED})
        if stop.appointment_id in appointment_ids
        else stop
        for stop in round.stops
    )
    return round.model_copy(update={"stops": stops})
