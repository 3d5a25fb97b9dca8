"""How customers keep their promises (爽约): dated marks that expire, and can be appealed.

Mark      one for one thing that happened, named after it: told twice, it is one mark
Counts    while it stands and now < `expires_at`; struck, withdrawn and expired marks do not
Appeal    one for each mark, decided once, by a supervisor, with a reason
Private   what the customer and the supervisor wrote: sealed with the customer's key
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, Field

from doorstep.addresses.model import Text
from doorstep.appointments.model.promises import Frozen
from doorstep.catalogue.model import NO_SHOWS, OWED, LineOutcome, ServiceKind
from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words


class MarkKind(StrEnum):
    NO_SHOW = "NO_SHOW"
    LATE_CANCEL = "LATE_CANCEL"
    REPEATED_CANCEL = "REPEATED_CANCEL"


class MarkState(StrEnum):
    STANDING = "STANDING"
    STRUCK = "STRUCK"
    WITHDRAWN = "WITHDRAWN"


class Verdict(StrEnum):
    UPHELD = "UPHELD"
    STRUCK = "STRUCK"


class Appeal(BaseModel):
    """When somebody objected, and what came of it."""

    model_config = Frozen

    at: datetime
    verdict: Verdict | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None


class Said(BaseModel):
    """What was written about a mark."""

    model_config = Frozen

    appeal: Text | None = None
    decision: Text | None = None


class ConductMark(Stored):
    """One thing that a customer did with a promise, and that counts for a while."""

    customer_id: str
    appointment_id: str
    branch_id: str
    branch_path: str
    kind: MarkKind
    at: datetime
    expires_at: datetime
    state: MarkState = MarkState.STANDING
    appeal: Appeal | None = None
    sequence: int = 1
    private: Said = Said()

    def counts(self, at: datetime) -> bool:
        return self.state is MarkState.STANDING and at < self.expires_at

    @property
    def under_appeal(self) -> bool:
        return (
            self.state is MarkState.STANDING
            and self.appeal is not None
            and self.appeal.verdict is None
        )


class ConductPolicy(BaseModel):
    """What counts, for how long, and what follows. The bureau's own choices; no source names them.

    `limit_at` marks limit how many open appointments somebody has; `refuse_at` refuse bookings.
    """

    model_config = Frozen

    mark_lasts: timedelta = timedelta(days=90)
    limit_at: int = Field(default=2, ge=1)
    most_open: int = Field(default=2, ge=1)
    refuse_at: int = Field(default=3, ge=1)
    no_show_outcomes: frozenset[LineOutcome] = NO_SHOWS
    late_cancel: timedelta = timedelta(hours=2)
    """A cancellation this shortly before its window is late."""
    free_cancels: int = Field(default=5, ge=0)
    """Of the others, how many within `cancels_within` cost nothing."""
    cancels_within: timedelta = timedelta(days=30)
    exempt: frozenset[ServiceKind] = OWED
    """What the bureau owes, whoever it is for."""


@dataclass(frozen=True)
class Standing:
    """How somebody stands, and what follows. None: nothing does."""

    marks: int = 0
    refused_until: datetime | None = None
    limited_until: datetime | None = None


# ------------------------------------------------------------------ expected no's


class ConductRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    ALREADY_APPEALED = "ALREADY_APPEALED"
    NOT_ALLOWED_NOW = "NOT_ALLOWED_NOW"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


CONDUCT_WORDS: Final[dict[ConductRefusal, Words]] = {
    ConductRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    ConductRefusal.ALREADY_APPEALED: Words(
        "这条记录已经申诉过。", "That mark has been appealed before."
    ),
    ConductRefusal.NOT_ALLOWED_NOW: Words(
        "这条记录已失效，或没有待处理的申诉。",
        "That mark counts no more, or no appeal is open on it.",
    ),
    ConductRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class ConductRefused(Refusal):
    code: ConductRefusal
    current: ConductMark | None = None
