"""Promises that cannot be kept, many at once, and what is asked and found."""

from typing import Any

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    Appointment,
    EventKind,
    Reoffer,
    ReofferOrder,
    ReofferRun,
)
from doorstep.calendar.model import Block, BlockAsked, BlockKind
from doorstep.capacity.model import SlotRef
from doorstep.kit.mongo.transactions import Attempt, Tx
from doorstep.kit.windows import TimeWindow, day_span
from doorstep.wiring import House
from tests import given
from tests.crowd import crowd
from tests.given import DAN, TOMORROW, Person


async def island(house: House, places: int | None = 20) -> None:
    """The west becomes an island; the boat is there at 07:50 and off again at 16:30."""
    await given.ferry(house)
    await house.mongo["slots"].delete_many({"area_id": given.WEST})
    await house.mongo["slot_patterns"].delete_many({"area_id": given.WEST})
    by_boat = {"route_id": given.ROUTE.id}
    patterns = [
        given.slots(given.WEST, hour, places).model_copy(update=by_boat) for hour in range(6, 20, 2)
    ]

    async def build(tx: Tx) -> None:
        house.capacity.add_patterns(patterns, tx=tx)

    await house.mongo.transact(build)
    await house.capacity.fill_slots(given.TODAY, 15)


async def typhoon(house: House, span: TimeWindow | None = None, **changed: Any) -> Block:
    """Nobody comes to the branch's doors for a span; all of tomorrow if none is given."""
    unit = await house.organisation.unit("org_branch")
    span = span or day_span(TOMORROW)
    fields = {"start": span.start, "end": span.end, "kind": BlockKind.TYPHOON, "reason": "台风"}
    asked = BlockAsked(**{**fields, **changed})
    outcome = await house.calendar.add_block(unit, asked, given.attempt(house), by=DAN.account_id)
    assert isinstance(outcome, Block), outcome
    return outcome


async def no_boat(house: House) -> str:
    """Tomorrow's boat does not go: its id."""
    (boat,) = (await house.calendar.almanac(day_span(TOMORROW))).sailings(given.ROUTE.id)
    outcome = await house.calendar.cancel_sailing(
        boat.id, "大风", given.attempt(house), expected_version=1, may=[given.CITY]
    )
    assert outcome.cancelled_at
    return boat.id


async def promised(house: House, size: int, *slots: SlotRef) -> list[Appointment]:
    """So many promises, round the slots."""
    everybody = await crowd(house, size)
    return [
        await given.booked(house, who, slot=slots[number % len(slots)])
        for number, who in enumerate(everybody)
    ]


def order(cause_id: str | None = None, *ids: str, may: str = given.BRANCH) -> ReofferOrder:
    return ReofferOrder(cause_id, ids, "请改约", (may,), DAN.account_id, Role.DISPATCHER)


async def reoffer(house: House, *asked: str, key: str | None = None) -> ReofferRun:
    """What came of the command for a cause; or for appointments, if the cause is empty."""
    run = await house.appointments.reoffer(
        order(asked[0] or None, *asked[1:]), given.attempt(house, key)
    )
    assert isinstance(run, ReofferRun), run
    return run


async def offer_for(house: House, promise: Appointment) -> Reoffer:
    found = await house.appointments.reoffers_of([promise.id])
    return found[promise.id]


async def accept(
    house: House,
    who: Person,
    offer: Reoffer,
    slot: SlotRef | None = None,
    attempt: Attempt | None = None,
):
    return await house.appointments.accept_reoffer(
        offer.id, who.account_id, slot, attempt or given.attempt(house), by_role=Role.CUSTOMER
    )


async def decline(house: House, who: Person, offer: Reoffer):
    return await house.appointments.decline_reoffer(offer.id, who.account_id, given.attempt(house))


async def stands(house: House, promise: Appointment) -> Appointment:
    return (await house.appointments.load([promise.id]))[promise.id]


async def told(house: House, kind: EventKind = EventKind.REOFFERED) -> list[int]:
    """How often each appointment's history has such an entry."""
    rows = house.mongo["appointments"].find({}, {"history": 1})
    return [sum(e["kind"] == kind for e in row["history"]) async for row in rows]


async def held(house: House) -> int:
    """How many places are kept now."""
    now = house.clock.now()
    rows = house.mongo["slots"].find({"holds.0": {"$exists": True}})
    return sum([sum(h["until"] > now for h in row["holds"]) async for row in rows])
