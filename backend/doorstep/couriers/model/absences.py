"""When couriers do not work though a pattern says so, and why a change of that is refused.

Bounds  [from, to), like every window: whoever is away until noon works from noon
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from doorstep.couriers.model.people import Shift
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import Lasting


class IfOrphans(StrEnum):
    """What is to become of the stops that nobody would be left to visit."""

    REFUSE = "REFUSE"
    HAND_OVER = "HAND_OVER"


class Leave(Lasting):
    """A span in which a courier is away, whatever their shifts say. `reason` names no illness."""

    courier_id: str
    branch_id: str
    reason: str
    by: str
    at: datetime
    cancelled_at: datetime | None = None


class RosterRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    IN_THE_PAST = "IN_THE_PAST"
    OVERLAPS = "OVERLAPS"
    ALREADY_CANCELLED = "ALREADY_CANCELLED"
    WOULD_ORPHAN_STOPS = "WOULD_ORPHAN_STOPS"
    STOPS_UNDER_WAY = "STOPS_UNDER_WAY"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


ROSTER_WORDS: Final[dict[RosterRefusal, Words]] = {
    RosterRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    RosterRefusal.IN_THE_PAST: Words("这段时间已经过去。", "That time has passed."),
    RosterRefusal.OVERLAPS: Words(
        "与该揽投员已有的安排重叠。", "It overlaps with what the courier has already."
    ),
    RosterRefusal.ALREADY_CANCELLED: Words("已经取消。", "It is cancelled already."),
    RosterRefusal.WOULD_ORPHAN_STOPS: Words(
        "这段时间还有未完成的上门任务，请先转交。",
        "Stops in that time would be left without anybody. Hand them over.",
    ),
    RosterRefusal.STOPS_UNDER_WAY: Words(
        "揽投员正在上门途中，现在不能这样做。", "The courier is on the way to a door."
    ),
    RosterRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class RosterRefused(Refusal):
    code: RosterRefusal
    appointment_ids: tuple[str, ...] = ()
    """Those that stand in the way."""
    current: Shift | Leave | None = None
