"""Who works in a demo city, with what, and when: vehicles, couriers, shifts, slots.

Large    ten couriers: early and late, five days each, never all who know everything off together
Middle   five: four of them know everything, two early and two late, so that every day has both
Pair     two: early and late, Monday to Saturday; nobody comes on Sunday
Alone    one: Monday to Saturday, and slots until four in the afternoon
Night    the round-the-clock office has three shifts of eight hours, and slots at night
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import shapely

from doorstep.accounts.model import Role
from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.model import VehicleKind
from doorstep.demo import cast, names, offering
from doorstep.demo.atlas import Atlas, degrees
from doorstep.demo.cast import Cast, Player
from doorstep.demo.scale import (
    ALONE,
    HANDS,
    ISLANDS,
    LARGE,
    MIDDLE,
    PAIR,
    ROUND_THE_CLOCK,
    Size,
    areas_of_branch,
    branch_of_area,
    branch_of_courier,
    seat_of_courier,
)
from doorstep.kit.geo import Point, metres_between

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
_NOT_SUNDAY: Final = (1, 2, 3, 4, 5, 6)
_EARLY, _LATE, _SHIFT_MINUTES = "07:30", "11:30", 9 * 60
_WINDOW_MINUTES: Final = 120
# Three early (odd) and two late couriers of each large branch know everything, never all off
# together: even without courier 1 there is somebody for any set of services.
_KNOW_ALL: Final = (1, 2, 5, 6, 9)
_NO_BULKY: Final = (4, 8)
_DRIVE_VANS: Final = (1, 5, 6)
_FAR_SIDE_OF_AREA_2: Final = 122.080
_FARTHER: Final = 1.02
_MOST_DRAWS: Final = 5000

_MIDDLE_OFF: Final = {1: (1, 2), 2: (2, 3), 3: (4, 5), 4: (5, 6), 5: (6, 7)}
_NIGHT_SHIFTS: Final = (
    (1, (1, 2, 3, 4, 5), "00:00"),
    (2, (1, 2, 3, 4, 5), "08:00"),
    (3, (3, 4, 5, 6, 7), "16:00"),
    (4, (6, 7), "00:00"),
    (4, (1, 2), "16:00"),
    (5, (3, 4, 5, 6, 7), "08:00"),
)
"""Seat, days, start: between them they leave no hour of the week alone."""


@dataclass(frozen=True)
class Hours:
    """When an office comes to doors, and to how many of them in one window."""

    weekdays: tuple[int, ...]
    hours: range
    places: int


_HOURS: Final = {
    LARGE: Hours(_EVERY_DAY, range(8, 20, 2), 20),
    MIDDLE: Hours(_EVERY_DAY, range(8, 20, 2), 12),
    PAIR: Hours(_NOT_SUNDAY, range(8, 20, 2), 8),
    ALONE: Hours(_NOT_SUNDAY, range(8, 16, 2), 6),
}
_NIGHT_HOURS: Final = Hours(_EVERY_DAY, range(0, 24, 2), 12)


def slots(atlas: Atlas) -> Iterator[Sequence[str | int]]:
    """The rows of slots.csv."""
    for area in range(1, atlas.scale.areas + 1):
        office = hours_of(area)
        for hour in office.hours:
            yield (
                f"slp_demo_{area}_{hour:02}",
                cast.area_id(area),
                listed(office.weekdays),
                f"{hour:02}:00",
                _WINDOW_MINUTES,
                office.places,
            )


def hours_of(area: int) -> Hours:
    """When the office that serves the area comes to its doors."""
    branch = branch_of_area(area)
    if area == areas_of_branch(ROUND_THE_CLOCK)[0]:
        return _NIGHT_HOURS
    return _HOURS[HANDS[branch - 1]]


def terms(atlas: Atlas) -> Iterator[Sequence[str | int]]:
    """The rows of terms.csv; what they do not say is the house's own choice."""
    for kind in _BULKY:
        yield _term(kind, kind, notice_minutes=4 * 60)
    visit, account = ServiceKind.SUBSCRIPTION_VISIT, ServiceKind.KEY_ACCOUNT_COLLECTION
    yield _term(visit, visit, cutoff_time="17:00", cutoff_days=1)
    yield _term(account, account, workdays_only="true")
    for area in range(1, atlas.scale.areas + 1):
        if branch_of_area(area) in ISLANDS:
            yield _term(f"island_{area}", area_id=cast.area_id(area), notice_minutes=24 * 60)


def _term(id: str, service: str = "", **said: str | int) -> Sequence[str | int]:
    row = {"id": f"trm_demo_{id.lower()}", "service": service, **said}
    return [row.get(column, "") for column in offering.TERMS]


# ------------------------------------------------------------ vehicles and couriers


