"""Where the stops of a courier who dropped out go, all of them at once. Pure.

Order    the most urgent first; each goes where it costs least, as any other stop would
Room     for one that fits nowhere, room is made: a stop that was re-homed a moment ago goes
         elsewhere, or the stops of one round change their order. Nobody loses a stop by it
Left     what fits nowhere even so is told with every courier's reason, the nearest miss first
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from doorstep.dispatch.model import OPEN_STOPS, Passed, PassedOver, Round, Stop
from doorstep.dispatch.rules.insertion import Call, Choice, Line, Wanted, cheapest

LineKey = tuple[str, date, datetime, str | None]
"""A courier, their round's day, when they begin there, and the boat they are ashore with."""

_NEAREST: Final = {
    code: rank
    for rank, code in enumerate(
        (
            *(PassedOver.DETOUR, PassedOver.TOO_LATE, PassedOver.FULL, PassedOver.NO_VEHICLE),
            *(PassedOver.ASKED_BEFORE, PassedOver.DEDICATED_ELSEWHERE, PassedOver.OTHER_AREA),
            *(PassedOver.LACKS_SKILL, PassedOver.ISLAND, PassedOver.OFF_DUTY),
        )
    )
}


@dataclass(frozen=True)
class Loose:
    """A stop that is to be re-homed: whose lines it may join, and who is out of the question."""

    wanted: Wanted
    keys: tuple[LineKey, ...]
    passed: tuple[Passed, ...] = ()

    @property
    def id(self) -> str:
        return self.wanted.call.id


@dataclass(frozen=True)
class Picture:
    """The branch's lines while stops are being re-homed, and which went where."""

    lines: Mapping[LineKey, Line]
    homes: Mapping[str, tuple[LineKey, Choice]]
    left: Mapping[str, tuple[Passed, ...]]

    def with_home(self, loose: Loose, key: LineKey, choice: Choice, line: Line) -> "Picture":
        homes = {**self.homes, loose.id: (key, choice)}
        left = {id: passed for id, passed in self.left.items() if id != loose.id}
        return Picture({**self._beside(key, line), key: line}, homes, left)

    def _beside(self, key: LineKey, line: Line) -> Mapping[LineKey, Line]:
        """Nobody is ashore and on the mainland at once: where somebody was not going yet is closed
        to them, for what is still to be re-homed, once they have got a first stop elsewhere.
        """
        begun = key[3] is not None and len(line.calls) == 1
        closed = {
            each
            for each, kept in self.lines.items()
            if each[:2] == key[:2] and each != key and kept.shift.touches(line.shift)
            if begun or (each[3] is not None and not kept.calls)
        }
        return {each: kept for each, kept in self.lines.items() if each not in closed}

    def changed_from(self, before: Mapping[LineKey, Line]) -> dict[LineKey, Line]:
        return {k: line for k, line in self.lines.items() if line.calls != before[k].calls}


def rehome(
    lines: Mapping[LineKey, Line], loose: Sequence[Loose], *, worth_seconds: int = 0
) -> Picture:
    """All that can be kept is; `loose` comes the most urgent first."""
    picture = Picture(lines, {}, {})
    by_id = {each.id: each for each in loose}
    for each in loose:
        picture = _placed(picture, each, worth_seconds) or _left(picture, each)
    for each in loose:
        if each.id in picture.left:
            picture = _room_made(picture, each, by_id) or picture
    return _explained(picture, by_id)


def _placed(picture: Picture, loose: Loose, worth_seconds: int = 0) -> Picture | None:
    open_to = {key: picture.lines[key] for key in loose.keys if key in picture.lines}
    choice = cheapest(open_to.values(), loose.wanted, worth_seconds=worth_seconds)
    if choice.place is None:
        return None
    key = next(key for key in open_to if key[0] == choice.place.courier_id)
    line = open_to[key].with_call(loose.wanted.call, choice.place.position)
    return picture.with_home(loose, key, choice, line)


