"""Shared fixtures: a real MongoDB, an empty database for each test, a clock that stands still."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from doorstep.accounts.outside import Outbox
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.driver import Driver, connect
from doorstep.kit.mongo.embedded import EmbeddedMongo
from doorstep.kit.mongo.transactions import Mongo
from doorstep.kit.pii import Keyring
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.ground import Ground

DRIVER: Driver = "pymongo" if os.environ.get("DOORSTEP_DRIVER") == "pymongo" else "motor"
BOTH = (
    *("test_store", "test_races", "test_actions"),
    *("test_every_operation", "test_from_booking_to_door", "test_a_feed_that_is_cut"),
)
"""What runs on both drivers: whatever talks to the database for its own sake, and three journeys
that between them go through every verb."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "driver" in metafunc.fixturenames:
        module = metafunc.module.__name__
        both = any(name in module for name in BOTH)
        drivers = ["motor", "pymongo"] if both else [DRIVER]
        metafunc.parametrize("driver", drivers, indirect=True)


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The operator's MongoDB, or one of our own for this test process."""
    if url := os.environ.get("DOORSTEP_MONGODB_URL"):
        yield url
        return
    with EmbeddedMongo(tmp_path_factory.mktemp("data")) as mongo:
        yield mongo.start()


@pytest.fixture(scope="session")
def database() -> str:
    return f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"


@pytest.fixture(scope="session")
def ground(mongo_url: str, database: str) -> Iterator[Ground]:
    ground = Ground(mongo_url, database)
    yield ground
    ground.close()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring.fresh()


@pytest.fixture
def driver(request: pytest.FixtureRequest) -> Driver:
    chosen: Driver = request.param
    return chosen


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(given.NOW)


@pytest.fixture
def codes() -> Outbox:
    return Outbox()


@pytest.fixture
def settings(database: str, driver: Driver, tmp_path: Path) -> Settings:
    return Settings(mongo_database=database, driver=driver, data=tmp_path)


@pytest.fixture
async def empty_house(
    settings: Settings,
    mongo_url: str,
    keyring: Keyring,
    clock: StoppedClock,
    codes: Outbox,
    ground: Ground,
) -> AsyncIterator[House]:
    """A house with its collections, and nothing in them."""
    house = House.build(settings, url=mongo_url, keyring=keyring, clock=clock, sender=codes)
    await ground.clear_for(house)
    yield house
    await house.close()


@pytest.fixture
async def house(empty_house: House, ground: Ground) -> House:
    """The town of `given`."""
    await ground.build_town(empty_house)
    return empty_house


@pytest.fixture
async def mongo(mongo_url: str, database: str, driver: Driver) -> AsyncIterator[Mongo]:
    """A database without a house, emptied."""
    mongo = Mongo(connect(mongo_url, driver), f"{database}_bare")
    await mongo.client.drop_database(f"{database}_bare")
    yield mongo
    await mongo.close()
