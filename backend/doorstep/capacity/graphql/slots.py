"""Slots and holds as the outside world sees them."""

from datetime import date, datetime
from typing import Self

import strawberry

from doorstep.capacity import model
from doorstep.capacity.actions import SlotView
from doorstep.kit.gql import Node, TimeWindow, explain, public, shown

explain(
    model.SlotClosedReason,
    "Why a slot cannot be booked.",
    {
        model.SlotClosedReason.FULL: "Every place is taken or held.",
        model.SlotClosedReason.CUTOFF_PASSED: "It is too late for this window.",
        model.SlotClosedReason.CALENDAR: "The branch does not come on this day.",
        model.SlotClosedReason.NO_COURIER: "Nobody who can do this works in this window.",
        model.SlotClosedReason.NO_VEHICLE: "No vehicle that can carry this is free.",
        model.SlotClosedReason.AREA: "The area is not served in this window.",
        model.SlotClosedReason.NO_SAILING: "No ferry sails for this window.",
    },
)


@public("A window in which somebody can come, for the services asked about.")
class Slot(Node):
    day: date = shown("The local day.")
    window: TimeWindow = shown("From when to when.")
    open: bool = shown("Whether it can be booked now.")
    closed_because: model.SlotClosedReason | None = shown(
        "Why it cannot be booked, when it cannot."
    )
    cutoff_at: datetime = shown("Until when it can be booked at all.")
    places: int | None = shown("Staff only: how many promises it holds.")
    taken: int | None = shown("Staff only: how many are given or held.")

    @classmethod
    def of(cls, view: SlotView, *, staff: bool) -> Self:
        return cls(
            id=strawberry.ID(view.ref.text),
            day=view.slot.day,
            window=TimeWindow.of(view.slot.window),
            open=view.closed is None,
            closed_because=view.closed,
            cutoff_at=view.cutoff_at,
            places=view.places if staff else None,
            taken=view.taken if staff else None,
        )


@public("A place kept while its customer is still choosing.")
class SlotHold(Node):
    slot: Slot = shown("In which slot.")
    expires_at: datetime = shown("Until when it is kept.")


@public("A hold was given back.")
class HoldReleased:
    id: strawberry.ID = shown("Which one.")


@public("A place is held.")
class SlotHeld:
    hold: SlotHold = shown("The hold.")
