"""Lists that come at once: nothing twice, nothing half, nothing oversold."""

import asyncio

import pytest

from doorstep.appointments.model import Appointment, BookingRefused, BulkMode, BulkRefused
from doorstep.kit.windows import day_span
from doorstep.wiring import House
from tests import given
from tests.appointments.sheets import promises, rows_of
from tests.crowd import budgets_add_up, crowd, events
from tests.given import TOMORROW

HOURS = (8, 10, 12, 14)


@pytest.fixture
async def small_house(empty_house: House) -> House:
    await given.town(empty_house, places=3, days=2)
    return empty_house


@pytest.fixture
async def other_house(small_house: House, mongo_url: str):
    """Another process on the same database, as far as queues and locks go."""
    other = House.build(
        small_house.settings,
        url=mongo_url,
        keyring=small_house.keyring,
        clock=small_house.clock,
    )
    yield other
    await other.close()


@pytest.mark.row("A15")
async def test_of_two_lists_for_the_same_last_places_one_is_booked_whole(
    small_house: House, other_house: House
):
    people = await crowd(small_house, 24)
    slots = [given.slot(hour) for hour in HOURS]
    lists = [rows_of(people[:12], slots), rows_of(people[12:], slots)]

    outcomes = await asyncio.gather(
        *(
            house.appointments.book_many(rows, BulkMode.ALL_OR_NOTHING, given.attempt(house, key))
            for house, rows, key in zip(
                (small_house, other_house), lists, ("one", "two"), strict=True
            )
        )
    )

    assert sorted(isinstance(each, BulkRefused) for each in outcomes) == [False, True]
    assert await promises(small_house) == await events(small_house, "AppointmentBooked") == 12
    assert await budgets_add_up(small_house)


@pytest.mark.parametrize("mode", list(BulkMode))
@pytest.mark.row("A15")
async def test_a_list_sent_ten_times_at_once_is_booked_once(
    small_house: House, other_house: House, mode: BulkMode
):
    rows = rows_of(await crowd(small_house, 8), [given.slot(hour) for hour in HOURS])

    answers = await asyncio.gather(
        *(
            house.appointments.book_many(rows, mode, given.attempt(house, "same"))
            for house in (small_house, other_house) * 5
        )
    )

    ids = [
        [each.id for each in answer.values() if isinstance(each, Appointment)]
        for answer in answers
        if isinstance(answer, dict)
    ]
    assert len(ids) == 10
    assert len(ids[0]) == 8
    assert all(each == ids[0] for each in ids)
    assert await promises(small_house) == await events(small_house, "AppointmentBooked") == 8
    assert await budgets_add_up(small_house)


@pytest.mark.row("A15", "A3")
async def test_lists_and_single_visits_share_the_places_without_one_too_many(
    small_house: House, other_house: House
):
    people = await crowd(small_house, 40)
    anywhere = [day_span(TOMORROW)]
    singles = [
        house.appointments.book(given.request(who, slot=given.slot(8)), given.attempt(house))
        for house, who in zip((small_house, other_house) * 5, people[30:], strict=True)
    ]
    lists = [
        small_house.appointments.book_many(
            rows_of(people[:10], anywhere), BulkMode.VALID_ROWS, given.attempt(small_house, "a")
        ),
        other_house.appointments.book_many(
            rows_of(people[10:20], anywhere), BulkMode.VALID_ROWS, given.attempt(small_house, "b")
        ),
    ]

    outcomes = await asyncio.gather(*singles, *lists)

    won = [each for each in outcomes if isinstance(each, Appointment)]
    rows = [each for answer in outcomes if isinstance(answer, dict) for each in answer.values()]
    refused = [each for each in rows if isinstance(each, BookingRefused)]
    assert await promises(small_house) == len(won) + len(rows) - len(refused)
    assert await budgets_add_up(small_house)
    full = {row["_id"] async for row in small_house.mongo["slots"].find({"booked.visits": 3})}
    if refused:
        assert {given.slot(hour).key for hour in (*HOURS, 16, 18)} <= full, "there was room left"
