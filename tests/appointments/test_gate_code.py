"""Who is told how to get in: the customer; on the day, the courier who comes; nobody else."""

import json
import logging
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

import bson
import pytest

from doorstep.accounts.model import Caller, Role
from doorstep.appointments.model import AccessNotes, Appointment, Status
from doorstep.appointments.rules import Viewer, sight_of
from doorstep.kit.clock import StoppedClock
from doorstep.kit.once import body_hash
from doorstep.kit.windows import day_span
from doorstep.wiring import House
from tests import given
from tests.crowd import everything
from tests.given import ADA, BO, CAI, DAN, GU, OTTO, TOMORROW, Person
from tests.journeys.apps import OPERATIONS, App, command
from tests.journeys.conftest import Sign, address, app

__all__ = ["address", "app"]
CODE: Final = "7788#"
NOTES: Final = AccessNotes(gate_code=CODE, floor=5, where_the_goods_are="鞋柜后面")
DAY: Final = day_span(TOMORROW)
INSTANTS: Final = {
    "long before": DAY.start - timedelta(hours=20),
    "the last millisecond of the day before": DAY.start - timedelta(milliseconds=1),
    "the first instant of the day": DAY.start,
    "the last millisecond of the day": DAY.end - timedelta(milliseconds=1),
    "the first instant after the day": DAY.end,
}
STAFF: Final = [Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN, Role.CLIENT_MANAGER]


def may_read(promise: Appointment, viewer: Viewer, at: datetime) -> bool:
    sight = sight_of(promise, viewer, at=at)
    return sight is not None and sight.access_notes


@pytest.mark.row("A11")
async def test_a_courier_reads_it_from_the_first_instant_of_the_day_until_the_work_is_done(
    house: House,
):
    booked = await given.booked(house, access_notes=NOTES)
    bo, cai = (Viewer(who.caller, who.courier_id) for who in (BO, CAI))
    for status, (name, at) in product(Status, INSTANTS.items()):
        theirs = booked.model_copy(update={"status": status, "courier_id": BO.courier_id})
        on_the_day = "of the day" in name and "before" not in name
        coming = status is Status.ASSIGNED and on_the_day
        under_way = status in (Status.EN_ROUTE, Status.ARRIVED)
        assert may_read(theirs, bo, at) == (coming or under_way), (status, name)
        offered = booked.model_copy(update={"status": status, "offered_to": BO.courier_id})
        assert not may_read(offered, bo, at), "offered, and not accepted"
        assert not may_read(theirs, cai, at), "another's, or taken away from them"
        for role in STAFF:
            caller = Caller(id="acc_s", grants=given.person("S", "", role, given.CITY).grants)
            assert not may_read(theirs, Viewer(caller), at), role
        assert may_read(theirs, Viewer(ADA.caller), at), "it is her gate"


async def told(client: App, who: Person, id: str) -> str:
    """All that somebody is told of a promise, wherever they look."""
    asked: list[tuple[str, dict[str, Any]]] = [("Appointment", {"id": id})]
    if who in (BO, CAI):
        asked += [("MyRound", {"day": str(TOMORROW)})]
    if who in (DAN, OTTO):
        asked += [("BranchAppointments", {"branchId": "org_branch", "day": str(TOMORROW)})]
    answers = [await client.post(OPERATIONS[name], variables) for name, variables in asked]
    return json.dumps(answers, ensure_ascii=False)


@pytest.mark.row("A11", "Q6")
async def test_only_whose_gate_it_is_and_who_comes_that_day_ever_read_it(
    house: House, app: Sign, clock: StoppedClock, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    promise = await given.booked(house, access_notes=AccessNotes(gate_code="0000"))
    changed = await app(ADA).ask(
        "ChangeAccessNotes",
        id=promise.id,
        expectedVersion=1,
        accessNotes={"gateCode": CODE, "whereTheGoodsAre": NOTES.where_the_goods_are},
    )
    assert changed["appointment"]["accessNotes"]["gateCode"] == CODE

    async def readers() -> set[str]:
        everybody = (ADA, BO, CAI, DAN, OTTO, GU)
        return {who.name for who in everybody if CODE in await told(app(who), who, promise.id)}

    async def give(who: Person, version: int) -> None:
        asked = {"appointmentId": promise.id, "expectedVersion": version}
        given_to = await app(DAN).ask("AssignAppointment", **asked, courierId=who.courier_id)
        assert given_to["__typename"] == "AppointmentAssigned", given_to

    assert await readers() == {"Ada"}
    await give(BO, 2)
    assert await readers() == {"Ada"}, "the day before"
    clock.set(DAY.start + timedelta(hours=8))
    assert await readers() == {"Ada", "Bo"}
    off = {"appointmentId": promise.id, "expectedVersion": 3, "reason": "换人"}
    await app(DAN).ask("UnassignAppointment", **off)
    assert await readers() == {"Ada"}, "taken away"
    await give(CAI, 4)
    assert await readers() == {"Ada", "Cai"}

    at = "2026-11-25T00:05:00.000Z"
    cai = app(CAI)
    await cai.carry_out(
        command("startDuty", at), command("acceptStop", at, appointmentId=promise.id)
    )
    await cai.carry_out(command("setOut", at, appointmentId=promise.id))
    assert await readers() == {"Ada", "Cai"}
    report = {"lineId": "lin_1", "outcome": "NOT_READY"}
    done = await cai.carry_out(
        command("arrive", at, appointmentId=promise.id),
        command("finishStop", at, appointmentId=promise.id, lines=[report]),
    )
    assert done[-1]["accepted"], done
    assert await readers() == {"Ada"}, "the work is done"

    assert not await _leaks(house)
    assert CODE not in caplog.text
    assert (NOTES.where_the_goods_are or "") not in caplog.text


async def _leaks(house: House) -> list[str]:
    """Where in the databases, history, events and feeds included, the code lies open."""
    needles = (CODE.encode(), (NOTES.where_the_goods_are or "").encode())
    return [
        name
        for name, rows in (await everything(house)).items()
        if any(needle in bson.encode(row) for row in rows for needle in needles)
    ]


@pytest.mark.row("A11", "A5")
async def test_what_is_kept_of_a_request_does_not_let_its_gate_code_be_guessed(
    house: House, app: Sign
):
    promise = await given.booked(house)
    notes = {
        "gateCode": "42",
        "floor": None,
        "hasLift": None,
        "dog": None,
        "whereTheGoodsAre": None,
    }
    asked = {"id": promise.id, "expectedVersion": 1, "accessNotes": notes}
    await app(ADA).ask("ChangeAccessNotes", **asked, idempotencyKey="k")

    kept = await house.mongo["attempts"].find_one({"_id": {"$regex": "changeAccessNotes"}})
    assert kept
    names = ("gate_code", "floor", "has_lift", "dog", "where_the_goods_are")
    body = {
        "id": promise.id,
        "expected_version": 1,
        "access_notes": dict(zip(names, notes.values(), strict=True)),
    }
    assert house.vault.blind(body_hash(body).hex()) == bytes(kept["hash"]), "this is the body"
    assert not body_hash(body).startswith(bytes(kept["hash"]))
