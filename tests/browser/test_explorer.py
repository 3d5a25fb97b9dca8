"""The explorer, used as a visitor uses it: in a browser, with the mouse."""

import json
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values
from playwright.async_api import Browser

from doorstep.api.explorer import OPERATIONS
from doorstep.api.schema import build_schema
from doorstep.main import app_of
from doorstep.wiring import House
from tests.api.conftest import serving
from tests.browser.conftest import visiting
from tests.browser.visitor import Desk, Visitor
from tests.given import ADA

DOCUMENTS = {each["name"]: each for each in json.loads(OPERATIONS.read_text(encoding="utf-8"))}


async def test_it_opens_with_operations_to_run(visitor: Visitor):
    desk = await visitor.explorer()

    assert await desk.page.title() == "Doorstep explorer"
    assert await desk.tabs() == ["SignIn", "RequestSignInCode"]
    assert await desk.page.locator("[data-operation]").count() == len(DOCUMENTS)


async def test_one_click_makes_you_the_customer_with_the_customer_s_tabs(visitor: Visitor):
    desk = await visitor.explorer()

    await desk.become("customer")

    assert await desk.tabs() == ["Me", "Slots", "BookAppointment", "AppointmentChanged"]
    me = await desk.run("Me")
    assert me["roles"] == ["CUSTOMER"]
    await desk.reads(me["displayName"])
    assert [slot["open"] for slot in await desk.run("Slots")].count(True) > 0


async def test_who_you_became_survives_a_reload(visitor: Visitor):
    desk = await visitor.explorer()
    await desk.become("courier")

    await desk.page.reload()
    await desk.is_ready()

    assert (await desk.run("MyCourier"))["id"] == "cou_demo_0001"


async def test_a_booking_is_watched_while_the_dispatcher_assigns_it(visitor: Visitor):
    customer, dispatcher = await visitor.explorer(), await visitor.explorer()
    await customer.become("customer")
    booked = await customer.run("BookAppointment")
    assert booked["__typename"] == "AppointmentBooked"
    await customer.reads(booked["appointment"]["reference"])

    await customer.choose("AppointmentChanged")
    await customer.start()
    await customer.reads('"kind": "BOOKED"')
    await dispatcher.become("dispatcher")
    assigned = await dispatcher.run("AssignAppointment")
    assert assigned["courier"]["id"] == "cou_demo_0001"

    await customer.reads('"kind": "ASSIGNED"')
    await customer.start()  # the same button stops it


async def test_where_real_people_sign_in_a_token_is_pasted(browser: Browser, house: House):
    token = house.accounts.tokens.made(ADA.caller, at=house.clock.now(), lasts=timedelta(hours=12))
    async with serving(app_of(house)) as address, visiting(browser, address) as visitor:
        desk = await visitor.explorer()
        await desk.page.get_by_label("Access token").fill(token)
        await desk.page.get_by_role("button", name="use it").click()
        await desk.is_ready()

        assert (await desk.run("Me"))["id"] == ADA.account_id
        assert await desk.page.locator("[data-role]").count() == 0


# ------------------------------------------------------------ every example

IN_ORDER = {
    "nobody": ("RequestSignInCode", "SignIn", "RefreshSession"),
    "customer": (
        *("Me", "CheckAddress", "MyAddresses", "SaveAddress", "DeleteAddress"),
        *("Slots", "HoldSlot", "ReleaseHold"),
        *("BookAppointment", "Appointment", "Node", "MyAppointments", "AppointmentChanged"),
        *("ChangeAccessNotes", "ChangeContact", "RebookRemainder"),
        *("RescheduleAppointment", "CancelAppointment", "SignOut"),
    ),
    "agent": ("Customer", "SaveAddressForCustomer", "BookForCustomer", "BookAppointments"),
    "dispatcher": (
        *("BranchAppointments", "UnassignedAppointments", "Couriers", "AssignAppointment"),
        *("UnassignAppointment", "Alarms", "BranchFeed"),
    ),
    "courier": ("MyCourier", "MyRound", "CarryOut", "RoundFeed"),
}
NO = ("Refused", "InvalidInput")


def test_the_apps_operations_fit_the_schema():
    schema = build_schema()._schema  # noqa: SLF001 (graphql-core's own, to validate with)

    for name, each in DOCUMENTS.items():
        assert not validate(schema, parse(each["document"])), name


@pytest.mark.row("P6")
async def test_the_example_of_every_operation_runs_in_the_demo(visitor: Visitor):
    desk = await visitor.explorer()

    for role, operations in IN_ORDER.items():
        await desk.become(role)
        for operation in operations:
            answer = await _run_example(visitor, desk, operation)
            assert not str(_typename(answer)).endswith(NO), (operation, answer)

    assert set().union(*IN_ORDER.values()) <= DOCUMENTS.keys()


@pytest.mark.row("P6")
def test_every_operation_has_an_example_that_fits_it():
    """What stands in braces is filled in by the page; here, by something of the same shape."""
    schema = build_schema()._schema  # noqa: SLF001 (graphql-core's own, to coerce with)
    examples = json.loads(files("doorstep.demo").joinpath("examples.json").read_text("utf-8"))
    examples = examples["variables"]

    assert examples.keys() == DOCUMENTS.keys()
    for name, variables in examples.items():
        (operation,) = parse(DOCUMENTS[name]["document"]).definitions
        assert isinstance(operation, OperationDefinitionNode)
        given = get_variable_values(
            schema, operation.variable_definitions or (), _filled(variables)
        )
        assert not isinstance(given, list), (name, given)


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each) for each in value]
    for word, meaning in WORDS.items():
        if isinstance(value, str) and value.startswith("{") and word in value:
            return meaning
    return value


WORDS = {
    "version": 1,
    "today": "2026-11-24",
    "tomorrow": "2026-11-25",
    "now": "2026-11-24T01:00:00.000Z",
    "two hours": "2026-11-24T03:00:00.000Z",
    "five days": "2026-11-29T01:00:00.000Z",
}


async def _run_example(visitor: Visitor, desk: Desk, operation: str) -> Any:
    if not DOCUMENTS[operation]["document"].startswith("subscription"):
        return await desk.run(operation)
    await desk.choose(operation)
    await desk.start()
    await desk.reads('"sequence"')
    await desk.start()  # the same button stops it
    return visitor.heard[-1]


def _typename(answer: Any) -> Any:
    return answer.get("__typename") if isinstance(answer, dict) else None
