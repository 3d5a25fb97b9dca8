"""A real Chromium in front of a served demo city, with every other host out of its reach."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, async_playwright

from doorstep.accounts.model import Role
from doorstep.api.explorer import Explorer
from doorstep.demo import loading
from doorstep.demo.cast import mark_demo, player
from doorstep.kit.mongo.driver import end
from doorstep.main import app_of, house_of
from doorstep.settings import Settings
from doorstep.worker import fill_horizon
from tests.api.conftest import serving
from tests.appointments.visits import visited_in_vain
from tests.browser.visitor import Visitor

ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def unavailable(reason: str) -> None:
    """Skip what cannot be tried on this machine; but CI is to be able to try everything."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"under CI=true nothing is skipped: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium")
    if not found:
        unavailable("no chromium on the PATH, and only root can have `make test` install it")
    if not Explorer().is_built:
        unavailable("the explorer is not built: run `make test`")
    return found or ""


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def demo_city(
    mongo_url: str, database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The address of the served demo city, with a worker's relay beside it."""
    data: Path = tmp_path_factory.mktemp("demo")
    mark_demo(data)
    house = house_of(Settings(mongo_database=f"{database}_city", data=data), mongo_url)
    await house.prepare()
    await loading.load(house, data)
    await fill_horizon(house)
    await visited_in_vain(house, player(Role.CUSTOMER, 1).account_id)
    async with serving(app_of(house)) as address:
        relay = asyncio.create_task(house.relay(house.leases()).run())
        yield address
        await end(relay)
        await house.mongo.client.drop_database(f"{database}_city")


@pytest.fixture
async def visitor(browser: Browser, demo_city: str) -> AsyncIterator[Visitor]:
    async with visiting(browser, demo_city) as visitor:
        yield visitor


@asynccontextmanager
async def visiting(browser: Browser, address: str) -> AsyncIterator[Visitor]:
    """Somebody at a browser. In the end their console is clean, and no other host was asked."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    visitor = Visitor(context, address)
    yield visitor
    await context.close()
    assert visitor.complaints == []
    assert visitor.hosts == {address}
