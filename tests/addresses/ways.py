"""Six hundred doors of the large demo city in nineteen ways of writing, with what was meant.

Written by somebody who did not know the rules of addresses/rules/parsing.py, to find what those
who did would not have thought of.

    python -m tests.addresses.ways        says how they are read
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from doorstep.addresses.model import AddressAsked, Door, Place
from doorstep.addresses.rules import candidates, certain
from doorstep.demo import names
from doorstep.demo.atlas import Atlas, Spot, atlas_of
from doorstep.demo.scale import Size, branch_of_area, county_of_branch

MANY: Final = 600
_COUNTIES: Final = ("环山县", "东港县", "文峰县", "南泊县")
_REAL: Final = (
    "山东省威海市环翠区",
    "山东省威海市荣成市",
    "山东省威海市文登区",
    "山东省威海市乳山市",
)
_REAL_SHORT: Final = ("威海环翠区", "荣成", "文登区", "乳山")
_OLD: Final = ("环翠县", "荣成县", "文登市", "乳山县")
_SOUND_ALIKE: Final = dict(
    zip(
        "夼疃泊埠沟屯岚崖岭河寨滩口圈湾洼峪套庄",
        "旷瞳伯阜构囤蓝涯领何赛摊扣卷弯蛙浴淘装",
        strict=True,
    )
)
_WORKS: Final = ("纺织厂", "罐头厂", "造船厂", "橡胶厂", "机床厂", "制帽厂", "酿酒厂")
_CHINESE: Final = "零一二三四五六七八九"


@dataclass(frozen=True)
class Meant:
    """A door, and a way to write it."""

    text: str
    how: str
    place: Spot
    building: str | None
    unit: str | None
    room: str | None


@dataclass(frozen=True)
class _Home:
    place: Spot
    county: int
    town: str
    next_town: str
    road: str
    number: int
    building: int
    unit: int
    room: str
    house: int

    @property
    def tail(self) -> str:
        if self.place.is_village:
            return f"{self.house}号"
        return f"{self.building}号楼{self.unit}单元{self.room}室"

    @property
    def street(self) -> str:
        return f"{self.road}{self.number}号"


def alias_of(place: Spot) -> str | None:
    """What older people call every fifth place."""
    turn, rest = divmod(int(place.id.rpartition("_")[2]), 5)
    works, surname = divmod(turn, len(names.SURNAMES))
    kind = "老村部" if place.is_village else "宿舍"
    return None if rest else f"{names.SURNAMES[surname]}氏{_WORKS[works % len(_WORKS)]}{kind}"


def table(atlas: Atlas) -> list[Place]:
    """The bureau's own places, with what older people call them."""
    return [
        Place(
            id=spot.id,
            name=spot.name,
            division_code=spot.division_code,
            location=spot.location,
            aliases=(alias,) if (alias := alias_of(spot)) else (),
        )
        for spot in atlas.places
    ]


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    if not tens:
        return _CHINESE[ones]
    return f"{'' if tens == 1 else _CHINESE[tens]}十{'' if not ones else _CHINESE[ones]}"


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in text)


def _dashed(home: _Home) -> str:
    return home.tail if home.place.is_village else f"{home.building}-{home.unit}-{home.room}"


def _signs(home: _Home) -> str:
    if home.place.is_village:
        return home.tail
    return f"{home.building}#,{home.unit}门{home.room}"


def _two(home: _Home) -> str:
    return home.tail if home.place.is_village else f"{home.building}-{home.room}"


def _spoken_tail(home: _Home) -> str:
    if home.place.is_village:
        return f"{_chinese(home.house)}号"
    return f"{_chinese(home.building)}栋{_chinese(home.unit)}单元{home.room}"


def _short(home: _Home) -> str:
    for kind in ("小区", "社区", "花园", "村"):
        if home.place.name.endswith(kind):
            return home.place.name.removesuffix(kind)
    return home.place.name


def _typo(home: _Home) -> str:
    name = home.place.name
    for at in range(len(name) - 2, -1, -1):
        if wrong := _SOUND_ALIKE.get(name[at]):
            return f"{name[:at]}{wrong}{name[at + 1 :]}"
    return f"某{name[1:]}"


