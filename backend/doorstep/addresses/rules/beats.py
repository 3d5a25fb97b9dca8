"""Which beat a door is on, and by which rule. Pure.

Order  what a dispatcher corrected; the longest keyword in the line; the polygon around the door;
       where most doors of the same place were found
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import shapely
from shapely.geometry import shape

from doorstep.addresses.model import (
    Beat,
    BeatCorrection,
    BeatMatch,
    BeatRule,
    BeatSeen,
    Door,
    Place,
)
from doorstep.addresses.rules.parsing import mentions, parsed
from doorstep.kit.geo import metres_between

_NEAR_METRES: Final = 500


def place_of(door: Door, division: str, places: Sequence[Place]) -> Place | None:
    """The place that the line names, else the nearest within half a kilometre."""
    here = [place for place in places if place.division_code.startswith(division[:6])]
    named = [each.place for each in mentions(parsed(door.line), here) if each.whole]
    if named:
        return max(named, key=lambda place: (len(place.name), place.id))
    where = door.location
    if where is None:
        return None
    away = {place.id: metres_between(place.location, where) for place in places}
    near = [place for place in places if away[place.id] <= _NEAR_METRES]
    return min(near, key=lambda place: (away[place.id], place.id), default=None)


def match_beat(
    door: Door,
    place: Place | None,
    beats: Mapping[str, Beat],
    corrections: Iterable[BeatCorrection],
    seen: Iterable[BeatSeen],
) -> BeatMatch | None:
    """The beat among those of the door's area. None: no rule finds one."""
    return (
        _corrected(place, beats, corrections)
        or _by_keyword(door, beats)
        or _by_polygon(door, beats)
        or _by_history(place, beats, seen)
    )


def _corrected(
    place: Place | None, beats: Mapping[str, Beat], corrections: Iterable[BeatCorrection]
) -> BeatMatch | None:
    """The latest word counts."""
    said = [
        each
        for each in corrections
        if place and each.place_id == place.id and each.withdrawn_at is None
    ]
    last = max(said, key=lambda each: (each.at, each.id), default=None)
    if place is None or last is None or last.beat_id not in beats:
        return None
    detail = f"{place.name}: {last.reason}"
    return BeatMatch(beat=beats[last.beat_id], rule=BeatRule.CORRECTION, detail=detail)


def _by_keyword(door: Door, beats: Mapping[str, Beat]) -> BeatMatch | None:
    hits = [
        (len(word), beat.id, word)
        for beat in beats.values()
        for word in beat.keywords
        if word in door.line
    ]
    if not hits:
        return None
    _, id, word = max(hits)
    return BeatMatch(beat=beats[id], rule=BeatRule.KEYWORD, detail=word)


def _by_polygon(door: Door, beats: Mapping[str, Beat]) -> BeatMatch | None:
    if door.location is None:
        return None
    point = shapely.Point(door.location.longitude, door.location.latitude)
    around = [
        beat for beat in beats.values() if beat.geometry and shape(beat.geometry).intersects(point)
    ]
    beat = min(around, key=lambda each: each.id, default=None)
    return BeatMatch(beat=beat, rule=BeatRule.POLYGON, detail=beat.name) if beat else None


def _by_history(
    place: Place | None, beats: Mapping[str, Beat], seen: Iterable[BeatSeen]
) -> BeatMatch | None:
    here = [each for each in seen if place and each.place_id == place.id]
    counted = Counter(each.beat_id for each in here if each.beat_id in beats)
    if place is None or not counted:
        return None
    id, times = max(counted.items(), key=lambda each: (each[1], each[0]))
    return BeatMatch(beat=beats[id], rule=BeatRule.HISTORY, detail=f"{place.name}: {times}")
