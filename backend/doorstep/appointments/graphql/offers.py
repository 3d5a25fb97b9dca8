"""What is offered instead of a promise that cannot be kept, as the outside world sees it."""

from datetime import datetime
from typing import Self

import strawberry

from doorstep.appointments import model
from doorstep.capacity.graphql import Slot
from doorstep.kit.gql import Info, Node, TimeWindow, computed, explain, public, shown

explain(
    model.AffectedBecause,
    "Why a promise cannot be kept as it is.",
    {
        model.AffectedBecause.CLOSURE: "Its branch is closed on that day: clo_….",
        model.AffectedBecause.BLOCK: "The way is shut in that window: blk_….",
        model.AffectedBecause.SAILING_CANCELLED: "The ferry does not go: sai_….",
        model.AffectedBecause.AREA_GONE: "The area is not served on that day any more: are_….",
        model.AffectedBecause.CAPACITY_SHORT: "There is less to give than was promised: slt_….",
    },
)
explain(
    model.ReofferState,
    "How far an offer of other slots has come.",
    {
        model.ReofferState.OPEN: "It waits for an answer, and its first slot's place is kept.",
        model.ReofferState.TAKEN: "The appointment was moved.",
        model.ReofferState.DECLINED: "The appointment was cancelled; nobody is blamed.",
        model.ReofferState.LAPSED: "Nobody answered in time. The place is kept no longer; another "
        "slot can still be chosen, also past the cut-offs of the old one.",
        model.ReofferState.WITHDRAWN: "It is not needed any more.",
    },
)


@public("Other slots, offered because an appointment cannot be kept as it is.")
class Reoffer(Node):
    appointment_id: strawberry.ID = shown("Instead of which appointment's slot.")
    because: model.AffectedBecause = shown("Why it cannot be kept.")
    cause_id: strawberry.ID = shown("What is in the way: a closure, block, sailing, area or slot.")
    window: TimeWindow = shown("What was promised and cannot be kept.")
    state: model.ReofferState = shown("How far it has come.")
    offered_at: datetime = shown("When it was made.")
    expires_at: datetime = shown("Until when the first slot's place is kept.")
    note: str | None = shown("What the dispatcher said about it.")
    stored: strawberry.Private[model.Reoffer]

    @computed("The slots offered, the most like the old one first. The first one's place is kept.")
    async def slots(self, info: Info) -> list[Slot]:
        views = await info.context.house.appointments.slots_offered(self.stored)
        return [Slot.of(view, staff=False) for view in views]

    @classmethod
    def of(cls, reoffer: model.Reoffer, *, at: datetime) -> Self:
        return cls(
            id=strawberry.ID(reoffer.id),
            appointment_id=strawberry.ID(reoffer.appointment_id),
            because=reoffer.because,
            cause_id=strawberry.ID(reoffer.cause_id),
            window=TimeWindow.of(reoffer.window),
            state=reoffer.state_at(at),
            offered_at=reoffer.offered_at,
            expires_at=reoffer.expires_at,
            note=reoffer.note,
            stored=reoffer,
        )
