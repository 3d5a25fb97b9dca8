"""The demo city: a whole small bureau, written as the folder that any bureau would hand in.

Same seed, same bytes: each file draws from a random stream of its own, so that adding to one does
not shift the others.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from doorstep.accounts.model import Role
from doorstep.addresses.model import DeliveryDepth
from doorstep.catalogue.model import ServiceKind
from doorstep.demo import cast, names
from doorstep.demo.cast import Cast, Player
from doorstep.demo.ground import Ground, near, ring_of
from doorstep.kit.geo import Point
from doorstep.organisation.model import OrgLevel, OutletKind

OFFERED: Final = (
    ServiceKind.PARCEL_PICKUP,
    ServiceKind.BULKY_PICKUP,
    ServiceKind.PARCEL_DELIVERY,
    ServiceKind.BULKY_DELIVERY,
    ServiceKind.ID_CARD_DELIVERY,
    ServiceKind.LEGAL_DOCUMENT_DELIVERY,
    ServiceKind.SUBSCRIPTION_VISIT,
    ServiceKind.COMPLAINT_VISIT,
)
"""What every area of the demo city offers."""

_PARCELS: Final = (ServiceKind.PARCEL_PICKUP, ServiceKind.PARCEL_DELIVERY)
_BULKY: Final = (ServiceKind.BULKY_PICKUP, ServiceKind.BULKY_DELIVERY)
_BY_HAND: Final = tuple(kind for kind in OFFERED if kind not in (*_PARCELS, *_BULKY))
_EVERY_DAY: Final = (1, 2, 3, 4, 5, 6, 7)
_EARLY, _LATE, _SHIFT_MINUTES = "07:30", "11:30", 9 * 60
_SLOT_HOURS: Final = range(8, 20, 2)
_SLOT_PLACES: Final = 20
# Three early (odd) and two late couriers of each branch know everything, never all off together:
# even without courier 1 there is somebody for any set of services.
_KNOW_ALL: Final = (1, 2, 5, 6, 9)
_NO_BULKY: Final = (4, 8)
_DRIVE_VANS: Final = (1, 5, 6)
_AREA_NAMES: Final = ("望海片区", "金线片区", "柳林片区", "文苑片区", "渔港片区", "东港片区")
_BRANCH_NAMES: Final = ("望海支局", "柳林支局", "渔港支局")
_COUNTY_NAMES: Final = ("环山县局", "东港县局")
_DIVISION_OF_BRANCH: Final = ("371002", "371003", "371082")
_POSTCODE_OF_BRANCH: Final = ("264200", "264400", "264300")
_TWICE_NAMED_IN: Final = (2, 5)
_FAR_SIDE_OF_AREA_2: Final = 122.080

Cell = str | int | float
Rows = Iterable[Sequence[Cell]]


@dataclass(frozen=True)
class _Place:
    id: str
    name: str
    division_code: str
    area: int
    location: Point

    @property
    def is_village(self) -> bool:
        return self.name.endswith("村")


def write_city(folder: Path, *, seed: int = 2026) -> Cast:
    """Write the bureau's files into `folder`, and say who lives and works there."""
    everybody = Cast.everybody()
    ground = Ground.drawn(Random(f"{seed}/ground"))
    places = list(_places(ground, Random(f"{seed}/places")))
    folder.mkdir(parents=True, exist_ok=True)
    _write_areas(folder / "areas.geojson", ground)
    tables = {
        "units": _units(ground),
        "places": [(p.id, p.name, p.division_code, *_degrees(p.location)) for p in places],
        "vehicles": _vehicles(Random(f"{seed}/vehicles")),
        "couriers": _couriers(everybody, ground, seed),
        "shifts": _shifts(),
        "slots": _slots(),
        "staff": _staff(everybody, Random(f"{seed}/staff")),
        "customers": _customers(everybody, Random(f"{seed}/customers")),
        "addresses": _addresses(everybody, places, Random(f"{seed}/addresses")),
    }
    for name, rows in tables.items():
        _write_table(folder / f"{name}.csv", _COLUMNS[name], rows)
    return everybody


