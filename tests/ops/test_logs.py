"""Whatever people tell us, and however: no log line and no metric repeats it."""

import asyncio
import io
import json
import logging
from datetime import date
from typing import Any, Final

import httpx
import pytest

from doorstep.accounts.outside import Outbox
from doorstep.addresses.model import Beat
from doorstep.kit import log
from doorstep.kit.mongo.driver import DriverError
from doorstep.kit.mongo.outbox import Relay
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.appointments import lists
from tests.given import ADA, BO, DAN, EVE, GU, SU, TOMORROW
from tests.journeys.apps import EXECUTED, OPERATIONS, App, command
from tests.journeys.conftest import Sign

AT: Final = "2026-11-24T01:00:00.000Z"
NAME, PHONE, OTHER_PHONE = "诸葛不可说", "13911122233", "13911122244"
DOOR, GATE, SIGNER, ITEM = "海滨小区7号", "7391#4", "欧阳不可说", "RR473124829GB"
GOODS, REASON, HIDDEN = "奶奶的不可说座钟", "因为不可说", "二楼不可说门后"
PRIVATE: Final = (
    *("不可说", PHONE, OTHER_PHONE, PHONE[-4:] + '"', GATE, ITEM),
    *(each.phone.removeprefix("+86") for each in given.EVERYBODY),
    *("海滨路", DOOR, "鲁K00001", "37.4017", "122.0913"),
)


class Clumsy(Outbox):
    """A sender that fails for one phone, and says which."""

    async def send(self, phone: str, code: str) -> None:
        if phone.endswith(OTHER_PHONE):
            raise RuntimeError(f"no route to {phone} with {code}")
        await super().send(phone, code)


@pytest.fixture
def codes() -> Outbox:
    return Clumsy()


def clean(text: str) -> None:
    assert [private for private in PRIVATE if private in text] == []


async def test_no_operation_of_the_apps_leaves_a_trace_of_anybody(
    house: House, app: Sign, codes: Outbox, logged: io.StringIO, address: str
):
    EXECUTED.clear()
    await given.ferry(house)
    new = app(None)
    await new.ask("RequestSignInCode", phone=PHONE)
    code = codes.sent[f"+86{PHONE}"]
    session = (await new.ask("SignIn", phone=PHONE, code=code))["session"]
    new.token = (await new.ask("RefreshSession", refreshToken=session["refreshToken"]))["session"][
        "accessToken"
    ]
    tokens = (session["accessToken"], session["refreshToken"], new.token)
    await new.run("Me")
    await new.run("SignOut")
    await as_customer(app(ADA))
    promise = await as_agent(app(GU))
    await as_staff(app(DAN), app(BO), app(EVE), promise)
    await as_keeper_of_the_calendar(app(SU))
    await as_waiting(house, app(ADA), app(DAN))
    await as_appellant(app(ADA), app(SU), await lists.marked(house))
    await as_planner(app(SU), app(ADA))
    await as_warned(app(DAN), app(EVE), app(SU), promise)
    await as_mover(app(EVE), app(GU))
    await teaching_beats(house, app(DAN))
    await as_whose_way_is_shut(app(DAN), app(ADA))
    await as_followed(app(BO), app(EVE), app(DAN), promise)
    await as_keeper_of_the_roster(app(DAN))
    await as_one_who_hands_over(app(DAN), app(BO), promise)

    assert OPERATIONS.keys() == EXECUTED
    text = logged.getvalue() + await numbers(address)
    clean(text)
    assert [secret for secret in (code, *tokens) if f"{secret}" in logged.getvalue()] == []
    assert {line.get("operation") for line in lines(logged)} >= OPERATIONS.keys() - FEEDS
    assert all(f'operation="{name}"' in text for name in OPERATIONS.keys() - FEEDS)


FEEDS: Final = {"RoundFeed", "AppointmentChanged", "BranchFeed", "WaitlistChanged"}
"""Told when they end, which may be after the last look."""


