"""Ready-made things: a small town, its people, and requests that make sense.

The town: one branch with two areas, side by side; couriers Bo and Cai; customers Ada and Eve. It is
Tuesday 2026-11-24, 09:00 in Shanghai, and slots run from 08:00 to 20:00, two hours each. A visit
takes a minute there and a kilogram, so that the cap on places is what fills a slot first, unless
`real_costs` asks for the house's own costs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from doorstep.accounts.model import Account, Caller, Grant, Role
from doorstep.addresses.model import Address, Door, Place, ServiceArea
from doorstep.appointments.actions import Asked
from doorstep.appointments.model import (
    AccessNotes,
    Appointment,
    BookingRefused,
    BookingRequest,
    Contact,
    PickupAsked,
)
from doorstep.appointments.rules import wish_of
from doorstep.calendar.model import FerryRoute, SailingPattern
from doorstep.capacity.model import SlotPattern, SlotRef
from doorstep.capacity.outside import AskedLater, Feasible
from doorstep.capacity.rules import Wish
from doorstep.catalogue.model import Channel, ServiceKind
from doorstep.couriers.model import Courier, ShiftPattern, Vehicle
from doorstep.kit.geo import Point
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Tx
from doorstep.kit.windows import TimeWindow, at_local, local_day
from doorstep.organisation.model import OrgLevel, OrgUnit, OutletKind
from doorstep.rulebook.model import RuleRow
from doorstep.wiring import House

NOW: Final = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY: Final = local_day(NOW)
TOMORROW: Final = TODAY + timedelta(days=1)
CITY: Final = "/org_city/"
BRANCH: Final = "/org_city/org_branch/"
OTHER_BRANCH: Final = "/org_city/org_other/"
WEST: Final = "are_west"
EAST: Final = "are_east"
PARCEL: Final = frozenset({ServiceKind.PARCEL_PICKUP})
ALL_WEEK: Final = (1, 2, 3, 4, 5, 6, 7)
SKILLS: Final = (
    ServiceKind.PARCEL_PICKUP,
    ServiceKind.BULKY_PICKUP,
    ServiceKind.PARCEL_DELIVERY,
    ServiceKind.SUBSCRIPTION_VISIT,
)


@dataclass(frozen=True)
class Person:
    """Somebody, and the token that speaks for them."""

    account_id: str
    phone: str
    name: str
    grants: tuple[Grant, ...]
    address_id: str = ""
    courier_id: str = ""

    @property
    def caller(self) -> Caller:
        return Caller(id=self.account_id, grants=self.grants)


def person(name: str, phone: str, role: Role, path: str = "", **ids: str) -> Person:
    grants = (Grant(role=role, path=path),)
    return Person(f"acc_{name.lower()}", phone, name, grants, **ids)


ADA: Final = person("Ada", "+8613900001001", Role.CUSTOMER, address_id="adr_ada")
EVE: Final = person("Eve", "+8613900001002", Role.CUSTOMER, address_id="adr_eve")
BO: Final = person("Bo", "+8613900002001", Role.COURIER, BRANCH, courier_id="cou_bo")
CAI: Final = person("Cai", "+8613900002002", Role.COURIER, BRANCH, courier_id="cou_cai")
DAN: Final = person("Dan", "+8613900003001", Role.DISPATCHER, BRANCH)
OTTO: Final = person("Otto", "+8613900003002", Role.DISPATCHER, OTHER_BRANCH)
SU: Final = person("Su", "+8613900003003", Role.SUPERVISOR, CITY)
GU: Final = person("Gu", "+8613900004001", Role.AGENT, CITY)
EVERYBODY: Final = (ADA, EVE, BO, CAI, DAN, OTTO, GU)


def square(west: float, east: float) -> dict[str, Any]:
    ring = [[west, 37.4], [east, 37.4], [east, 37.5], [west, 37.5], [west, 37.4]]
    return {"type": "Polygon", "coordinates": [ring]}


def unit(id: str, level: OrgLevel, parent_id: str | None, path: str) -> OrgUnit:
    kind = OutletKind.BRANCH if level is OrgLevel.BRANCH_OFFICE else None
    where = Point(longitude=122.1, latitude=37.45)
    return OrgUnit(
        id=id, name=id, level=level, kind=kind, parent_id=parent_id, path=path, location=where
    )


UNITS: Final = (
    unit("org_city", OrgLevel.CITY_BUREAU, None, CITY),
    unit("org_branch", OrgLevel.BRANCH_OFFICE, "org_city", BRANCH),
    unit("org_other", OrgLevel.BRANCH_OFFICE, "org_city", OTHER_BRANCH),
)


def area(id: str, west: float, east: float) -> ServiceArea:
    return ServiceArea(
        id=id,
        name=id,
        branch_id="org_branch",
        branch_path=BRANCH,
        services=SKILLS,
        geometry=square(west, east),
    )


def address(who: Person, *, longitude: float = 122.05, area_id: str | None = WEST) -> Address:
    door = Door(
        line=f"海滨路{len(who.name)}号",
        building="3号楼",
        unit="2单元",
        room="501室",
        location=Point(longitude=longitude, latitude=37.45),
        label="家",
    )
    return Address(
        id=who.address_id,
        owner_id=who.account_id,
        division_code="371002",
        door=door,
        area_id=area_id,
    )


def courier(who: Person, *, longitude: float, vehicle_id: str) -> Courier:
    return Courier(
        id=who.courier_id,
        account_id=who.account_id,
        name=who.name,
        phone=who.phone,
        branch_id="org_branch",
        branch_path=BRANCH,
        vehicle_id=vehicle_id,
        skills=SKILLS,
        station=Point(longitude=longitude, latitude=37.45),
    )


def vehicle(id: str, plate: str) -> Vehicle:
    return Vehicle(
        id=id, plate=plate, capacity_kilograms=500, capacity_litres=2000, branch_id="org_branch"
    )


def shifts(courier_id: str) -> ShiftPattern:
    return ShiftPattern(
        id=f"pat_{courier_id}",
        courier_id=courier_id,
        branch_id="org_branch",
        weekdays=ALL_WEEK,
        start=time(0, 0),
        length_minutes=24 * 60,
    )


def slots(area_id: str, hour: int, places: int | None) -> SlotPattern:
    return SlotPattern(
        id=f"spt_{area_id}_{hour}",
        area_id=area_id,
        branch_id="org_branch",
        branch_path=BRANCH,
        weekdays=ALL_WEEK,
        start=time(hour, 0),
        length_minutes=120,
        places=places,
    )


def quick_costs() -> list[RuleRow]:
    """A visit that takes next to nothing."""
    per_visit = ("travel", "walk", "floor", "lift")
    per_line = ("line", "piece", "weight", "volume")
    numbers = {f"visit.{name}": 0 for name in per_visit} | {"visit.travel": 60}
    numbers |= {f"{kind}.{name}": 0 for kind in ServiceKind for name in per_line}
    return [
        RuleRow(
            id=f"rul_town_{key}",
            key=f"cost.{key}",
            value=value,
            unit="s",
            valid_from=date(2020, 1, 1),
            citation="the town's own",
        )
        for key, value in numbers.items()
    ]


async def real_costs(house: House) -> None:
    """What the house reckons with where a town says nothing."""
    await house.mongo["rule_rows"].delete_many({"_id": {"$regex": "^rul_town_"}})
    await house.rulebook.put([])


async def town(house: House, *, places: int | None = 20, days: int = 15) -> None:
    """Build the town."""
    await house.rulebook.put(quick_costs())
    await people(house, EVERYBODY)
    await house.vault.make([who.account_id for who in EVERYBODY])

    async def build(tx: Tx) -> None:
        house.organisation.add(UNITS, tx=tx)
        house.addresses.city.add(
            (area(WEST, 122.0, 122.1), area(EAST, 122.1, 122.2)),
            (
                Place(
                    id="plc_1",
                    name="海滨小区",
                    division_code="371002",
                    location=Point(longitude=122.03, latitude=37.44),
                ),
            ),
            tx=tx,
        )
        await house.couriers.add(
            (
                courier(BO, longitude=122.05, vehicle_id="veh_bo"),
                courier(CAI, longitude=122.15, vehicle_id="veh_cai"),
            ),
            (vehicle("veh_bo", "鲁K00001"), vehicle("veh_cai", "鲁K00002")),
            (shifts(BO.courier_id), shifts(CAI.courier_id)),
            tx=tx,
        )
        house.capacity.add_patterns(
            [slots(each, hour, places) for each in (WEST, EAST) for hour in range(8, 20, 2)],
            tx=tx,
        )
        await house.addresses.store.add([address(ADA), address(EVE, longitude=122.04)], tx=tx)

    await house.mongo.transact(build)
    await house.couriers.fill_shifts(TODAY, days)
    await house.capacity.fill_slots(TODAY, days)


ROUTE: Final = FerryRoute(
    id="fer_1", name="一线", path=BRANCH, mainland="港", island="岛", crossing_minutes=50
)


async def ferry(house: House, *, days: int = 15) -> None:
    """A boat every day, there at 07:50 and off again at 16:30."""
    every_day = SailingPattern(
        id="sap_1", route_id=ROUTE.id, weekdays=ALL_WEEK, departs=time(7), returns=time(16, 30)
    )

    async def build(tx: Tx) -> None:
        house.calendar.add((), (), (ROUTE,), (every_day,), tx=tx)

    await house.mongo.transact(build)
    await house.calendar.fill_sailings(TODAY, days)


async def people(house: House, who: Iterable[Person]) -> None:
    await house.accounts.accounts.add_many(
        [
            Account(
                id=each.account_id,
                phone=each.phone,
                name=each.name,
                grants=each.grants,
                created_at=NOW,
            )
            for each in who
        ]
    )


def slot(
    hour: int = 10, *, day: Any = TOMORROW, area_id: str = WEST, services: Any = PARCEL
) -> SlotRef:
    return SlotRef(area_id=area_id, start=at_local(day, time(hour)), services=services)


def window(start: int, end: int | None = None, *, day: Any = TOMORROW) -> TimeWindow:
    """From one hour to another; two hours if no end is given."""
    return TimeWindow(start=at_local(day, time(start)), end=at_local(day, time(end or start + 2)))


def parcel(**changed: Any) -> PickupAsked:
    fields = {"kind": ServiceKind.PARCEL_PICKUP, "description": "书", "weight_grams": 2000}
    return PickupAsked(**{**fields, **changed})


def request(who: Person = ADA, **changed: Any) -> BookingRequest:
    fields: dict[str, Any] = {
        "customer_id": who.account_id,
        "booked_by": who.account_id,
        "booked_by_role": Role.CUSTOMER,
        "channel": Channel.APP,
        "address_id": who.address_id,
        "slot": slot(),
        "hold_id": None,
        "contact": Contact(name=who.name, phone=who.phone),
        "lines": (parcel(),),
        "access_notes": AccessNotes(gate_code="1234#"),
    }
    return BookingRequest(**{**fields, **changed})


def asked(who: Person = ADA, at: SlotRef | None = None, services: Any = PARCEL) -> Asked:
    """A place, before the details are known."""
    return Asked(who.address_id, at or slot(), services)


def wish(lines: Any) -> Wish:
    """What a visit for these lines asks of a slot."""
    return wish_of(lines, AccessNotes(), None)


def attempt(
    house: House, key: str | None = None, *, body: bytes = b"", dry: bool = False
) -> Attempt:
    return Attempt(at=house.clock.now(), key=key, body_hash=body, dry=dry)


async def booked(house: House, who: Person = ADA, **changed: Any) -> Appointment:
    """A promise that was made."""
    outcome = await house.appointments.book(request(who, **changed), attempt(house))
    assert not isinstance(outcome, BookingRefused), outcome
    return outcome


def unique(prefix: str = "key") -> str:
    return new_id(prefix)


def judged_by(house: House, rounds: Feasible) -> None:
    """Let these say whether a stop fits into the rounds."""
    asked = house.capacity.feasible
    assert isinstance(asked, AskedLater)
    asked.ask(rounds)
