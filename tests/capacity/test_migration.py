"""What the version before left behind: slots that counted places, promises that said nothing."""

from typing import Any

from doorstep.capacity.model import Load
from doorstep.catalogue.model import ServiceKind
from doorstep.migrations import budgets_of_slots
from doorstep.wiring import KEPT, House
from tests import given
from tests.crowd import budgets_add_up, everything
from tests.given import ADA, EVE

TOUCHED = ("slots", "slot_patterns", "appointments", "couriers")
BOTH = frozenset({ServiceKind.PARCEL_PICKUP, ServiceKind.SUBSCRIPTION_VISIT})


async def as_it_was(house: House) -> None:
    """Every document as the version before wrote it."""
    async for slot in house.mongo["slots"].find():
        old: dict[str, Any] = {
            name: slot[name]
            for name in ("_id", "area_id", "branch_id", "branch_path", "day", "window", "revision")
        }
        old |= {
            "places": slot["cap"]["visits"],
            "booked": slot["booked"]["visits"],
            "holds": [{"id": hold["id"], "until": hold["until"]} for hold in slot["holds"]],
        }
        await house.mongo["slots"].replace_one(
            {"_id": slot["_id"]}, old, bypass_document_validation=True
        )
    for name, gone in (("appointments", "takes"), ("couriers", "area_ids")):
        await house.mongo[name].update_many(
            {}, {"$unset": {gone: ""}}, bypass_document_validation=True
        )
    await house.mongo["slot_patterns"].update_many({}, {"$unset": {"route_id": ""}})


async def refused(house: House) -> dict[str, int]:
    """How many documents of each collection the validators of today would not take."""
    schemas = {kept.name: kept.schema for kept in KEPT}
    return {
        name: await house.mongo[name].count_documents({"$nor": [{"$jsonSchema": schemas[name]}]})
        for name in TOUCHED
    }


async def test_slots_that_counted_places_come_to_count_four_dimensions(house: House):
    promises = [await given.booked(house, who, slot=given.slot(12)) for who in (ADA, EVE)]
    mixed = given.slot(14, services=BOTH)
    promises.append(await given.booked(house, slot=mixed))
    gone = await given.booked(house, slot=given.slot(12))
    await house.appointments.cancel(
        gone.id,
        gone.customer_id,
        given.attempt(house),
        expected_version=1,
        by_role=gone.booked_by_role,
        reason=None,
    )
    await house.appointments.hold(
        ADA.account_id, given.asked(ADA, given.slot(12)), given.attempt(house)
    )
    await as_it_was(house)
    before = await refused(house)
    assert (before["slots"], before["appointments"]) == (2 * 6 * 15, 4)

    await budgets_of_slots(house.mongo.db)
    once = await everything(house)
    await budgets_of_slots(house.mongo.db)

    assert await refused(house) == dict.fromkeys(TOUCHED, 0)
    assert await everything(house) == once, "carried out twice, it does it twice"
    slot = await house.capacity.slots.get(given.slot(12).key)
    assert slot
    assert (slot.booked.visits, slot.cap.visits, len(slot.holds)) == (2, 20, 1)
    assert slot.booked.load == Load(minutes=30, grams=6000, litres=24)
    found = await house.appointments.load([each.id for each in (*promises, gone)])
    assert {each.takes.load.minutes for each in found.values()} == {15}
    assert found[promises[2].id].takes.services == BOTH

    assert await house.capacity.publish_all(given.TODAY, 15) == 2 * 6 * 15
    assert await budgets_add_up(house)
    for promise in promises:
        await house.appointments.cancel(
            promise.id,
            promise.customer_id,
            given.attempt(house),
            expected_version=1,
            by_role=promise.booked_by_role,
            reason=None,
        )
    assert await budgets_add_up(house)
    emptied = await house.capacity.slots.get(mixed.key)
    assert emptied
    assert emptied.booked.load == Load()
