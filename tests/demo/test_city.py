"""The demo city: the same each time, whole, and with somebody for everything."""

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import shapely

from doorstep.accounts.model import Role, e164
from doorstep.addresses.rules import AreaMap
from doorstep.couriers.rules import Roster
from doorstep.demo.bureau import Bureau, Reading, read_bureau
from doorstep.demo.cast import (
    DEMO_CODE,
    Cast,
    area_id,
    is_demo,
    is_demo_phone,
    mark_demo,
    player,
    size_of,
)
from doorstep.demo.city import write_city
from doorstep.demo.scale import Size
from doorstep.demo.staffing import OFFERED
from doorstep.kit.geo import Point, metres_between

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
MONDAY = 23


@pytest.fixture(scope="module")
def bureau(the_city: Path) -> Bureau:
    reading = read_bureau(the_city, at=NOW)
    assert isinstance(reading, Reading), reading
    return reading.bureau


def outlines(folder: Path) -> list[shapely.Polygon]:
    read = json.loads((folder / "areas.geojson").read_text("utf-8"))
    return [shapely.Polygon(*feature["geometry"]["coordinates"]) for feature in read["features"]]


def test_two_runs_of_one_seed_write_the_same_bytes(tmp_path):
    write_city(tmp_path / "one", seed=7)
    write_city(tmp_path / "two", seed=7)
    write_city(tmp_path / "other", seed=8)

    one, two, other = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("one", "two", "other")
    )
    assert one == two
    assert one != other


@pytest.mark.row("C1")
@pytest.mark.parametrize("seed", range(12))
def test_the_areas_neither_overlap_nor_leave_a_gap(tmp_path, seed):
    write_city(tmp_path, seed=seed)
    areas = outlines(tmp_path)
    band = shapely.union_all(areas)

    assert all(area.is_valid for area in areas)
    assert isinstance(band, shapely.Polygon)
    assert not list(band.interiors)
    assert sum(area.area for area in areas) == pytest.approx(band.area, rel=1e-12)


@pytest.mark.row("C1")
def test_every_point_of_the_band_has_an_area(the_city, bureau):
    areas, random = AreaMap.of(bureau.areas), Random(1)
    band = shapely.union_all(outlines(the_city))
    west, south, east, north = band.bounds

    for _ in range(1000):
        longitude, latitude = random.uniform(west, east), random.uniform(south, north)
        within = band.contains(shapely.Point(longitude, latitude))
        found = areas.at(Point(longitude=longitude, latitude=latitude))
        assert (found is not None) == within


@pytest.mark.parametrize("seed", range(2026, 2032))
def test_courier_1_is_the_nearest_to_every_point_of_area_1(tmp_path, seed):
    write_city(tmp_path, seed=seed)
    reading = read_bureau(tmp_path, at=NOW)
    assert isinstance(reading, Reading)
    first, *others = reading.bureau.couriers
    area, random = outlines(tmp_path)[0], Random(seed)
    corners = [Point(longitude=x, latitude=y) for x, y in area.exterior.coords]

    for point in [*corners, *points_within(area, random, 1000)]:
        nearest = min(metres_between(other.station, point) for other in others)
        assert metres_between(first.station, point) < nearest


def points_within(area: shapely.Polygon, random: Random, many: int) -> list[Point]:
    west, south, east, north = area.bounds
    found: list[Point] = []
    while len(found) < many:
        x, y = random.uniform(west, east), random.uniform(south, north)
        if area.contains(shapely.Point(x, y)):
            found.append(Point(longitude=x, latitude=y))
    return found


def test_every_slot_of_the_week_has_somebody_for_every_service(bureau):
    for branch in ("org_branch_1", "org_branch_2", "org_branch_3"):
        # Courier 1 is always there: the city should do without, too.
        patterns = [
            s for s in bureau.shifts if s.branch_id == branch and s.courier_id[-4:] != "0001"
        ]
        couriers = tuple(c for c in bureau.couriers if c.branch_id == branch)
        for day in (NOW.date().replace(day=MONDAY + offset) for offset in range(7)):
            shifts = tuple(shift for pattern in patterns if (shift := pattern.on(day)))
            ours = [each for each in bureau.slots if each.branch_id == branch]
            slots = [slot for each in ours for slot in each.windows(day)]
            assert len(slots) == 12
            assert all(each.places == 20 for each in ours)
            assert all(Roster(couriers, shifts).able(slot, OFFERED) for slot in slots)


