"""A day that was planned, and the bureau's own choices about plans.

Units  whole metres and whole seconds
"""

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import Day

Frozen: Final = ConfigDict(frozen=True)


class PlanPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = Frozen

    break_from: time = time(11, 30)
    break_until: time = time(13, 30)
    """Breaks lie between these, one courier's a little later than the next one's."""
    break_lasts: timedelta = timedelta(minutes=45)
    break_step: timedelta = timedelta(minutes=15)
    break_after: timedelta = timedelta(hours=6)
    """Shorter shifts have none; what a shift says of its own breaks goes before all this."""
    island_share: float = Field(default=1.5, ge=1)
    """Minutes on an island for each minute of visits there, from which follows how many go."""
    metres_of_weight: float = Field(default=0.1, gt=0)
    """How many metres longer the way may be for each unit of what a visit weighs. The more, the
    worse a search finds its way: it looks at whom to leave out before it looks at how to go.
    """
    seconds: int = Field(default=20, ge=1)
    """How long to search where nobody says."""
    most_seconds: int = 300
    pace: float = Field(default=1, gt=0)
    """How fast this machine searches; 1: one core of 2026. Another pace, another plan."""


class FiguresKept(BaseModel):
    """What becomes of a day's visits."""

    model_config = Frozen

    stops: int
    unplanned: int
    metres: int
    late_seconds: int
    late_stops: int
    tours: int


class UnplannedKept(BaseModel):
    """A visit that is in nobody's round, and why. What `figure` counts depends on `because`."""

    model_config = Frozen

    appointment_id: str
    because: str
    figure: int | None = None


class DayPlan(Stored):
    """What came of planning a day. It says what was done; how rounds stand, rounds say."""

    branch_id: str
    branch_path: str
    day: Day
    at: datetime
    seed: int
    iterations: int
    cut_by_clock: bool
    seconds: float
    feasible: bool
    before: FiguresKept
    after: FiguresKept
    unplanned: tuple[UnplannedKept, ...] = ()
    left_alone: tuple[str, ...] = ()
    """Appointments that changed while it was planned: they stay as they are."""
    offered: int = 0
    moved: int = 0
    rounds: int = 0
    """How many rounds it changed."""


class PlanRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    DAY_IS_OVER = "DAY_IS_OVER"
    NOBODY_WORKS = "NOBODY_WORKS"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


PLAN_WORDS: Final[dict[PlanRefusal, Words]] = {
    PlanRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    PlanRefusal.DAY_IS_OVER: Words("这一天已经过去了。", "That day is over."),
    PlanRefusal.NOBODY_WORKS: Words("这一天没有揽投员上班。", "Nobody works on that day."),
    PlanRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class PlanRefused(Refusal):
    code: PlanRefusal