async def as_customer(ada: App) -> None:
    door = {"line": DOOR, "building": "不可说3", "room": "不可说502"}
    await ada.run("CheckAddress", address=door)
    saved = await ada.ask("SaveAddress", address=door, label="不可说家")
    await ada.run("MyAddresses")
    await ada.ask("DeleteAddress", id=saved["address"]["id"], expectedVersion=1)
    services = ["PARCEL_PICKUP"]
    slots = await ada.run("Slots", addressId=ADA.address_id, services=services)
    first, second = [slot["id"] for slot in slots if slot["open"]][:2]
    held = await ada.ask("HoldSlot", addressId=ADA.address_id, slotId=first, services=services)
    await ada.ask("ReleaseHold", holdId=held["hold"]["id"])
    booked = await ada.ask("BookAppointment", addressId=ADA.address_id, slotId=first, **visit())
    id = booked["appointment"]["id"]
    await ada.run("Appointment", id=id)
    await ada.run("Node", id=id)
    await ada.run("MyAppointments")
    await ada.ask("RescheduleAppointment", id=id, expectedVersion=1, slotId=second)
    notes, contact = visit()["accessNotes"], {"name": NAME, "phone": OTHER_PHONE}
    await ada.ask("ChangeAccessNotes", id=id, expectedVersion=2, accessNotes={**notes, "floor": 2})
    await ada.ask("ChangeContact", id=id, expectedVersion=3, contact=contact)
    await ada.ask("RebookRemainder", appointmentId=id, slotId=first)  # refused
    await ada.ask("CancelAppointment", id=id, expectedVersion=4, reason=REASON)
    await ada.ask("CancelAppointment", id=id, expectedVersion=5, reason=REASON)  # refused


def visit() -> dict[str, Any]:
    return {
        "lines": [{"pickup": {"description": GOODS, "weightGrams": 2000}}],
        "contact": {"name": NAME, "phone": PHONE},
        "accessNotes": {"gateCode": GATE, "whereTheGoodsAre": HIDDEN},
    }


async def as_agent(gu: App) -> Any:
    behalf = {"phone": EVE.phone, "name": NAME, "consentGiven": True, "channel": "HOTLINE_11185"}
    await gu.run("Customer", phone=EVE.phone)
    await gu.ask("SaveAddressForCustomer", address={"line": DOOR}, onBehalfOf=behalf)
    slot = given.slot().text
    row = {"addressId": EVE.address_id, "when": {"slotId": slot}, "onBehalfOf": behalf, **visit()}
    nobody = {**row, "contact": {"name": NAME, "phone": f"{PHONE}9"}}
    await gu.ask("BookAppointments", mode="VALID_ROWS", rows=[row, nobody])
    asked = {"addressId": EVE.address_id, "slotId": slot, "onBehalfOf": behalf, **visit()}
    return (await gu.ask("BookForCustomer", **asked))["appointment"]


async def as_keeper_of_the_calendar(su: App) -> None:
    on, first = {"day": str(TOMORROW)}, {"from": str(TOMORROW)}
    await su.ask("SetCalendarDay", **on, isWorkday=True, citation=REASON, expectedVersion=0)
    await su.ask("ClearCalendarDay", **on, expectedVersion=1)
    closed = await su.ask("CloseUnit", **on, unitId="org_branch", reason=REASON)
    await su.ask("ReopenUnit", id=closed["closure"]["id"], expectedVersion=1)
    span = {"start": "2026-11-25T00:00:00Z", "end": "2026-11-25T04:00:00Z", "kind": "SNOW"}
    block = await su.ask("AddBlock", **span, unitId="org_branch", reason=REASON)
    await su.ask("LiftBlock", id=block["block"]["id"], expectedVersion=1)
    await su.run("CalendarDays", **first, branchId="org_branch")
    (route,) = await su.run("FerryRoutes")
    boat, *_ = await su.run("Sailings", routeId=route["id"], **first)
    await su.ask("CancelSailing", id=boat["id"], expectedVersion=1, reason=REASON)
    again = {"departsAt": boat["departsAt"], "returnsAt": boat["returnsAt"]}
    await su.ask("AddSailing", routeId=route["id"], **again)


