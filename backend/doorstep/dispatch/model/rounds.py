"""Who goes where: assignments of appointments to couriers, and the rounds they make.

Sequence  one count per courier over all days; a round's is that of its latest change, and a
          handheld that knows it knows the round
Offers    an appointment is offered to one courier at a time; whoever answers settles it
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import Day, TimeWindow


class StopState(StrEnum):
    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    EN_ROUTE = "EN_ROUTE"
    ARRIVED = "ARRIVED"
    DONE = "DONE"
    FAILED = "FAILED"
    REMOVED = "REMOVED"


UNDER_WAY: Final = frozenset({StopState.EN_ROUTE, StopState.ARRIVED})
OPEN_STOPS: Final = UNDER_WAY | {StopState.OFFERED, StopState.ACCEPTED}


class Stop(BaseModel):
    """One door of a round. A REMOVED stop is a tombstone: it says what is not theirs any more."""

    model_config = ConfigDict(frozen=True)

    id: str
    appointment_id: str
    window: TimeWindow
    state: StopState
    planned_arrival: datetime
    eta: datetime | None = None


class Round(Stored):
    """What one courier does on one day, in order."""

    courier_id: str
    branch_id: str
    day: Day
    sequence: int = 0
    stops: tuple[Stop, ...] = ()

    def stop_for(self, appointment_id: str) -> Stop | None:
        """The stop that is still theirs, if there is one."""
        return next(
            (
                stop
                for stop in self.stops
                if stop.appointment_id == appointment_id and stop.state is not StopState.REMOVED
            ),
            None,
        )

    def open_in(self, window: TimeWindow) -> int:
        return sum(stop.window == window and stop.state in OPEN_STOPS for stop in self.stops)


def round_id(courier_id: str, day: Day) -> str:
    return f"rnd_{courier_id.removeprefix('cou_')}.{day.isoformat()}"


class Ending(StrEnum):
    """Why an assignment is over."""

    DECLINED = "DECLINED"
    NOT_ANSWERED = "NOT_ANSWERED"
    REPLACED = "REPLACED"
    UNASSIGNED = "UNASSIGNED"
    MOVED = "MOVED"
    CANCELLED = "CANCELLED"
    COURIER_AWAY = "COURIER_AWAY"
    TRANSFERRED = "TRANSFERRED"
    HANDED_BACK = "HANDED_BACK"
    """A colleague was asked to take it over and said nothing: somebody else is asked."""
    DROPPED_OUT = "DROPPED_OUT"


NOT_AGAIN: Final = (Ending.DECLINED, Ending.NOT_ANSWERED, Ending.HANDED_BACK)
"""Whose was ended so is not asked again to take it in the same window."""


class PassedOver(StrEnum):
    """Why a courier was not chosen; what the figure beside it counts."""

    OFF_DUTY = "OFF_DUTY"
    LACKS_SKILL = "LACKS_SKILL"
    OTHER_AREA = "OTHER_AREA"
    ISLAND = "ISLAND"
    DEDICATED_ELSEWHERE = "DEDICATED_ELSEWHERE"
    ASKED_BEFORE = "ASKED_BEFORE"
    NO_VEHICLE = "NO_VEHICLE"
    """Kilograms, or where those would do litres, that their vehicle does not carry."""
    FULL = "FULL"
    """Minutes by which somebody behind the new stop, or the end of the shift, would be missed."""
    TOO_LATE = "TOO_LATE"
    """Minutes after the window's end at which they would come."""
    DETOUR = "DETOUR"
    """Metres that their way is longer than that of who was chosen."""


class Passed(BaseModel):
    """Somebody who was considered and not chosen."""

    model_config = ConfigDict(frozen=True)

    courier_id: str
    code: PassedOver
    figure: int | None = None


class Assignment(Stored):
    """That an appointment is one courier's to answer for, or was. Work done leaves it active.

    At most one is active for each appointment: the index says so, whatever races.
    """

    appointment_id: str
    courier_id: str
    branch_id: str
    day: Day
    window: TimeWindow
    door_no: int = 1
    """Which of the appointment's doors it is for."""
    active: bool = True
    accepted: bool = False
    at: datetime
    answer_by: datetime | None = None
    """Until when an offer waits; None for a dispatcher's word, which does not lapse."""
    by_role: Role | None = None
    ended: Ending | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    detour_seconds: int | None = None
    """What it added to the courier's way; None: nobody looked, it was somebody's word."""
    detour_metres: int | None = None
    passed: tuple[Passed, ...] = ()
    """Who else was considered, the nearest to being chosen first."""


