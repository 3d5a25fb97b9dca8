"""Whom to call and how to get in, said anew after the promise was made."""

from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    AccessNotes,
    Appointment,
    ChangeRefusal,
    ChangeRefused,
    Contact,
    EventKind,
    Status,
)
from doorstep.wiring import House
from tests import given
from tests.crowd import budgets_add_up, events, fingerprint
from tests.given import ADA

GROUND = AccessNotes(gate_code="1234#", floor=1, has_lift=False)
SIXTH = AccessNotes(gate_code="1234#", floor=6, has_lift=False)


async def amend(house: House, promise: Appointment, notes: AccessNotes, **more: Any) -> Any:
    return await house.appointments.change_access_notes(
        promise.id,
        ADA.account_id,
        notes,
        given.attempt(house, dry=more.get("dry", False)),
        expected_version=more.get("version", promise.version),
        by_role=Role.CUSTOMER,
    )


async def minutes(house: House) -> int:
    slot = await house.capacity.slots.get(given.slot().key)
    assert slot
    return slot.booked.load.minutes


@pytest.mark.row("A11")
async def test_another_contact_is_a_change_that_tells_no_name(house: House):
    promise = await given.booked(house)
    after = await house.appointments.change_contact(
        promise.id,
        ADA.account_id,
        Contact(name="门卫老王", phone="+8613700001234"),
        given.attempt(house),
        expected_version=1,
        by_role=Role.CUSTOMER,
    )
    assert isinstance(after, Appointment)
    assert (after.private.contact.name, after.version) == ("门卫老王", 2)
    assert (after.history[-1].kind, after.history[-1].note) == (EventKind.CONTACT_CHANGED, None)
    assert after.private.access_notes == promise.private.access_notes
    assert await events(house, "AppointmentNoted") == 1


@pytest.mark.row("A11", "A4")
async def test_stairs_that_were_not_reckoned_with_take_their_minutes(house: House):
    await given.real_costs(house)
    promise = await given.booked(house, access_notes=GROUND)
    before = await minutes(house)

    up = await amend(house, promise, SIXTH)
    assert isinstance(up, Appointment)
    assert up.takes.load.minutes > promise.takes.load.minutes
    assert await minutes(house) - before == up.takes.load.minutes - promise.takes.load.minutes
    assert (up.history[-1].kind, up.history[-1].note) == (EventKind.NOTED, None)
    assert await budgets_add_up(house)

    down = await amend(house, up, GROUND)
    assert isinstance(down, Appointment)
    assert await minutes(house) == before
    assert await budgets_add_up(house)


@pytest.mark.row("A11")
async def test_stairs_that_do_not_fit_are_refused_and_fewer_always_fit(house: House):
    await given.real_costs(house)
    promise = await given.booked(house, access_notes=SIXTH)
    cap = {"$set": {"cap.minutes": await minutes(house) - 1}}
    await house.mongo["slots"].update_one({"_id": given.slot().key}, cap)
    trace = await fingerprint(house)

    for dry in (True, False):
        higher = SIXTH.model_copy(update={"floor": 9})
        outcome = await amend(house, promise, higher, dry=dry)
        assert isinstance(outcome, ChangeRefused)
        assert (outcome.code, outcome.path) == (ChangeRefusal.SLOT_FULL, ("slotId",))
    assert await fingerprint(house) == trace
    assert isinstance(await amend(house, promise, GROUND), Appointment)
    assert await budgets_add_up(house)


@pytest.mark.row("A11")
async def test_another_gate_code_asks_nothing_of_the_window(house: House):
    await given.real_costs(house)
    promise = await given.booked(house, access_notes=SIXTH)
    await house.mongo["slots"].delete_one({"_id": given.slot().key})
    after = await amend(house, promise, SIXTH.model_copy(update={"gate_code": "9"}))
    assert isinstance(after, Appointment)
    assert after.takes == promise.takes


@pytest.mark.row("A11")
async def test_notes_are_said_anew_until_the_courier_sets_out(house: House):
    promise = await given.booked(house)
    stale = await amend(house, promise, GROUND, version=7)
    assert stale.code is ChangeRefusal.STALE_VERSION
    for status in Status:
        await house.mongo["appointments"].update_one(
            {"_id": promise.id}, {"$set": {"status": status}}
        )
        outcome = await amend(house, promise, GROUND, dry=True)
        waiting = status in (Status.BOOKED, Status.ASSIGNED)
        assert isinstance(outcome, Appointment) == waiting
        assert waiting or outcome.code is ChangeRefusal.NOT_ALLOWED_NOW
    notes = await house.appointments.change_access_notes(
        promise.id,
        given.EVE.account_id,
        GROUND,
        given.attempt(house),
        expected_version=1,
        by_role=Role.CUSTOMER,
    )
    assert isinstance(notes, ChangeRefused)
    assert notes.code is ChangeRefusal.NOT_FOUND
