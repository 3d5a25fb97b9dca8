"""The large city, loaded: within a minute, and its day in every state."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from doorstep.accounts.model import Role
from doorstep.addresses.rules import tiling_faults
from doorstep.appointments.model import EventKind, Status
from doorstep.demo import loading
from doorstep.demo.atlas import atlas_of
from doorstep.demo.cast import size_of
from doorstep.demo.city import SEED
from doorstep.demo.importer import KEPT
from doorstep.demo.scale import Size
from doorstep.kit.clock import StoppedClock
from doorstep.kit.windows import local_day
from doorstep.wiring import House

NOW = datetime(2026, 11, 24, 6, 20, tzinfo=UTC)
AT_DOOR = (Status.ARRIVED, Status.COMPLETED, Status.PARTLY_COMPLETED, Status.FAILED)


@pytest.fixture
async def loaded(empty_house: House, clock: StoppedClock, tmp_path: Path) -> tuple[House, float]:
    for kept in KEPT:
        await empty_house.mongo[kept.name].delete_many({})
    clock.set(NOW)
    began = time.perf_counter()
    assert await loading.load(empty_house, tmp_path, size=Size.CITY)
    today = local_day(NOW)
    days = empty_house.capacity.policy.horizon_days + 1
    await empty_house.couriers.fill_shifts(today - timedelta(days=1), days + 1)
    await empty_house.capacity.fill_slots(today, days)
    return empty_house, time.perf_counter() - began


@pytest.mark.row("C1")
async def test_the_city_is_loaded_within_a_minute_and_its_day_is_in_every_state(loaded, tmp_path):
    house, took = loaded
    today = local_day(NOW).isoformat()

    assert took < 60
    assert size_of(tmp_path) is Size.CITY
    assert not await loading.load(house, tmp_path, size=Size.CITY)
    rows = [row async for row in house.mongo["appointments"].find({})]
    assert 380 <= len(rows) <= 400  # what no round has a place for is not promised
    assert {row["status"] for row in rows if row["day"] == today} == set(Status)
    assert any(row["offered_to"] for row in rows)
    assert any(row["status"] == Status.BOOKED and not row["offered_to"] for row in rows)
    assert any(row["booked_by_role"] == Role.AGENT for row in rows)
    assert any(row["changes"] for row in rows)
    for row in rows:
        at = [entry["at"] for entry in row["history"]]
        assert at == sorted(at)
        assert max(entry["recorded_at"] for entry in row["history"]) <= NOW
    kinds = Counter(entry["kind"] for row in rows for entry in row["history"])
    assert min(kinds[kind] for kind in (EventKind.SET_OUT, EventKind.RESCHEDULED)) > 0
    assert not await house.mongo["outbox"].count_documents({"sent": False})
    assert not await house.mongo["commands"].count_documents({"accepted": False})
    visits = await _figures_agree(house, {row["branch_id"] for row in rows})
    assert visits == sum(row["status"] in AT_DOOR for row in rows)
    slots = await house.mongo["slots"].count_documents({})
    assert slots > 15 * 500
    areas = await house.addresses.city.areas(local_day(NOW))
    townships = atlas_of(Size.CITY, SEED).townships()
    assert tiling_faults(areas.held, townships, local_day(NOW), narrowest_metres=0) == []


async def _figures_agree(house: House, branches: set[str]) -> int:
    """What is kept of the day's visits is what their histories tell. How many they are."""
    day, visits = local_day(NOW), 0
    for branch in branches:
        recount = await house.reports.recount(branch, day, day)
        assert recount.differences == ()
        visits += sum(each.whole.visits for each in recount.told)
    return visits
