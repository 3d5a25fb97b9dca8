"""Where a courier is: their leave to show it, and one place without a track."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from doorstep.kit.documents import Stored
from doorstep.kit.geo import Point
from doorstep.kit.refusals import Refusal, Words


class Position(BaseModel):
    """Where somebody was, as their handheld measured it, and when by its clock."""

    model_config = ConfigDict(frozen=True)

    where: Point
    at: datetime
    accuracy_metres: int | None = Field(default=None, ge=0, le=100_000)


class Sharing(Stored):
    """Whether a courier lets us know where they are, and where they were last. `id` is theirs.

    There is one position and no track: a newer one replaces it, going home removes it.
    """

    account_id: str
    on: bool
    changed_at: datetime
    position: Position | None = None
    """Sealed with their account's key."""
    position_at: datetime | None = None
    """In the clear, so that an older one never replaces it."""


class PositionRefusal(StrEnum):
    NOT_SHARED = "NOT_SHARED"
    NOT_ON_DUTY = "NOT_ON_DUTY"
    CLOCK_SKEW = "CLOCK_SKEW"
    OUTDATED = "OUTDATED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


POSITION_WORDS: Final[dict[PositionRefusal, Words]] = {
    PositionRefusal.NOT_SHARED: Words(
        "您没有开启位置共享。", "You have not agreed to show where you are."
    ),
    PositionRefusal.NOT_ON_DUTY: Words("请先上班。", "Start duty first."),
    PositionRefusal.CLOCK_SKEW: Words(
        "手持终端的时间不对，请校准。", "The handheld's clock is wrong. Please set it."
    ),
    PositionRefusal.OUTDATED: Words("已有更新的位置。", "We know of a later position."),
    PositionRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class PositionRefused(Refusal):
    code: PositionRefusal
