"""A day at doors, carried out over HTTP, and what the dispatcher reads of it."""

import asyncio
from typing import Any

import pytest

from doorstep.appointments.model import Appointment
from doorstep.kit.clock import StoppedClock
from doorstep.kit.geo import metres_between
from doorstep.wiring import House
from tests import given
from tests.dispatch.test_races import assign
from tests.given import ADA, BO, DAN, EVE, TODAY
from tests.journeys.apps import OPERATIONS, App, command
from tests.journeys.conftest import Sign, address, app

__all__ = ["address", "app"]
DAY = {"branchId": "org_branch", "from": str(TODAY), "to": str(TODAY)}
COLLECTED = {
    "outcome": "COLLECTED",
    "weightGrams": 2000,
    "itemIds": ["RR473124829GB"],
    "proof": {"signedBy": "Ada"},
}


async def came(bo: App, promise: Appointment, times: tuple[str, str, str], **line: Any) -> None:
    """Set out, at the door, done: by the handheld's clock in UTC."""
    about = {"appointmentId": promise.id}
    out, there, done = (f"2026-11-24T{each}:00.000Z" for each in times)
    outcomes = await bo.carry_out(
        command("startDuty", out),
        command("acceptStop", out, **about),
        command("setOut", out, **about),
        command("arrive", there, **about),
        command("finishStop", done, **about, lines=[{"lineId": "lin_1", **line}]),
    )
    assert [outcome["refusal"] for outcome in outcomes] == [None] * 5


async def read(dan: App, by: str, visits: int) -> Any:
    """The figures, once so many visits are counted."""
    for _ in range(100):
        found = await dan.run("Kpis", **DAY, by=by)
        if found["whole"]["visits"] == visits:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


@pytest.mark.row("O1")
async def test_a_dispatcher_reads_how_the_day_went(house: House, app: Sign, clock: StoppedClock):
    ada = await given.booked(house, ADA, slot=given.slot(14, day=TODAY))
    eve = await given.booked(house, EVE, slot=given.slot(14, day=TODAY))
    await given.booked(house, ADA, slot=given.slot(16, day=TODAY))
    for each in (ada, eve):
        assert isinstance(await assign(house, each, BO), Appointment)
    dan, bo = app(DAN), app(BO)
    before = await read(dan, "DAY", 0)
    assert before["whole"]["onTime"] == {"value": None, "part": 0, "whole": 0}

    clock.set(given.window(16, day=TODAY).end)
    await came(bo, ada, ("05:50", "06:00", "06:10"), **COLLECTED)
    await came(bo, eve, ("07:50", "08:00", "08:05"), outcome="NOT_HOME")

    found = await read(dan, "COURIER", 2)
    whole = found["whole"]
    assert [whole[name] for name in ("early", "late", "missed")] == [0, 1, 1]
    assert whole["onTime"] == {"value": pytest.approx(1 / 3), "part": 1, "whole": 3}
    assert whole["firstAttempt"] == {"value": 0.5, "part": 1, "whole": 2}
    assert whole["repeatAttempts"] == {"value": 0, "part": 0, "whole": 2}
    assert whole["minutesToDone"] == {"median": 310, "p90": 310, "count": 1}
    assert whole["minutesPerStop"] == {"value": 7.5, "total": 15, "stops": 2}
    doors = [each.private.address.door.location for each in (ada, eve)]
    assert doors[0]
    assert doors[1]
    way = metres_between(doors[0], doors[1]) * 1.4 / 1000
    assert whole["kilometresPerStop"]["total"] == pytest.approx(way)
    busy = (20 + 15) * 60
    assert whole["utilisation"]["part"] == busy
    assert whole["utilisation"]["whole"] == 2 * 18 * 3600, "two couriers, since midnight"

    by_courier = {(each["courier"] or {}).get("id"): each["kpis"] for each in found["groups"]}
    assert by_courier.keys() == {"cou_bo", "cou_cai", None}
    assert (by_courier["cou_bo"]["visits"], by_courier[None]["missed"]) == (2, 1)
    assert by_courier["cou_cai"]["utilisation"]["value"] == 0
    assert by_courier["cou_cai"]["onTime"]["value"] is None
    (service,) = (await dan.run("Kpis", **DAY, by="SERVICE"))["groups"]
    assert (service["service"], service["kpis"]["missed"]) == ("PARCEL_PICKUP", 1)


@pytest.mark.row("O1")
@pytest.mark.parametrize(
    "to", [pytest.param("2026-11-23", id="backwards"), pytest.param("2027-02-24", id="93 days")]
)
async def test_a_range_that_is_none_or_too_long_is_bad_input(app: Sign, to: str):
    told = await app(DAN).post(OPERATIONS["Kpis"], {**DAY, "to": to, "by": "DAY"})

    assert told["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
