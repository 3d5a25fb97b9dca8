"""A large branch's day of the demo city: made, planned, checked, and written. In a real database.

    python -m tests.bench.demo_day DATA --stops 1000 --seconds 60 --seed 1
    doorstep plan org_demo_branch_001 DAY --seconds 60 --svg rounds.svg --data DATA

The first offices of the demo city and one of its islands become one branch: some sixty couriers
work there on a weekday, and a thousand customers book. What is missed at the checks is said by
tests/dispatch/checker.py, which shares no code with the planner.
"""

import argparse
import asyncio
import csv
import json
from datetime import date, time, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    AccessNotes,
    Appointment,
    BookingRequest,
    Contact,
    DeliveryAsked,
    LineAsked,
    PickupAsked,
    SubscriptionAsked,
)
from doorstep.capacity.model import SlotRef
from doorstep.catalogue.model import Channel, ServiceKind
from doorstep.cli.terminal import settings_of, with_house
from doorstep.demo import cast
from doorstep.demo.cast import player
from doorstep.demo.city import write_city
from doorstep.demo.loading import take_in
from doorstep.demo.scale import ISLANDS, SCALES, Size, area_of_customer, branch_of_area
from doorstep.demo.script import item_number
from doorstep.dispatch.actions import Proposal
from doorstep.dispatch.model import DayPlan
from doorstep.dispatch.problem import figures_of
from doorstep.kit.mongo.transactions import Attempt
from doorstep.kit.windows import at_local, local_day
from doorstep.wiring import House
from tests.bench.plan import say
from tests.dispatch import city
from tests.dispatch.baselines import by_area_alone, nearest_neighbour
from tests.dispatch.checker import faults

MERGED = {*range(1, 15), ISLANDS[0]}
BRANCH = cast.branch_id(1)


def one_large_branch(folder: Path) -> None:
    """The demo's folder, in which the first offices are one."""
    write_city(folder, size=Size.CITY)
    theirs = {cast.branch_id(number) for number in MERGED}
    for name in ("couriers", "vehicles", "ferry_routes"):
        file = folder / f"{name}.csv"
        with file.open(encoding="utf-8", newline="") as read:
            rows = [
                [BRANCH if cell in theirs else cell for cell in row] for row in csv.reader(read)
            ]
        with file.open("w", encoding="utf-8", newline="") as write:
            csv.writer(write).writerows(rows)
    areas = json.loads((folder / "areas.geojson").read_text("utf-8"))
    for feature in areas["features"]:
        if feature["properties"]["branch_id"] in theirs:
            feature["properties"]["branch_id"] = BRANCH
    (folder / "areas.geojson").write_text(json.dumps(areas), "utf-8")


async def made(house: House, day: date, stops: int) -> int:
    with TemporaryDirectory() as folder:
        one_large_branch(Path(folder))
        if problems := await take_in(house, Path(folder)):
            raise SystemExit(f"{len(problems)} rows are wrong, the first: {problems[0]}")
    await house.couriers.fill_shifts(local_day(house.clock.now()), 3)
    await house.calendar.fill_sailings(local_day(house.clock.now()), 3)
    await house.capacity.fill_slots(local_day(house.clock.now()), 3)
    random = Random("demo day")
    theirs = [
        number
        for number in range(1, SCALES[Size.CITY].customers + 1)
        if branch_of_area(area_of_customer(number)) in MERGED
    ]
    random.shuffle(theirs)
    booked = 0
    for number in theirs:
        if booked < stops:
            booked += await _booked(house, number, day, random)
    return booked


async def _booked(house: House, number: int, day: date, random: Random) -> bool:
    lines, customer = _lines(number, random), player(Role.CUSTOMER, number, Size.CITY)
    hours = [8, 10, 12, 14, 16, 18]
    random.shuffle(hours)
    for hour in hours:
        request = BookingRequest(
            customer_id=customer.account_id,
            booked_by=customer.account_id,
            booked_by_role=Role.CUSTOMER,
            channel=Channel.APP,
            address_id=cast.address_id(number),
            slot=SlotRef(
                area_id=cast.area_id(area_of_customer(number)),
                start=at_local(day, time(hour)),
                services=frozenset(line.kind for line in lines),
            ),
            hold_id=None,
            contact=Contact(name="王", phone=customer.phone),
            lines=lines,
            access_notes=AccessNotes(floor=number % 18 + 1, has_lift=number % 18 > 5),
        )
        found = await house.appointments.book(request, Attempt(at=house.clock.now()))
        if isinstance(found, Appointment):
            return True
    return False


