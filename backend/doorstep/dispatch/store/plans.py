"""Plans that were written, in MongoDB."""

from datetime import timedelta
from typing import Final

from doorstep.dispatch.model import DayPlan
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx

PLANS: Final = "day_plans"
KEPT: Final = (
    Kept(
        PLANS,
        (Index(("branch_id", "day", "at")), Index(("at",), expire_after=timedelta(days=90))),
        schema=stored_schema(DayPlan),
    ),
)


class PlanStore:
    def __init__(self, mongo: Mongo) -> None:
        self._plans = mongo[PLANS]

    def add(self, plan: DayPlan, *, tx: Tx) -> None:
        tx.insert(PLANS, plan.document())

    async def get(self, id: str) -> DayPlan | None:
        found = await self._plans.find_one({"_id": id})
        return DayPlan.of_document(found) if found else None
