"""The dispatcher's map, used as a dispatcher uses it: in a browser, with the mouse and without."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.kit.mongo.driver import end
from doorstep.main import app_of
from doorstep.wiring import House
from tests import given
from tests.api.conftest import serving
from tests.browser.conftest import visiting
from tests.browser.visitor import Visitor
from tests.dispatch.test_races import assign
from tests.dispatch.test_reassigning import untrained
from tests.given import ADA, BO, BRANCH, CAI, DAN, EVE, TOMORROW, Person

PATH = f"/map?branch=org_branch&day={TOMORROW}"


@dataclass
class Board:
    """The map, as it lies open in a page."""

    page: Page

    async def sign_in(self, house: House, who: Person) -> None:
        at = house.clock.now()
        token = house.accounts.tokens.made(who.caller, at=at, lasts=timedelta(days=2))
        await self.page.locator("#token").fill(token)
        await self.page.locator("form.people button").click()

    def stop(self, promise: Appointment) -> Locator:
        return self.page.locator(f".pin[title^='{promise.reference}']")

    def entry(self, courier_id: str) -> Locator:
        """The courier's line on the list."""
        return self.page.locator(f"[data-courier={courier_id}]")

    def vehicle(self, name: str) -> Locator:
        return self.page.locator(f".pin[title^='{name}']")

    @property
    def notice(self) -> Locator:
        return self.page.locator(".notice")

    async def drag(self, stop: Locator, onto: Locator) -> None:
        mouse = self.page.mouse
        await mouse.move(*await _middle(stop))
        await mouse.down()
        await mouse.move(*await _middle(onto), steps=6)
        await mouse.up()


async def _middle(where: Locator) -> tuple[float, float]:
    box = await where.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def _holder(house: House, promise: Appointment) -> str | None:
    """Whose it is, by what the house has written and on the round that the API shows."""
    found = (await house.appointments.load([promise.id]))[promise.id]
    day = await house.dispatch.branch_day("org_branch", TOMORROW)
    (on_round,) = (id for id, round in day.rounds.items() if round.stop_for(promise.id))
    assert on_round == found.courier_id
    return found.courier_id


@pytest.fixture
async def visitor(browser: Browser, house: House) -> AsyncIterator[Visitor]:
    """In front of the town, where no worker is awake unless a test wakes one."""
    async with serving(app_of(house)) as address, visiting(browser, address) as visitor:
        yield visitor


@pytest.fixture
async def board(visitor: Visitor) -> Board:
    return Board(await visitor.open(PATH))


async def given_to_bo(house: House, who: Person, hour: int = 10) -> Appointment:
    outcome = await assign(house, await given.booked(house, who, slot=given.slot(hour)), BO)
    assert isinstance(outcome, Appointment), outcome
    return outcome


@pytest.mark.row("F1", "Q6")
async def test_nobody_and_a_customer_see_nothing_and_a_dispatcher_sees_the_day(
    house: House, board: Board
):
    late = await given_to_bo(house, EVE)
    left = await given.booked(house, ADA, slot=given.slot(14))
    await expect(board.page.locator(".waiting")).to_contain_text("Sign in as a dispatcher")
    assert await board.page.locator(".leaflet-container").count() == 0

    await board.sign_in(house, ADA)
    await expect(board.page.locator(".waiting")).not_to_contain_text("Sign in")
    assert await board.page.locator(".leaflet-container").count() == 0

    await board.sign_in(house, DAN)
    await expect(board.stop(late)).to_have_text("1")
    await expect(board.stop(left)).to_have_text("?")
    await expect(board.page.locator("path.round")).to_have_count(1)
    await expect(board.page.locator("path.area")).to_have_count(2)
    await expect(board.entry(BO.courier_id)).to_contain_text("1 stop")
    await expect(board.entry(CAI.courier_id)).to_contain_text("0 stops")

    house.clock.set(late.window.end + timedelta(minutes=7))  # type: ignore[attr-defined]
    await board.page.get_by_text("中文").click()
    await expect(board.stop(late).locator(".door")).to_have_class("door late")
    await expect(board.entry(BO.courier_id)).to_contain_text("1 站晚点")


@pytest.mark.row("F3")
async def test_a_stop_is_dragged_onto_a_name_or_a_round_and_goes_there(house: House, board: Board):
    promise = await given_to_bo(house, EVE)
    await board.sign_in(house, DAN)

    await board.drag(board.stop(promise), board.entry(CAI.courier_id))
    await expect(board.notice).to_have_text(f"{promise.reference} now goes to Cai.")
    assert await _holder(house, promise) == CAI.courier_id
    await expect(board.entry(CAI.courier_id)).to_contain_text("1 stop")

    await board.drag(board.stop(promise), board.vehicle("Bo"))
    await expect(board.notice).to_have_text(f"{promise.reference} now goes to Bo.")
    assert await _holder(house, promise) == BO.courier_id


@pytest.mark.row("F3")
async def test_a_refused_move_says_why_and_the_stop_goes_back(house: House, board: Board):
    promise, dee = await given_to_bo(house, EVE), await untrained(house)
    await board.sign_in(house, DAN)
    await expect(board.entry(dee)).to_be_visible()
    before = await _middle(board.stop(promise))

    await board.drag(board.stop(promise), board.entry(dee))
    await expect(board.notice).to_contain_text("That courier is not trained for this.")
    assert await _middle(board.stop(promise)) == before
    await board.page.get_by_text("中文").click()
    await expect(board.entry(BO.courier_id)).to_contain_text("1 站")
    await board.drag(board.stop(promise), board.entry(dee))

    await expect(board.notice).to_contain_text("该揽投员不具备所需的资格。")
    assert await _middle(board.stop(promise)) == before
    assert await _holder(house, promise) == BO.courier_id


@pytest.mark.row("F3", "J2")
async def test_without_a_mouse_it_is_chosen_from_a_list_and_what_others_do_is_seen_at_once(
    house: House, board: Board
):
    promise = await given.booked(house, EVE)
    await board.sign_in(house, DAN)
    await board.stop(promise).focus()
    await board.page.keyboard.press("Enter")
    card = board.page.locator(".card")
    await expect(card).to_contain_text("10:00–12:00")
    await expect(card.locator("select")).to_be_focused()
    await card.locator("select").select_option(BO.courier_id)
    await board.page.keyboard.press("Tab")
    await board.page.keyboard.press("Enter")
    await expect(board.entry(BO.courier_id)).to_contain_text("1 stop")
    assert await _holder(house, promise) == BO.courier_id

    relay = asyncio.create_task(house.relay(house.leases()).run())
    found = (await house.appointments.load([promise.id]))[promise.id]
    told = await house.dispatch.reassign(
        promise.id,
        CAI.courier_id,
        given.attempt(house),
        expected_version=found.version,
        reason=None,
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )
    assert isinstance(told, Appointment)
    await expect(board.entry(CAI.courier_id)).to_contain_text("1 stop", timeout=3000)
    await end(relay)
