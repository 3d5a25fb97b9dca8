"""Nobody was at home: it counts, it is seen, it is objected to, and it is over."""

import asyncio
from typing import Any

import pytest

from doorstep.wiring import House
from tests import given
from tests.appointments import lists
from tests.given import ADA, BO, GU, SU
from tests.journeys.apps import App, command
from tests.journeys.conftest import Sign

AT = "2026-11-24T01:00:00.000Z"
LINES = [{"pickup": {"description": "书", "weightGrams": 2000}}]


async def _conduct(ada: App, counting: int) -> Any:
    """What Ada sees, once the worker has heard and so many marks count."""
    async with asyncio.timeout(5):
        while True:
            conduct = await ada.run("MyConduct")
            if conduct["counting"] == counting:
                return conduct
            await asyncio.sleep(0.02)


@pytest.mark.row("B11")
async def test_three_visits_in_vain_end_booking_until_a_supervisor_has_heard_why(
    house: House, app: Sign
):
    ada, bo, su = app(ADA), app(BO), app(SU)
    book = {"addressId": ADA.address_id, "slotId": given.slot().text, "lines": LINES}
    for number in (1, 2):
        await lists.marked(house, ADA, number)
    async with bo.follow("RoundFeed", after=0) as feed:
        booked = (await ada.ask("BookAppointment", **book))["appointment"]
        await feed.next()
    id, (line,) = booked["id"], booked["lines"]
    missed = {"lineId": line["id"], "outcome": "NOT_HOME"}
    finish = command("finishStop", AT, appointmentId=id, lines=[missed])
    steps = [command(what, AT, appointmentId=id) for what in ("acceptStop", "setOut", "arrive")]
    done = await bo.carry_out(command("startDuty", AT), *steps, finish)
    assert all(outcome["accepted"] for outcome in done), done
    await _conduct(ada, 3)

    undo = command("undo", AT, undoes=finish["finishStop"]["commandId"])
    (undone,) = await bo.carry_out(undo)
    assert undone["accepted"], undone
    assert "WITHDRAWN" in [mark["state"] for mark in (await _conduct(ada, 2))["marks"]]
    await bo.carry_out(command("finishStop", AT, appointmentId=id, lines=[missed]))
    conduct = await _conduct(ada, 3)

    refused = await ada.ask("BookAppointment", **book)
    assert (refused["code"], refused["until"]) == ("TOO_MANY_NO_SHOWS", conduct["refusedUntil"])
    assert "appeal" in refused["message"]
    behalf = {"phone": ADA.phone, "name": "Ada", "consentGiven": True, "channel": "HOTLINE_11185"}
    by_phone = await app(GU).ask("BookForCustomer", **book, onBehalfOf=behalf)
    assert (by_phone["code"], by_phone["until"]) == (refused["code"], refused["until"])

    disputed = next(mark for mark in conduct["marks"] if mark["appointmentId"] == id)
    mark = {"markId": disputed["id"], "reason": "我在家，门铃坏了"}
    assert (await ada.ask("AppealMark", **mark))["__typename"] == "MarkAppealed"
    (edge,) = (await su.run("OpenAppeals", unitId="org_branch"))["edges"]
    assert edge["node"]["appeal"]["reason"] == "我在家，门铃坏了"
    verdict = {"markId": edge["node"]["id"], "verdict": "STRUCK", "reason": "照片里没有按铃"}
    assert (await su.ask("DecideAppeal", **verdict))["__typename"] == "AppealDecided"
    heard = await ada.run("MyConduct")
    assert (heard["counting"], heard["refusedUntil"]) == (2, None)
    (said,) = (mark["appeal"] for mark in heard["marks"] if mark["appeal"])
    assert said["decisionReason"] == "照片里没有按铃"
    assert (await ada.ask("BookAppointment", **book))["__typename"] == "AppointmentBooked"
