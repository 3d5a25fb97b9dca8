"""Someone else's object looks exactly like none: same answer to its id as to a random one."""

from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.capacity.model import Hold
from doorstep.handheld.model import Act, Command
from doorstep.kit.ids import new_id
from doorstep.wiring import House
from tests import given
from tests.appointments import lists
from tests.given import ADA, BO, BRANCH, CAI, DAN, EVE, GU, OTTO, SU, Person
from tests.journeys.apps import OPERATIONS, App, command
from tests.journeys.conftest import Sign
from tests.reoffering.victims import offer_for, reoffer, typhoon

AT = "2026-11-24T01:00:00.000Z"
LINES = [{"pickup": {"description": "书"}}]
NONE = {
    "mrk": "mrk_none",
    "wle": "wle_none",
    "adr": "adr_none",
    "apt": "apt_none",
    "hld": "hld_none",
    "rof": "rof_none",
    "rnd": "rnd_none.2026-11-25",
    "mov": "mov_none",
    "trf": "trf_none",
}


HOUSE = {"to": {"line": "海滨小区9号"}, "from": str(given.TOMORROW), "expectedVersion": 1}


def asked_with(id: str) -> list[tuple[str, dict[str, Any]]]:
    """Every operation of a customer or courier that takes somebody's id, asked with this one."""
    slot, services = given.slot().text, ["PARCEL_PICKUP"]
    change = {"id": id, "expectedVersion": 1}
    book = {"slotId": slot, "lines": LINES}
    row = {"addressId": id, "when": {"slotId": slot}, "lines": LINES}
    move = {"addressId": ADA.address_id, "expectedVersion": 1}
    existing = {**HOUSE, "to": None, "fromAddressId": ADA.address_id}
    return [
        ("Node", {"id": id}),
        ("Appointment", {"id": id}),
        ("Slots", {"addressId": id, "services": services}),
        ("SaveAddress", {"input": {**change, "address": {"line": "海滨小区"}}}),
        ("DeleteAddress", {"input": change}),
        ("HoldSlot", {"input": {"addressId": id, "slotId": slot, "services": services}}),
        ("ReleaseHold", {"input": {"holdId": id}}),
        ("BookAppointment", {"input": {"addressId": id, **book}}),
        ("BookAppointment", {"input": {"addressId": ADA.address_id, "holdId": id, **book}}),
        ("RescheduleAppointment", {"input": {**change, "slotId": slot}}),
        ("CancelAppointment", {"input": change}),
        (
            "JoinWaitlist",
            {"input": {"addressId": id, "slotIds": [given.slot(10).text], "lines": LINES}},
        ),
        ("LeaveWaitlist", {"input": change}),
        ("AcceptWaitlistOffer", {"input": {"id": id}}),
        ("AppealMark", {"input": {"markId": id, "reason": "x"}}),
        ("ChangeAccessNotes", {"input": {**change, "accessNotes": {"gateCode": "1"}}}),
        ("ChangeContact", {"input": {**change, "contact": {"name": "W", "phone": ADA.phone}}}),
        ("RebookRemainder", {"input": {"appointmentId": id, "slotId": slot}}),
        ("BookAppointments", {"input": {"mode": "ALL_OR_NOTHING", "rows": [row]}}),
        ("RequestAddressChange", {"input": {**move, "appointmentId": id}}),
        ("WithdrawAddressChange", {"input": {"appointmentId": id, "expectedVersion": 1}}),
        ("MoveHouse", {"input": {**HOUSE, "fromAddressId": id}}),
        ("MoveHouse", {"input": {**existing, "toAddressId": id}}),
        ("AcceptReoffer", {"input": {"reofferId": id}}),
        ("AcceptReoffer", {"input": {"reofferId": id, "slotId": slot}}),
        ("DeclineReoffer", {"input": {"reofferId": id}}),
    ]


