"""Whatever is sent: a typed answer or an error with a code, never a 5xx, and nothing written."""

from typing import Any

import httpx
import pytest

from doorstep.wiring import House
from tests import given
from tests.crowd import fingerprint
from tests.given import ADA, BO, DAN, TOMORROW
from tests.journeys.apps import OPERATIONS, App
from tests.journeys.conftest import Sign

SLOT = given.slot().text
ODD = [
    *("", " ", "\x00", "a\x00b", "\u202egnp.exe", "\u200f\u200e", "😀" * 10_000, "'; DROP TABLE x"),
    *('{"$gt": ""}', "$where", "apt_", "slt_west_-5_1", "slt_west_zzzzzz_1", "slt_west_0_0"),
    *("slt_west_6v3idn_1", "slt__0_1", "slt_a_b_c_1_1", "rnd_bo.2026-11-24", "adr_ada", "cou_bo"),
    *("acc_ada", "veh_bo", "org_city", "are_west", "hld_x", "../../etc/passwd", "1" * 5000),
]


def booking(**changed: Any) -> dict[str, Any]:
    lines = [{"pickup": {"description": "书", "weightGrams": 2000}}]
    return {"addressId": ADA.address_id, "slotId": SLOT, "lines": lines, **changed}


def line(**changed: Any) -> dict[str, Any]:
    return booking(lines=[{"pickup": {"description": "书", **changed}}])


BOOKINGS: list[dict[str, Any]] = [
    *(booking(slotId=odd) for odd in ODD),
    *(booking(addressId=odd) for odd in ODD if odd != "adr_ada"),
    *(booking(holdId=odd) for odd in ODD),
    *(booking(contact={"name": odd, "phone": "13900001001"}) for odd in ODD[:7]),
    *(booking(contact={"name": "Ada", "phone": odd}) for odd in ODD),
    *(booking(accessNotes={"gateCode": odd}) for odd in ODD[:7]),
    *(booking(accessNotes={"whereTheGoodsAre": odd}) for odd in ODD[2:7]),
    *(line(description=odd) for odd in ODD[:7]),
    *(line(weightGrams=w) for w in (-1, 0, 10**12, 1.5, "2000", 2**31 - 1)),
    *(line(quantity=q) for q in (0, -1, 10**6)),
    *(line(lengthMillimetres=s) for s in (0, -5, 10**6)),
    booking(lines=[]),
    booking(lines=booking()["lines"] * 21),
    booking(lines=[{}]),
    booking(lines=[{"pickup": None}]),
    booking(lines="no list"),
    booking(lines=[{"delivery": {"itemId": "RR473124829CN"[:12]}}]),
    booking(lines=[{"delivery": {"itemId": "RR４７３１２４８２９GB"}}]),
    booking(lines=[{"subscription": {"distributionCode": "１-１"}}]),
    booking(lines=[{"pickup": {"kind": "PARCEL_DELIVERY", "description": "x"}}]),
    booking(accessNotes={"floor": 10**9}),
    booking(accessNotes={"floor": "third"}),
    booking(idempotencyKey=""),
    booking(idempotencyKey="k" * 201),
    booking(unknown=1),
    booking(addressId={"$gt": ""}),
    booking(addressId=None),
    booking(onBehalfOf={"phone": "1", "name": "", "consentGiven": True, "channel": "APP"}),
]


async def judged(client: App, operation: str, variables: Any) -> str:
    """The type that was answered, or the code of the error."""
    body = await client.post(OPERATIONS[operation], variables)
    text = str(body)
    assert "Traceback" not in text
    assert "pymongo" not in text
    if "errors" in body:
        code: str = body["errors"][0]["extensions"]["code"]
        assert code != "INTERNAL_SERVER_ERROR", (operation, str(variables)[:300], body)
        return code
    (answer,) = body["data"].values()
    return answer.get("__typename", "OK") if isinstance(answer, dict) else "OK"


@pytest.mark.row("P1")
async def test_no_hostile_booking_books_or_breaks_anything(house: House, app: Sign):
    ada = app(ADA)
    before = await fingerprint(house)
    for input in BOOKINGS:
        said = await judged(ada, "BookAppointment", {"input": input})
        assert said in ("InvalidInput", "BookingRefused", "BAD_USER_INPUT"), (
            said,
            str(input)[:300],
        )
    assert await fingerprint(house) == before


