"""Many dispatchers and the house itself want to give the same visits to somebody, all at once."""

import pytest

from doorstep.wiring import House
from tests import given
from tests.bench.assigners import contest, flaws
from tests.crowd import at_once, crowd
from tests.given import BO, CAI


@pytest.mark.row("F3")
async def test_of_40_dispatchers_and_the_house_one_has_the_last_word_on_each_visit(house: House):
    everybody = await crowd(house, 6)
    hours = (8, 10, 12, 14, 16)
    promises = await at_once(
        given.booked(house, who, slot=given.slot(hour)) for who in everybody for hour in hours
    )

    said = await contest(house, promises, [BO, CAI], 40, tried_by=4)

    assert set(said) <= {"OK", "STALE_VERSION", "ALREADY_ASSIGNED", "COURIER_FULL"}
    assert said["OK"] >= 1
    assert set((await flaws(house, promises)).values()) == {0}
    rows = house.mongo["assignments"].find({"active": True, "by_role": {"$ne": None}})
    assert len([row async for row in rows]) == said["OK"]
