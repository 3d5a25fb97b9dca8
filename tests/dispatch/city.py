"""A branch's day, made up from a seed: doors in clusters, couriers who differ, an island.

Tuesday 2026-11-24 as it looks at four in the morning, unless told otherwise.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from doorstep.accounts.model import Role
from doorstep.addresses.model import Address, Door
from doorstep.appointments.model import (
    Appointment,
    Contact,
    HistoryEntry,
    PickupLine,
    Private,
    Status,
)
from doorstep.appointments.model import EventKind as Kind
from doorstep.calendar.model import Sailing
from doorstep.capacity.model import Demand, Load, SlotRef
from doorstep.catalogue.model import Channel, ServiceKind
from doorstep.couriers.model import Courier, Shift, Vehicle, VehicleKind
from doorstep.couriers.rules import Roster
from doorstep.dispatch.model import DispatchPolicy, PlanPolicy, Round, Stop, StopState, round_id
from doorstep.dispatch.problem import Carries, DayPapers, Plan, Problem
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow, at_local
from tests.dispatch import checker
from tests.given import TODAY

NIGHT = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
PARCELS = (ServiceKind.PARCEL_PICKUP, ServiceKind.PARCEL_DELIVERY)
CARDS = ServiceKind.ID_CARD_DELIVERY
POLICY = PlanPolicy()
WEIGHTS = DispatchPolicy().weights
ISLAND = "fer_1"


def appointment(
    id: str,
    where: Point | None,
    start: int,
    *,
    hours: int = 2,
    minutes: int = 6,
    kind: ServiceKind = ServiceKind.PARCEL_PICKUP,
    area: str = "are_1",
    grams: int = 2000,
    litres: int = 5,
    pairs: int = 0,
    **more: Any,
) -> Appointment:
    begins = at_local(TODAY, time(start))
    window = TimeWindow(start=begins, end=begins + timedelta(hours=hours))
    services = frozenset({kind})
    door = Door(line="海滨路1号", location=where)
    return Appointment(
        id=id,
        reference=id,
        customer_id="acc_x",
        branch_id="org_branch",
        branch_path="/org_city/org_branch/",
        area_id=area,
        address_id="adr_x",
        slot=SlotRef(area_id=area, start=window.start, services=services),
        takes=Demand(
            services=services,
            load=Load(minutes=minutes, grams=grams, litres=litres, pairs=pairs),
        ),
        day=TODAY,
        window=window,
        lines=(PickupLine(id="lin_1", kind=kind, description="书"),),
        channel=Channel.APP,
        cancellable_until=window.start,
        booked_at=NIGHT,
        booked_by="acc_x",
        booked_by_role=Role.CUSTOMER,
        history=(HistoryEntry(sequence=1, kind=Kind.BOOKED, at=NIGHT, recorded_at=NIGHT),),
        private=Private(
            address=Address(
                id="adr_x", owner_id="acc_x", division_code="371002", door=door, area_id=area
            ),
            contact=Contact(name="Ada", phone="1"),
            pickup_code="1",
        ),
        **more,
    )


def courier(
    id: str,
    station: Point,
    *,
    skills: Iterable[ServiceKind] = PARCELS,
    areas: tuple[str, ...] = (),
    vehicle: str | None = "veh_trike",
) -> Courier:
    return Courier(
        id=id,
        account_id=f"acc_{id}",
        name=None,
        phone=None,
        branch_id="org_branch",
        branch_path="/org_city/org_branch/",
        vehicle_id=vehicle,
        skills=tuple(skills),
        area_ids=areas,
        station=station,
    )


VEHICLES = {
    id: Vehicle(
        id=id,
        plate=id,
        kind=kind,
        capacity_kilograms=kilograms,
        capacity_litres=litres,
        branch_id="org_branch",
    )
    for id, kind, kilograms, litres in (
        ("veh_trike", VehicleKind.E_TRIKE, 200, 1200),
        ("veh_van", VehicleKind.VAN, 800, 5000),
        ("veh_bike", VehicleKind.BICYCLE, 30, 80),
    )
}


def shift(courier_id: str, start: int = 8, end: int = 18) -> Shift:
    return Shift(
        id=f"sft_{courier_id}",
        courier_id=courier_id,
        branch_id="org_branch",
        start=at_local(TODAY, time(start)),
        end=at_local(TODAY, time(end)),
    )


def boat(departs: int = 8, returns: int = 15, minutes: int = 30) -> Sailing:
    leaves = at_local(TODAY, time(departs))
    return Sailing(
        id="sai_1",
        route_id=ISLAND,
        day=TODAY,
        departs_at=leaves,
        arrives_at=leaves + timedelta(minutes=minutes),
        returns_at=at_local(TODAY, time(returns)),
    )


def round_of(courier_id: str, *stops: tuple[Appointment, StopState]) -> Round:
    return Round(
        id=round_id(courier_id, TODAY),
        courier_id=courier_id,
        branch_id="org_branch",
        day=TODAY,
        sequence=1,
        stops=tuple(
            Stop(
                id=f"stp_{each.id}",
                appointment_id=each.id,
                window=each.window,
                state=state,
                planned_arrival=each.window.start,
            )
            for each, state in stops
        ),
    )


def papers(
    appointments: Iterable[Appointment],
    couriers: Iterable[Courier],
    shifts: Iterable[Shift] | None = None,
    **more: Any,
) -> DayPapers:
    couriers = tuple(couriers)
    shifts = tuple(shift(each.id) for each in couriers) if shifts is None else tuple(shifts)
    fields: dict[str, Any] = {
        "day": TODAY,
        "now": NIGHT,
        "vehicles": {e.id: VEHICLES[e.vehicle_id] for e in couriers if e.vehicle_id},
        "deadlines": {CARDS: timedelta(days=3)},
        "on_foot": Carries(20_000, 60),
        "ashore": timedelta(minutes=15),
    }
    return DayPapers(
        appointments={each.id: each for each in appointments},
        roster=Roster(couriers, shifts),
        **{**fields, **more},
    )


def made_up(seed: int, stops: int, people: int, *, on_island: int = 0) -> DayPapers:
    """Doors in clusters around a few stations; every tenth visit is an ID card's."""
    random = Random(seed)
    centres = [
        (122.05 + 0.03 * (n % 3) + random.uniform(-0.005, 0.005), 37.42 + 0.03 * (n // 3))
        for n in range(6)
    ]
    kinds = (*(PARCELS[0],) * 6, *(PARCELS[1],) * 3, CARDS)
    appointments = []
    for number in range(stops):
        area = random.randrange(len(centres))
        x, y = centres[area]
        where = Point(longitude=random.gauss(x, 0.012), latitude=random.gauss(y, 0.009))
        island = number < on_island
        start = 10 if island else random.choice((8, 10, 12, 14, 16))
        appointments.append(
            appointment(
                f"apt_{number:04}",
                Point(longitude=122.3, latitude=37.6 + number / 1000) if island else where,
                start,
                minutes=random.randint(4, 12),
                kind=PARCELS[0] if island else random.choice(kinds),
                area="are_island" if island else f"are_{area}",
                grams=random.randint(200, 9000),
                litres=random.randint(1, 40),
            )
        )
    couriers, shifts = [], []
    for number in range(people):
        x, y = centres[number % len(centres)]
        skills = (*PARCELS, CARDS) if number % 3 == 0 else PARCELS
        areas = tuple(f"are_{(number + n) % len(centres)}" for n in range(4)) if number % 4 else ()
        vehicle = ("veh_trike", "veh_trike", "veh_van", "veh_bike")[number % 4]
        id = f"cou_{number:03}"
        station = Point(longitude=round(x, 6), latitude=round(y, 6))
        couriers.append(courier(id, station, skills=skills, areas=areas, vehicle=vehicle))
        shifts.append(shift(id, 7 if number % 2 else 8, 17 if number % 2 else 19))
    island_ids = [each.id for each in appointments[:on_island]]
    return papers(
        appointments,
        couriers,
        shifts,
        routes=dict.fromkeys(island_ids, ISLAND),
        boats=(boat(),) if on_island else (),
    )


# ------------------------------------------------------------ as the checker reads it


def plain(papers: DayPapers) -> checker.Day:
    """The day in the checker's words, from the documents alone."""
    frozen = {
        id: [s.appointment_id for s in round.stops if s.state in ("EN_ROUTE", "ARRIVED", "DONE")]
        for id, round in papers.rounds.items()
    }
    under_way = {id for ids in frozen.values() for id in ids}
    return checker.Day(
        jobs={
            id: _job(papers, each, frozen=id in under_way)
            for id, each in papers.appointments.items()
        },
        workers={each.id: _worker(papers, each) for each in papers.roster.couriers},
        boats=tuple(_boat(papers, each) for each in papers.boats if each.cancelled_at is None),
        before={id: ids for id, ids in frozen.items() if ids},
        rules=checker.Rules(now=_second(papers, papers.now)),
    )


def _second(papers: DayPapers, at: datetime) -> int:
    return int((at - at_local(papers.day, time.min)).total_seconds())


def _job(papers: DayPapers, each: Appointment, *, frozen: bool) -> checker.Job:
    door = each.private.address.door.location
    load = each.takes.load
    return checker.Job(
        id=each.id,
        door=(door.longitude, door.latitude) if door else (0.0, 0.0),
        opens=_second(papers, each.window.start),
        closes=_second(papers, each.window.end),
        minutes=load.minutes,
        services=frozenset(each.services),
        area=each.area_id,
        grams=load.grams,
        litres=load.litres,
        island=papers.routes.get(each.id),
        holder=each.courier_id if each.status is not Status.BOOKED else None,
        frozen=frozen,
        customer=each.customer_id,
    )


def _worker(papers: DayPapers, each: Courier) -> checker.Worker:
    vehicle = papers.vehicles.get(each.id)
    return checker.Worker(
        id=each.id,
        station=(each.station.longitude, each.station.latitude),
        vehicle=vehicle.kind if vehicle else "ON_FOOT",
        grams=vehicle.capacity_kilograms * 1000 if vehicle else papers.on_foot.grams,
        litres=vehicle.capacity_litres if vehicle else papers.on_foot.litres,
        skills=frozenset(each.skills),
        areas=frozenset(each.area_ids),
        shifts=tuple(
            (_second(papers, s.start), _second(papers, s.end))
            for s in papers.roster.shifts
            if s.courier_id == each.id
        ),
        breaks=tuple(
            (_second(papers, pause.window.start), _second(papers, pause.window.end))
            for s in papers.roster.shifts
            if s.courier_id == each.id
            for pause in s.breaks
        ),
        kept=tuple(_kept(papers, each)),
    )


def _kept(papers: DayPapers, courier: Courier) -> Iterable[checker.Kept]:
    for kept in papers.roster.dedications:
        span = kept.on(papers.day)
        if kept.courier_id == courier.id and span:
            start, end = _second(papers, span.start), _second(papers, span.end)
            yield checker.Kept(start, end, kept.customer_id, kept.area_id)


def _boat(papers: DayPapers, each: Sailing) -> checker.Boat:
    departs, arrives = _second(papers, each.departs_at), _second(papers, each.arrives_at)
    returns = _second(papers, each.returns_at)
    return checker.Boat(each.route_id, departs, arrives, returns, returns + arrives - departs)


def rounds_of(problem: Problem, plan: Plan) -> checker.Rounds:
    """What each courier does, in the checker's words."""
    rounds: checker.Rounds = {}
    for each in sorted(plan.tours, key=lambda tour: problem.tours[tour.tour].early):
        id = problem.crews[problem.tours[each.tour].crew].id
        rounds.setdefault(id, []).extend(
            (problem.tasks[visit.task].id, visit.at) for visit in each.visits
        )
    return rounds
