"""The demo city: a whole bureau, written as the folder that any bureau would hand in.

Same seed, same bytes: each file draws from a random stream of its own, so that adding to one does
not shift the others.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import shapely

from doorstep.accounts.model import Role
from doorstep.addresses.model import DeliveryDepth
from doorstep.demo import cast, ferries, names, offering, staffing
from doorstep.demo.atlas import Atlas, Cell, Spot, atlas_of, degrees
from doorstep.demo.cast import Cast
from doorstep.demo.ground import geometry_of, near
from doorstep.demo.scale import Size, area_of_customer, branch_of_area
from doorstep.demo.staffing import OFFERED, national

SEED: Final = 2026

_SECOND_HOME_EVERY: Final = 8
_ONE_HOME_UNTIL: Final = 600
_MOST_BEATS: Final = 8

Rows = Iterable[Sequence[Cell]]


def write_city(folder: Path, *, seed: int = SEED, size: Size = Size.SMALL) -> Cast:
    """Write the bureau's files into `folder`, and say who lives and works there."""
    everybody, atlas = Cast.everybody(size), atlas_of(size, seed)
    folder.mkdir(parents=True, exist_ok=True)
    _write_areas(folder / "areas.geojson", atlas)
    _write_coast(folder / "coast.geojson", atlas)
    tables: dict[str, Rows] = {
        "units": atlas.units(Random(f"{seed}/units")),
        "places": [
            (p.id, p.name, p.division_code, *degrees(p.location), names.short(p.name))
            for p in atlas.places
        ],
        "beats": _beats(atlas),
        "vehicles": staffing.vehicles(atlas, Random(f"{seed}/vehicles")),
        "couriers": staffing.couriers(everybody, atlas, Random(f"{seed}/couriers")),
        "shifts": staffing.shifts(atlas),
        "slots": staffing.slots(atlas),
        "calendar_days": ferries.calendar_days(),
        "ferry_routes": ferries.routes(atlas),
        "sailings": ferries.sailings(atlas),
        "terms": staffing.terms(atlas),
        "staff": _staff(everybody, Random(f"{seed}/staff")),
        "customers": _customers(everybody, Random(f"{seed}/customers")),
        "addresses": _addresses(everybody, atlas, seed),
    }
    for name, rows in tables.items():
        _write_table(folder / f"{name}.csv", _COLUMNS[name], rows)
    return everybody


_COLUMNS: Final = {
    "units": "id,name,level,kind,parent_id,latitude,longitude",
    "places": "id,name,division_code,latitude,longitude,aliases",
    "beats": "id,area_id,name,keywords",
    "vehicles": "id,plate,kind,capacity_kilograms,capacity_litres,branch_id",
    "couriers": "id,account_id,name,phone,branch_id,vehicle_id,skills,latitude,longitude",
    "shifts": "id,courier_id,weekdays,start,length_minutes",
    "slots": "id,area_id,weekdays,start,length_minutes,places",
    "calendar_days": "day,is_workday,in_lieu,name,citation",
    "ferry_routes": "id,name,unit_id,mainland,island,operator,contract_ref,crossing_minutes",
    "sailings": "id,route_id,weekdays,departs,returns,valid_from,valid_to",
    "terms": ",".join(offering.TERMS),
    "staff": "account_id,name,phone,role,unit_id",
    "customers": "account_id,name,phone",
    "addresses": "id,account_id,division_code,line,building,unit,room,postcode,"
    "latitude,longitude,label,delivery_depth",
}


def _write_table(file: Path, columns: str, rows: Rows) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        out.write(columns + "\n")
        csv.writer(out, lineterminator="\n").writerows(rows)


def _write_areas(file: Path, atlas: Atlas) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": cast.area_id(number),
                "name": atlas.area_name(number),
                "branch_id": cast.branch_id(branch_of_area(number)),
                "services": list(OFFERED),
                **ferries.route_of(branch_of_area(number)),
            },
            "geometry": geometry_of(outline),
        }
        for number, outline in enumerate(atlas.ground.areas, start=1)
    ]
    _write_features(file, features)