_Way = Callable[[_Home], str]
WAYS: Final[dict[str, _Way]] = {
    "in full": lambda h: f"{_REAL[h.county]}{h.town}{h.street}{h.place.name}{h.tail}",
    "as the demo writes it": lambda h: (
        f"{_COUNTIES[h.county]}{h.town}{h.street}{h.place.name}{h.tail}"
    ),
    "no province": lambda h: f"{_REAL_SHORT[h.county]}{h.street}{h.place.name}{h.tail}",
    "old county": lambda h: f"{_OLD[h.county]}{h.town}{h.place.name}{h.tail}",
    "only the town": lambda h: f"{h.town}{h.place.name}{h.tail}",
    "only the place": lambda h: f"{h.place.name}{h.tail}",
    "spoken numbers": lambda h: f"{h.town}{h.place.name}{_spoken_tail(h)}",
    "dashes, full width": lambda h: _wide(f"{h.street}{h.place.name}{_dashed(h)}"),
    "the other way round": lambda h: f"{h.tail}，{h.place.name}，{h.street}，{_REAL[h.county]}",
    "said for short": lambda h: f"{_COUNTIES[h.county]}{h.town}{_short(h)}{h.tail}",
    "an alias": lambda h: f"{_COUNTIES[h.county]}{alias_of(h.place) or h.place.name}{h.tail}",
    "one character wrong": lambda h: f"{h.town}{_typo(h)}{h.tail}",
    "no number at all": lambda h: f"{_REAL_SHORT[h.county]} {h.place.name}",
    "signs": lambda h: f"{h.town} {h.place.name} {_signs(h)}",
    "a remark": lambda h: f"{h.street}{h.place.name}东门旁边{h.tail}放门卫",
    "two numbers": lambda h: f"{h.town}{h.place.name}{_two(h)}",
    "a neighbour's town": lambda h: f"{h.next_town}{h.place.name}{h.tail}",
    "a longer name": lambda h: f"{h.town}苹{h.place.name}{h.tail}",
    "another city": lambda h: f"江苏省南京市鼓楼区{h.place.name}{h.tail}",
}
_NO_UNIT: Final = frozenset({"no number at all", "two numbers"})
NOWHERE: Final = frozenset({"a longer name", "another city"})
"""Whoever writes these means no place of the bureau's."""


def doors(atlas: Atlas | None = None, seed: int = 2026) -> Iterator[Meant]:
    atlas = atlas or atlas_of(Size.CITY, seed)
    random = Random(f"{seed}/messy")
    for number in range(MANY):
        how = list(WAYS)[number % len(WAYS)]
        home = _home(atlas, random)
        numbered = how != "no number at all"
        village = home.place.is_village
        yield Meant(
            text=WAYS[how](home),
            how=how,
            place=home.place,
            building=None if village or not numbered else f"{home.building}号楼",
            unit=f"{home.unit}单元" if not village and how not in _NO_UNIT else None,
            room=None if village or not numbered else f"{home.room}室",
        )


def _home(atlas: Atlas, random: Random) -> _Home:
    place = random.choice(atlas.places)
    branch = branch_of_area(place.area)
    return _Home(
        place=place,
        county=county_of_branch(branch) - 1,
        town=atlas.towns[branch - 1],
        next_town=atlas.towns[branch % len(atlas.towns)],
        road=random.choice(names.ROADS),
        number=random.randint(1, 288),
        building=random.randint(1, 32),
        unit=random.randint(1, 4),
        room=f"{random.randint(1, 18)}0{random.randint(1, 4)}",
        house=random.randint(1, 160) % 99 + 1,
    )


def tally(meant: Sequence[Meant], places: Sequence[Place]) -> Counter[str]:
    """How many were taken for what they are, offered, not found, or taken for something else."""
    return Counter(_outcome(each, places) for each in meant)


def _outcome(meant: Meant, places: Sequence[Place]) -> str:
    found = candidates(AddressAsked(door=Door(line=meant.text)), places)
    there = [each.door for each in found if each.door.location == meant.place.location]
    one = certain(found)
    if one is None:
        return "offered" if there else "not found"
    if not there or meant.how in NOWHERE:
        return "wrong"
    read = (one.door.building, one.door.unit, one.door.room)
    return "right" if read == (meant.building, meant.unit, meant.room) else "part left in the line"


if __name__ == "__main__":
    CITY = atlas_of(Size.CITY, 2026)
    for outcome, count in tally(list(doors(CITY)), table(CITY)).most_common():
        sys.stdout.write(f"{count:4} {outcome}\n")