async def as_whose_way_is_shut(dan: App, ada: App) -> None:
    span = {"start": "2026-11-25T00:00:00Z", "end": "2026-11-25T04:00:00Z", "kind": "SNOW"}
    answers = (("AcceptReoffer", "2026-11-25"), ("DeclineReoffer", "2026-11-26"))
    for answer, day in answers:
        slot = given.slot(10, day=date.fromisoformat(day)).text
        await ada.ask("BookAppointment", addressId=ADA.address_id, slotId=slot, **visit())
        span = {name: text.replace("2026-11-25", day) for name, text in span.items()}
        block = (await dan.ask("AddBlock", **span, unitId="org_branch", reason=REASON))["block"]
        await dan.run("AffectedByCause", causeId=block["id"])
        await dan.run("AffectedAppointments", branchId="org_branch")
        done = await dan.ask("ReofferAppointments", causeId=block["id"], note=REASON)
        offers = [each["reoffer"] for each in done["outcomes"] if each["reoffer"]]
        told = [await ada.ask(answer, reofferId=offer["id"]) for offer in offers]
        assert any("appointment" in each for each in told), told


async def as_staff(dan: App, bo: App, eve: App, promise: Any) -> None:
    id, branch = promise["id"], {"branchId": "org_branch", "day": str(TOMORROW)}
    for name in ("BranchAppointments", "UnassignedAppointments", "Alarms"):
        await dan.run(name, **branch)
    await dan.run("Couriers", branchId="org_branch")
    await dan.ask("PlanDay", **branch, seconds=1, validateOnly=True)
    await dan.run("Assignments", appointmentId=promise["id"])
    await dan.run("RoundsOnMap", branchId="org_branch", day=str(TOMORROW))
    range = {"from": str(TOMORROW), "to": str(TOMORROW), "by": "SERVICE"}
    await dan.run("Kpis", branchId="org_branch", **range)
    on = {"appointmentId": id, "courierId": BO.courier_id}
    given_to = await dan.ask("AssignAppointment", expectedVersion=promise["version"], **on)
    version = given_to["appointment"]["version"]
    await dan.ask("UnassignAppointment", appointmentId=id, expectedVersion=version, reason=REASON)
    await dan.ask("AssignAppointment", expectedVersion=version + 1, **on)
    for who, feed, more in (
        (bo, "RoundFeed", {}),
        (eve, "AppointmentChanged", {"id": id}),
        (dan, "BranchFeed", {"branchId": "org_branch"}),
    ):
        async with who.follow(feed, after=0, **more) as following:
            await following.next()
    await bo.run("MyCourier")
    await bo.run("MyRound", day=str(TOMORROW))
    done = {
        "lineId": "lin_1",
        "outcome": "COLLECTED",
        "weightGrams": 2100,
        "note": REASON,
        "itemIds": [ITEM],
        "proof": {"signedBy": SIGNER},
    }
    outcomes = await bo.carry_out(
        command("startDuty", AT),
        command("acceptStop", AT, appointmentId=id),
        command("setOut", AT, appointmentId=id),
        command("finishStop", AT, appointmentId=id, lines=[done]),
    )
    assert any(outcome["refusal"] for outcome in outcomes)


async def as_followed(bo: App, eve: App, dan: App, promise: Any) -> None:
    here = {"latitude": 37.4017, "longitude": 122.0913}
    await bo.ask("SharePosition", on=True)
    for longitude in (here["longitude"], 999):  # the second is no place
        location = {**here, "longitude": longitude}
        await bo.ask("ReportPosition", capturedAt=AT, location=location, accuracyMetres=3)
    await eve.run("WhereIsMyCourier", id=promise["id"])
    assert len(await dan.run("CourierPositions", branchId="org_branch")) == 1


