"""Many visits in one call: rows compete in their order, and one bad row spoils no other."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from doorstep.appointments.model import (
    Appointment,
    BookingRefusal,
    BookingRefused,
    BulkMode,
    BulkRefused,
    RowAsked,
)
from doorstep.kit.windows import TimeWindow, day_span
from doorstep.wiring import House
from tests import given
from tests.appointments.sheets import promises, rows_of, told, visit
from tests.crowd import budgets_add_up, crowd, events, fingerprint
from tests.given import ADA, TOMORROW

EVERY_MODE = pytest.mark.parametrize("mode", list(BulkMode))
AT_TEN, AT_TWELVE = given.slot(10), given.slot(12)


@pytest.fixture
async def small_house(empty_house: House) -> House:
    """The town with two places in each window."""
    await given.town(empty_house, places=2, days=3)
    return empty_house


def key(house: House, name: str = "acc_gu|bookAppointments|k", **more: Any) -> Any:
    return given.attempt(house, name, **more)


@pytest.mark.row("A15")
async def test_those_further_up_the_list_come_first_to_a_slot(small_house: House):
    rows = rows_of(await crowd(small_house, 5), [AT_TEN])

    outcomes = await small_house.appointments.book_many(rows, BulkMode.VALID_ROWS, key(small_house))

    assert isinstance(outcomes, dict)
    assert told(outcomes) == ["10:00", "10:00", "SLOT_FULL", "SLOT_FULL", "SLOT_FULL"]
    assert {each.path for each in outcomes.values() if isinstance(each, BookingRefused)} == {
        ("when", "slotId")
    }
    assert await promises(small_house) == await events(small_house, "AppointmentBooked") == 2
    assert await budgets_add_up(small_house)


@pytest.mark.row("A15")
async def test_a_row_that_names_a_span_gets_the_first_window_with_room(small_house: House):
    morning = TimeWindow(start=AT_TEN.start, end=given.slot(14).start)
    rows = rows_of(await crowd(small_house, 5), [morning])

    outcomes = await small_house.appointments.book_many(rows, BulkMode.VALID_ROWS, key(small_house))

    assert isinstance(outcomes, dict)
    assert told(outcomes) == ["10:00", "10:00", "12:00", "12:00", "SLOT_FULL"]
    assert outcomes[4].path == ("when", "within")


@pytest.mark.row("A15")
async def test_a_thousand_rows_over_fifty_windows_are_booked_in_one_call(empty_house: House):
    await given.town(empty_house, places=20)
    windows = [
        given.slot(hour, day=TOMORROW + timedelta(days=day))
        for day in range(9)
        for hour in range(8, 20, 2)
    ]
    rows = rows_of([ADA] * 1000, windows[:50])
    outcomes = await empty_house.appointments.book_many(rows, BulkMode.VALID_ROWS, key(empty_house))
    assert isinstance(outcomes, dict)
    assert all(isinstance(each, Appointment) for each in outcomes.values())
    assert await promises(empty_house) == 1000
    assert await budgets_add_up(empty_house)


@EVERY_MODE
@pytest.mark.row("A15", "A2")
async def test_a_dry_run_says_what_would_be_and_leaves_nothing(small_house: House, mode: BulkMode):
    rows = rows_of(await crowd(small_house, 3), [AT_TEN, AT_TWELVE])
    before = await fingerprint(small_house)
    dry = await small_house.appointments.book_many(rows, mode, key(small_house, dry=True))
    assert await fingerprint(small_house) == before

    wet = await small_house.appointments.book_many(rows, mode, key(small_house))
    assert isinstance(dry, dict)
    assert isinstance(wet, dict)
    assert told(dry) == told(wet) == ["10:00", "12:00", "10:00"]


@pytest.mark.row("A15")
async def test_all_or_nothing_is_nothing_when_one_cannot_be(small_house: House):
    people = await crowd(small_house, 4)
    rows = rows_of(people, [AT_TEN, AT_TWELVE])
    nobody = replace(visit(people[2]), address_id="adr_none")
    before = await fingerprint(small_house)

    outcome = await small_house.appointments.book_many(
        {**rows, 2: RowAsked(nobody, AT_TEN)}, BulkMode.ALL_OR_NOTHING, key(small_house)
    )
    assert isinstance(outcome, BulkRefused)
    assert outcome.path == ("rows", "2", "addressId")
    assert {n: each.code for n, each in outcome.rows.items()} == {2: BookingRefusal.NOT_FOUND}
    assert await fingerprint(small_house) == before, "a refusal left a trace"

    again = await small_house.appointments.book_many(
        rows, BulkMode.ALL_OR_NOTHING, key(small_house)
    )
    assert isinstance(again, dict)
    assert await promises(small_house) == 4
    assert await budgets_add_up(small_house)


@EVERY_MODE
@pytest.mark.row("A15")
async def test_a_list_sent_again_is_told_the_same_whatever_has_become_free(
    small_house: House, mode: BulkMode
):
    people = await crowd(small_house, 4)
    rows = rows_of(people, [AT_TEN] if mode is BulkMode.VALID_ROWS else [AT_TEN, AT_TWELVE])
    first = await small_house.appointments.book_many(rows, mode, key(small_house))
    assert isinstance(first, dict)
    promise = first[0]
    assert isinstance(promise, Appointment)
    await small_house.appointments.cancel(
        promise.id,
        people[0].account_id,
        given.attempt(small_house),
        expected_version=1,
        by_role=ADA.grants[0].role,
        reason=None,
    )

    second = await small_house.appointments.book_many(rows, mode, key(small_house))
    assert isinstance(second, dict)
    assert [_name(each) for each in second.values()] == [_name(each) for each in first.values()]
    assert second[0].status == "CANCELLED", "a promise is read afresh"

    other = await small_house.appointments.book_many(rows, mode, key(small_house, body=b"other"))
    assert isinstance(other, BulkRefused)
    assert other.path == ("idempotencyKey",)


def _name(outcome: Any) -> object:
    return outcome.id if isinstance(outcome, Appointment) else (outcome.code, outcome.path)


@pytest.mark.row("A15")
async def test_a_list_that_broke_off_in_the_middle_is_finished_by_its_repeat(small_house: House):
    everybody = rows_of(await crowd(small_house, 6), [AT_TEN, AT_TWELVE])
    some = {number: row for number, row in everybody.items() if number in (1, 2)}
    begun = await small_house.appointments.book_many(some, BulkMode.VALID_ROWS, key(small_house))
    assert isinstance(begun, dict)

    whole = await small_house.appointments.book_many(
        everybody, BulkMode.VALID_ROWS, key(small_house)
    )
    assert isinstance(whole, dict)
    assert {n: whole[n] for n in some} == begun
    assert sorted(told(whole)) == ["10:00"] * 2 + ["12:00"] * 2 + ["SLOT_FULL"] * 2
    assert await promises(small_house) == 4
    assert await budgets_add_up(small_house)


@pytest.mark.row("A15")
async def test_a_span_says_why_it_has_nothing(small_house: House):
    book = small_house.appointments.book_many
    for start, code in (
        (given.TODAY.replace(year=2027), BookingRefusal.TOO_FAR_AHEAD),
        (given.TODAY.replace(year=2025), BookingRefusal.NOT_OFFERED),
    ):
        rows = {0: RowAsked(visit(ADA), day_span(start))}
        outcome = await book(rows, BulkMode.VALID_ROWS, key(small_house, f"x|{start}"))
        assert isinstance(outcome, dict)
        assert outcome[0].code is code

    heavy = visit(ADA, lines=(given.parcel(), given.parcel(weight_grams=60_000)))
    rows = {0: RowAsked(heavy, day_span(TOMORROW))}
    outcome = await book(rows, BulkMode.VALID_ROWS, key(small_house))
    assert isinstance(outcome, dict)
    assert (outcome[0].code, outcome[0].path) == (
        BookingRefusal.TOO_HEAVY,
        ("lines", "1", "pickup", "weightGrams"),
    )
