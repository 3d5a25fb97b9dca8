"""The walk is walked: against a house that is served, at two hours, with and without a worker."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import time, timedelta
from time import monotonic
from typing import Any

import pytest

from doorstep.accounts.model import SignInPolicy
from doorstep.items.rules import problem_with
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.driver import end
from doorstep.kit.pii import Keyring
from doorstep.kit.windows import at_local
from doorstep.main import app_of
from doorstep.settings import Settings
from doorstep.simulate.client import wait_ready
from doorstep.simulate.people import item_number
from doorstep.simulate.walk import Step, WalkCast, walk
from doorstep.wiring import House
from tests import given
from tests.api.conftest import serving
from tests.given import ADA, BO, CAI, DAN, EVE

CODE = "000000"
CAST = WalkCast(
    customer_phone=ADA.phone,
    other_customer_phone=EVE.phone,
    courier_phone=BO.phone,
    dispatcher_phone=DAN.phone,
    code=CODE,
)
STEPS = 13
AT_COURIER = 6
HOMES = [ADA.address_id, EVE.address_id]
SLOW_MACHINE_SECONDS = 5.0


@pytest.fixture
async def patient_house(
    empty_house: House, settings: Settings, mongo_url: str, keyring: Keyring, clock: StoppedClock
) -> AsyncIterator[House]:
    """The town, where everybody's code is the same and may be asked for again and again."""
    patient = SignInPolicy(resend_after=timedelta(0), codes_an_hour=1_000_000)
    house = House.build(
        settings,
        url=mongo_url,
        keyring=keyring,
        clock=clock,
        make_code=lambda phone: CODE,
        sign_in=patient,
    )
    await given.town(house)
    yield house
    await house.close()


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    async with serving(app_of(house)) as address:
        yield f"http://{address}"


@asynccontextmanager
async def served_with_worker(house: House) -> AsyncIterator[str]:
    async with served(house) as url:
        relay = asyncio.create_task(house.relay(house.leases()).run())
        yield url
        await end(relay)


async def walked(
    url: str, cast: WalkCast = CAST, *, prompt_seconds: float = SLOW_MACHINE_SECONDS
) -> list[Step]:
    """The steps of a walk, whose last word is what its steps say."""
    steps: list[Step] = []
    ok = await walk(url, cast, steps.append, prompt_seconds=prompt_seconds)
    assert ok == all(step.ok for step in steps), steps
    return steps


def failed(steps: list[Step]) -> list[tuple[int, str]]:
    return [(step.number, step.detail) for step in steps if not step.ok]


async def what_is_left(house: House) -> dict[str, int]:
    """What is open in the house. The worker may still be dropping the last offer."""
    for _ in range(50):
        left = await open_now(house)
        if not left:
            break
        await asyncio.sleep(0.1)
    return left


async def open_now(house: House) -> dict[str, int]:
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "addresses": ("addresses", {"deleted_at": None, "_id": {"$nin": HOMES}}),
        "holds": ("holds", {"over": False}),
        "appointments": ("appointments", {"status": {"$nin": ["COMPLETED", "CANCELLED"]}}),
        "offers": ("assignments", {"active": True, "accepted": False}),
        "duties": ("couriers", {"on_duty": True}),
        "sessions": ("sessions", {"revoked_at": None}),
    }
    return {
        word: found
        for word, (name, filter) in asked.items()
        if (found := await house.mongo[name].count_documents(filter))
    }


@pytest.mark.row("A3")
@pytest.mark.parametrize("hour", [9, 23])
async def test_the_main_job_is_walked_at_any_hour_and_leaves_nothing_open(
    hour: int, patient_house: House, clock: StoppedClock
):
    clock.set(at_local(given.TODAY, time(hour)))

    async with served_with_worker(patient_house) as url:
        assert await wait_ready(url, seconds=5)
        steps = await walked(url)
        left = await what_is_left(patient_house)

    assert failed(steps) == []
    assert [step.number for step in steps] == list(range(1, STEPS + 1))
    assert left == {}


@pytest.mark.row("A3")
async def test_several_walk_at_once_with_the_same_people(patient_house: House):
    async with served_with_worker(patient_house) as url:
        walks = await asyncio.gather(*(walked(url) for _ in range(3)))
        left = await what_is_left(patient_house)

    assert [failed(steps) for steps in walks] == [[], [], []]
    assert left == {}


@pytest.mark.row("A3")
async def test_when_a_nearer_courier_is_asked_first_the_dispatcher_names_ours(
    patient_house: House,
):
    async with served_with_worker(patient_house) as url:
        steps = await walked(url, replace(CAST, courier_phone=CAI.phone), prompt_seconds=2)

    assert failed(steps) == []
    assert "the dispatcher assigned ours" in steps[AT_COURIER - 1].detail


@pytest.mark.row("A3")
async def test_without_a_worker_it_is_the_courier_s_step_that_fails(patient_house: House):
    began = monotonic()
    async with served(patient_house) as url:
        steps = await walked(url, prompt_seconds=1)
        left = await what_is_left(patient_house)

    assert failed(steps) == [(AT_COURIER, "expected a courier to be asked: does a worker run?")]
    assert left == {}
    assert monotonic() - began < 15


@pytest.mark.row("A3")
async def test_where_nobody_answers_the_first_step_fails_and_none_is_tried_after_it(
    unused_tcp_port: int,
):
    url = f"http://127.0.0.1:{unused_tcp_port}"

    assert not await wait_ready(url, seconds=0.3)
    assert [step.number for step in await walked(url) if not step.ok] == [1]


@pytest.mark.row("A3")
def test_the_item_numbers_of_a_walk_add_up():
    numbers = [item_number() for _ in range(1000)]

    assert [n for n in numbers if problem_with(n, re.compile("none"))] == []
