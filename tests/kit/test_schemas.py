"""MongoDB itself refuses what a model could not read back."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pymongo.errors import WriteError

from doorstep.appointments.store import APPOINTMENTS
from doorstep.kit.documents import Stored
from doorstep.kit.mongo.collections import Kept, differing, prepare, unfit, unguarded
from doorstep.kit.mongo.schemas import TEXT, NotStorable, shaped, stored_schema
from doorstep.kit.mongo.transactions import Mongo
from doorstep.wiring import KEPT, KEYS_KEPT, House
from tests import given

REFUSED = 121
"""DocumentValidationFailure"""


def test_every_collection_says_what_it_keeps():
    assert [kept.name for kept in (*KEPT, *KEYS_KEPT) if kept.schema is None] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("status", "LOST", id="a status nobody knows"),
        pytest.param("status", None, id="no status"),
        pytest.param("private", {"contact": {"name": "Ada"}}, id="a name that is not sealed"),
        pytest.param("day", datetime(2026, 11, 25, tzinfo=UTC), id="a local day with a time"),
        pytest.param("eta", "10:30", id="an instant as text"),
        pytest.param("version", 1.5, id="half a version"),
        pytest.param("window", {"start": datetime(2026, 11, 25, tzinfo=UTC)}, id="no end"),
        pytest.param("lines", [{"what": "gift", "id": "lin_1"}], id="a line of no kind"),
        pytest.param("lines", [{"what": "delivery", "id": "lin_1"}], id="a line without its item"),
        pytest.param("history", [{"sequence": 1, "kind": "SUNG"}], id="an event nobody knows"),
    ],
)
async def test_a_document_its_model_could_not_read_is_refused(house: House, field: str, value: Any):
    booked = await given.booked(house)

    with pytest.raises(WriteError) as refused:
        await house.mongo[APPOINTMENTS].update_one({"_id": booked.id}, {"$set": {field: value}})

    assert refused.value.code == REFUSED
    assert await house.appointments.store.get(booked.id) == booked


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("eta", None, id="None where it may be"),
        pytest.param("eta", datetime(2026, 11, 25, tzinfo=UTC), id="an instant"),
        pytest.param("changes", 2**40, id="a long"),
        pytest.param("new_to_us", {"any": "thing"}, id="what a newer version added"),
    ],
)
async def test_what_a_model_can_read_is_kept(house: House, field: str, value: Any):
    booked = await given.booked(house)

    await house.mongo[APPOINTMENTS].update_one({"_id": booked.id}, {"$set": {field: value}})

    assert await unfit(house.mongo.db, KEPT) == {}


async def test_documents_older_than_their_validator_are_counted(house: House):
    booked = await given.booked(house)
    await house.mongo[APPOINTMENTS].update_one(
        {"_id": booked.id}, {"$unset": {"history": 1}}, bypass_document_validation=True
    )

    assert await unfit(house.mongo.db, KEPT) == {APPOINTMENTS: 1}


async def test_preparing_puts_our_validator_in_place_of_another(mongo: Mongo):
    before, after = Kept("things", schema=shaped(_id=TEXT)), Kept("things", schema=_named)
    await prepare(mongo.db, [before])
    assert await differing(mongo.db, [after]) == ["things"]

    await asyncio.gather(*(prepare(mongo.db, [after]) for _ in range(4)))

    assert await differing(mongo.db, [after]) == []
    with pytest.raises(WriteError):
        await mongo["things"].insert_one({"_id": "thi_1"})


def _named() -> dict[str, Any]:
    return shaped(_id=TEXT, name=TEXT)


async def test_whoever_declares_no_schema_leaves_the_one_there_is(mongo: Mongo):
    named = Kept("things", schema=_named)
    await prepare(mongo.db, [named])

    await prepare(mongo.db, [Kept("things")])

    assert await differing(mongo.db, [named]) == []


async def test_a_collection_without_its_validator_is_told(mongo: Mongo):
    await prepare(mongo.db, [Kept("things")])

    assert await unguarded(mongo.db, [Kept("things", schema=_named)]) == ["things"]


def test_a_model_that_bson_cannot_keep_is_refused_when_it_is_declared():
    class Birthday(Stored):
        day: date

    with pytest.raises(NotStorable, match="serializer"):
        stored_schema(Birthday)
