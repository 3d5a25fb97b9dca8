"""What has changed in the database since the first version, in order. See docs/adr/0008.

A step is only ever appended, and never edited once it has run anywhere.
"""

from typing import Final

from doorstep.capacity.model import mask_of
from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.model import VAN_FROM_KILOGRAMS, VehicleKind
from doorstep.kit.mongo.driver import Database, settled
from doorstep.kit.mongo.migrations import Step


async def budgets_of_slots(database: Database) -> None:
    """Slots that counted places count four dimensions; each promise says what it took of them.

    What was promised before is taken to be an ordinary parcel each. Places become the operator's
    cap; the worker publishes the budgets when it next looks at the rosters.
    """
    load = {"minutes": 15, "grams": 3000, "litres": 12, "pairs": 0}
    await database["appointments"].update_many(
        {"takes": {"$exists": False}},
        [{"$set": {"takes": {"services": "$slot.services", "load": load}}}],
        bypass_document_validation=True,
    )
    slot_and_services = {
        "area": "$slot.area_id",
        "start": "$slot.start",
        "services": "$slot.services",
    }
    cursor = await settled(
        database["appointments"].aggregate(
            [
                {"$match": {"status": {"$ne": "CANCELLED"}}},
                {"$group": {"_id": slot_and_services, "count": {"$sum": 1}}},
            ]
        )
    )
    booked: dict[str, dict[str, int]] = {}
    async for row in cursor:
        key = f"{row['_id']['area']}|{row['_id']['start']:%Y%m%dT%H%MZ}"
        mask = str(mask_of(frozenset(map(ServiceKind, row["_id"]["services"]))))
        booked.setdefault(key, {})[mask] = row["count"]
    async for slot in database["slots"].find({"places": {"$exists": True}}):
        needs = booked.get(slot["_id"], {})
        visits = sum(needs.values())
        demand = {"services": [], "load": load}
        await database["slots"].update_one(
            {"_id": slot["_id"], "places": {"$exists": True}},
            {
                "$set": {
                    "route_id": None,
                    "budget": {"hands": [], "pairs": 0},
                    "cap": {"visits": slot["places"], "minutes": None},
                    "edition": 1,
                    "booked": {
                        "visits": visits,
                        "load": {name: amount * visits for name, amount in load.items()},
                        "needs": {mask: count * 15 for mask, count in needs.items()},
                    },
                    "holds": [{**hold, "demand": demand} for hold in slot["holds"]],
                },
                "$unset": {"places": ""},
                "$inc": {"revision": 1},
            },
            bypass_document_validation=True,
        )


async def kinds_of_vehicles(database: Database) -> None:
    """Vehicles of which nobody said what they are: what carries little is a tricycle."""
    small = {"$lt": ["$capacity_kilograms", VAN_FROM_KILOGRAMS]}
    await database["vehicles"].update_many(
        {"kind": {"$exists": False}},
        [{"$set": {"kind": {"$cond": [small, VehicleKind.E_TRIKE, VehicleKind.VAN]}}}],
        bypass_document_validation=True,
    )


STEPS: Final[tuple[Step, ...]] = (
    Step("0001-budgets-of-slots", budgets_of_slots),
    Step("0002-kinds-of-vehicles", kinds_of_vehicles),
)