def test_the_city_has_the_size_it_is_said_to_have(bureau):
    assert len(bureau.units) == 6
    assert len(bureau.areas) == 6
    assert 36 <= len(bureau.places) <= 44
    assert (len(bureau.couriers), len(bureau.vehicles)) == (30, 30)
    assert len(bureau.addresses) == 600
    assert len(bureau.accounts) == 600 + 30 + 3 + 1 + 1 + 1 + 1


def test_everybody_lives_in_the_area_that_their_number_says(bureau):
    for number, address in enumerate(bureau.addresses, start=1):
        assert address.owner_id == player(Role.CUSTOMER, number).account_id
        assert address.area_id == area_id((number + 99) // 100)


def test_the_folder_and_the_cast_speak_of_the_same_people(bureau, tmp_path):
    accounts = {account.id: account for account in bureau.accounts}
    everybody = write_city(tmp_path).players

    assert len(everybody) == len(accounts)
    for person in everybody:
        account = accounts[person.account_id]
        assert (account.phone, account.grants) == (person.phone, person.grants)


def test_customer_dispatcher_and_courier_1_belong_to_one_branch(bureau):
    (branch,) = {area.branch_path for area in bureau.areas if area.id == area_id(1)}

    assert branch == "/org_city/org_county_1/org_branch_1/"
    assert player(Role.DISPATCHER, 1).grants[0].path == branch
    assert player(Role.COURIER, 1).grants[0].path == branch
    assert bureau.couriers[0].branch_path == branch
    assert branch.startswith(player(Role.SUPERVISOR, 1).grants[0].path)
    assert player(Role.AGENT, 1).grants[0].path == "/org_city/"


@pytest.mark.parametrize(
    ("role", "last"),
    [(Role.CUSTOMER, 600), (Role.COURIER, 30), (Role.DISPATCHER, 3), (Role.ADMIN, 1)],
)
def test_a_player_who_does_not_exist_is_refused_with_the_numbers_there_are(role, last):
    assert player(role, last).number == last
    for number in (0, last + 1):
        with pytest.raises(LookupError, match=f"numbered 1 to {last}"):
            player(role, number)


def test_demo_phones_are_real_to_the_phone_book_and_known_as_demo(bureau):
    for account in bureau.accounts:
        assert account.phone is not None
        assert e164(account.phone) == account.phone
        assert is_demo_phone(account.phone)
    assert len(DEMO_CODE) == 6


@pytest.mark.parametrize(
    "phone", ["+8613912345678", "+86139000000011", "+861390000000", "+861390000١٢٣٤", ""]
)
def test_other_phones_are_not_taken_for_demo_phones(phone):
    assert not is_demo_phone(phone)


def test_a_data_folder_is_a_demos_once_it_was_marked(tmp_path):
    data = tmp_path / "data"
    assert not is_demo(data)

    mark_demo(data)
    mark_demo(data)

    assert is_demo(data)
    assert size_of(data) is Size.SMALL
    mark_demo(data, Size.CITY)
    assert size_of(data) is Size.CITY


def test_a_marker_that_names_no_size_is_of_a_small_city(tmp_path):
    (tmp_path / "demo.json").write_text('{"city": "demo"}\n')

    assert size_of(tmp_path) is Size.SMALL


@pytest.mark.parametrize(
    ("role", "last"),
    [
        (Role.CUSTOMER, 5000),
        (Role.COURIER, 300),
        (Role.DISPATCHER, 97),
        (Role.SUPERVISOR, 4),
        (Role.AGENT, 1),
    ],
)
def test_the_large_city_has_more_players_and_says_how_many(role, last):
    assert player(role, last, Size.CITY).number == last
    with pytest.raises(LookupError, match=f"numbered 1 to {last}$"):
        player(role, last + 1, Size.CITY)


def test_whoever_plays_in_the_small_city_is_the_same_in_the_large_one():
    large = set(Cast.everybody(Size.CITY).players)

    assert set(Cast.everybody(Size.SMALL).players) <= large
    assert len({person.phone for person in large}) == len(large)
    assert all(is_demo_phone(person.phone) for person in large)
