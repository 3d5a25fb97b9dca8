"""What a visit left undone is tried again: once, at the same door, in one call."""

import pytest

from doorstep.appointments.model import (
    Appointment,
    BookingRefusal,
    BookingRefused,
    DeliveryLine,
    EventKind,
)
from doorstep.catalogue.model import LineOutcome as Came
from doorstep.wiring import House
from tests import given
from tests.appointments import lists
from tests.appointments.visits import at, remainder, visited
from tests.crowd import at_once, budgets_add_up, codes, fingerprint


@pytest.mark.row("A10")
async def test_the_lines_that_failed_become_one_new_promise_at_the_same_door(house: House):
    visit = await visited(house, Came.COLLECTED, Came.NOT_READY, Came.NOT_HOME)

    again = await house.appointments.rebook(remainder(visit, at(14)), given.attempt(house))

    assert isinstance(again, Appointment), again
    assert [(line.id, line.outcome) for line in again.lines] == [("lin_2", None), ("lin_3", None)]
    delivery = again.lines[1]
    assert isinstance(delivery, DeliveryLine)
    assert (delivery.attempt_no, delivery.item_id) == (2, "RR473124829GB")
    assert again.private.address == visit.private.address
    assert again.private.contact == visit.private.contact
    assert again.private.access_notes == visit.private.access_notes
    assert again.private.pickup_code != visit.private.pickup_code
    assert again.remainder_of == visit.id

    before = (await house.appointments.load([visit.id]))[visit.id]
    assert before.rebooked_as == (again.id,)
    assert [line.rebooked_as for line in before.lines] == [None, again.id, again.id]
    assert before.history[-1].kind is EventKind.NOTED
    assert before.version == visit.version + 1
    slot = await house.capacity.slots.get(at(14).key)
    assert slot
    assert slot.booked.visits == 1, "one capacity charge"
    assert await budgets_add_up(house)


NAMED = [
    pytest.param((Came.COLLECTED, Came.REFUSED), (), "NOTHING_LEFT", id="refused, and not named"),
    pytest.param((Came.COLLECTED, Came.REFUSED), ("lin_2",), "OK", id="refused, and named"),
    pytest.param((Came.COLLECTED, Came.CUSTOMER_CANCELLED), (), "NOTHING_LEFT", id="called off"),
    pytest.param((Came.COLLECTED, Came.NOT_READY), ("lin_1",), "NOTHING_LEFT", id="done already"),
    pytest.param((Came.COLLECTED, Came.NOT_READY), ("lin_9",), "NOT_FOUND", id="no such line"),
    pytest.param((Came.COLLECTED, Came.COLLECTED), (), "NOT_ALLOWED_NOW", id="all done"),
    pytest.param((Came.NOT_HOME, Came.WEATHER), (), "OK", id="nothing done"),
]


@pytest.mark.parametrize(("outcomes", "named", "code"), NAMED)
@pytest.mark.row("A10")
async def test_what_can_be_tried_again(
    house: House, outcomes: tuple[Came, ...], named: tuple[str, ...], code: str
):
    visit = await visited(house, *outcomes)
    outcome = await house.appointments.rebook(
        remainder(visit, at(14), *named), given.attempt(house)
    )
    assert str(getattr(outcome, "code", "OK")) == code


@pytest.mark.row("A10")
async def test_a_visit_that_is_still_to_come_leaves_nothing(house: House):
    promise = await given.booked(house)
    outcome = await house.appointments.rebook(remainder(promise, at(14)), given.attempt(house))
    assert isinstance(outcome, BookingRefused)
    assert outcome.code is BookingRefusal.NOT_ALLOWED_NOW


@pytest.mark.row("A10")
async def test_line_by_line_each_is_tried_again_in_one_promise_only(house: House):
    visit = await visited(house, Came.NOT_READY, Came.NOT_READY, Came.NOT_HOME)
    rebook = house.appointments.rebook
    first = await rebook(remainder(visit, at(14), "lin_2"), given.attempt(house))
    rest = await rebook(remainder(visit, at(16)), given.attempt(house))
    none = await rebook(remainder(visit, at(16)), given.attempt(house))

    assert isinstance(first, Appointment)
    assert isinstance(rest, Appointment)
    assert [line.id for line in rest.lines] == ["lin_1", "lin_3"]
    assert isinstance(none, BookingRefused)
    assert none.code is BookingRefusal.NOTHING_LEFT
    before = (await house.appointments.load([visit.id]))[visit.id]
    assert set(before.rebooked_as) == {first.id, rest.id}


@pytest.mark.row("A10", "A2")
async def test_a_dry_run_or_a_full_window_leaves_no_trace(house: House):
    visit = await visited(house, Came.NOT_READY)
    await house.mongo["slots"].update_one({"_id": at(16).key}, {"$set": {"cap.visits": 0}})
    trace = await fingerprint(house)

    dry = await house.appointments.rebook(remainder(visit, at(14)), given.attempt(house, dry=True))
    full = await house.appointments.rebook(remainder(visit, at(16)), given.attempt(house))

    assert isinstance(dry, Appointment)
    assert isinstance(full, BookingRefused)
    assert full.code is BookingRefusal.SLOT_FULL
    assert await fingerprint(house) == trace


@pytest.mark.row("A10")
async def test_the_door_is_the_one_of_the_visit_even_if_the_book_has_lost_it(house: House):
    visit = await visited(house, Came.NOT_READY)
    await house.mongo["addresses"].update_one(
        {"_id": visit.address_id}, {"$set": {"deleted_at": given.NOW}}
    )
    again = await house.appointments.rebook(remainder(visit, at(14)), given.attempt(house))
    assert isinstance(again, Appointment)
    assert again.private.address.door == visit.private.address.door


@pytest.mark.row("A10", "B11")
async def test_who_may_have_two_open_visits_has_two_however_they_are_asked_for(house: House):
    visits = [await visited(house, Came.COLLECTED, Came.NOT_READY) for _ in range(2)]
    for number in (1, 2):
        await lists.marked(house, number=number)
    again = [
        house.appointments.rebook(remainder(visit, at(hour)), given.attempt(house))
        for visit, hour in zip(visits, (12, 14), strict=True)
    ]
    outcomes = await at_once([*again, lists.book(house, given.ADA, given.slot(16))])
    assert codes(outcomes) == {"OK": 2, "TOO_MANY_OPEN": 1}
    assert await budgets_add_up(house)