async def as_keeper_of_the_roster(dan: App) -> None:
    bo, branch = {"courierId": BO.courier_id}, {"branchId": "org_branch"}
    first, span = {"from": "2026-11-25"}, {"from": AT, "to": "2026-11-25T04:00:00.000Z"}
    put = await dan.ask("PutLeave", **bo, **span, reason=REASON, ifOrphans="HAND_OVER")
    await dan.run("Leaves", **branch, **first)
    for each in (put.get("leave", {"id": f"lea_{PHONE}"})["id"], f"lea_{PHONE}"):
        await dan.ask("CancelLeave", id=each)
    hours = {"start": "2026-12-24T22:00:00.000Z", "end": "2026-12-24T23:00:00.000Z"}
    added = await dan.ask("AddShift", **bo, **hours)
    drives = await dan.ask("BookVehicle", vehicleId="veh_bo", **bo, **hours)
    await dan.run("Shifts", **branch, day="2026-12-25")
    out = {"from": hours["start"], "to": hours["end"], "reason": REASON}
    broken = await dan.ask("PutVehicleOutOfService", vehicleId="veh_bo", **out)
    await dan.run("VehicleBookings", **branch, day="2026-12-25")
    await dan.ask("PutVehicleBackInService", id=broken["outage"]["id"])
    await dan.ask("ReleaseVehicle", id=drives["booking"]["id"])
    await dan.ask("CancelShift", id=added["shift"]["id"], reason=REASON, ifOrphans="REFUSE")
    kept = {"weekdays": [3], "startTime": "10:00", "endTime": "12:00", "areaId": given.WEST}
    said = (await dan.ask("PutDedication", **branch, **bo, **kept))["dedication"]
    await dan.run("Dedications", **branch)
    await dan.run("Vacancies", **branch, **first)
    await dan.ask("EndDedication", id=said["id"], expectedVersion=1)


async def as_one_who_hands_over(dan: App, bo: App, promise: Any) -> None:
    await bo.run("MyColleagues")
    await dan.run("MyBranches")
    about = {"appointmentId": promise["id"], "expectedVersion": promise["version"]}
    await dan.ask("TransferAppointment", **about, toCourierId="cou_cai", reason=REASON)
    await dan.ask("ReassignAppointment", **about, courierId="cou_cai", reason=REASON)
    await dan.run("Transfers", branchId="org_branch", day=str(TOMORROW))
    await dan.ask("WithdrawTransfer", transferId=f"trf_{PHONE}", reason=REASON)
    start = given.window(8).start.isoformat()
    gone = await dan.ask("DropOut", courierId=BO.courier_id, **{"from": start}, reason=REASON)
    assert gone["__typename"] == "CourierDroppedOut"


async def as_waiting(house: House, ada: App, dan: App) -> None:
    slot = given.slot(16)
    promise = await lists.full(house, slot)
    joined = await ada.ask("JoinWaitlist", addressId=ADA.address_id, slotIds=[slot.text], **visit())
    id = joined["entry"]["id"]
    await dan.run("Waitlist", slotId=slot.text)
    await lists.cancel(house, promise)
    async with ada.follow("WaitlistChanged", id=id, after=0) as following:
        await following.next()
    await ada.ask("AcceptWaitlistOffer", id=id)
    await ada.ask("LeaveWaitlist", id=id, expectedVersion=1)  # refused
    await ada.run("MyWaitlist")


async def as_appellant(ada: App, su: App, mark_id: str) -> None:
    await ada.ask("AppealMark", markId=mark_id, reason=REASON)
    await su.run("OpenAppeals", unitId="org_branch")
    await su.ask("DecideAppeal", markId=mark_id, verdict="UPHELD", reason=REASON)
    await ada.run("MyConduct")


async def as_planner(su: App, ada: App) -> None:
    slot, branch = given.slot(12).text, {"branchId": "org_branch"}
    await su.run("SlotCapacity", **branch, **{"from": str(TOMORROW)}, days=1)
    await su.ask("CapSlot", slotId=slot, expectedEdition=1, mostVisits=9, note=REASON)
    await su.run("AffectedBy", slotId=slot)
    terms = await su.ask("PutBookingTerms", areaId=given.WEST, noticeMinutes=90, note=REASON)
    await su.run("BookingTerms", areaId=given.WEST)
    put = terms["terms"]
    await su.ask("DropBookingTerms", id=put["id"], expectedVersion=put["version"])
    await su.run("CostModel")
    await ada.run("VisitCost", lines=visit()["lines"], addressId=ADA.address_id)