def vehicles(atlas: Atlas, random: Random) -> Iterator[Sequence[str | int]]:
    """The rows of vehicles.csv: one a courier."""
    serials = random.sample(range(10_000), atlas.scale.couriers)
    for number, serial in enumerate(serials, start=1):
        branch = cast.branch_id(branch_of_courier(number))
        if seat_of_courier(number) in _DRIVE_VANS:
            yield f"veh_demo_{number:04}", f"鲁KA{serial:04}", VehicleKind.VAN, 800, 5000, branch
        else:
            yield (
                f"veh_demo_{number:04}",
                f"鲁KY{serial:04}",
                VehicleKind.E_TRIKE,
                200,
                1200,
                branch,
            )


def couriers(everybody: Cast, atlas: Atlas, random: Random) -> Iterator[Sequence[str | float]]:
    """The rows of couriers.csv."""
    for courier in everybody.of(Role.COURIER):
        yield (
            cast.courier_id(courier.number),
            courier.account_id,
            names.person(random),
            national(courier),
            cast.branch_id(branch_of_courier(courier.number)),
            f"veh_demo_{courier.number:04}",
            listed(_skills(courier.number, random)),
            *degrees(_station(courier.number, atlas, random)),
        )


def _skills(number: int, random: Random) -> tuple[ServiceKind, ...]:
    hands, seat = HANDS[branch_of_courier(number) - 1], seat_of_courier(number)
    if number == 1:
        return tuple(ServiceKind)
    if branch_of_courier(number) == ROUND_THE_CLOCK or hands in (PAIR, ALONE):
        return OFFERED
    if seat in (_KNOW_ALL if hands == LARGE else (1, 2, 3, 4)):
        return OFFERED
    bulky = () if seat in _NO_BULKY else _BULKY
    return (*_PARCELS, *bulky, *random.sample(_BY_HAND, 2))


def _station(number: int, atlas: Atlas, random: Random) -> Point:
    """Courier 1 has area 1 to themselves: everybody else starts farther from all of it."""
    ground, branch = atlas.ground, branch_of_courier(number)
    if number == 1:
        return ground.centre(1)
    if atlas.size is Size.CITY:
        return _apart_from_first(number, atlas, random)
    if branch == 1:
        return ground.point_in(2, random, inset=0.0005, east_of=_FAR_SIDE_OF_AREA_2)
    return ground.point_in(2 * branch - number % 2, random, inset=0.003)


def _apart_from_first(number: int, atlas: Atlas, random: Random) -> Point:
    """In an area of the branch, farther than courier 1 from every corner of area 1.

    Half-planes are convex: whoever is farther from every corner is farther from all of it.
    """
    ground, areas = atlas.ground, areas_of_branch(branch_of_courier(number))
    area = areas[number % len(areas)] if areas[0] > 1 else areas[-1]
    reach = _reach_of_first(atlas)
    for _ in range(_MOST_DRAWS):
        found = ground.point_in(area, random, inset=0.001)
        if all(metres_between(found, corner) > _FARTHER * far for corner, far in reach):
            return found
    raise AssertionError(f"courier {number} has no place to start from")


def _reach_of_first(atlas: Atlas) -> list[tuple[Point, int]]:
    """The corners of area 1, and how far courier 1 is from each."""
    centre = atlas.ground.centre(1)
    outline = shapely.get_coordinates(atlas.ground.areas[0])
    corners = [Point(longitude=x, latitude=y) for x, y in outline]
    return [(corner, metres_between(centre, corner)) for corner in corners]


# ------------------------------------------------------------ shifts


def shifts(atlas: Atlas) -> Iterator[Sequence[str | int]]:
    """The rows of shifts.csv."""
    for number in range(1, atlas.scale.couriers + 1):
        if branch_of_courier(number) == ROUND_THE_CLOCK:
            yield from _night_shifts(number)
        else:
            yield f"pat_demo_{number:04}", cast.courier_id(number), *_shift(number)


def _shift(number: int) -> Sequence[str | int]:
    """Odd seats come early and even ones late."""
    hands, seat = HANDS[branch_of_courier(number) - 1], seat_of_courier(number)
    if number == 1:
        return listed(_EVERY_DAY), "00:00", 24 * 60
    start = _EARLY if seat % 2 else _LATE
    if hands in (PAIR, ALONE):
        return listed(_NOT_SUNDAY), start, _SHIFT_MINUTES
    # In large offices two at a time have the same two days off.
    pair = (seat - 1) // 2
    off = (pair + 1, pair + 2) if hands == LARGE else _MIDDLE_OFF[seat]
    return listed(day for day in _EVERY_DAY if day not in off), start, _SHIFT_MINUTES


def _night_shifts(number: int) -> Iterator[Sequence[str | int]]:
    for seat, days, start in _NIGHT_SHIFTS:
        if seat == seat_of_courier(number):
            id = f"pat_demo_{number:04}_{start[:2]}"
            yield id, cast.courier_id(number), listed(days), start, 8 * 60


# ------------------------------------------------------------ cells


def listed(values: Iterable[object]) -> str:
    return "|".join(str(value) for value in values)


def national(player: Player) -> str:
    """As people write it: "139 0000 0001" without the spaces."""
    return player.phone.removeprefix("+86")
