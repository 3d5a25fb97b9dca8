"""What the drills found: a repeat must not rest on a commit that a failover may still undo."""

from doorstep.appointments.model import Appointment
from doorstep.capacity.model import Ask
from doorstep.kit.mongo.transactions import Repeated
from doorstep.wiring import House
from tests import given


async def test_a_repeat_is_told_by_a_transaction_that_a_majority_has(house: House):
    """Read in one that is given up, it was told of a promise that nobody could yet look up."""
    attempt = given.attempt(house, "the key")
    promise = await house.appointments.book(given.request(), attempt)
    assert isinstance(promise, Appointment)
    before = await house.capacity.slots.get(promise.slot.key)

    ask = Ask(id="apt_another", at=attempt.at, demand=promise.takes)
    told = await house.capacity.take(promise.slot, ask, attempt, _never)

    after = await house.capacity.slots.get(promise.slot.key)
    assert told == Repeated(promise.id)
    assert before
    assert after
    assert (after.booked, after.revision) == (before.booked, before.revision + 1)


async def _never(tx: object) -> Appointment:
    raise AssertionError("it was booked already")
