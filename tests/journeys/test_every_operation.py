"""Each operation that the apps ship with is run once, and answers something sensible."""

from typing import Any

import pytest

from doorstep.accounts.outside import Outbox
from doorstep.wiring import House
from tests import given
from tests.appointments import lists
from tests.given import ADA, BO, CAI, DAN, EVE, GU, SU, TOMORROW
from tests.journeys.apps import OPERATIONS, command
from tests.journeys.conftest import Sign

AT = "2026-11-24T01:00:00.000Z"
LINES = [{"pickup": {"description": "书", "weightGrams": 2000}}]
ELSEWHERE = {"Alarms", "BranchFeed", "PlanDay"}
"""Run by the tests of the desk, and by tests/dispatch/test_planning.py."""
BEATS = {"Beats", "MatchBeat", "CorrectBeat", "WithdrawBeatCorrection"}
"""Run by tests/addresses/test_beats.py."""
NOTES = {
    *("AddDoorNote", "ReviewNote", "RequestNoteReview", "MyNotes", "DoorNotes", "Hazards"),
}
"""Run by tests/notes/test_over_the_wire.py."""
CALENDAR = {
    *("CalendarDays", "SetCalendarDay", "ClearCalendarDay", "CloseUnit", "ReopenUnit"),
    *("AddBlock", "LiftBlock", "FerryRoutes", "Sailings", "AddSailing", "CancelSailing"),
}
"""Run by tests/calendar/test_over_the_wire.py."""
PLANNING = {
    *("SlotCapacity", "CapSlot", "AffectedBy", "VisitCost", "CostModel"),
    *("BookingTerms", "PutBookingTerms", "DropBookingTerms"),
}
"""Run by tests/capacity/test_over_the_wire.py."""

WHO_COMES = {
    *("Shifts", "AddShift", "CancelShift", "Leaves", "PutLeave", "CancelLeave"),
    *("VehicleBookings", "BookVehicle", "ReleaseVehicle"),
    *("PutVehicleOutOfService", "PutVehicleBackInService"),
    *("Dedications", "PutDedication", "EndDedication", "Vacancies"),
}
"""Run by tests/couriers/test_over_the_wire.py."""

DISPATCHING = {
    *("Assignments", "MyColleagues", "Transfers", "TransferAppointment", "WithdrawTransfer"),
    "DropOut",
}
"""Run by tests/dispatch: test_explained.py and test_transfers_over_http.py."""
REOFFERING = {
    *("AffectedAppointments", "AffectedByCause", "ReofferAppointments"),
    *("AcceptReoffer", "DeclineReoffer"),
}
"""Run by tests/journeys/test_a_typhoon.py."""

LIVE = {"SharePosition", "ReportPosition", "WhereIsMyCourier", "CourierPositions"}
"""Run by tests/dispatch/test_over_the_wire.py."""
REPORTS = {"Kpis"}
"""Run by tests/reports/test_over_the_wire.py."""