@pytest.mark.row("P1")
async def test_no_hostile_question_breaks_anything(house: House, app: Sign):
    before = await fingerprint(house)
    ada, bo, dan = app(ADA), app(BO), app(DAN)
    slots = {"addressId": ADA.address_id, "services": ["PARCEL_PICKUP"]}
    for odd in ODD:
        for operation in ("Node", "Appointment"):
            await judged(ada, operation, {"id": odd})
        await judged(ada, "MyAppointments", {"after": odd})
        await judged(dan, "BranchAppointments", {"branchId": odd, "day": str(TOMORROW)})
        branch = {"branchId": "org_branch", "day": str(TOMORROW)}
        await judged(dan, "BranchAppointments", {**branch, "after": odd})
        await judged(ada, "CheckAddress", {"address": {"line": odd}})
        point = {"latitude": 37.45, "longitude": 122.05}
        await judged(ada, "CheckAddress", {"address": {"line": odd or "x", "location": point}})
    for first in (-1, 101, 10**10):
        assert await judged(ada, "MyAppointments", {"first": first}) == "BAD_USER_INPUT"
    for days in (0, 32, -1):
        assert await judged(ada, "Slots", {**slots, "days": days}) == "BAD_USER_INPUT"
    for day in ("2026-02-31", "0000-00-00", "tomorrow", "2026-11-24T00:00:00Z", 5):
        assert await judged(ada, "Slots", {**slots, "from": day}) == "BAD_USER_INPUT"
    for day in ("0001-01-01", "9999-12-31", "1969-12-31"):
        await judged(ada, "Slots", {**slots, "from": day, "days": 31})
        await judged(bo, "MyRound", {"day": day})
        await judged(dan, "BranchAppointments", {"branchId": "org_branch", "day": day})
    for number in (1e308, -1e308, 91.0, "37"):
        odd_point = {"latitude": number, "longitude": 122.05, "system": "BD09"}
        await judged(ada, "CheckAddress", {"address": {"line": "x", "location": odd_point}})
    for at in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2026-02-31T00:00:00Z"):
        await judged(
            bo, "CarryOut", {"commands": [{"endDuty": {"commandId": at, "capturedAt": at}}]}
        )
    assert await house.mongo["appointments"].count_documents({}) == 0
    after = await fingerprint(house)
    assert (before == after) is (await house.mongo["commands"].count_documents({}) == 0)


@pytest.mark.row("P1")
async def test_a_subscription_from_before_the_beginning_is_refused(house: House, app: Sign):
    promise = await given.booked(house)
    for who, operation, more in (
        (BO, "RoundFeed", {}),
        (ADA, "AppointmentChanged", {"id": promise.id}),
    ):
        async with app(who).follow(operation, after=-1, **more) as feed:
            message = await feed.hear()
            while message["type"] == "ping":
                message = await feed.hear()
            errors = (
                message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            )
            assert errors[0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.row("P1")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"query"',
        b"\xff\xfe",
        b'{"query": 5}',
        b'{"query": "{ me { id } }", "variables": []}',
        b'{"query": "{ me { id } }", "variables": {"x": NaN}}',
        b'{"query": "{ me { id } }", "variables": {"x": 1e999}}',
        b'{"query": "{ me { nonsense } }"}',
        b'{"query": "{ me { id ' + b"{ id " * 900 + b'"}',
        b"[" * 100_000,
        b'{"query": "query($x: Int!) { myAppointments(first: $x) { totalCount } }", '
        b'"variables": {"x": "5"}}',
    ],
)
async def test_a_body_that_makes_no_sense_has_an_answer_that_does(
    address: str, app: Sign, body: bytes
):
    headers = {"content-type": "application/json", "authorization": f"Bearer {app(ADA).token}"}
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://{address}/graphql", content=body, headers=headers)
    assert answer.status_code < 500
    told = answer.json()
    if body != b'{"query": "{ me { id } }", "variables": {"x": 1e999}}':
        assert told["errors"][0]["extensions"]["code"]
    assert "Traceback" not in answer.text
