"""A courier drops out: what became of each of their stops."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from doorstep.accounts.model import Role
from doorstep.dispatch.model.rounds import Passed
from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words


class Flag(StrEnum):
    """Why a stop was not re-homed."""

    NO_PLACE = "NO_PLACE"
    UNDER_WAY = "UNDER_WAY"
    PLACE_UNKNOWN = "PLACE_UNKNOWN"


class Rehomed(BaseModel):
    """A stop that somebody else has now."""

    model_config = ConfigDict(frozen=True)

    appointment_id: str
    courier_id: str
    arrival: datetime
    detour_seconds: int
    detour_metres: int


class Flagged(BaseModel):
    """A stop that a person has to look after; `passed`: why it is nobody's, the nearest first."""

    model_config = ConfigDict(frozen=True)

    appointment_id: str
    because: Flag
    passed: tuple[Passed, ...] = ()


class DropOut(Stored):
    """That a courier does not come any more from an instant on, and what was done about it."""

    courier_id: str
    branch_id: str
    branch_path: str
    since: datetime
    until: datetime
    reason: str
    by_role: Role
    at: datetime
    rehomed: tuple[Rehomed, ...] = ()
    flagged: tuple[Flagged, ...] = ()


class DropOutRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED_NOW = "NOT_ALLOWED_NOW"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


DROP_OUT_WORDS: Final[dict[DropOutRefusal, Words]] = {
    DropOutRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    DropOutRefusal.NOT_ALLOWED_NOW: Words(
        "起止时间不对：从今天起，最多 14 天。",
        "From today on, and for 14 days at most.",
    ),
    DropOutRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class DropOutRefused(Refusal):
    code: DropOutRefusal
