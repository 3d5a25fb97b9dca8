"""Marks, what follows from them, and how they end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments import rules
from doorstep.appointments.events import AppointmentCancelled, AppointmentMoved
from doorstep.appointments.model import (
    Appointment,
    ConductMark,
    EventKind,
    MarkKind,
    MarkState,
    Status,
    Verdict,
)
from doorstep.catalogue.model import LineOutcome
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.appointments.lists import MS, book, cancel, full, join
from tests.crowd import at_once, codes, events
from tests.given import ADA, EVE, SU


async def fail(house: House, promise: Appointment) -> Appointment:
    """The courier came, and nobody was there."""
    missed = tuple(
        line.model_copy(update={"outcome": LineOutcome.NOT_HOME}) for line in promise.lines
    )
    return await _happened(house, promise, EventKind.FAILED, status=Status.FAILED, lines=missed)


async def undo(house: House, promise: Appointment) -> Appointment:
    again = tuple(line.model_copy(update={"outcome": None}) for line in promise.lines)
    return await _happened(house, promise, EventKind.UNDONE, status=Status.ARRIVED, lines=again)


async def _happened(
    house: House, promise: Appointment, kind: EventKind, **changed: Any
) -> Appointment:
    now = house.clock.now()
    after = rules.noted(promise, kind, at=now, recorded_at=now, by_role=Role.COURIER, **changed)

    async def write(tx: Tx) -> None:
        await house.appointments.save([(promise, after)], AppointmentMoved, tx=tx)

    await house.mongo.transact(write)
    return after


async def marked(house: House, count: int) -> list[ConductMark]:
    """Ada was not at home, so many times."""
    for _ in range(count):
        failed = await fail(house, await given.booked(house))
        await house.appointments.mind(AppointmentMoved.of(failed))
    return await house.appointments.marks_of(ADA.account_id)


@pytest.mark.row("B11")
async def test_what_is_told_twice_is_counted_once_and_an_undo_withdraws_it(house: House):
    failed = await fail(house, await given.booked(house))
    told = AppointmentMoved.of(failed)
    await at_once(house.appointments.mind(told) for _ in range(5))
    (mark,) = await house.appointments.marks_of(ADA.account_id)
    assert mark.counts(house.clock.now())

    undone = await undo(house, failed)
    for event in (AppointmentMoved.of(undone), told, AppointmentMoved.of(undone)):
        await house.appointments.mind(event)
    (mark,) = await house.appointments.marks_of(ADA.account_id)
    assert mark.state is MarkState.WITHDRAWN
    assert await events(house, "ConductChanged") == 2

    await house.appointments.mind(AppointmentMoved.of(await fail(house, undone)))
    assert len(await house.appointments.marks_of(ADA.account_id)) == 2
    standing = await house.appointments.standing_of(ADA.account_id, at=house.clock.now())
    assert standing.marks == 1


@pytest.mark.row("B11")
async def test_three_marks_refuse_every_way_to_a_visit_until_the_first_expires(
    house: House, clock: StoppedClock
):
    await full(house, given.slot(16))
    marks = await marked(house, 3)
    until = marks[-1].expires_at
    refused = await book(house, ADA, given.slot(14))
    assert (refused.code, refused.until) == ("TOO_MANY_NO_SHOWS", until)
    hold = await house.appointments.hold(ADA.account_id, given.asked(), given.attempt(house))
    waiting = await join(house, ADA, given.slot(16))
    assert codes([hold, waiting]) == {"TOO_MANY_NO_SHOWS": 2}
    behalf = given.request(booked_by="acc_gu", booked_by_role=Role.AGENT, slot=given.slot(14))
    by_agent = await house.appointments.book(behalf, given.attempt(house))
    assert codes([by_agent]) == {"TOO_MANY_NO_SHOWS": 1}
    assert codes([await book(house, EVE, given.slot(14))]) == {"OK": 1}

    clock.set(until - MS)
    standing = await house.appointments.standing_of(ADA.account_id, at=clock.now())
    assert standing.refused_until == until
    clock.set(until)
    standing = await house.appointments.standing_of(ADA.account_id, at=clock.now())
    assert (standing.marks, standing.refused_until) == (0, None)


@pytest.mark.row("B11")
async def test_two_marks_leave_two_open_visits_however_many_are_asked_for_at_once(house: House):
    await marked(house, 2)
    hours = (8, 10, 12, 14, 16, 18)

    outcomes = await at_once(book(house, ADA, given.slot(hour)) for hour in hours)
    assert codes(outcomes) == {"OK": 2, "TOO_MANY_OPEN": 4}
    same = await at_once(book(house, ADA, given.slot()) for _ in range(6))
    assert codes(same) == {"TOO_MANY_OPEN": 6}

    one = next(each for each in outcomes if isinstance(each, Appointment))
    await cancel(house, one)
    again = await at_once(book(house, ADA, given.slot()) for _ in range(6))
    assert codes(again) == {"OK": 1, "TOO_MANY_OPEN": 5}


@pytest.mark.row("B11")
async def test_a_cancellation_two_hours_before_is_late_and_the_sixth_in_a_month_is_one_too_many(
    house: House, clock: StoppedClock
):
    kinds = []
    for _ in range(6):
        cancelled = await cancel(house, await given.booked(house))
        assert isinstance(cancelled, Appointment)
        await house.appointments.mind(AppointmentCancelled.of(cancelled))
        kinds.append([m.kind for m in await house.appointments.marks_of(ADA.account_id)])
    assert kinds == [[]] * 5 + [[MarkKind.REPEATED_CANCEL]]

    promise = await given.booked(house, EVE)
    clock.set(given.slot().start - timedelta(hours=2) + MS)
    late = await cancel(house, promise)
    assert isinstance(late, Appointment)
    await house.appointments.mind(AppointmentCancelled.of(late))
    (mark,) = await house.appointments.marks_of(EVE.account_id)
    assert mark.kind is MarkKind.LATE_CANCEL


@pytest.mark.row("B11")
async def test_a_mark_that_is_struck_opens_the_door_again(house: House):
    marks = await marked(house, 3)
    attempt = given.attempt(house)
    foreign = await house.appointments.appeal(marks[0].id, EVE.account_id, "x", attempt)
    assert codes([foreign]) == {"NOT_FOUND": 1}
    appeals = await at_once(
        house.appointments.appeal(marks[0].id, ADA.account_id, "我在家", attempt) for _ in range(5)
    )
    assert codes(appeals) == {"OK": 1, "ALREADY_APPEALED": 4}

    async def decide(verdict: Verdict, *, may: bool = True):
        return await house.appointments.decide(
            marks[0].id, verdict, "门铃坏了", attempt, by=SU.account_id, may=may
        )

    assert codes([await decide(Verdict.STRUCK, may=False)]) == {"NOT_FOUND": 1}
    decisions = await at_once([decide(Verdict.STRUCK), decide(Verdict.UPHELD)])
    assert codes(decisions) == {"OK": 1, "NOT_ALLOWED_NOW": 1}
    row = await house.mongo["conduct_marks"].find_one({"_id": marks[0].id})
    assert row
    assert isinstance(row["private"], bytes)

    if next(d for d in decisions if isinstance(d, ConductMark)).state is MarkState.STRUCK:
        assert codes([await book(house, ADA, given.slot(14))]) == {"OK": 1}


@pytest.mark.row("B11")
async def test_what_the_bureau_owes_is_refused_to_nobody(house: House):
    await marked(house, 3)
    owed = house.appointments.conduct.model_copy(update={"exempt": given.PARCEL})
    elsewhere = replace(house.appointments, conduct=owed)

    outcome = await elsewhere.book(given.request(), given.attempt(house))
    assert isinstance(outcome, Appointment)
