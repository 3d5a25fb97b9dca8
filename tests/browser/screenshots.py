"""Takes the pictures of docs/: run by `make pictures`, never with the suite."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from playwright.async_api import Browser, expect

from doorstep.accounts.model import Role
from doorstep.couriers.model import Position
from doorstep.demo import loading
from doorstep.demo.cast import branch_id, mark_demo, player
from doorstep.demo.ground import near
from doorstep.demo.scale import Size
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Attempt
from doorstep.kit.windows import local_day
from doorstep.main import app_of, house_of
from doorstep.settings import Settings
from doorstep.wiring import House
from tests.api.conftest import serving
from tests.browser.conftest import visiting
from tests.browser.visitor import Visitor

DOCS = Path("docs")
AFTERNOON = datetime(2026, 11, 24, 7, 42, tzinfo=UTC)


async def test_landing(visitor: Visitor):
    page = await visitor.open("/")
    await page.screenshot(path=DOCS / "landing.png")


async def test_explorer(visitor: Visitor):
    desk = await visitor.explorer()
    await desk.become("customer")
    await desk.run("BookAppointment")
    await desk.reads("reference")
    await desk.page.screenshot(path=DOCS / "explorer.png")


@pytest.fixture
async def busy_city(
    browser: Browser, mongo_url: str, database: str, tmp_path: Path
) -> AsyncIterator[Visitor]:
    """The large city in the middle of its day, with couriers who say where they are."""
    mark_demo(tmp_path, Size.CITY)
    settings = Settings(mongo_database=f"{database}_busy", data=tmp_path)
    house = house_of(settings, mongo_url, StoppedClock(AFTERNOON - timedelta(minutes=22)))
    await house.prepare()
    await loading.load(house, tmp_path, size=Size.CITY)
    house.clock.set(AFTERNOON)  # type: ignore[attr-defined]
    await _positions(house)
    async with serving(app_of(house)) as address, visiting(browser, address) as visitor:
        yield visitor
        await house.mongo.client.drop_database(f"{database}_busy")


async def _positions(house: House) -> None:
    random, at = Random(7), house.clock.now()
    day = await house.dispatch.branch_day(branch_id(1), local_day(at))
    for courier in day.couriers:
        if courier.on_duty:
            seen = day.positions.get(courier.id)
            where = near(seen.where if seen else courier.station, random, within=0.004)
            account, attempt = courier.account_id, Attempt(at=at)
            await house.dispatch.share_position(account, attempt, on=True)
            await house.dispatch.report_position(account, Position(where=where, at=at), attempt)


async def test_map(busy_city: Visitor):
    role = player(Role.DISPATCHER, 1).role.lower()
    page = await busy_city.open(f"/map?branch={branch_id(1)}&day={local_day(AFTERNOON)}")
    await page.locator(f"[data-role={role}]").click()
    await expect(page.locator(".pin .live").first).to_be_visible()
    await page.locator(".leaflet-marker-draggable .door").last.click()
    await expect(page.locator(".card select")).to_be_visible()
    await page.wait_for_timeout(500)  # until it has faded in
    await page.screenshot(path=DOCS / "map.png")