class FeedEntry(Stored):
    """That something changed in a courier's round of a day."""

    courier_id: str
    sequence: int
    day: Day
    at: datetime


class Urgency(IntEnum):
    """Classes of promises, by what sets their deadline. Higher goes first."""

    OTHERS = 0
    SAME_DAY = 1
    COMPLAINT = 2
    ID_CARD = 3
    LEGAL_DOCUMENT = 4


class DispatchPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = ConfigDict(frozen=True)

    patience: timedelta = timedelta(minutes=15)
    """How long an offer waits for an answer while its courier is at work."""
    most_stops_in_window: int = 40
    eta_step: timedelta = timedelta(minutes=3)
    """A change of an ETA that is smaller is kept from everybody."""
    late_margin: timedelta = timedelta(minutes=5)
    """Who should be there less than this before the window ends is foreseen to be late."""
    clock_ahead: timedelta = timedelta(minutes=5)
    """How far a handheld's clock may be ahead of ours."""
    position_fresh_for: timedelta = timedelta(minutes=10)
    """How long a position says on a map where somebody is."""
    feed_kept_for: timedelta = timedelta(days=14)
    most_replayed: int = 500
    usual_courier_worth: timedelta = timedelta(minutes=5)
    """How much longer the way of the customer's usual courier may be for them to come again."""
    most_explained: int = 60
    """Couriers whose reason is kept with an assignment."""
    most_neighbours: int = 24
    """Places near a door to which a router is asked for the ways, before the visit is offered."""
    at_once_within: timedelta = timedelta(hours=1)
    """Windows that begin so soon are offered only where somebody on duty is near."""
    near: timedelta = timedelta(minutes=30)
    """The way that counts as near."""
    weights: Mapping[Urgency, int] = {
        Urgency.OTHERS: 100_000,
        Urgency.SAME_DAY: 200_000,
        Urgency.COMPLAINT: 400_000,
        Urgency.ID_CARD: 800_000,
        Urgency.LEGAL_DOCUMENT: 1_600_000,
    }
    """What a plan loses by leaving out a promise of the class, in what it reckons ways in."""


class AssignmentRefusal(StrEnum):
    STALE_VERSION = "STALE_VERSION"
    NOT_ALLOWED_NOW = "NOT_ALLOWED_NOW"
    ALREADY_ASSIGNED = "ALREADY_ASSIGNED"
    ALREADY_THEIRS = "ALREADY_THEIRS"
    COURIER_OFF_DUTY = "COURIER_OFF_DUTY"
    COURIER_LACKS_SKILL = "COURIER_LACKS_SKILL"
    COURIER_FULL = "COURIER_FULL"
    OTHER_BRANCH = "OTHER_BRANCH"
    NOT_FOUND = "NOT_FOUND"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


ASSIGNMENT_WORDS: Final[dict[AssignmentRefusal, Words]] = {
    AssignmentRefusal.STALE_VERSION: Words(
        "预约刚刚有变化，请核对后再试。", "The appointment has just changed. Please look again."
    ),
    AssignmentRefusal.NOT_ALLOWED_NOW: Words("现在不能这样做。", "That cannot be done now."),
    AssignmentRefusal.ALREADY_ASSIGNED: Words(
        "已有揽投员负责，请先取消指派。", "A courier has it already. Unassign it first."
    ),
    AssignmentRefusal.ALREADY_THEIRS: Words("已由该揽投员负责。", "That courier has it already."),
    AssignmentRefusal.COURIER_OFF_DUTY: Words(
        "该揽投员在这个时段不上班。", "That courier does not work in this window."
    ),
    AssignmentRefusal.COURIER_LACKS_SKILL: Words(
        "该揽投员不具备所需的资格。", "That courier is not trained for this."
    ),
    AssignmentRefusal.COURIER_FULL: Words(
        "该揽投员在这个时段已排满。", "That courier's window is full."
    ),
    AssignmentRefusal.OTHER_BRANCH: Words(
        "该揽投员属于另一个支局。", "That courier belongs to another branch."
    ),
    AssignmentRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    AssignmentRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class AssignmentRefused(Refusal):
    code: AssignmentRefusal
    current: Appointment | None = None
