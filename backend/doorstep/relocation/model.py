"""Moving house once: what is bound to the old address from a day on, and what became of each.

A move is written down before anything follows it, and each thing's outcome as it comes, so that
whoever finds a move half done can finish it. It holds ids only: no door, no name.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from doorstep.accounts.model import Role
from doorstep.addresses.model import Address, Candidate
from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import Day


class Subject(StrEnum):
    """What can be bound to an address."""

    ADDRESS = "ADDRESS"
    APPOINTMENT = "APPOINTMENT"


class Outcome(StrEnum):
    """What became of one thing."""

    MOVED = "MOVED"
    PENDING = "PENDING"
    NEEDS_CHOICE = "NEEDS_CHOICE"
    NOT_SERVED = "NOT_SERVED"
    KEPT = "KEPT"
    REFUSED = "REFUSED"


class Why(StrEnum):
    """Why that became of it."""

    POINTS_ON = "POINTS_ON"
    GOES_THERE = "GOES_THERE"
    COURIER_IS_ASKED = "COURIER_IS_ASKED"
    NO_PLACE = "NO_PLACE"
    OUT_OF_AREA = "OUT_OF_AREA"
    NOT_OFFERED_THERE = "NOT_OFFERED_THERE"
    UNDER_WAY = "UNDER_WAY"
    TOO_LATE = "TOO_LATE"
    NOT_BOUND = "NOT_BOUND"
    OTHER_CHANGE_PENDING = "OTHER_CHANGE_PENDING"
    KEEPS_CHANGING = "KEEPS_CHANGING"
    NO_ADDRESS = "NO_ADDRESS"


WHY_WORDS: Final[dict[Why, Words]] = {
    Why.POINTS_ON: Words(
        "原地址保留到搬家当天，之后以新地址为准。",
        "The old address stays in the book until the day, and points to the new one.",
    ),
    Why.GOES_THERE: Words("已改到新地址。", "It goes to the new address."),
    Why.COURIER_IS_ASKED: Words(
        "揽投员确认后改到新地址。", "It goes there once its courier has agreed."
    ),
    Why.NO_PLACE: Words(
        "新地址在这个时段约满或不上门，请另选时段。",
        "There is no place in that window at the new address. Please choose another.",
    ),
    Why.OUT_OF_AREA: Words(
        "新地址不在上门服务范围内，仍按原地址。",
        "We do not come to the new address. It stays at the old one.",
    ),
    Why.NOT_OFFERED_THERE: Words(
        "新地址不提供这项服务，仍按原地址。",
        "That service is not offered at the new address. It stays at the old one.",
    ),
    Why.UNDER_WAY: Words(
        "揽投员已出发，仍按原地址。", "The courier is on the way to the old address."
    ),
    Why.TOO_LATE: Words(
        "已过可更改的时间，仍按原地址。",
        "It is too late to change it. It stays at the old address.",
    ),
    Why.NOT_BOUND: Words("它已结束或已改到别处。", "It is over, or goes elsewhere already."),
    Why.OTHER_CHANGE_PENDING: Words(
        "它正等待另一次改址的确认。", "Another change of its address waits for an answer."
    ),
    Why.KEEPS_CHANGING: Words(
        "它刚刚有变化，请稍后再改。", "It has just changed. Please change it yourself."
    ),
    Why.NO_ADDRESS: Words("新地址已被删除。", "The new address has been deleted."),
}


class Followed(BaseModel):
    """One thing that was bound to the old address. Without an outcome, it is yet to follow."""

    model_config = ConfigDict(frozen=True)

    what: Subject
    id: str
    outcome: Outcome | None = None
    code: Why | None = None


class HouseMove(Stored):
    """A customer moves: from `day` on, they are at the other address."""

    customer_id: str
    from_address_id: str
    to_address_id: str
    day: Day
    at: datetime
    by_role: Role
    followed: tuple[Followed, ...] = ()
    listed: bool = False
    """All that was bound to the old address is in `followed`."""
    done: bool = False
    retired: bool = False
    """The old address is out of the book."""


class RelocationPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = ConfigDict(frozen=True)

    resume_after: timedelta = timedelta(minutes=1)
    """How long a move may lie half done before the worker takes it up."""
    most_shown: int = 50
    most_tries: int = 5


class RelocationRefusal(StrEnum):
    STALE_VERSION = "STALE_VERSION"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_MOVED = "ALREADY_MOVED"
    SAME_ADDRESS = "SAME_ADDRESS"
    DAY_PASSED = "DAY_PASSED"
    AMBIGUOUS = "AMBIGUOUS"
    TOO_MANY_ADDRESSES = "TOO_MANY_ADDRESSES"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


RELOCATION_WORDS: Final[dict[RelocationRefusal, Words]] = {
    RelocationRefusal.STALE_VERSION: Words(
        "地址刚刚被修改过，请核对后再试。", "The address has just changed. Please look again."
    ),
    RelocationRefusal.NOT_FOUND: Words("没有找到这个地址。", "There is no such address."),
    RelocationRefusal.ALREADY_MOVED: Words(
        "已登记从这个地址搬走。", "You have said already that you move from there."
    ),
    RelocationRefusal.SAME_ADDRESS: Words(
        "新旧地址相同。", "The old and the new address are the same."
    ),
    RelocationRefusal.DAY_PASSED: Words("日期已过。", "That day has passed."),
    RelocationRefusal.AMBIGUOUS: Words(
        "无法确定这个地址，请选择或在地图上标出位置。",
        "We are not sure where that is. Choose one, or mark it on the map.",
    ),
    RelocationRefusal.TOO_MANY_ADDRESSES: Words(
        "地址簿已满，请先删除不用的地址。", "Your address book is full. Delete one first."
    ),
    RelocationRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class RelocationRefused(Refusal):
    code: RelocationRefusal
    candidates: tuple[Candidate, ...] = ()
    current: Address | None = None