_COLUMNS: Final = {
    "units": "id,name,level,kind,parent_id,latitude,longitude",
    "places": "id,name,division_code,latitude,longitude",
    "vehicles": "id,plate,capacity_kilograms,capacity_litres,branch_id",
    "couriers": "id,account_id,name,phone,branch_id,vehicle_id,skills,latitude,longitude",
    "shifts": "id,courier_id,weekdays,start,length_minutes",
    "slots": "id,area_id,weekdays,start,length_minutes,places",
    "staff": "account_id,name,phone,role,unit_id",
    "customers": "account_id,name,phone",
    "addresses": "id,account_id,division_code,line,building,unit,room,postcode,"
    "latitude,longitude,label,delivery_depth",
}


def _write_table(file: Path, columns: str, rows: Rows) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        out.write(columns + "\n")
        csv.writer(out, lineterminator="\n").writerows(rows)


def _write_areas(file: Path, ground: Ground) -> None:
    """One feature a line, so that an error can name the line."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": cast.area_id(number),
                "name": _AREA_NAMES[number - 1],
                "branch_id": cast.branch_id(cast.branch_of_area(number)),
                "services": list(OFFERED),
            },
            "geometry": {"type": "Polygon", "coordinates": [ring_of(outline)]},
        }
        for number, outline in enumerate(ground.areas, start=1)
    ]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    file.write_text(
        f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n', encoding="utf-8"
    )


# ------------------------------------------------------------ the bureau and its map


def _units(ground: Ground) -> Iterator[Sequence[Cell]]:
    centre = ground.centre(3)
    yield cast.CITY, "滨城市邮政局", OrgLevel.CITY_BUREAU, "", "", *_degrees(centre)
    for number, name in enumerate(_COUNTY_NAMES, start=1):
        seat = _degrees(ground.centre(2 if number == 1 else 6))
        yield cast.county_id(number), name, OrgLevel.COUNTY_BUREAU, "", cast.CITY, *seat
    for number, name in enumerate(_BRANCH_NAMES, start=1):
        yield (
            cast.branch_id(number),
            name,
            OrgLevel.BRANCH_OFFICE,
            OutletKind.BRANCH,
            cast.county_id(cast.county_of_branch(number)),
            *_degrees(ground.centre(2 * number)),
        )


def _places(ground: Ground, random: Random) -> Iterator[_Place]:
    """Five communities and two villages an area; one name stands in two of them."""
    communities, villages = iter(names.COMMUNITIES), iter(names.VILLAGES)
    number = 0
    for area in range(1, cast.AREAS + 1):
        twice = [names.NAMED_TWICE] if area in _TWICE_NAMED_IN else []
        own = [next(communities) for _ in range(5 - len(twice))]
        for name in [*own, *twice, next(villages), next(villages)]:
            number += 1
            yield _Place(
                id=f"plc_demo_{number:03}",
                name=name,
                division_code=f"{_division(area)}001{number:03}",
                area=area,
                location=ground.point_in(area, random, inset=0.003),
            )


def _slots() -> Iterator[Sequence[Cell]]:
    for area in range(1, cast.AREAS + 1):
        for hour in _SLOT_HOURS:
            yield (
                f"slp_demo_{area}_{hour:02}",
                cast.area_id(area),
                _listed(_EVERY_DAY),
                f"{hour:02}:00",
                120,
                _SLOT_PLACES,
            )


# ------------------------------------------------------------ who comes to the door


def _vehicles(random: Random) -> Iterator[Sequence[Cell]]:
    serials = random.sample(range(10_000), cast.BRANCHES * cast.COURIERS_A_BRANCH)
    for number, serial in enumerate(serials, start=1):
        branch = cast.branch_id(cast.branch_of_courier(number))
        if _seat(number) in _DRIVE_VANS:
            yield f"veh_demo_{number:04}", f"鲁KA{serial:04}", 800, 5000, branch
        else:
            yield f"veh_demo_{number:04}", f"鲁KY{serial:04}", 200, 1200, branch


def _couriers(everybody: Cast, ground: Ground, seed: int) -> Iterator[Sequence[Cell]]:
    random = Random(f"{seed}/couriers")
    for courier in everybody.of(Role.COURIER):
        yield (
            cast.courier_id(courier.number),
            courier.account_id,
            names.person(random),
            _national(courier),
            cast.branch_id(cast.branch_of_courier(courier.number)),
            f"veh_demo_{courier.number:04}",
            _listed(_skills(courier.number, random)),
            *_degrees(_station(courier.number, ground, random)),
        )


def _skills(number: int, random: Random) -> tuple[ServiceKind, ...]:
    if number == 1:
        return tuple(ServiceKind)
    if _seat(number) in _KNOW_ALL:
        return OFFERED
    bulky = () if _seat(number) in _NO_BULKY else _BULKY
    return (*_PARCELS, *bulky, *random.sample(_BY_HAND, 2))


def _station(number: int, ground: Ground, random: Random) -> Point:
    """Courier 1 has area 1 to themselves: the rest of the branch starts beyond area 2."""
    branch = cast.branch_of_courier(number)
    if number == 1:
        return ground.centre(1)
    if branch == 1:
        return ground.point_in(2, random, inset=0.0005, east_of=_FAR_SIDE_OF_AREA_2)
    return ground.point_in(2 * branch - number % 2, random, inset=0.003)


def _shifts() -> Iterator[Sequence[Cell]]:
    """Odd ones come early and even ones late, two at a time have the same two days off."""
    for number in range(1, cast.BRANCHES * cast.COURIERS_A_BRANCH + 1):
        courier, seat = cast.courier_id(number), _seat(number)
        id = f"pat_demo_{number:04}"
        if number == 1:
            yield id, courier, _listed(_EVERY_DAY), "00:00", 24 * 60
            continue
        pair = (seat - 1) // 2
        days = [day for day in _EVERY_DAY if day not in (pair + 1, pair + 2)]
        yield id, courier, _listed(days), _EARLY if seat % 2 else _LATE, _SHIFT_MINUTES


def _staff(everybody: Cast, random: Random) -> Iterator[Sequence[Cell]]:
    for person in everybody.players:
        if person.role in (Role.CUSTOMER, Role.COURIER):
            continue
        (grant,) = person.grants
        unit = grant.path.strip("/").rpartition("/")[2]
        yield person.account_id, names.person(random), _national(person), person.role, unit


# ------------------------------------------------------------ who lives there


def _customers(everybody: Cast, random: Random) -> Iterator[Sequence[Cell]]:
    for customer in everybody.of(Role.CUSTOMER):
        yield customer.account_id, names.person(random), _national(customer)


def _addresses(
    everybody: Cast, places: Sequence[_Place], random: Random
) -> Iterator[Sequence[Cell]]:
    for customer in everybody.of(Role.CUSTOMER):
        area = cast.area_of_customer(customer.number)
        place = random.choice([place for place in places if place.area == area])
        yield (
            cast.address_id(customer.number),
            customer.account_id,
            place.division_code,
            f"{_COUNTY_NAMES[cast.county_of_branch(cast.branch_of_area(area)) - 1][:3]}"
            f"{random.choice(names.ROADS)}{random.randint(1, 288)}号{place.name}",
            *_door(place, random),
            _POSTCODE_OF_BRANCH[cast.branch_of_area(area) - 1],
            *_degrees(near(place.location, random, within=0.0015)),
            random.choice(("家", "家", "家", "父母家", "单位", "")),
            _depth(place, random),
        )


def _door(place: _Place, random: Random) -> Sequence[Cell]:
    """Building, unit and room; in a village a house number is all there is."""
    if place.is_village:
        return f"{random.randint(1, 160)}号", "", ""
    room = f"{random.randint(1, 18)}0{random.randint(1, 4)}室"
    return f"{random.randint(1, 32)}号楼", f"{random.randint(1, 4)}单元", room


def _depth(place: _Place, random: Random) -> DeliveryDepth:
    if place.is_village:
        return DeliveryDepth.VILLAGE_POINT
    return random.choices(
        (DeliveryDepth.HOUSEHOLD, DeliveryDepth.LETTER_BOX, DeliveryDepth.MAIL_ROOM), (80, 15, 5)
    )[0]


# ------------------------------------------------------------ cells


def _seat(number: int) -> int:
    """Which of their branch's couriers this is, from 1."""
    return (number - 1) % cast.COURIERS_A_BRANCH + 1


def _division(area: int) -> str:
    return _DIVISION_OF_BRANCH[cast.branch_of_area(area) - 1]


def _listed(values: Iterable[object]) -> str:
    return "|".join(str(value) for value in values)


def _degrees(point: Point) -> tuple[float, float]:
    return point.latitude, point.longitude


def _national(player: Player) -> str:
    """As people write it: "139 0000 0001" without the spaces."""
    return player.phone.removeprefix("+86")
