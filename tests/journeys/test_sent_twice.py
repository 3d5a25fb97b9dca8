"""Every mutation that has an idempotency key: sent twice, sent 20 times at once, sent dry."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.capacity.model import Hold
from doorstep.catalogue.model import LineOutcome
from doorstep.handheld.model import Act, Command
from doorstep.wiring import House
from tests import given
from tests.appointments import lists
from tests.appointments.visits import visited
from tests.crowd import fingerprint
from tests.given import ADA, BO, BRANCH, CAI, DAN, EVE, SU, Person
from tests.journeys.apps import App
from tests.journeys.conftest import Sign
from tests.moving.doors import IN_THE_EAST as EAST
from tests.moving.doors import build, redirect

LINES = [{"pickup": {"description": "书", "weightGrams": 2000}}]
KINDS: Final = [
    *("AddressSaved", "AddressDeleted", "AppointmentBooked", "AppointmentRescheduled"),
    *("AppointmentCancelled", "AppointmentMoved", "AppointmentNoted", "CalendarDayChanged"),
    *("ClosureAdded", "ClosureLifted", "BlockAdded", "BlockLifted", "SailingAdded"),
    *("SailingCancelled", "AppointmentRedirected", "AddressChangeTold"),
    *("HoursGained", "HoursLost"),
]
TOLD: Final = ["WaitlistChanged", "WaitlistOffered", "ConductChanged"]
Prepare = Callable[[House], Awaitable[dict[str, Any]]]


async def _booked(house: House) -> Appointment:
    promise = await given.booked(house, slot=given.slot(14))
    await _quiet(house)
    return (await house.appointments.load([promise.id]))[promise.id]


async def _quiet(house: House) -> None:
    """Wait until the worker has told every event."""
    async with asyncio.timeout(10):
        while await house.mongo["outbox"].count_documents({"sent": False}):
            await asyncio.sleep(0.01)


async def _save(house: House) -> dict[str, Any]:
    return {"address": {"line": "海滨小区1号"}, "label": "单位"}


async def _delete(house: House) -> dict[str, Any]:
    return {"id": ADA.address_id, "expectedVersion": 1}


async def _hold(house: House) -> dict[str, Any]:
    return {
        "addressId": ADA.address_id,
        "slotId": given.slot().text,
        "services": ["PARCEL_PICKUP"],
    }


async def _release(house: House) -> dict[str, Any]:
    hold = await house.appointments.hold(ADA.account_id, given.asked(ADA), given.attempt(house))
    assert isinstance(hold, Hold)
    return {"holdId": hold.id}


async def _book(house: House) -> dict[str, Any]:
    return {"addressId": ADA.address_id, "slotId": given.slot().text, "lines": LINES}


async def _move(house: House) -> dict[str, Any]:
    promise = await _booked(house)
    return {"id": promise.id, "expectedVersion": 1, "slotId": given.slot(16).text}


async def _cancel(house: House) -> dict[str, Any]:
    return {"id": (await _booked(house)).id, "expectedVersion": 1}


async def _list(house: House) -> dict[str, Any]:
    row = {"addressId": ADA.address_id, "when": {"slotId": given.slot().text}, "lines": LINES}
    return {"mode": "ALL_OR_NOTHING", "rows": [row]}


async def _notes(house: House) -> dict[str, Any]:
    notes = {"gateCode": "42", "floor": 3}
    return {"id": (await _booked(house)).id, "expectedVersion": 1, "accessNotes": notes}


async def _contact(house: House) -> dict[str, Any]:
    contact = {"name": "老王", "phone": "13700001234"}
    return {"id": (await _booked(house)).id, "expectedVersion": 1, "contact": contact}


async def _remainder(house: House) -> dict[str, Any]:
    visit = await visited(house, LineOutcome.NOT_READY)
    return {"appointmentId": visit.id, "slotId": given.slot().text}


async def _redirect(house: House) -> dict[str, Any]:
    await build(house)
    return {"appointmentId": (await _booked(house)).id, "expectedVersion": 1, "addressId": EAST}


async def _withdraw(house: House) -> dict[str, Any]:
    await build(house)
    promise = await _booked(house)
    await house.dispatch.assign(
        promise.id,
        BO.courier_id,
        given.attempt(house),
        expected_version=1,
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )
    await _quiet(house)
    (assigned,) = (await house.appointments.load([promise.id])).values()
    assert isinstance(await redirect(house, assigned, EAST), Appointment)
    await _quiet(house)
    return {"appointmentId": promise.id, "expectedVersion": 3}


async def _move_house(house: House) -> dict[str, Any]:
    await build(house)
    await _booked(house)
    at = {"from": str(given.TOMORROW), "expectedVersion": 1}
    return {**at, "fromAddressId": ADA.address_id, "toAddressId": EAST}


async def _assign(house: House) -> dict[str, Any]:
    promise = await _booked(house)
    return {"appointmentId": promise.id, "expectedVersion": 1, "courierId": BO.courier_id}


async def _unassign(house: House) -> dict[str, Any]:
    promise = await _booked(house)
    await house.dispatch.assign(
        promise.id,
        BO.courier_id,
        given.attempt(house),
        expected_version=1,
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )
    await _quiet(house)
    return {"appointmentId": promise.id, "expectedVersion": 2, "reason": "换人"}


async def _reassign(house: House) -> dict[str, Any]:
    input = await _unassign(house)
    return {**input, "reason": None, "courierId": CAI.courier_id}


async def _had_by_bo(house: House) -> Appointment:
    """A visit that a courier has said yes to."""
    promise = await _booked(house)
    word = given.attempt(house)
    said: dict[str, Any] = {"may": [BRANCH], "by_role": Role.DISPATCHER}
    await house.dispatch.assign(promise.id, BO.courier_id, word, expected_version=1, **said)
    at = house.clock.now()
    yes = Command(id="yes", act=Act.ACCEPT, captured_at=at, appointment_id=promise.id)
    await house.handheld.carry_out(BO.account_id, [yes])
    await _quiet(house)
    (kept,) = (await house.appointments.load([promise.id])).values()
    return kept


async def _pass_on(house: House) -> dict[str, Any]:
    promise = await _had_by_bo(house)
    about = {"appointmentId": promise.id, "expectedVersion": promise.version}
    return {**about, "toCourierId": "cou_cai", "reason": "顺路"}


async def _take_back(house: House) -> dict[str, Any]:
    promise = await _had_by_bo(house)
    asked = await house.dispatch.transfer(
        promise.id,
        "cou_cai",
        given.attempt(house),
        expected_version=promise.version,
        reason="顺路",
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )
    await _quiet(house)
    return {"transferId": asked.id, "reason": "不用了"}


async def _drop_out(house: House) -> dict[str, Any]:
    await _had_by_bo(house)
    start = given.window(8).start.isoformat()
    return {"courierId": BO.courier_id, "from": start, "reason": "发烧"}


async def _join(house: House) -> dict[str, Any]:
    await lists.full(house, given.slot(16))
    await _quiet(house)
    return {"addressId": ADA.address_id, "slotIds": [given.slot(16).text], "lines": LINES}


async def _leave(house: House) -> dict[str, Any]:
    await _join(house)
    return {"id": await lists.waiting(house, ADA, given.slot(16)), "expectedVersion": 1}


async def _accept(house: House) -> dict[str, Any]:
    promise = await lists.full(house, given.slot(16))
    id = await lists.waiting(house, ADA, given.slot(16))
    await lists.cancel(house, promise)
    await _quiet(house)
    return {"id": id}


async def _appeal(house: House) -> dict[str, Any]:
    return {"markId": await lists.marked(house), "reason": "我在家"}


async def _decide(house: House) -> dict[str, Any]:
    id = await lists.marked(house)
    await house.appointments.appeal(id, ADA.account_id, "我在家", given.attempt(house))
    await _quiet(house)
    return {"markId": id, "verdict": "STRUCK", "reason": "门铃坏了"}


@dataclass(frozen=True)
class Case:
    operation: str
    who: Person
    prepare: Prepare
    other: dict[str, Any]
    """What makes it another request."""
    impossible: dict[str, Any]
    """What makes it one that is refused now."""
    success: str
    keys: int = 1
    """How many keys it is remembered under."""
    events: int = 1


CASES: Final = [
    Case("SaveAddress", ADA, _save, {"label": "家"}, {"id": "adr_none"}, "AddressSaved"),
    Case(
        "DeleteAddress", ADA, _delete, {"expectedVersion": 2}, {"id": "adr_none"}, "AddressDeleted"
    ),
    Case(
        "HoldSlot",
        ADA,
        _hold,
        {"slotId": given.slot(18).text},
        {"addressId": "adr_none"},
        "SlotHeld",
    ),
    Case("ReleaseHold", ADA, _release, {"holdId": "hld_o"}, {"holdId": "hld_x"}, "HoldReleased"),
    Case(
        "BookAppointment",
        ADA,
        _book,
        {"slotId": given.slot(18).text},
        {"addressId": "adr_none"},
        "AppointmentBooked",
    ),
    Case(
        "RescheduleAppointment",
        ADA,
        _move,
        {"slotId": given.slot(18).text},
        {"expectedVersion": 7},
        "AppointmentRescheduled",
    ),
    Case(
        "CancelAppointment",
        ADA,
        _cancel,
        {"reason": "不寄了"},
        {"expectedVersion": 7},
        "AppointmentCancelled",
    ),
    Case(
        "BookAppointments",
        ADA,
        _list,
        {"mode": "VALID_ROWS"},
        {"rows": [{"addressId": "adr_none", "when": {"slotId": "slt_x"}, "lines": LINES}]},
        "AppointmentsBooked",
        keys=2,
    ),
    Case(
        "ChangeAccessNotes",
        ADA,
        _notes,
        {"accessNotes": {"gateCode": "43"}},
        {"expectedVersion": 7},
        "AccessNotesChanged",
    ),
    Case(
        "ChangeContact",
        ADA,
        _contact,
        {"contact": {"name": "老李", "phone": "13700001234"}},
        {"expectedVersion": 7},
        "ContactChanged",
    ),
    Case(
        "RebookRemainder",
        ADA,
        _remainder,
        {"slotId": given.slot(18).text},
        {"lineIds": ["lin_9"]},
        "RemainderRebooked",
        events=2,
    ),
    Case(
        "RequestAddressChange",
        ADA,
        _redirect,
        {"reason": "搬家"},
        {"expectedVersion": 7},
        "AddressChangeDecided",
    ),
    Case(
        "WithdrawAddressChange",
        ADA,
        _withdraw,
        {"appointmentId": "apt_o"},
        {"expectedVersion": 7},
        "AddressChangeWithdrawn",
    ),
    Case(
        "MoveHouse",
        ADA,
        _move_house,
        {"from": str(given.TOMORROW + timedelta(days=1))},
        {"expectedVersion": 7},
        "HouseMoved",
    ),
    Case(
        "AssignAppointment",
        DAN,
        _assign,
        {"courierId": "cou_cai"},
        {"expectedVersion": 7},
        "AppointmentAssigned",
    ),
    Case(
        "ReassignAppointment",
        DAN,
        _reassign,
        {"reason": "近"},
        {"courierId": "cou_bo"},
        "AppointmentAssigned",
        events=2,
    ),
    Case(
        "UnassignAppointment",
        DAN,
        _unassign,
        {"reason": "生病"},
        {"expectedVersion": 7},
        "AppointmentAssigned",
    ),
    Case(
        "TransferAppointment",
        DAN,
        _pass_on,
        {"reason": "车坏了"},
        {"expectedVersion": 7},
        "TransferAsked",
    ),
    Case(
        "WithdrawTransfer",
        DAN,
        _take_back,
        {"reason": "x"},
        {"transferId": "trf_x"},
        "TransferAsked",
    ),
    Case(
        "DropOut",
        DAN,
        _drop_out,
        {"reason": "摔伤"},
        {"courierId": "cou_x"},
        "CourierDroppedOut",
        events=3,
    ),
    Case(
        "JoinWaitlist",
        ADA,
        _join,
        {"slotIds": [given.slot(18).text]},
        {"addressId": "adr_none"},
        "WaitlistJoined",
    ),
    Case("LeaveWaitlist", ADA, _leave, {"id": "wle_o"}, {"expectedVersion": 7}, "WaitlistLeft"),
    Case(
        "AcceptWaitlistOffer", ADA, _accept, {"id": "wle_o"}, {"id": "wle_x"}, "AppointmentBooked"
    ),
    Case("AppealMark", ADA, _appeal, {"reason": "x"}, {"markId": "mrk_x"}, "MarkAppealed"),
    Case("DecideAppeal", SU, _decide, {"reason": "x"}, {"markId": "mrk_x"}, "AppealDecided"),
]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.operation)


def told(answer: Any) -> list[tuple[str, Any]]:
    """Types, ids and codes of an answer: what a repeat has in common with the first."""
    if isinstance(answer, list):
        return [pair for each in answer for pair in told(each)]
    if not isinstance(answer, dict):
        return []
    return [
        pair
        for name, value in sorted(answer.items())
        for pair in ([(name, value)] if name in ("id", "__typename", "code") else told(value))
        if name not in ("alternatives", "serviceability")
    ]


async def effects(house: House) -> dict[str, int]:
    await _quiet(house)
    counted: dict[str, dict[str, Any]] = {
        "addresses": {"deleted_at": None},
        "appointments": {},
        "holds": {},
        "attempts": {},
        "assignments": {"active": True},
        "transfers": {"state": "PENDING"},
        "drop_outs": {},
        "calendar_days": {"cleared_at": None},
        "closures": {"reopened_at": None},
        "blocks": {"lifted_at": None},
        "sailings": {"cancelled_at": None},
        "slot_editions": {},
        "booking_terms": {"dropped": False},
        "outbox": {"kind": {"$in": KINDS}},
        "waitlist": {"state": {"$in": ["WAITING", "OFFERED"]}},
        "conduct_marks": {"state": "STANDING"},
        "shifts": {"cancelled_at": None},
        "leaves": {"cancelled_at": None},
        "vehicle_bookings": {"released_at": None},
        "vehicle_outages": {"ended_at": None},
        "dedications": {"ended_at": None},
    }
    return {
        name: await house.mongo[name].count_documents(wanted) for name, wanted in counted.items()
    } | {
        "told": await house.mongo["outbox"].count_documents({"kind": {"$in": TOLD}}),
        "booked": sum([slot["booked"]["visits"] async for slot in house.mongo["slots"].find({})]),
        "held": sum([len(slot["holds"]) async for slot in house.mongo["slots"].find({})]),
    }


async def send(app: App, case: Case, input: dict[str, Any], **more: Any) -> Any:
    return await app.ask(case.operation, **{**input, **more})


@each
@pytest.mark.row("A2", "A5")
async def test_tried_dry_refused_sent_20_times_at_once_and_once_more_it_happens_once(
    house: House, app: Sign, case: Case
):
    await sent_again_and_again(house, app, case)


async def sent_again_and_again(house: House, app: Sign, case: Case) -> None:
    client, input = app(case.who), await case.prepare(house)
    input["idempotencyKey"] = given.unique()
    await _quiet(house)
    trace, before = await fingerprint(house), await effects(house)

    dry = await send(client, case, input, validateOnly=True)
    refused = await send(client, case, input, validateOnly=True, **case.impossible)
    wet = await send(client, case, input, **case.impossible)
    assert dry["__typename"] == case.success, dry
    assert refused["__typename"].endswith("Refused"), refused
    assert (wet["__typename"], wet["code"]) == (refused["__typename"], refused["code"])
    assert await fingerprint(house) == trace, "a dry run or a refusal left a trace"

    async def late(number: int) -> Any:
        await asyncio.sleep(0.004 * (number % 7))
        return await send(client, case, input)

    answers = await asyncio.gather(*(late(number) for number in range(20)))
    assert {answer["__typename"] for answer in answers} == {case.success}, answers
    assert all(told(answer) == told(answers[0]) for answer in answers)
    after = await effects(house)
    most = {name: 1 for name in after} | {"attempts": case.keys, "outbox": case.events}
    assert all(abs(n - before[name]) <= most[name] for name, n in after.items()), (before, after)
    assert after["attempts"] == before["attempts"] + case.keys

    assert told(await send(client, case, input)) == told(answers[0])
    for changed in (case.other, case.impossible):
        reused = await send(client, case, input, **changed)
        assert reused.get("code") == "IDEMPOTENCY_KEY_REUSED", reused
    assert await effects(house) == after


@pytest.mark.row("A5")
async def test_a_key_is_good_for_one_account_and_one_field(house: House, app: Sign):
    ada, eve, key = app(ADA), app(EVE), given.unique()
    hold = {"slotId": given.slot().text, "services": ["PARCEL_PICKUP"], "idempotencyKey": key}
    book = {"slotId": given.slot().text, "lines": LINES, "idempotencyKey": key}
    for client, who in ((ada, ADA), (eve, EVE)):
        held = await client.ask("HoldSlot", addressId=who.address_id, **hold)
        assert held["__typename"] == "SlotHeld"
        booked = await client.ask("BookAppointment", addressId=who.address_id, **book)
        assert booked["__typename"] == "AppointmentBooked"
    assert await house.mongo["attempts"].count_documents({}) == 4


@pytest.mark.row("A2", "A13")
async def test_an_agent_s_dry_run_makes_no_account_and_no_key(house: House, app: Sign):
    gu = app(given.GU)
    behalf = {
        "phone": "13800009876",
        "name": "新",
        "consentGiven": True,
        "channel": "HOTLINE_11185",
    }
    input = {**await _save(house), "onBehalfOf": behalf}
    before = await fingerprint(house)
    dry = await gu.ask("SaveAddressForCustomer", **input, validateOnly=True)
    assert dry["__typename"] == "AddressSaved", dry
    assert await fingerprint(house) == before
    wet = await gu.ask("SaveAddressForCustomer", **input)
    assert wet["__typename"] == "AddressSaved"