def _left(picture: Picture, loose: Loose) -> Picture:
    return replace(picture, left={**picture.left, loose.id: ()})


# ------------------------------------------------------------------ making room


def _room_made(picture: Picture, loose: Loose, by_id: Mapping[str, Loose]) -> Picture | None:
    """Another stop makes room, and finds room itself."""
    for key, other in _neighbours(picture, loose):
        without = picture.lines[key].without(other.id)
        choice = cheapest([without], loose.wanted)
        if choice.place is None:
            continue
        line = without.with_call(loose.wanted.call, choice.place.position)
        grown = picture.with_home(loose, key, choice, line)
        if moved := by_id.get(other.id):
            homes = {id: home for id, home in grown.homes.items() if id != other.id}
            found = _placed(replace(grown, homes=homes), moved)
        else:
            found = _put_back(grown, key, other)
        if found:
            return found
    return None


def _neighbours(picture: Picture, loose: Loose) -> Iterator[tuple[LineKey, Call]]:
    """Stops that may be in its way: made about when it is, by who might come, and not begun."""
    window = loose.wanted.call.window
    for key in loose.keys:
        line = picture.lines.get(key)
        for call in line.calls[line.settled :] if line else ():
            if call.window.start <= window.end and window.start <= call.window.end:
                yield key, call


def _put_back(picture: Picture, key: LineKey, call: Call) -> Picture | None:
    """The stop that was there before, at another place of the same round."""
    line = picture.lines[key]
    # Who has it already need not be found able to do it; what they carry and how many stops they
    # make in a window is another matter.
    theirs = replace(call, services=frozenset(), area_id="")
    free = replace(line, area_ids=frozenset())
    place = cheapest([free], Wanted(theirs, boat=line.ashore)).place
    if place is None:
        return None
    lines = {**picture.lines, key: line.with_call(call, place.position)}
    return replace(picture, lines=lines)


# ------------------------------------------------------------------ telling


def _explained(picture: Picture, by_id: Mapping[str, Loose]) -> Picture:
    """Of what is left, what spoke against each courier in the end."""
    left = {}
    for id in picture.left:
        loose = by_id[id]
        lines = [picture.lines[key] for key in loose.keys if key in picture.lines]
        closed = [key[0] for key in loose.keys if key not in picture.lines]
        elsewhere = [Passed(courier_id=each, code=PassedOver.ISLAND) for each in closed]
        passed = (*cheapest(lines, loose.wanted).passed, *elsewhere, *loose.passed)
        left[id] = tuple(sorted(passed, key=_nearness))
    return replace(picture, left=left)


def _nearness(passed: Passed) -> tuple[int, int, str]:
    return _NEAREST[passed.code], passed.figure or 0, passed.courier_id


# ------------------------------------------------------------------ writing it down


def arranged(round: Round, line: Line, fresh: Mapping[str, Stop]) -> Round:
    """The round with the line's stops in the line's order; those it did not have are `fresh`."""
    own = {stop.appointment_id: stop for stop in round.stops if stop.state in OPEN_STOPS}
    wanted = [own.get(call.id) or fresh[call.id] for call in line.calls]
    places = [index for index, stop in enumerate(round.stops) if stop in wanted]
    stops = list(round.stops)
    for index, stop in zip(places, wanted, strict=False):
        stops[index] = stop
    more = wanted[len(places) :]
    at = places[-1] + 1 if places else _behind_sooner(round, more)
    stops[at:at] = more
    return round.model_copy(update={"stops": tuple(stops)})


def _behind_sooner(round: Round, stops: Sequence[Stop]) -> int:
    begins = min((stop.window.start for stop in stops), default=None)
    for index, stop in enumerate(round.stops):
        if begins and stop.state in OPEN_STOPS and stop.window.start > begins:
            return index
    return len(round.stops)
