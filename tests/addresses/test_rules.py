"""How areas cover the land, and which of them holds on a day."""

from datetime import date
from typing import Any

import pytest

from doorstep.addresses.model import FaultKind, ServiceArea, Township
from doorstep.addresses.rules import AreaMap, days_of_change, placed, tiling_faults
from doorstep.kit.geo import Point
from tests import given
from tests.given import ADA

pytestmark = pytest.mark.row("C1")

DAY = date(2026, 11, 24)
METRE = 1 / 111_195 / 0.794  # of longitude, at the latitude of the squares


def area(id: str, west: float, east: float, **changed: Any) -> ServiceArea:
    return given.area(id, west, east).model_copy(update=changed)


def township(name: str, west: float, east: float) -> Township:
    return Township(name=name, geometry=given.square(west, east))


WEST, EAST = area("are_west", 122.0, 122.1), area("are_east", 122.1, 122.2)
TOWN = township("石泉镇", 122.0, 122.2)


def kinds(areas: list[ServiceArea], land: list[Township], **how: Any) -> list[FaultKind]:
    return [fault.kind for fault in tiling_faults(areas, land, DAY, **how)]


def test_areas_that_share_their_border_exactly_have_no_fault():
    assert tiling_faults([WEST, EAST], [TOWN], DAY, narrowest_metres=0) == []


def test_an_overlap_is_told_with_its_areas_its_size_and_its_place():
    wide = area("are_wide", 122.09, 122.2)

    (fault,) = tiling_faults([WEST, wide], [TOWN], DAY)

    assert (fault.kind, fault.names) == (FaultKind.OVERLAP, ("are_west", "are_wide"))
    assert fault.square_metres == pytest.approx(0.01 * 0.1 * 111_195**2 * 0.794, rel=0.01)
    assert fault.at is not None
    assert 122.09 < fault.at.longitude < 122.1


def test_a_gap_in_the_land_is_told_with_its_size():
    narrow = area("are_narrow", 122.11, 122.2)

    (fault,) = tiling_faults([WEST, narrow], [TOWN], DAY)

    assert (fault.kind, fault.names) == (FaultKind.GAP, ())
    assert fault.square_metres == pytest.approx(0.01 * 0.1 * 111_195**2 * 0.794, rel=0.01)


@pytest.mark.parametrize(
    ("metres", "found"),
    [
        pytest.param(0.4, [], id="a pen's width"),
        pytest.param(0.6, [FaultKind.OVERLAP], id="wide enough to stand in"),
        pytest.param(-0.4, [], id="a pen's width left out"),
        pytest.param(-0.6, [FaultKind.GAP], id="wide enough to fall through"),
    ],
)
def test_a_sliver_counts_from_half_a_metre_on(metres, found):
    shifted = area("are_east", 122.1 - metres * METRE, 122.2)

    assert kinds([WEST, shifted], [TOWN]) == found
    assert kinds([WEST, shifted], [TOWN], narrowest_metres=0) != []


def test_without_land_a_hole_that_areas_enclose_is_a_gap_and_the_sea_is_none():
    ring = {"type": "Polygon", "coordinates": given.square(122.0, 122.1)["coordinates"]}
    hole = [[122.04, 37.44], [122.06, 37.44], [122.06, 37.46], [122.04, 37.46], [122.04, 37.44]]
    holed = WEST.model_copy(
        update={"geometry": {**ring, "coordinates": [*ring["coordinates"], hole]}}
    )

    assert kinds([holed], []) == [FaultKind.GAP]
    assert kinds([WEST, area("are_far", 122.5, 122.6)], []) == []


def test_an_area_without_a_branch_is_told():
    stray = area("are_east", 122.1, 122.2, branch_id="org_gone")

    assert FaultKind.NO_BRANCH in kinds([WEST, stray], [])


def test_a_township_of_two_branches_or_of_none_is_told():
    other = area("are_east", 122.1, 122.2, branch_id="org_other", branch_path="/a/org_other/")
    sea = township("望舟岛", 122.5, 122.6)

    faults = tiling_faults([WEST, other], [TOWN, sea], DAY)

    told = {fault.kind: fault.names for fault in faults}
    assert told[FaultKind.SEVERAL_BRANCHES_IN_TOWNSHIP] == ("石泉镇", "org_branch", "org_other")
    assert told[FaultKind.NO_BRANCH_IN_TOWNSHIP] == ("望舟岛",)


def test_no_area_at_all_leaves_all_the_land_open():
    assert kinds([], [TOWN]) == [FaultKind.GAP, FaultKind.NO_BRANCH_IN_TOWNSHIP]
    assert kinds([], []) == []


# ------------------------------------------------------------ days

OLD = area("are_old", 122.0, 122.2, valid_to=date(2026, 11, 23))
NEW = [area(each.id, 0, 0, geometry=each.geometry, valid_from=DAY) for each in (WEST, EAST)]


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        pytest.param(date(2026, 11, 19), False, id="the day before the first"),
        pytest.param(date(2026, 11, 20), True, id="the first day"),
        pytest.param(date(2026, 11, 24), True, id="the last day"),
        pytest.param(date(2026, 11, 25), False, id="the day after the last"),
    ],
)
def test_an_area_holds_from_its_first_day_to_its_last(day, holds):
    dated = area("are_x", 122, 123, valid_from=date(2026, 11, 20), valid_to=date(2026, 11, 24))

    assert dated.holds_on(day) is holds


def test_areas_of_different_days_do_not_overlap_and_leave_no_gap():
    assert tiling_faults([OLD, *NEW], [TOWN], DAY) == []
    assert tiling_faults([OLD, *NEW], [TOWN], date(2026, 11, 23)) == []


def test_the_map_answers_for_its_day_and_knows_every_area_by_id():
    here = Point(longitude=122.15, latitude=37.45)
    before, after = (AreaMap.of([OLD, *NEW], date(2026, 11, day)) for day in (23, 24))

    assert [found and found.id for found in (before.at(here), after.at(here))] == [
        "are_old",
        "are_east",
    ]
    assert after.get("are_old") == OLD


def test_an_address_lies_in_the_area_of_the_day():
    after = AreaMap.of([OLD, *NEW], DAY)
    here = given.address(ADA, longitude=122.15, area_id="are_old")
    nowhere = here.model_copy(update={"door": here.door.model_copy(update={"location": None})})

    assert placed(here, after).area_id == "are_east"
    assert placed(nowhere, after).area_id is None
    assert placed(given.address(ADA, area_id="are_west"), after).area_id == "are_west"


def test_a_span_is_asked_of_each_day_on_which_the_map_changes():
    later = area("are_later", 0, 0, valid_from=date(2026, 12, 24), valid_to=date(2026, 12, 25))

    assert days_of_change([OLD, *NEW, later], date(2026, 11, 1), date(2026, 12, 31)) == [
        date(2026, 11, 1),
        date(2026, 11, 24),
        date(2026, 12, 24),
        date(2026, 12, 26),
    ]
    assert days_of_change([WEST], DAY, DAY) == [DAY]