@pytest.mark.row("P6")
async def test_every_operation_of_the_apps_runs(house: House, app: Sign, codes: Outbox):
    run: set[str] = set()

    async def ask(who: Any, operation: str, **variables: Any) -> Any:
        run.add(operation)
        return await (app(who) if not hasattr(who, "run") else who).run(operation, **variables)

    new, phone = app(None), "+8613900007777"
    sent = await ask(new, "RequestSignInCode", input={"phone": phone})
    assert sent["__typename"] == "SignInCodeSent"
    signed = await ask(new, "SignIn", input={"phone": phone, "code": codes.sent[phone]})
    refresh = {"refreshToken": signed["session"]["refreshToken"]}
    fresh = await ask(new, "RefreshSession", input=refresh)
    new.token = fresh["session"]["accessToken"]
    assert (await ask(new, "Me"))["phone"] == phone
    assert await ask(new, "SignOut") is True
    assert (await new.post(OPERATIONS["Me"]))["errors"][0]["extensions"][
        "code"
    ] == "UNAUTHENTICATED"

    served = await ask(ADA, "CheckAddress", address={"line": "海滨小区1号"})
    assert served["served"]
    saved = await ask(ADA, "SaveAddress", input={"address": {"line": "海滨小区1号"}})
    book = await ask(ADA, "MyAddresses")
    assert {each["id"] for each in book} == {ADA.address_id, saved["address"]["id"]}
    gone = await ask(
        ADA, "DeleteAddress", input={"id": saved["address"]["id"], "expectedVersion": 1}
    )
    assert gone["__typename"] == "AddressDeleted"

    services = ["PARCEL_PICKUP"]
    slots = await ask(ADA, "Slots", addressId=ADA.address_id, services=services)
    free = [slot["id"] for slot in slots if slot["open"]]
    hold = {"addressId": ADA.address_id, "slotId": free[0], "services": services}
    held = await ask(ADA, "HoldSlot", input=hold)
    released = await ask(ADA, "ReleaseHold", input={"holdId": held["hold"]["id"]})
    assert released["id"] == held["hold"]["id"]
    at = {"addressId": ADA.address_id, "lines": LINES}
    booked = await ask(ADA, "BookAppointment", input={**at, "slotId": free[-1]})
    id = booked["appointment"]["id"]
    assert (await ask(ADA, "Appointment", id=id))["contact"]["masked"] is False
    assert (await ask(ADA, "Node", id=id))["__typename"] == "Appointment"
    assert (await ask(ADA, "MyAppointments"))["totalCount"] == 1
    notes = {"id": id, "expectedVersion": 1, "accessNotes": {"gateCode": "7"}}
    noted = await ask(ADA, "ChangeAccessNotes", input=notes)
    assert noted["appointment"]["accessNotes"]["gateCode"] == "7"
    contact = {"name": "老王", "phone": "13700001234"}
    named = {"id": id, "expectedVersion": 2, "contact": contact}
    other = await ask(ADA, "ChangeContact", input=named)
    assert other["appointment"]["contact"]["name"] == "老王"
    left = {"appointmentId": id, "slotId": free[-2]}
    assert (await ask(ADA, "RebookRemainder", input=left))["code"] == "NOT_ALLOWED_NOW"
    change = {"id": id, "expectedVersion": 3}
    moved = await ask(ADA, "RescheduleAppointment", input={**change, "slotId": free[-2]})
    assert moved["__typename"] == "AppointmentRescheduled"
    over = await ask(ADA, "CancelAppointment", input={**change, "expectedVersion": 4})
    assert over["appointment"]["status"] == "CANCELLED"

    far = await ask(ADA, "SaveAddress", input={"address": {"line": "海滨小区3号"}})
    elsewhere = {"addressId": far["address"]["id"], "expectedVersion": 1}
    booked = await ask(ADA, "BookAppointment", input={**at, "slotId": free[-1]})
    visit_id = {"appointmentId": booked["appointment"]["id"]}
    there = await ask(ADA, "RequestAddressChange", input={**elsewhere, **visit_id})
    assert (there["decision"], there["appointment"]["pendingChange"]) == ("KEPT", None)
    none = await ask(ADA, "WithdrawAddressChange", input={**visit_id, "expectedVersion": 2})
    assert none["code"] == "NO_CHANGE_PENDING"

    house_move = {
        "fromAddressId": far["address"]["id"],
        "from": str(TOMORROW),
        "expectedVersion": 1,
    }
    moved = await ask(ADA, "MoveHouse", input={**house_move, "toAddressId": ADA.address_id})
    assert [each["outcome"] for each in moved["move"]["followed"]] == ["MOVED", "MOVED"]
    assert await ask(ADA, "MyMoves") == [moved["move"]]
    book = await ask(ADA, "MyAddresses")
    assert {each["movedTo"] for each in book} == {None, ADA.address_id}

    behalf = {"phone": EVE.phone, "name": "Eve", "consentGiven": True, "channel": "HOTLINE_11185"}
    assert (await ask(GU, "Customer", phone=EVE.phone))["maskedPhone"] == "139****1002"
    door = {"address": {"line": "海滨小区2号"}, "onBehalfOf": behalf}
    assert (await ask(GU, "SaveAddressForCustomer", input=door))["__typename"] == "AddressSaved"
    visit = {"addressId": EVE.address_id, "lines": LINES, "slotId": given.slot().text}
    promise = (await ask(GU, "BookForCustomer", input={**visit, "onBehalfOf": behalf}))[
        "appointment"
    ]
    assert (promise["channel"], promise["contact"]["masked"]) == ("HOTLINE_11185", True)
    row = {"addressId": EVE.address_id, "when": {"slotId": free[-1]}, "lines": LINES}
    rows = [{**row, "onBehalfOf": behalf}]
    dry = {"mode": "VALID_ROWS", "rows": rows, "validateOnly": True}
    assert (await ask(GU, "BookAppointments", input=dry))["booked"] == 1

    new_home = {"fromAddressId": EVE.address_id, "to": {"line": "海滨小区8号"}}
    when = {"from": "2026-12-24", "expectedVersion": 1, "onBehalfOf": behalf}
    moving = await ask(GU, "MoveHouseForCustomer", input={**new_home, **when})
    assert moving["move"]["newAddress"]["room"] is None

    branch = {"branchId": "org_branch", "day": str(TOMORROW)}
    assert (await ask(DAN, "BranchAppointments", **branch))["totalCount"] == 1
    assert [each["id"] for each in await ask(DAN, "MyBranches")] == ["org_branch"]
    assert len(await ask(DAN, "Couriers", branchId="org_branch")) == 2
    drawn = await ask(DAN, "RoundsOnMap", **branch)
    assert "OUTLET" in {each["properties"]["layer"] for each in drawn["features"]}
    on = {"appointmentId": promise["id"], "expectedVersion": 1}
    given_to = await ask(DAN, "AssignAppointment", input={**on, "courierId": BO.courier_id})
    assert given_to["courier"]["id"] == BO.courier_id
    over = {**on, "expectedVersion": 2, "courierId": CAI.courier_id}
    over_to = await ask(DAN, "ReassignAppointment", input=over)
    assert over_to["courier"]["id"] == CAI.courier_id
    back = {**over, "expectedVersion": over_to["appointment"]["version"]}
    again = await ask(DAN, "ReassignAppointment", input={**back, "courierId": BO.courier_id})
    off = {**on, "expectedVersion": again["appointment"]["version"], "reason": "换人"}
    assert (await ask(DAN, "UnassignAppointment", input=off))["courier"] is None
    left = await ask(DAN, "UnassignedAppointments", **branch)
    assert [edge["node"]["id"] for edge in left["edges"]] == [promise["id"]]

    assert (await ask(BO, "MyCourier"))["vehicle"]["plate"] == "鲁K00001"
    assert (await ask(BO, "CarryOut", commands=[command("startDuty", AT)]))[0]["accepted"]
    round = await ask(BO, "MyRound", day=str(TOMORROW))
    assert {stop["state"] for stop in round["stops"]} == {"REMOVED"}
    for who, name, more in (
        (BO, "RoundFeed", {}),
        (EVE, "AppointmentChanged", {"id": promise["id"]}),
    ):
        run.add(name)
        async with app(who).follow(name, after=0, **more) as feed:
            assert (await feed.next())["sequence"] == 1

    promise = await lists.full(house, given.slot(16))
    join = {"addressId": ADA.address_id, "slotIds": [given.slot(16).text], "lines": LINES}
    entry = (await ask(ADA, "JoinWaitlist", input=join))["entry"]
    assert (await ask(DAN, "Waitlist", slotId=given.slot(16).text))["totalCount"] == 1
    run.add("WaitlistChanged")
    async with app(ADA).follow("WaitlistChanged", id=entry["id"], after=0) as feed:
        assert (await feed.next())["state"] == "WAITING"
        await lists.cancel(house, promise)
        assert (await feed.next())["entry"]["offer"]["holdId"].startswith("hld_")
    taken = await ask(ADA, "AcceptWaitlistOffer", input={"id": entry["id"]})
    assert taken["__typename"] == "AppointmentBooked"
    (entry,) = await ask(ADA, "MyWaitlist")
    assert (entry["state"], entry["appointmentId"]) == ("TAKEN", taken["appointment"]["id"])
    again = await ask(
        ADA, "LeaveWaitlist", input={"id": entry["id"], "expectedVersion": entry["version"]}
    )
    assert again["code"] == "NOT_ALLOWED_NOW"

    mark = {"markId": await lists.marked(house), "reason": "我在家"}
    assert (await ask(ADA, "AppealMark", input=mark))["mark"]["counts"]
    assert (await ask(SU, "OpenAppeals", unitId="org_branch"))["totalCount"] == 1
    verdict = {**mark, "verdict": "STRUCK", "reason": "门铃坏了"}
    assert (await ask(SU, "DecideAppeal", input=verdict))["mark"]["state"] == "STRUCK"
    conduct = await ask(ADA, "MyConduct")
    assert conduct["counting"] == 0
    assert conduct["marks"][0]["appeal"]["decisionReason"] == "门铃坏了"

    others = ELSEWHERE | CALENDAR | NOTES | PLANNING | BEATS | REOFFERING | DISPATCHING | LIVE
    others |= WHO_COMES | REPORTS
    assert run == OPERATIONS.keys() - others