async def as_warned(dan: App, eve: App, su: App, promise: Any) -> None:
    about = {"appointmentId": promise["id"], "kind": "HAZARD", "about": "DOOR", "reason": "DOG"}
    ends = "2026-12-01T00:00:00.000Z"
    added = await dan.ask("AddDoorNote", **about, text=REASON, expiresAt=ends)
    id = added["note"]["id"]
    await dan.run("DoorNotes", branchId="org_branch")
    await dan.run("Hazards", id=promise["id"])
    await eve.run("MyNotes")
    await eve.ask("RequestNoteReview", id=id, expectedVersion=1)
    await su.ask("ReviewNote", id=id, expectedVersion=2, decision="WITHDRAW", answer=REASON)


async def as_mover(eve: App, gu: App) -> None:
    door = {"line": DOOR, "location": {"latitude": 37.45, "longitude": 122.04}}
    there = await eve.ask("SaveAddress", address=door)
    booked = await eve.ask(
        "BookAppointment", addressId=EVE.address_id, slotId=given.slot(18).text, **visit()
    )
    change = {"appointmentId": booked["appointment"]["id"], "expectedVersion": 1}
    to = there["address"]["id"]
    await eve.ask("RequestAddressChange", **change, addressId=to, reason=REASON)
    await eve.ask("WithdrawAddressChange", **change)  # refused
    move = {"fromAddressId": EVE.address_id, "expectedVersion": 1, "from": str(TOMORROW)}
    await eve.ask("MoveHouse", **move, to=door)
    await eve.run("MyMoves")
    behalf = {"phone": EVE.phone, "name": NAME, "consentGiven": True, "channel": "HOTLINE_11185"}
    await gu.ask("MoveHouseForCustomer", **move, to=door, onBehalfOf=behalf)  # refused


async def teaching_beats(house: House, dan: App) -> None:
    async def build(tx: Tx) -> None:
        beat = Beat(
            id="bea_1",
            branch_id="org_branch",
            branch_path=given.BRANCH,
            area_id=given.WEST,
            name="一段",
        )
        house.addresses.beats.add([beat], tx=tx)

    await house.mongo.transact(build)
    await dan.run("Beats", branchId="org_branch")
    await dan.run("MatchBeat", address={"line": DOOR})
    said = await dan.ask("CorrectBeat", placeId="plc_1", beatId="bea_1", reason=REASON)
    await dan.ask("WithdrawBeatCorrection", id=said["correction"]["id"], expectedVersion=1)


HOSTILE: Final = (
    {"query": f'query Call{PHONE} {{ node(id: "{NAME}") {{ id }} }}'},
    {"query": f'{{ node(id: "{NAME}") {{ id }} {PHONE} }}'},
    {"query": f"{{ me {{ p{PHONE}: id }} }} # {NAME}", "operationName": f"P{PHONE}"},
    {"query": OPERATIONS["SignIn"], "variables": {"input": {"phone": PHONE, "code": {NAME: 1}}}},
    {"query": OPERATIONS["RequestSignInCode"], "variables": {"input": {"phone": f"{PHONE}x"}}},
    {"query": OPERATIONS["RequestSignInCode"], "variables": {"input": {"phone": OTHER_PHONE}}},
    {"query": OPERATIONS["CheckAddress"], "variables": {"address": {"line": "不可说" * 999}}},
    {"query": OPERATIONS["Appointment"], "variables": {"id": f"apt_{PHONE}"}},
    {"query": OPERATIONS["Me"], "extensions": {"persistedQuery": {"sha256Hash": PHONE}}},
    [NAME],
)


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_mistake_of_a_client_is_repeated(
    app: Sign, logged: io.StringIO, address: str, body: Any
):
    for who in (None, ADA):
        headers = {"x-request-id": f"id-{PHONE}"}
        if token := app(who).token:
            headers["authorization"] = f"Bearer {token}"
        async with httpx.AsyncClient(base_url=f"http://{address}") as http:
            await http.post("/graphql", json=body, headers=headers)
    assert len(lines(logged)) >= 2
    clean(logged.getvalue() + await numbers(address))


