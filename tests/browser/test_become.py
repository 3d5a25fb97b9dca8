"""Who may become somebody of the demo, and from where. No browser is needed to find out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from doorstep.demo.cast import mark_demo
from doorstep.main import app_of
from doorstep.wiring import House

HERE = "http://127.0.0.1:8000"
OURS = {"origin": HERE, "sec-fetch-site": "same-origin"}


@asynccontextmanager
async def client_of(house: House, base_url: str = HERE) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app_of(house))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield client


@pytest.fixture
def demo(empty_house: House) -> House:
    """A house on a data folder that is marked as a demo's."""
    mark_demo(Path(empty_house.settings.data))
    return empty_house


@pytest.mark.parametrize("role", ["customer", "courier", "agent", "dispatcher"])
async def test_our_own_page_becomes_the_first_to_play_a_role(demo: House, role: str):
    async with client_of(demo) as client:
        answer = await client.post(f"/demo/become/{role}", headers=OURS)

    token = answer.json()["token"]
    caller = demo.accounts.tokens.read(token, at=demo.clock.now())
    assert caller
    assert caller.id == f"acc_demo_{role}_0001"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no origin"),
        pytest.param({"origin": "https://evil.example"}, id="a page from elsewhere"),
        pytest.param({"origin": "null"}, id="a page that hides where it is from"),
        pytest.param({"origin": "http://127.0.0.1:9999"}, id="another server of this machine"),
        pytest.param(OURS | {"sec-fetch-site": "cross-site"}, id="the browser knows better"),
    ],
)
async def test_any_other_page_becomes_nobody(demo: House, headers: dict[str, str]):
    async with client_of(demo) as client:
        answer = await client.post("/demo/become/customer", headers=headers)

    assert answer.status_code == 403


async def test_a_name_that_was_pointed_at_us_becomes_nobody(demo: House):
    rebound = "http://evil.example:8000"
    async with client_of(demo, rebound) as client:
        answer = await client.post("/demo/become/customer", headers={"origin": rebound})

    assert answer.status_code == 403


@pytest.mark.parametrize("role", ["admin", "CUSTOMER", "nobody"])
async def test_there_is_nobody_else_to_become(demo: House, role: str):
    async with client_of(demo) as client:
        answer = await client.post(f"/demo/become/{role}", headers=OURS)

    assert answer.status_code == 404


async def test_a_real_bureau_has_nobody_to_become(empty_house: House):
    async with client_of(empty_house) as client:
        answers = [
            await client.post("/demo/become/customer", headers=OURS),
            await client.get("/demo/cast.json"),
        ]
        page = await client.get("/explorer")

    assert [answer.status_code for answer in answers] == [404, 404]
    assert 'data-demo="yes"' not in page.text
