"""Another door for a visit: what is asked, what came of it, and why."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from doorstep.capacity.model import Demand, Load, SlotRef
from doorstep.kit.refusals import Words
from doorstep.kit.windows import Day, TimeWindow


class Decision(StrEnum):
    """What becomes of the promise when it is to go to another door."""

    KEPT = "KEPT"
    REPLACED = "REPLACED"
    PENDING = "PENDING"


class Because(StrEnum):
    """What speaks in a decision."""

    SAME_AREA = "SAME_AREA"
    OTHER_AREA = "OTHER_AREA"
    OTHER_BRANCH = "OTHER_BRANCH"
    SAME_WINDOW = "SAME_WINDOW"
    OTHER_WINDOW = "OTHER_WINDOW"
    TAKES_MORE = "TAKES_MORE"
    TAKES_LESS = "TAKES_LESS"
    COURIER_IS_ASKED = "COURIER_IS_ASKED"
    BOTH_PLACES_KEPT = "BOTH_PLACES_KEPT"
    COURIER_FREED = "COURIER_FREED"


BECAUSE_WORDS: Final[dict[Because, Words]] = {
    Because.SAME_AREA: Words("新地址在同一片区。", "The new address lies in the same area."),
    Because.OTHER_AREA: Words(
        "新地址在另一片区，由同一支局服务。",
        "The new address lies in another area of the same branch.",
    ),
    Because.OTHER_BRANCH: Words(
        "新地址由另一个支局服务。", "Another branch serves the new address."
    ),
    Because.SAME_WINDOW: Words("上门时段不变。", "We come in the same window."),
    Because.OTHER_WINDOW: Words("上门时段已改。", "We come in another window."),
    Because.TAKES_MORE: Words("到新地址需要更多时间。", "A visit there takes longer."),
    Because.TAKES_LESS: Words("到新地址需要的时间更少。", "A visit there takes less time."),
    Because.COURIER_IS_ASKED: Words(
        "揽投员已接单，须先确认新地址；确认之前仍按原地址上门。",
        "Your courier has to agree first. Until then the visit goes to the old address.",
    ),
    Because.BOTH_PLACES_KEPT: Words(
        "确认之前，新旧两处的名额都为您保留。",
        "Until then we keep both places for you, the old and the new.",
    ),
    Because.COURIER_FREED: Words(
        "原揽投员不能到新地址，我们会另派一位。",
        "Your courier cannot come there, so we ask another one.",
    ),
}


class DoorChange(BaseModel):
    """What the customer was told when they last asked for another door."""

    model_config = ConfigDict(frozen=True)

    decision: Decision
    because: tuple[Because, ...]


class PendingChange(BaseModel):
    """Another door that was asked for, until the courier who has the visit agrees to it.

    Its place is taken already, beside the old one. The door itself is `Private.going_to`.
    """

    model_config = ConfigDict(frozen=True)

    sequence: int
    """Of the entry in the history that asked for it: what the courier agrees to."""
    address_id: str
    area_id: str
    branch_id: str
    branch_path: str
    slot: SlotRef
    takes: Demand
    on_top: Load | None
    """In the slot that the visit has: what is taken beside its own. None: in another slot."""
    day: Day
    window: TimeWindow
    cancellable_until: datetime
    asked_at: datetime
    answer_by: datetime
