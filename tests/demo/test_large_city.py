"""The large city: the bureau's own numbers, a map without overlap or gap, a day in every state."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import pytest
import shapely
from shapely.geometry import shape

from doorstep.accounts.model import Role
from doorstep.addresses.rules import AreaMap, tiling_faults
from doorstep.appointments.model import Status
from doorstep.couriers.rules import Roster
from doorstep.demo.atlas import atlas_of
from doorstep.demo.bureau import Bureau, Reading, read_bureau
from doorstep.demo.cast import Cast, area_id, player
from doorstep.demo.city import SEED, write_city
from doorstep.demo.scale import ALONE, HANDS, PAIR, Size, area_of_customer
from doorstep.demo.script import FINISHED, GONE_OUT, Fate, visits
from doorstep.demo.staffing import OFFERED
from doorstep.kit.geo import Point, metres_between
from doorstep.kit.windows import at_local, local_day
from doorstep.organisation.model import OrgLevel, OutletKind

CityOf = Callable[[int], tuple[Path, Bureau]]

NOW = datetime(2026, 11, 24, 6, 20, tzinfo=UTC)
MONDAY = date(2026, 11, 23)
AT_DOOR = (Status.ARRIVED, Status.COMPLETED, Status.PARTLY_COMPLETED, Status.FAILED)


@pytest.fixture(scope="module")
def city_of(tmp_path_factory: pytest.TempPathFactory) -> CityOf:
    """The city of each seed, written and read once for all who only look at it."""

    @cache
    def city_of(seed: int) -> tuple[Path, Bureau]:
        folder = tmp_path_factory.mktemp("large")
        write_city(folder, seed=seed, size=Size.CITY)
        reading = read_bureau(folder, at=NOW)
        assert isinstance(reading, Reading), reading[:3]
        return folder, reading.bureau

    return city_of


@pytest.fixture
def folder(city_of: CityOf) -> Path:
    folder, _ = city_of(SEED)
    return folder


@pytest.fixture
def bureau(city_of: CityOf) -> Bureau:
    _, bureau = city_of(SEED)
    return bureau


def test_two_runs_write_the_same_bytes(folder, tmp_path):
    write_city(tmp_path, size=Size.CITY)

    assert all(
        (tmp_path / file.name).read_bytes() == file.read_bytes() for file in folder.iterdir()
    )


def test_the_city_has_the_bureaus_own_numbers(bureau):
    levels = Counter(unit.level for unit in bureau.units)
    kinds = Counter(unit.kind for unit in bureau.units)

    assert levels[OrgLevel.CITY_BUREAU] == 1
    assert levels[OrgLevel.COUNTY_BUREAU] == 4
    assert kinds[OutletKind.BRANCH] == 97
    assert kinds[OutletKind.COMMUNITY_STATION] == 11
    assert kinds[OutletKind.CAMPUS_OFFICE] == 2
    assert levels[OrgLevel.VILLAGE_AGENT] == kinds[OutletKind.VILLAGE_POINT] == 860
    assert len(bureau.areas) == 110
    assert len(bureau.couriers) == len(bureau.vehicles) == 300
    assert sum(account.phone is not None for account in bureau.accounts) == 5407
    assert len({address.owner_id for address in bureau.addresses}) == 5000
    assert len(bureau.addresses) == 5550


# ------------------------------------------------------------ the map


@pytest.mark.row("C1")
@pytest.mark.parametrize("seed", [SEED, 1, 2, 3])
def test_the_areas_cover_the_land_once_and_only_once(city_of, seed):
    """Not a square millimetre shared or left over, and one branch for each township."""
    _, bureau = city_of(seed)
    townships = atlas_of(Size.CITY, seed).townships()

    assert len(townships) == 97
    assert tiling_faults(bureau.areas, townships, MONDAY, narrowest_metres=0) == []


@pytest.mark.row("C1")
def test_the_land_is_a_mainland_and_two_islands_with_a_branch_each(bureau):
    land = atlas_of(Size.CITY, SEED).ground.land
    parts = sorted(shapely.get_parts(land), key=lambda part: part.area)
    outlines = {area.id: shape(area.geometry) for area in bureau.areas}

    assert len(parts) == 3
    assert not any(part.interiors for part in parts)
    islands = [
        [area for area in bureau.areas if outlines[area.id].within(part)] for part in parts[:2]
    ]
    assert sorted(area.branch_id for (area,) in islands) == ["org_branch_96", "org_branch_97"]
    assert all(area.name.endswith("岛") for (area,) in islands)


def test_every_branch_serves_an_area_and_every_unit_stands_in_its_own_branchs(bureau):
    areas = AreaMap.of(bureau.areas)

    assert len({area.branch_id for area in bureau.areas}) == 97
    for unit in bureau.units:
        if unit.level in (OrgLevel.BRANCH_OFFICE, OrgLevel.VILLAGE_AGENT):
            assert unit.location
            area = areas.at(unit.location)
            assert area
            assert unit.path.startswith(area.branch_path)


def test_no_two_places_of_one_county_and_no_two_townships_share_a_name(bureau):
    names = Counter((place.division_code[:6], place.name) for place in bureau.places)
    towns = Counter(atlas_of(Size.CITY, SEED).towns)

    assert max(names.values()) == max(towns.values()) == 1


# ------------------------------------------------------------ the people


def test_everybody_lives_in_the_area_that_their_number_says(bureau):
    firsts = [address for address in bureau.addresses if not address.id.endswith("_2")]

    for number, address in enumerate(firsts, start=1):
        assert address.owner_id == player(Role.CUSTOMER, number, Size.CITY).account_id
        assert address.area_id == area_id(area_of_customer(number))
    assert all(address.area_id for address in bureau.addresses)
    assert [area_of_customer(n) for n in (1, 100, 101, 600, 601, 5000)] == [1, 1, 2, 6, 7, 38]


def test_the_folder_and_the_cast_speak_of_the_same_people(bureau):
    accounts = {account.id: account for account in bureau.accounts}
    everybody = Cast.everybody(Size.CITY).players

    assert len(everybody) == len(accounts)
    for person in everybody:
        account = accounts[person.account_id]
        assert (account.phone, account.grants) == (person.phone, person.grants)
    couriers = {courier.account_id: courier.branch_path for courier in bureau.couriers}
    for person in Cast.everybody(Size.CITY).of(Role.COURIER):
        assert couriers[person.account_id] == person.grants[0].path


@pytest.mark.parametrize("seed", [SEED, 1, 2, 3])
def test_courier_1_is_the_nearest_to_every_point_of_area_1(city_of, seed):
    folder, bureau = city_of(seed)
    features = json.loads((folder / "areas.geojson").read_text("utf-8"))["features"]
    outline = shape(features[0]["geometry"])
    first, *others = bureau.couriers
    random, (west, south, east, north) = Random(seed), outline.bounds
    drawn = [(random.uniform(west, east), random.uniform(south, north)) for _ in range(300)]
    inside = [spot for spot in drawn if outline.contains(shapely.Point(spot))]

    for x, y in [*shapely.get_coordinates(outline), *inside]:
        point = Point(longitude=x, latitude=y)
        nearest = min(metres_between(other.station, point) for other in others)
        assert metres_between(first.station, point) < nearest


def test_every_slot_of_the_week_has_somebody_for_every_service(bureau):
    for number, hands in enumerate(HANDS, start=1):
        branch = f"org_branch_{number}"
        couriers = tuple(c for c in bureau.couriers if c.branch_id == branch)
        patterns = [p for p in bureau.shifts if p.branch_id == branch]
        slots = [p for p in bureau.slots if p.branch_id == branch]
        assert len(couriers) == hands
        for day in (MONDAY + timedelta(days=offset) for offset in range(7)):
            around = (day - timedelta(days=1), day)
            shifts = [s for p in patterns for each in around if (s := p.on(each))]
            roster = Roster(couriers, tuple(shifts))
            kept = [slot for pattern in slots for slot in pattern.windows(day)]
            assert kept or (hands in (PAIR, ALONE) and day.isoweekday() == 7)
            assert all(roster.able(slot, OFFERED) for slot in kept)


# ------------------------------------------------------------ the day, on paper

HOURS = [(0, 0), (0, 30), (7, 59), (8, 0), (13, 20), (19, 59), (23, 30), (23, 59)]


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 11, 29)], ids=["Tuesday", "Sunday"])
def test_at_any_hour_the_day_has_every_fate_and_nothing_that_lies_ahead_has_happened(day, hour):
    now = at_local(day, datetime.min.time().replace(hour=hour[0], minute=hour[1]))
    made = visits(now, SEED)

    assert made == visits(now, SEED)
    assert len(made) == 400
    assert {v.fate for v in made if local_day(v.window.start) == day} == set(Fate)
    for visit in made:
        turns = [visit.at(turn, now) for turn in range(3)]
        assert turns == sorted(turns)
        if visit.fate in GONE_OUT:
            assert visit.window.start <= turns[0] <= turns[2] <= min(now, visit.window.end)
        if visit.fate not in FINISHED | {Fate.CANCELLED}:
            assert visit.window.end > now


def test_area_1_its_customers_and_their_slots_are_left_to_whoever_tries_the_demo():
    made = visits(NOW, SEED)

    assert 1 not in {visit.area for visit in made}
    assert min(visit.customer for visit in made) > 100
    assert len({visit.customer for visit in made}) == len(made)