def _lines(number: int, random: Random) -> tuple[LineAsked, ...]:
    grams = random.randint(3, 90) * 100
    parcel = PickupAsked(kind=ServiceKind.PARCEL_PICKUP, description="苹果", weight_grams=grams)
    item = item_number(number, 1)
    delivery = DeliveryAsked(kind=ServiceKind.PARCEL_DELIVERY, item_id=item)
    card = DeliveryAsked(kind=ServiceKind.ID_CARD_DELIVERY, item_id=item)
    court = DeliveryAsked(kind=ServiceKind.LEGAL_DOCUMENT_DELIVERY, item_id=item)
    paper = SubscriptionAsked(distribution_code="23-1")
    choices: tuple[tuple[LineAsked, ...], ...] = (
        *((parcel,), (delivery,), (card,), (court,), (parcel, paper)),
    )
    return random.choices(choices, (55, 25, 8, 6, 6))[0]


class Stalls:
    """How long the event loop kept others waiting, at the most."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self) -> None:
        while True:
            began = perf_counter()
            await asyncio.sleep(0.005)
            self.longest = max(self.longest, perf_counter() - began - 0.005)


async def planned(house: House, day: date, seconds: int, seed: int, *, write: bool) -> None:
    stalls = Stalls()
    watching = asyncio.create_task(stalls.watch())
    began = perf_counter()
    found = await house.dispatch.proposal(BRANCH, day, seconds=seconds, seed=seed, may=None)
    took = perf_counter() - began
    watching.cancel()
    assert isinstance(found, Proposal), found
    problem, plan, papers = found.problem, found.plan, found.papers
    areas = {id: each.area_id for id, each in papers.appointments.items()}
    say(f"{len(problem.tasks)} tasks, {len(problem.crews)} couriers, {len(problem.tours)} tours")
    for name, orders in (
        ("as it was", problem.rounds),
        ("nearest neighbour", nearest_neighbour(problem)),
        ("by area alone", by_area_alone(problem, areas)),
    ):
        figures = figures_of(problem, orders)
        say(f"{name:20} {figures.metres / 1000:8.1f} km  {figures.unplanned:4} unplanned")
    say(f"{'planned':20} {plan.metres / 1000:8.1f} km  {len(plan.unplanned):4} unplanned")
    say(
        f"{took:.1f} s in all, {plan.seconds:.1f} s of search, {plan.iterations} iterations, "
        f"cut by the clock: {plan.cut_by_clock}"
    )
    said = sha256(repr(plan.said).encode()).hexdigest()[:12]
    say(f"the loop stood still for {stalls.longest * 1000:.0f} ms at the most; plan {said}")
    for each in plan.unplanned[:20]:
        say(f"  {each.task_id}: {each.because} {each.figure}")
    wrong = faults(city.plain(papers), city.rounds_of(problem, plan))
    say(f"the checker found {len(wrong)} faults")
    for fault in wrong[:20]:
        say(f"  {fault}")
    if write:
        began = perf_counter()
        written = await house.dispatch.write_plan(found, Attempt(at=house.clock.now()))
        assert isinstance(written, DayPlan), written
        say(
            f"written in {perf_counter() - began:.1f} s: {written.offered} offered, "
            f"{written.moved} moved, {written.rounds} rounds, {len(written.left_alone)} left alone"
        )


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("data", type=Path)
    for name, default in (("stops", 1000), ("seconds", 60), ("seed", 1)):
        asked.add_argument(f"--{name}", type=int, default=default)
    asked.add_argument("--write", action="store_true")
    args = asked.parse_args()

    async def do(house: House) -> None:
        day = local_day(house.clock.now()) + timedelta(days=1)
        if not (await house.organisation.tree()).units:
            began = perf_counter()
            booked = await made(house, day, args.stops)
            say(f"{booked} booked in {perf_counter() - began:.0f} s")
        await planned(house, day, args.seconds, args.seed, write=args.write)

    with_house(settings_of(args.data), do)


if __name__ == "__main__":
    main()