async def test_nothing_of_a_stranger_s_path_token_or_bytes_is_repeated(
    logged: io.StringIO, address: str
):
    async with httpx.AsyncClient(base_url=f"http://{address}") as http:
        await http.get(f"/{PHONE}/{NAME}")
        await http.get(f"/pages/{PHONE}")
        await http.get("/graphql", params={"query": f'{{ node(id: "{NAME}") {{ id }} }}'})
        await http.post("/graphql", content=f"{{{NAME}".encode())
        bearer = {"authorization": f"Bearer {PHONE}"}
        await http.post("/graphql", json={"query": "{ me { id } }"}, headers=bearer)
    clean(logged.getvalue() + await numbers(address))


async def test_an_unforeseen_failure_is_told_by_its_place_and_its_request(
    app: Sign, logged: io.StringIO
):
    body = await app(None).post(OPERATIONS["RequestSignInCode"], {"input": {"phone": OTHER_PHONE}})

    id = body["errors"][0]["extensions"]["requestId"]
    (line,) = [line for line in lines(logged) if line["level"] == "error"]
    assert (line["request"], line["failure"][0]) == (id, "RuntimeError")
    assert "test_logs.py" in line["failure"][-1]
    clean(logged.getvalue())


async def test_a_reaction_that_fails_on_somebody_does_not_say_on_whom(
    house: House, logged: io.StringIO
):
    async def fail(event: Any) -> None:
        raise ValueError(f"{NAME} {PHONE}")

    kinds: Any = dict.fromkeys(house.reactions(), (fail,))
    relay = Relay(house.mongo, house.clock, house.leases(), kinds)
    await given.booked(house)
    await relay.sweep()

    assert '"failure"' in logged.getvalue()
    clean(logged.getvalue())


async def test_a_write_that_mongodb_refuses_does_not_print_the_document(
    house: House, logged: io.StringIO
):
    async def twice(tx: Tx) -> None:
        tx.insert("meta", {"_id": PHONE, "name": NAME})
        tx.insert("meta", {"_id": PHONE, "name": NAME})

    with pytest.raises(DriverError) as refused:
        await house.mongo.transact(twice)
    assert PHONE in str(refused.value)  # that is why no text is told
    logging.getLogger("doorstep.kit").error("not written", exc_info=refused.value)

    assert "BulkWriteError" in logged.getvalue()
    clean(logged.getvalue())


async def test_a_task_nobody_waited_for_is_told_without_what_it_held(logged: io.StringIO):
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": "never retrieved", "exception": ValueError(PHONE)})

    assert "never retrieved" in logged.getvalue()
    clean(logged.getvalue())


async def test_a_line_names_the_request_the_operation_and_the_roles(app: Sign, logged: io.StringIO):
    await app(ADA).run("Me")

    (line,) = [line for line in lines(logged) if line["event"] == "request"]
    assert (line["operation"], line["status"]) == ("Me", 200)
    assert (line["kind"], line["outcome"], line["roles"]) == ("query", "ok", ["CUSTOMER"])
    assert line["ms"] > 0
    assert len(line["request"]) == 32


def test_set_up_sends_every_logger_one_way_and_a_terminal_gets_colours():
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    heard = io.StringIO()
    try:
        log.set_up(heard)
        logging.getLogger("somebody.else").warning("hello")
    finally:
        root.handlers[:] = before
        root.setLevel(level)

    (line,) = heard.getvalue().splitlines()
    assert json.loads(line) | {"at": ""} == {
        "event": "hello",
        "level": "warning",
        "logger": "somebody.else",
        "at": "",
    }
    record = logging.LogRecord("doorstep", logging.INFO, "", 0, "hello", None, None)
    assert "\x1b[" in log.formatter(coloured=True).format(record)


def lines(logged: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logged.getvalue().splitlines()]


async def numbers(address: str) -> str:
    async with httpx.AsyncClient(base_url=f"http://{address}") as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    return answer.text
