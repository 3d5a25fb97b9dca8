"""A house that is served: a real server on a real port, and a worker beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx
import pytest

from doorstep.kit.mongo.driver import end
from doorstep.main import app_of
from doorstep.wiring import House
from tests.api.conftest import serving
from tests.given import Person
from tests.journeys.apps import App

Sign = Callable[[Person | None], App]


@pytest.fixture
async def address(house: House) -> AsyncIterator[str]:
    async with serving(app_of(house)) as address:
        relay = asyncio.create_task(house.relay(house.leases()).run())
        yield address
        await end(relay)


@pytest.fixture
async def app(address: str, house: House) -> AsyncIterator[Sign]:
    """An app for somebody, signed in already; for nobody, not signed in."""
    async with httpx.AsyncClient(timeout=30) as client:

        def sign(who: Person | None) -> App:
            token = None
            if who:
                tokens, at = house.accounts.tokens, house.clock.now()
                token = tokens.made(who.caller, at=at, lasts=timedelta(hours=12))
            return App(address, client, token)

        yield sign