async def same(client: App, operation: str, foreign: dict[str, Any], none: dict[str, Any]) -> None:
    told = [await client.post(OPERATIONS[operation], each) for each in (foreign, none)]
    assert told[0] == told[1], (operation, foreign)


@pytest.mark.row("Q6")
async def test_what_is_eve_s_is_nothing_to_ada(house: House, app: Sign):
    promise = await given.booked(house, EVE, slot=given.slot(14))
    hold = await house.appointments.hold(
        EVE.account_id, given.asked(EVE, given.slot(16)), given.attempt(house)
    )
    assert isinstance(hold, Hold)
    round = f"rnd_bo.{promise.day}"
    await lists.full(house, given.slot(18), ADA)
    entry, mark = await lists.waiting(house, EVE, given.slot(18)), await lists.marked(house, EVE)
    moved = await app(EVE).ask("MoveHouse", **HOUSE, fromAddressId=EVE.address_id)
    move = moved["move"]["id"]
    foreign = [EVE.address_id, promise.id, hold.id, round, EVE.account_id, BO.courier_id, "veh_bo"]
    await reoffer(house, (await typhoon(house, promise.window)).id)
    offer = await offer_for(house, promise)
    foreign += [entry, mark, move, offer.id]
    for id in foreign:
        none = NONE.get(id[:3], new_id(id[:3]))
        for (operation, with_it), (_, without) in zip(
            asked_with(id), asked_with(none), strict=True
        ):
            await same(app(ADA), operation, with_it, without)
    async with (
        app(ADA).follow("AppointmentChanged", id=promise.id) as theirs,
        app(ADA).follow("AppointmentChanged", id="apt_none") as nobodys,
    ):
        assert await theirs.hear() == await nobodys.hear()
    async with (
        app(ADA).follow("WaitlistChanged", id=entry) as theirs,
        app(ADA).follow("WaitlistChanged", id="wle_none") as nobodys,
    ):
        assert await theirs.hear() == await nobodys.hear()


@pytest.mark.row("Q6", "A14", "B11")
async def test_another_branch_sees_no_list_no_mark_and_no_appeal(house: House, app: Sign):
    await lists.full(house, given.slot(18))
    entry, mark = await lists.waiting(house, ADA, given.slot(18)), await lists.marked(house)
    await house.appointments.appeal(mark, ADA.account_id, "我在家", given.attempt(house))
    away = given.person("Away", "+8613900005002", Role.SUPERVISOR, given.OTHER_BRANCH)
    await given.people(house, [away])
    otto, other = app(OTTO), app(away)
    for id, none in ((entry, "wle_none"), (mark, "mrk_none")):
        for client in (otto, other):
            await same(client, "Node", {"id": id}, {"id": none})
    nowhere = given.slot(18, area_id="are_none").text
    await same(otto, "Waitlist", {"slotId": given.slot(18).text}, {"slotId": nowhere})
    await same(other, "OpenAppeals", {"unitId": "org_branch"}, {"unitId": "org_none"})
    verdict = {"verdict": "STRUCK", "reason": "x"}
    theirs, nobodys = ({"input": {**verdict, "markId": id}} for id in (mark, "mrk_none"))
    await same(other, "DecideAppeal", theirs, nobodys)
    (edge,) = (await app(DAN).run("Waitlist", slotId=given.slot(18).text))["edges"]
    assert edge["node"]["contact"]["masked"] is True
    assert edge["node"]["address"]["room"] is None
    assert len((await app(SU).run("OpenAppeals", unitId="org_branch"))["edges"]) == 1


