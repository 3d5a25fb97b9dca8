"""A courier's link is cut again and again: nothing is lost and nothing told twice."""

import asyncio

import pytest

from doorstep.wiring import House
from tests import given
from tests.crowd import crowd
from tests.given import BO
from tests.journeys.conftest import Sign


@pytest.mark.row("J4")
async def test_after_30_cuts_of_the_link_every_change_was_told_once(house: House, app: Sign):
    everybody = await crowd(house, 30)
    hours = (8, 10, 12, 14, 16, 18)

    async def happen() -> None:
        for number, who in enumerate(everybody):
            await given.booked(house, who, slot=given.slot(hours[number % 6]))
            await asyncio.sleep(0.01)

    happening = asyncio.create_task(happen())
    told: list[int] = []
    for cut in range(30):
        async with app(BO).follow("RoundFeed", after=told[-1] if told else 0) as feed:
            for _ in range(1 + cut % 2):
                if len(told) < 30:
                    change = await feed.next()
                    assert not change["resync"]
                    told.append(change["sequence"])
    await happening

    assert told == list(range(1, 31))


@pytest.mark.row("J4")
async def test_whoever_claims_to_know_more_than_there_is_starts_over(house: House, app: Sign):
    await given.booked(house)
    async with app(BO).follow("RoundFeed", after=0) as feed:
        assert (await feed.next())["sequence"] == 1
    async with app(BO).follow("RoundFeed", after=7) as feed:
        change = await feed.next()
        assert (change["sequence"], change["resync"]) == (1, True)
        await given.booked(house, slot=given.slot(12))
        change = await feed.next()
        assert (change["sequence"], change["resync"]) == (2, False)
