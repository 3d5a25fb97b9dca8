"""A station's list as it comes over the wire: numbered rows, paths from `rows`, its limits."""

import json
from typing import Any

import pytest

from doorstep.api.edge import BODY_BYTES
from doorstep.wiring import House
from tests import given
from tests.appointments.sheets import promises
from tests.crowd import fingerprint
from tests.given import ADA, EVE, GU, Person
from tests.journeys.conftest import Sign, address, app

__all__ = ["address", "app"]
LINES = [{"pickup": {"description": "书", "weightGrams": 2000}}]


def row(who: Person = ADA, **changed: Any) -> dict[str, Any]:
    behalf = {"phone": who.phone, "name": who.name, "consentGiven": True, "channel": "COUNTER"}
    fields = {
        "addressId": who.address_id,
        "when": {"slotId": given.slot().text},
        "lines": LINES,
        "onBehalfOf": behalf,
    }
    return {**fields, **changed}


def rows() -> list[dict[str, Any]]:
    """A good one, one of each kind of bad one, and another good one."""
    heavy = [*LINES, {"pickup": {"description": "铁", "weightGrams": 60_000}}]
    silent = {**row()["onBehalfOf"], "consentGiven": False}
    backwards = {"start": "2026-11-25T02:00:00.000Z", "end": "2026-11-25T01:00:00.000Z"}
    return [
        row(),
        row(contact={"name": "王", "phone": "12"}),
        row(lines=heavy),
        row(addressId=EVE.address_id),
        row(onBehalfOf=silent),
        row(when={"slotId": "slt_x"}),
        row(when={"within": backwards}),
        row(lines=[]),
        row(lines=[*LINES, {"delivery": {"itemId": "X"}}]),
        row(EVE),
    ]


BAD = [
    (1, "InvalidInput", None, ["contact", "phone"]),
    (2, "BookingRefused", "TOO_HEAVY", ["lines", "1", "pickup", "weightGrams"]),
    (3, "BookingRefused", "NOT_FOUND", ["addressId"]),
    (4, "BookingRefused", "NO_CONSENT", ["onBehalfOf", "consentGiven"]),
    (5, "BookingRefused", "NOT_OFFERED", ["when", "slotId"]),
    (6, "InvalidInput", None, ["when", "within"]),
    (7, "InvalidInput", None, ["lines"]),
    (8, "InvalidInput", None, ["lines", "1", "delivery", "itemId"]),
]


def bad(results: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    assert all(each["answer"]["message"] for each in results)
    assert all(each["answer"]["path"][:2] == ["rows", str(each["row"])] for each in results)
    return [
        (
            each["row"],
            each["answer"]["__typename"],
            each["answer"].get("code"),
            each["answer"]["path"][2:],
        )
        for each in results
    ]


@pytest.mark.row("A15", "A13")
async def test_each_bad_row_says_its_number_and_its_path_and_spoils_no_other(
    house: House, app: Sign
):
    gu, key = app(GU), given.unique()
    asked = {"idempotencyKey": key, "rows": rows()}
    before = await fingerprint(house)
    none = await gu.ask("BookAppointments", **asked, mode="ALL_OR_NOTHING")
    assert (none["__typename"], none["code"]) == ("BulkBookingRefused", "ROWS_REFUSED")
    assert bad(none["rows"]) == BAD
    assert none["path"] == ["rows", "1", "contact", "phone"]
    assert await fingerprint(house) == before

    some = await gu.ask("BookAppointments", **asked, mode="VALID_ROWS")
    assert (some["booked"], some["refused"]) == (2, 8)
    assert [each["row"] for each in some["results"]] == list(range(10))
    good = [each for each in some["results"] if each["answer"]["__typename"] == "AppointmentBooked"]
    assert [each["row"] for each in good] == [0, 9]
    assert bad([each for each in some["results"] if each not in good]) == BAD
    assert await gu.ask("BookAppointments", **asked, mode="VALID_ROWS") == some
    assert await promises(house) == 2
    other = {**asked, "rows": rows()[:1]}
    reused = await gu.ask("BookAppointments", **other, mode="VALID_ROWS")
    assert reused["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.row("A15")
async def test_a_customer_books_a_short_list_for_themselves_alone(house: House, app: Sign):
    mine = {name: value for name, value in row().items() if name != "onBehalfOf"}
    ada = app(ADA)
    for count in (0, 21):
        long = await ada.ask("BookAppointments", mode="VALID_ROWS", rows=[mine] * count)
        assert (long["__typename"], long["path"]) == ("InvalidInput", ["rows"])
    asked = [mine, mine, row(EVE), {**mine, "addressId": EVE.address_id}]
    some = await ada.ask("BookAppointments", mode="VALID_ROWS", rows=asked)
    assert (some["booked"], some["refused"]) == (2, 2)
    assert await promises(house) == 2


@pytest.mark.row("A15")
async def test_a_thousand_full_rows_pass_every_ceiling_of_the_server_but_that_on_rows(
    house: House, app: Sign
):
    five = [{"pickup": {"description": "教辅书一箱，易受潮", "quantity": n}} for n in range(1, 6)]
    notes = {"gateCode": "7788#", "floor": 5, "hasLift": False, "whereTheGoodsAre": "储物间" * 10}
    contact = {"name": "欧阳王老师", "phone": ADA.phone}
    list_of = [row(lines=five, accessNotes=notes, contact=contact)] * 1001
    assert len(json.dumps(list_of, ensure_ascii=False).encode()) < BODY_BYTES * 0.75

    long = await app(GU).ask("BookAppointments", mode="VALID_ROWS", rows=list_of)
    assert (long["__typename"], long["path"]) == ("InvalidInput", ["rows"])
    assert "1000" in long["problems"][0]["message"]