@pytest.mark.row("Q6")
async def test_a_courier_learns_nothing_of_what_is_not_theirs(house: House, app: Sign):
    promise = await _given_to_bo(house)
    cai = app(CAI)
    await cai.carry_out(command("startDuty", AT))
    for id in (promise.id, f"rnd_bo.{promise.day}", BO.courier_id, "veh_bo", ADA.address_id):
        await same(cai, "Node", {"id": id}, {"id": NONE.get(id[:3], "cou_none")})
    for act, more in (
        ("acceptStop", {}),
        ("declineStop", {"reason": "忙"}),
        ("acknowledgeChange", {"sequence": 1}),
        ("setOut", {}),
        ("arrive", {}),
        ("finishStop", {"lines": []}),
        ("transferStop", {"toCourierId": BO.courier_id, "reason": "忙"}),
    ):
        mine, none = (command(act, AT, appointmentId=id, **more) for id in (promise.id, "apt_none"))
        told = await cai.carry_out(mine, none)
        assert {**told[0], "commandId": ""} == {**told[1], "commandId": ""}
        assert told[0]["refusal"]["code"] == "UNKNOWN_APPOINTMENT"


@pytest.mark.row("Q6", "N1")
async def test_another_branch_s_dispatcher_sees_and_does_nothing(house: House, app: Sign):
    promise = await _given_to_bo(house)
    otto = app(OTTO)
    for id in (promise.id, f"rnd_bo.{promise.day}", BO.courier_id, "veh_bo", ADA.address_id):
        await same(otto, "Node", {"id": id}, {"id": NONE.get(id[:3], "cou_none")})
    for operation, more in (
        ("AssignAppointment", {"courierId": BO.courier_id}),
        ("ReassignAppointment", {"courierId": BO.courier_id}),
        ("UnassignAppointment", {"reason": "x"}),
    ):
        asked = [
            {"input": {"appointmentId": id, "expectedVersion": 2, **more}}
            for id in (promise.id, "apt_none")
        ]
        await same(otto, operation, *asked)
    asked = [
        {
            "input": {
                "appointmentId": id,
                "expectedVersion": 2,
                "toCourierId": "cou_cai",
                "reason": "x",
            }
        }
        for id in (promise.id, "apt_none")
    ]
    await same(otto, "TransferAppointment", *asked)
    at = given.window(8).start.isoformat()
    gone = [
        {"input": {"courierId": id, "from": at, "reason": "x"}}
        for id in (BO.courier_id, "cou_none")
    ]
    await same(otto, "DropOut", *gone)
    transfer = await _asked_of_cai(house, promise)
    await same(otto, "Node", {"id": transfer}, {"id": "trf_none"})
    back = [{"input": {"transferId": id, "reason": "x"}} for id in (transfer, "trf_none")]
    await same(otto, "WithdrawTransfer", *back)
    await reoffer(house, (await typhoon(house)).id)
    offer = await offer_for(house, promise)
    await same(otto, "Node", {"id": offer.id}, {"id": "rof_none"})
    named = [{"input": {"appointmentIds": [id]}} for id in (promise.id, "apt_none")]
    told = [await otto.post(OPERATIONS["ReofferAppointments"], each) for each in named]
    for answer in told:
        (outcome,) = answer["data"]["reofferAppointments"]["outcomes"]
        assert (outcome["code"], outcome["reoffer"]) == ("NO_LONGER_AFFECTED", None)
    day = str(promise.day)
    of_a_day = ("BranchAppointments", "UnassignedAppointments", "Alarms", "Transfers")
    for operation in (*of_a_day, "RoundsOnMap"):
        one, none = ({"branchId": id, "day": day} for id in ("org_branch", "org_none"))
        await same(otto, operation, one, none)
    await same(otto, "Couriers", {"branchId": "org_branch"}, {"branchId": "org_none"})
    range = {"from": day, "to": day, "by": "COURIER"}
    one, none = ({"branchId": id, **range} for id in ("org_branch", "org_none"))
    await same(otto, "Kpis", one, none)
    assert (await app(DAN).run("Couriers", branchId="org_branch")) != []


