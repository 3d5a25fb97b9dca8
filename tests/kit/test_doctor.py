"""`doorstep doctor` finds what is broken, and says how to mend it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doorstep.cli.commands import cli
from doorstep.cli.database import Patient, of_database
from doorstep.cli.findings import Finding, State
from doorstep.cli.machine import of_machine
from doorstep.demo.cast import mark_demo
from doorstep.kit.clock import StoppedClock, WallClock
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Mongo
from doorstep.kit.pii import Keyring, keyring_in
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given


async def examined(house: House, keyring: Keyring | None = None) -> dict[str, Finding]:
    """With the wall's time, as far as MongoDB's own clock is concerned."""
    patient = Patient(house.mongo, house.clock, keyring or house.keyring, embedded=True)
    return {finding.check: finding for finding in await of_database(patient)}


async def no_index(house: House) -> None:
    await house.mongo["couriers"].drop_index("account_id")


async def no_validator(house: House) -> None:
    await house.mongo.db.command({"collMod": "slots", "validator": {}})


async def unfit(house: House) -> None:
    booked = await given.booked(house)
    await house.mongo["appointments"].update_one(
        {"_id": booked.id}, {"$set": {"status": "LOST"}}, bypass_document_validation=True
    )


async def stale(house: House) -> None:
    at = house.clock.now() - timedelta(hours=1)
    row = {"kind": "AppointmentBooked", "aggregate": "apt_1", "sequence": 1, "at": at}
    await house.mongo["outbox"].insert_one({**row, "_id": new_id("evt"), "body": {}, "sent": False})


async def newer(house: House) -> None:
    row = {"_id": "9999-later", "hash": "", "at": house.clock.now(), "milliseconds": 0}
    await house.mongo["migrations"].insert_one(row)


async def half_restored(house: House) -> None:
    await house.mongo["restoring"].insert_one({"_id": "restoring"})


@pytest.fixture
async def mended_house(house: House) -> AsyncIterator[House]:
    """Afterwards its collections are as they were: only documents are cleared between tests."""
    yield house
    await house.mongo["migrations"].delete_many({})
    await house.mongo.db.drop_collection("restoring")
    await house.prepare()


@pytest.mark.parametrize(
    ("breaks", "check", "told", "mend"),
    [
        (no_index, "indexes", "couriers.account_id", "doorstep indexes"),
        (no_validator, "validators", "slots", "doorstep indexes"),
        (unfit, "documents", "1 of appointments", "migration"),
        (stale, "outbox", "AppointmentBooked has waited for 1:00:00", "doorstep work"),
        (newer, "migrations", "9999-later", "run the version"),
        (half_restored, "restore", "ended midway", "drop both"),
    ],
)
async def test_what_is_broken_is_found(
    mended_house: House,
    breaks: Callable[[House], Awaitable[None]],
    check: str,
    told: str,
    mend: str,
):
    house = mended_house
    before = await examined(house)
    assert before[check].state is State.OK, before[check]

    await breaks(house)
    finding = (await examined(house))[check]

    assert finding.state is State.FAIL
    assert told in finding.told
    assert mend in finding.mend


async def test_a_healthy_house_lacks_only_a_worker(house: House):
    found = await examined(house)

    # Its clock stands still, and MongoDB's does not.
    assert {n for n, each in found.items() if each.state is not State.OK} - {"clock"} == {"relay"}
    await house.leases().take("relay")
    assert (await examined(house))["relay"].state is State.OK


@pytest.mark.parametrize(
    ("ahead", "state"),
    [
        pytest.param(timedelta(0), State.OK, id="as one"),
        pytest.param(timedelta(seconds=5), State.WARN, id="five seconds"),
        pytest.param(timedelta(seconds=65), State.FAIL, id="more than a minute"),
    ],
)
async def test_clocks_that_disagree_are_told(mongo: Mongo, ahead: timedelta, state: State):
    clock = StoppedClock(WallClock().now() + ahead)
    patient = Patient(mongo, clock, None, embedded=True)

    found = {finding.check: finding for finding in await of_database(patient)}

    assert found["clock"].state is state, found["clock"]
    assert found["contents"].state is State.WARN


async def test_another_keyring_is_told(house: House):
    finding = (await examined(house, Keyring.fresh()))["keyring"]

    assert finding.state is State.FAIL
    assert "keys.json" in finding.mend


async def test_a_horizon_that_nobody_fills_is_told(house: House, clock: StoppedClock):
    clock.advance(timedelta(days=5))

    assert (await examined(house))["horizon"].state is State.WARN


def machine(settings: Settings) -> dict[str, Finding]:
    return {finding.check: finding for finding in of_machine(settings, given.TODAY)}


def test_keys_that_others_can_read_are_told(tmp_path: Path):
    keyring_in(tmp_path, create=True)
    tmp_path.chmod(0o755)
    (tmp_path / "keys.json").chmod(0o644)

    found = machine(Settings(data=tmp_path))

    assert found["keys"].state is State.FAIL
    assert found["keys"].mend == f"chmod 600 {tmp_path}/keys.json"
    assert found["data folder"].mend == f"chmod 700 {tmp_path}"


def test_keys_that_are_no_keys_are_told(tmp_path: Path):
    (tmp_path / "keys.json").write_text("{}")
    (tmp_path / "keys.json").chmod(0o600)

    assert machine(Settings(data=tmp_path))["keys"].state is State.FAIL


def test_demo_people_on_a_real_database_are_told(tmp_path: Path):
    mark_demo(tmp_path)

    found = machine(Settings(data=tmp_path, mongodb_url="mongodb://bureau"))

    assert found["demo"].state is State.WARN
    assert "mongod" not in found


async def test_the_command_fails_when_something_has_to_be_mended(
    house: House, mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The keys in the data folder are not those of the house."""
    keyring_in(tmp_path, create=True)
    monkeypatch.setenv("DOORSTEP_MONGODB_URL", mongo_url)
    monkeypatch.setenv("DOORSTEP_MONGO_DATABASE", house.mongo.db.name)
    call = ["doctor", "--json", "--data", str(tmp_path)]

    ran = await asyncio.to_thread(CliRunner().invoke, cli, call)

    found = {finding["check"]: finding for finding in json.loads(ran.stdout)}
    assert found["keyring"]["state"] == "fail"
    assert ran.exit_code == 1