def _write_coast(file: Path, atlas: Atlas) -> None:
    """Every piece of land by itself."""
    pieces = shapely.get_parts(atlas.ground.land).tolist()
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"cst_demo_{number}", "name": f"陆地{number}"},
            "geometry": geometry_of(piece),
        }
        for number, piece in enumerate(pieces, start=1)
    ]
    _write_features(file, features)


def _write_features(file: Path, features: Iterable[Mapping[str, Any]]) -> None:
    """One feature a line, so that an error can name the line."""
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    file.write_text(
        f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n', encoding="utf-8"
    )


def _beats(atlas: Atlas) -> Iterator[Sequence[Cell]]:
    """Eight an area at most; each has its share of the area's places."""
    by_area: dict[int, list[str]] = defaultdict(list)
    for place in atlas.places:
        by_area[place.area].append(place.name)
    for area, named in sorted(by_area.items()):
        for number in range(min(_MOST_BEATS, len(named))):
            share = named[number::_MOST_BEATS]
            yield (
                f"bea_demo_{area}_{number + 1}",
                cast.area_id(area),
                f"{atlas.area_name(area)}{number + 1}段",
                "|".join(share),
            )


def _staff(everybody: Cast, random: Random) -> Iterator[Sequence[Cell]]:
    for person in everybody.players:
        if person.role in (Role.CUSTOMER, Role.COURIER):
            continue
        (grant,) = person.grants
        unit = grant.path.strip("/").rpartition("/")[2]
        yield person.account_id, names.person(random), national(person), person.role, unit


# ------------------------------------------------------------ who lives there


def _customers(everybody: Cast, random: Random) -> Iterator[Sequence[Cell]]:
    for customer in everybody.of(Role.CUSTOMER):
        yield customer.account_id, names.person(random), national(customer)


def _addresses(everybody: Cast, atlas: Atlas, seed: int) -> Iterator[Sequence[Cell]]:
    """A home each; some have a second one, where they work or where their parents live."""
    first, second = Random(f"{seed}/addresses"), Random(f"{seed}/second addresses")
    homes: dict[int, list[Spot]] = defaultdict(list)
    for place in atlas.places:
        homes[place.area].append(place)
    for customer in everybody.of(Role.CUSTOMER):
        owner, area = customer.account_id, area_of_customer(customer.number)
        place = first.choice(homes[area])
        yield cast.address_id(customer.number), owner, *_home(atlas, place, first)
        if customer.number > _ONE_HOME_UNTIL and not customer.number % _SECOND_HOME_EVERY:
            place = second.choice(atlas.places)
            yield cast.second_address_id(customer.number), owner, *_home(atlas, place, second)


def _home(atlas: Atlas, place: Spot, random: Random) -> Sequence[Cell]:
    """What addresses.csv says of a door there, but for its id and owner."""
    return (
        place.division_code,
        f"{atlas.address_prefix(place.area)}"
        f"{random.choice(names.ROADS)}{random.randint(1, 288)}号{place.name}",
        *_door(place, random),
        atlas.postcode(place.area),
        *degrees(near(place.location, random, within=0.0015)),
        random.choice(("家", "家", "家", "父母家", "单位", "")),
        _depth(place, random),
    )


def _door(place: Spot, random: Random) -> Sequence[Cell]:
    """Building, unit and room; in a village a house number is all there is."""
    if place.is_village:
        return f"{random.randint(1, 160)}号", "", ""
    room = f"{random.randint(1, 18)}0{random.randint(1, 4)}室"
    return f"{random.randint(1, 32)}号楼", f"{random.randint(1, 4)}单元", room


def _depth(place: Spot, random: Random) -> DeliveryDepth:
    if place.is_village:
        return DeliveryDepth.VILLAGE_POINT
    return random.choices(
        (DeliveryDepth.HOUSEHOLD, DeliveryDepth.LETTER_BOX, DeliveryDepth.MAIL_ROOM), (80, 15, 5)
    )[0]