async def _asked_of_cai(house: House, promise: Appointment) -> str:
    at = house.clock.now()
    yes = Command(id="yes", act=Act.ACCEPT, captured_at=at, appointment_id=promise.id)
    ask = yes.model_copy(
        update={"id": "ask", "act": Act.TRANSFER, "to_courier_id": "cou_cai", "reason": "忙"}
    )
    outcomes = await house.handheld.carry_out(BO.account_id, [yes, ask])
    assert all(each.accepted for each in outcomes), outcomes
    (transfer,) = await house.dispatch.transfers_in("org_branch", promise.day, pending=True)
    return transfer.id


async def _given_to_bo(house: House) -> Appointment:
    promise = await given.booked(house)
    outcome = await house.dispatch.assign(
        promise.id,
        BO.courier_id,
        given.attempt(house),
        expected_version=1,
        may=[BRANCH],
        by_role=DAN.grants[0].role,
    )
    assert isinstance(outcome, Appointment)
    return outcome


@pytest.mark.row("Q6", "A13", "N1")
async def test_an_agent_of_another_branch_books_and_changes_nothing_here(house: House, app: Sign):
    promise = await given.booked(house, slot=given.slot(14))
    away = Person(
        "acc_away",
        "+8613900004002",
        "Away",
        (GU.grants[0].model_copy(update={"path": given.OTHER_BRANCH}),),
    )
    await given.people(house, [away])
    behalf = {"phone": ADA.phone, "name": "Ada", "consentGiven": True, "channel": "HOTLINE_11185"}
    await lists.full(house, given.slot(16))
    entry_of = {promise.id: await lists.waiting(house, ADA, given.slot(16)), "apt_none": "wle_no"}

    def asked(address: str, appointment: str) -> list[tuple[str, dict[str, Any]]]:
        change = {"id": appointment, "expectedVersion": 1, "onBehalfOf": behalf}
        other = {"appointmentId": appointment, "expectedVersion": 1, "onBehalfOf": behalf}
        slot = given.slot().text
        return [
            (
                "BookAppointment",
                {"addressId": address, "slotId": slot, "lines": LINES, "onBehalfOf": behalf},
            ),
            (
                "HoldSlot",
                {
                    "addressId": address,
                    "slotId": slot,
                    "services": ["PARCEL_PICKUP"],
                    "onBehalfOf": behalf,
                },
            ),
            ("RescheduleAppointment", {**change, "slotId": slot}),
            ("CancelAppointment", change),
            (
                "JoinWaitlist",
                {"addressId": address, "slotIds": [slot], "lines": LINES, "onBehalfOf": behalf},
            ),
            ("LeaveWaitlist", {**change, "id": entry_of[appointment]}),
            ("AcceptWaitlistOffer", {"id": entry_of[appointment], "onBehalfOf": behalf}),
            ("ChangeContact", {**change, "contact": {"name": "W", "phone": ADA.phone}}),
            (
                "RebookRemainder",
                {"appointmentId": appointment, "slotId": slot, "onBehalfOf": behalf},
            ),
            (
                "BookAppointments",
                {
                    "mode": "VALID_ROWS",
                    "rows": [
                        {
                            "addressId": address,
                            "when": {"slotId": slot},
                            "lines": LINES,
                            "onBehalfOf": behalf,
                        }
                    ],
                },
            ),
            ("RequestAddressChange", {**other, "addressId": address}),
            ("WithdrawAddressChange", other),
            ("MoveHouse", {**HOUSE, "fromAddressId": address, "onBehalfOf": behalf}),
        ]

    client = app(away)
    theirs, nobodys = asked(ADA.address_id, promise.id), asked("adr_none", "apt_none")
    for (operation, with_it), (_, without) in zip(theirs, nobodys, strict=True):
        await same(client, operation, {"input": with_it}, {"input": without})
    assert await house.mongo["appointments"].count_documents({}) == 2
    assert await lists.states(house) == {"WAITING": 1}
    assert (await house.appointments.load([promise.id]))[promise.id].version == 1
    for operation, input in theirs[:1]:
        done = await app(GU).ask(operation, **input)
        assert done["__typename"] == "AppointmentBooked", done
