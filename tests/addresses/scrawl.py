"""Addresses as people write them, each with the answer that is known.

Made of the demo city's places, by a seed: with and without province and county, by an alias, with
a character wrong, the house before the road, the building in words, everything in one field.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from doorstep.addresses.model import Place
from doorstep.demo import names
from doorstep.demo.atlas import atlas_of
from doorstep.demo.scale import Size
from doorstep.kit.geo import Point

COUNTIES = {
    "371002": "环翠区",
    "371003": "文登区",
    "371082": "荣成市",
    "371083": "乳山市",
}
NUMERALS = "零一二三四五六七八九十"
ROADS = ("观海路", "北京路", "文化东路", "渔港街", "中心大道")
WRONG = "甲乙丙丁"


@dataclass(frozen=True)
class Scrawl:
    """`place`: which one is meant. `manner`: how it was written."""

    text: str
    manner: str
    place: Place
    building: str | None
    unit: str | None
    room: str | None


def places() -> list[Place]:
    """The demo city's, the longer ones with the short name that people give them."""
    return [
        Place(
            id=spot.id,
            name=spot.name,
            aliases=(short,) if (short := names.short(spot.name)) else (),
            division_code=spot.division_code,
            location=Point(**spot.location.model_dump()),
        )
        for spot in atlas_of(Size.CITY, 1).places
    ]


def scrawls(known: list[Place], count: int, seed: int) -> Iterator[Scrawl]:
    random = Random(seed)
    for _ in range(count):
        place = random.choice(known)
        manner = random.choice(sorted(MANNERS))
        building, unit, room = random.randint(1, 9), random.randint(1, 4), random.randint(101, 1804)
        where = f"{random.choice(ROADS)}{random.randint(1, 288)}号"
        text = MANNERS[manner](place, where, (building, unit, room), random)
        if manner == "village":
            yield Scrawl(text, manner, place, None, None, None)
        else:
            yield Scrawl(text, manner, place, f"{building}号楼", f"{unit}单元", f"{room}室")


def _county(place: Place) -> str:
    return COUNTIES[place.division_code[:6]]


def _full(place, where, at, random):
    head = f"山东省威海市{_county(place)}"
    return f"{head}{where}{place.name}{at[0]}号楼{at[1]}单元{at[2]}室"


def _short(place, where, at, random):
    return f"{_county(place)}{place.name}{at[0]}栋{at[1]}单元{at[2]}"


def _bare(place, where, at, random):
    return f"{where} {place.name} {at[0]}-{at[1]}-{at[2]}"


def _spoken(place, where, at, random):
    return f"{place.name}{NUMERALS[at[0]]}号楼{NUMERALS[at[1]]}单元{at[2]}室"


def _wide(place, where, at, random):
    wide = str.maketrans("0123456789-", "０１２３４５６７８９－")  # full-width, as phones type it
    return f"{place.name}{at[0]}号楼{at[1]}单元{at[2]}室".translate(wide)


def _by_alias(place, where, at, random):
    name = place.aliases[0] if place.aliases else place.name
    return f"{_county(place)}{where}{name}{at[0]}幢{at[1]}单元{at[2]}室"


def _misspelt(place, where, at, random):
    spot = random.randrange(len(place.name) - 1)
    name = place.name[:spot] + random.choice(WRONG) + place.name[spot + 1 :]
    return f"{where}{name}{at[0]}号楼{at[1]}单元{at[2]}室"


def _swapped(place, where, at, random):
    return f"{place.name}，{where}，{at[0]}号楼{at[1]}单元{at[2]}室"


def _elsewhere(place, where, at, random):
    other = next(name for code, name in COUNTIES.items() if code != place.division_code[:6])
    return f"山东省威海市{other}{place.name}{at[0]}号楼{at[1]}单元{at[2]}室"


def _village(place, where, at, random):
    return f"{_county(place)}{place.name}"


MANNERS = {
    "full": _full,
    "short": _short,
    "bare": _bare,
    "spoken": _spoken,
    "wide": _wide,
    "alias": _by_alias,
    "misspelt": _misspelt,
    "swapped": _swapped,
    "elsewhere": _elsewhere,
    "village": _village,
}
