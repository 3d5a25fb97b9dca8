"""Couriers under way, and who waits for them."""

from datetime import datetime, timedelta
from typing import Any, Final

from doorstep.appointments.model import Appointment
from doorstep.couriers.model import Position, PositionRefused, Sharing
from doorstep.dispatch.model import Round
from doorstep.handheld.model import Act
from doorstep.kit.geo import Point
from doorstep.wiring import House
from tests import given
from tests.dispatch.test_races import assign, now, relay, say
from tests.given import ADA, BO, TODAY, Person

DOOR: Final = Point(longitude=122.05, latitude=37.45)
"""Ada's, and Bo's station."""
KILOMETRE: Final = 0.0113
"""In degrees of longitude, there."""
MINUTE: Final = timedelta(minutes=1)


def far(kilometres: float) -> Point:
    """That far east of the door, in a straight line."""
    return Point(longitude=DOOR.longitude + kilometres * KILOMETRE, latitude=DOOR.latitude)


async def promised(house: House, who: Person = ADA, hour: int = 14) -> Appointment:
    """A visit of today's that Bo said yes to."""
    promise = await given.booked(house, who, slot=given.slot(hour, day=TODAY))
    assigned = await assign(house, promise, BO)
    assert isinstance(assigned, Appointment), assigned
    await say(house, BO, Act.START_DUTY, promise)
    assert (await say(house, BO, Act.ACCEPT, promise)).accepted
    return await now(house, promise)


async def share(house: House, who: Person = BO, *, on: bool = True, key: str | None = None):
    attempt = given.attempt(house, key)
    return await house.dispatch.share_position(who.account_id, attempt, on=on)


async def ping(
    house: House, where: Point, at: datetime | None = None, who: Person = BO
) -> Sharing | PositionRefused | None:
    position = Position(where=where, at=at or house.clock.now(), accuracy_metres=10)
    return await house.dispatch.report_position(who.account_id, position, given.attempt(house))


async def round_of(house: House, who: Person = BO) -> Round:
    courier = await house.couriers.get(who.courier_id)
    assert courier
    return await house.dispatch.round_of(courier, TODAY)


async def eta_of(house: House, promise: Appointment) -> datetime | None:
    """The promise's, which is its stop's."""
    kept = (await now(house, promise)).eta
    stop = (await round_of(house)).stop_for(promise.id)
    assert stop is None or stop.eta == kept
    return kept


async def quiet(house: House) -> None:
    await relay(house)


async def outbox(house: House) -> int:
    return await house.mongo["outbox"].count_documents({})


def code(outcome: Any) -> str | None:
    return str(outcome.code) if isinstance(outcome, PositionRefused) else None
