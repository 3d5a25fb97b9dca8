"""Notes on doors and persons, as those meet them whom they concern: over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import ChangeRefused
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.appointments import lists
from tests.given import ADA, BO, CAI, DAN, EVE, OTTO, SU
from tests.journeys.conftest import Sign, address, app
from tests.journeys.test_every_operation import LINES
from tests.moving import doors

__all__ = ["address", "app"]
ENDS = "2026-12-24T00:00:00.000Z"
DOG = {"kind": "HAZARD", "about": "DOOR", "reason": "DOG", "text": "大狼狗，不拴绳"}
BLOCK = {"kind": "BLOCK", "about": "CUSTOMER", "reason": "ABUSE", "text": "多次辱骂揽投员"}


async def assigned(house: House, who: Any = ADA):
    promise = await given.booked(house, who, slot=given.slot(16, day=given.TODAY))
    await house.dispatch.assign(
        promise.id,
        BO.courier_id,
        given.attempt(house),
        expected_version=1,
        may=[given.BRANCH],
        by_role=Role.DISPATCHER,
    )
    return promise


@pytest.mark.row("C9")
async def test_whoever_goes_there_is_warned_and_whom_it_is_about_does_not_read_the_words(
    house: House, app: Sign
):
    promise = await assigned(house)
    asked = {**DOG, "appointmentId": promise.id, "expiresAt": ENDS}
    assert (await app(CAI).ask("AddDoorNote", **asked))["code"] == "NOT_FOUND"
    assert (await app(OTTO).ask("AddDoorNote", **asked))["code"] == "NOT_FOUND"
    added = await app(BO).ask("AddDoorNote", **asked)
    assert added["note"]["text"] == DOG["text"]
    blocked = await app(BO).ask("AddDoorNote", **{**asked, **BLOCK})
    assert blocked["code"] == "NOT_FOUND"

    (seen,) = (await app(BO).run("Hazards", id=promise.id))["hazards"]
    assert seen["text"] == DOG["text"]
    (seen,) = (await app(DAN).run("Hazards", id=promise.id))["hazards"]
    assert seen["reason"] == "DOG"
    assert (await app(ADA).run("Hazards", id=promise.id))["hazards"] == []
    (mine,) = await app(ADA).run("MyNotes")
    assert (mine["kind"], "text" in mine) == ("HAZARD", False)
    assert await app(EVE).run("MyNotes") == []
    assert [row["id"] for row in await app(DAN).run("DoorNotes", branchId="org_branch")] == [
        added["note"]["id"]
    ]
    assert await app(OTTO).run("DoorNotes", branchId="org_branch") == []
    kept = await house.mongo["notes"].find_one({})
    assert kept
    assert DOG["text"].encode() not in bytes(kept["text"])


@pytest.mark.row("C9")
async def test_a_block_refuses_bookings_until_it_ends_or_a_supervisor_takes_it_back(
    house: House, app: Sign, clock: StoppedClock
):
    promise = await assigned(house)
    booking = {
        "addressId": ADA.address_id,
        "slotId": given.slot(10).text,
        "lines": LINES,
        "validateOnly": True,
    }
    added = await app(DAN).ask("AddDoorNote", **BLOCK, appointmentId=promise.id, expiresAt=ENDS)
    note = {"id": added["note"]["id"], "expectedVersion": 1}
    assert (await app(ADA).ask("BookAppointment", **booking))["code"] == "BLOCKED"
    eve = {**booking, "addressId": EVE.address_id}
    assert (await app(EVE).ask("BookAppointment", **eve))["__typename"] == "AppointmentBooked"

    assert (await app(EVE).ask("RequestNoteReview", **note))["code"] == "NOT_FOUND"
    asked = await app(ADA).ask("RequestNoteReview", **note)
    assert asked["note"]["reviewAskedAt"]
    again = await app(ADA).ask("RequestNoteReview", **{**note, "expectedVersion": 2})
    assert again["code"] == "ASKED_ALREADY"
    (due,) = await app(DAN).run("DoorNotes", branchId="org_branch", dueForReview=True)
    answer = {"id": due["id"], "answer": "已核实"}
    stale = await app(SU).ask("ReviewNote", **answer, expectedVersion=1, decision="KEEP")
    assert (stale["code"], stale["current"]["version"]) == ("STALE_VERSION", 2)
    longer = {**answer, "expectedVersion": 2, "decision": "SHORTEN", "expiresAt": ENDS}
    assert (await app(SU).ask("ReviewNote", **longer))["code"] == "NOT_SHORTER"
    shorter = {**longer, "expiresAt": "2026-11-24T05:00:00.000Z"}
    assert (await app(SU).ask("ReviewNote", **shorter))["note"]["version"] == 3
    (mine,) = await app(ADA).run("MyNotes")
    assert mine["reviews"][0]["answer"] == "已核实"

    clock.set(clock.now() + timedelta(hours=4))
    assert (await app(ADA).ask("BookAppointment", **booking))["__typename"] == "AppointmentBooked"
    assert await app(ADA).run("MyNotes") == []
    over = await app(SU).ask("ReviewNote", **answer, expectedVersion=3, decision="WITHDRAW")
    assert over["code"] == "OVER"


@pytest.mark.row("C9")
@pytest.mark.parametrize(
    ("ends", "code"),
    [
        pytest.param("2026-11-24T01:00:00.000Z", "IN_THE_PAST", id="ends at once"),
        pytest.param("2027-02-22T01:00:00.000Z", None, id="the longest block"),
        pytest.param("2027-02-22T01:00:00.001Z", "TOO_LONG", id="longer than a block may"),
    ],
)
async def test_no_block_is_for_ever(house: House, app: Sign, ends: str, code: str | None):
    promise = await assigned(house)
    asked = await app(DAN).ask("AddDoorNote", **BLOCK, appointmentId=promise.id, expiresAt=ends)
    assert asked.get("code") == code


@pytest.mark.row("C9", "A14", "A15", "C7")
async def test_no_way_leads_round_a_block(house: House, app: Sign):
    promise = await assigned(house)
    await lists.full(house, given.slot(18))
    asked = {**BLOCK, "appointmentId": promise.id, "expiresAt": ENDS}
    assert (await app(DAN).ask("AddDoorNote", **asked))["note"]["id"]

    visit = {"addressId": ADA.address_id, "lines": LINES}
    span = {"start": "2026-11-25T00:00:00Z", "end": "2026-11-25T10:00:00Z"}
    rows = [{**visit, "when": {"within": span}}, {**visit, "when": {"slotId": given.slot(10).text}}]
    told = await app(ADA).ask("BookAppointments", mode="VALID_ROWS", rows=rows)
    assert [row["answer"]["code"] for row in told["results"]] == ["BLOCKED", "BLOCKED"]
    waits = await app(ADA).ask("JoinWaitlist", **visit, slotIds=[given.slot(18).text])
    assert (waits["code"], waits["path"]) == ("BLOCKED", ["addressId"])
    await doors.build(house)
    now = (await house.appointments.load([promise.id]))[promise.id]
    moved = await doors.redirect(house, now, doors.NEXT_DOOR)
    assert isinstance(moved, ChangeRefused)
    assert moved.code == "ADDRESS_NOT_SERVED"
