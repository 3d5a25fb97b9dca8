"""What is backed up while it is written to comes back as it was at one instant."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from itertools import count
from pathlib import Path

import bson
import pytest

from doorstep.kit.mongo.backup import LEFT_OUT, BackupRefused, Manifest, back_up
from doorstep.kit.mongo.restoring import HalfRestored, RestoreRefused, restore
from doorstep.kit.mongo.transactions import Mongo
from doorstep.kit.windows import at_local
from doorstep.wiring import House
from tests import crowd, given
from tests.given import Person

WRITERS = 8
BETWEEN = ("appointments", "outbox", "slots")


@pytest.fixture
async def elsewhere(house: House, mongo_url: str) -> AsyncIterator[House]:
    """A house of the same keyring on a database that is not there."""
    name = f"{house.mongo.db.name}_restored"
    settings = house.settings.model_copy(update={"mongo_database": name})
    other = House.build(settings, url=mongo_url, keyring=house.keyring, clock=house.clock)
    await _drop(other.mongo)
    yield other
    await _drop(other.mongo)
    await other.close()


async def _drop(mongo: Mongo) -> None:
    await mongo.client.drop_database(mongo.db.name)
    await mongo.client.drop_database(mongo.keys_db.name)


async def copied(house: House, folder: Path, *, with_keys: bool = True) -> Manifest:
    return await back_up(
        house.mongo, folder, at=house.clock.now(), version="0", with_keys=with_keys
    )


async def put_back(house: House, folder: Path) -> Manifest:
    return await restore(house.mongo, folder, keyring=house.keyring.fingerprint)


@asynccontextmanager
async def booking_away(house: House) -> AsyncIterator[None]:
    """Eight customers who book one appointment after the other."""
    turn = count()

    async def book(who: Person) -> None:
        while True:
            hour = 8 + 2 * (next(turn) % 6)
            start = at_local(given.TOMORROW, time(hour))
            ref = given.slot().model_copy(update={"start": start})
            request = given.request(who, slot=ref)
            await house.appointments.book(request, given.attempt(house, given.unique()))

    people = await crowd.crowd(house, WRITERS)
    writers = [asyncio.create_task(book(who)) for who in people]
    try:
        await more_booked_than(0, house)
        await asyncio.sleep(0.2)
        yield
    finally:
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)


async def more_booked_than(number: int, house: House) -> None:
    async with asyncio.timeout(30):
        while await house.mongo["appointments"].count_documents({}) <= number:
            await asyncio.sleep(0.02)


async def test_a_backup_under_eight_writers_is_restored_as_of_one_instant(
    house: House, elsewhere: House, tmp_path: Path
):
    plenty = {"cap.visits": None, "budget.hands.$[].minutes": 10_000}
    await house.mongo["slots"].update_many({}, {"$set": plenty})
    async with booking_away(house):
        manifest = await copied(house, tmp_path / "copy")
        kept = {part.collection: part.documents for part in manifest.data}
        await more_booked_than(kept["appointments"], house)

    assert await put_back(elsewhere, tmp_path / "copy") == manifest

    assert 0 < kept["appointments"] < await house.mongo["appointments"].count_documents({})
    for name, documents in kept.items():
        assert await elsewhere.mongo[name].count_documents({}) == documents
    await _is_whole(elsewhere)


async def _is_whole(house: House) -> None:
    """No transaction is there by half."""
    booked = {row["_id"] async for row in house.mongo["appointments"].find({}, {"_id": 1})}
    rows = house.mongo["outbox"].find({"kind": "AppointmentBooked"})
    assert {row["aggregate"] async for row in rows} == booked
    assert {row["id"] async for row in house.mongo["attempts"].find()} == booked
    assert await crowd.budgets_add_up(house)


async def test_the_restored_house_reads_books_and_relays(
    house: House, elsewhere: House, tmp_path: Path
):
    before = await given.booked(house)
    await copied(house, tmp_path / "copy")
    await put_back(elsewhere, tmp_path / "copy")

    await elsewhere.prepare()

    assert await elsewhere.appointments.store.get(before.id) == before
    await given.booked(elsewhere, given.EVE)
    assert await elsewhere.relay(elsewhere.leases()).sweep() >= 2
    after = await elsewhere.appointments.store.get(before.id)
    assert after is not None
    assert after.offered_to is not None


async def test_indexes_and_validators_come_back_and_leases_do_not(
    house: House, elsewhere: House, tmp_path: Path
):
    await house.leases().take("relay")
    await copied(house, tmp_path / "copy")

    await put_back(elsewhere, tmp_path / "copy")

    assert await elsewhere.ready() == {
        "primary": True,
        "indexes": True,
        "validators": True,
        "city": True,
    }
    for name in LEFT_OUT:
        assert await elsewhere.mongo[name].count_documents({}) == 0


async def test_the_files_are_those_that_mongorestore_reads(house: House, tmp_path: Path):
    await copied(house, tmp_path / "copy")

    folder = tmp_path / "copy" / "dump" / house.mongo.db.name
    rows = bson.decode_all((folder / "org_units.bson").read_bytes())
    assert [row["_id"] for row in rows] == ["org_branch", "org_city", "org_other"]
    assert (folder / "org_units.metadata.json").exists()
    assert not list((tmp_path / "copy").rglob("keys.json"))


class _TorError(RuntimeError):
    """The machine goes down."""


def _goes_down(what: str, _done: int, _of: int) -> None:
    if what == "appointments":
        raise _TorError


async def test_a_backup_that_was_interrupted_is_not_restorable(
    house: House, elsewhere: House, tmp_path: Path
):
    await given.booked(house)
    with pytest.raises(_TorError):
        await back_up(
            house.mongo, tmp_path / "copy", at=house.clock.now(), version="0", progress=_goes_down
        )

    with pytest.raises(RestoreRefused, match=r"no manifest\.json"):
        await put_back(elsewhere, tmp_path / "copy")


async def test_a_restore_that_was_interrupted_is_not_served(
    house: House, elsewhere: House, tmp_path: Path
):
    await given.booked(house)
    await copied(house, tmp_path / "copy")
    with pytest.raises(_TorError):
        await restore(
            elsewhere.mongo,
            tmp_path / "copy",
            keyring=house.keyring.fingerprint,
            progress=_goes_down,
        )

    with pytest.raises(HalfRestored):
        await elsewhere.prepare()
    with pytest.raises(RestoreRefused, match="ended midway"):
        await put_back(elsewhere, tmp_path / "copy")


async def test_a_folder_that_holds_something_is_left_alone(house: House, tmp_path: Path):
    (tmp_path / "letter.txt").write_text("dear Ada")

    with pytest.raises(BackupRefused, match="not empty"):
        await copied(house, tmp_path)


async def test_a_database_that_holds_something_is_left_alone(house: House, tmp_path: Path):
    await copied(house, tmp_path / "copy")
    before = await crowd.fingerprint(house)

    with pytest.raises(RestoreRefused, match="is not empty"):
        await put_back(house, tmp_path / "copy")

    assert await crowd.fingerprint(house) == before


async def test_a_file_that_is_not_as_the_manifest_says_is_named(
    house: House, elsewhere: House, tmp_path: Path
):
    await copied(house, tmp_path / "copy")
    folder = tmp_path / "copy" / "dump" / house.mongo.db.name
    (folder / "places.bson").write_bytes(b"")
    (folder / "slots.metadata.json").unlink()

    with pytest.raises(RestoreRefused) as refused:
        await put_back(elsewhere, tmp_path / "copy")

    assert "places.bson" in str(refused.value)
    assert "slots.metadata.json" in str(refused.value)
    assert await elsewhere.mongo.db.list_collection_names() == []


async def test_another_keyring_is_refused(house: House, elsewhere: House, tmp_path: Path):
    await copied(house, tmp_path / "copy")

    for keyring in ("another", None):
        with pytest.raises(RestoreRefused, match=r"copy keys\.json"):
            await restore(elsewhere.mongo, tmp_path / "copy", keyring=keyring)


async def test_without_the_keys_it_is_said_what_could_not_be_read(
    house: House, elsewhere: House, tmp_path: Path
):
    await copied(house, tmp_path / "without", with_keys=False)
    await copied(house, tmp_path / "with")
    shutil.rmtree(tmp_path / "with" / "keys")

    for folder in ("without", "with"):
        with pytest.raises(
            RestoreRefused, match=f"all {len(given.EVERYBODY)} people would be unreadable"
        ):
            await put_back(elsewhere, tmp_path / folder)


async def test_the_data_alone_comes_back_beside_keys_that_are_there(
    house: House, elsewhere: House, tmp_path: Path
):
    await copied(house, tmp_path / "copy", with_keys=False)
    async for row in house.mongo.keys_db["pii_keys"].find():
        await elsewhere.mongo.keys_db["pii_keys"].insert_one(row)

    await put_back(elsewhere, tmp_path / "copy")

    ada = await elsewhere.accounts.by_phone(given.ADA.phone)
    assert ada is not None
    assert ada.name == given.ADA.name
