"""The dispatcher's desk: what happened in a branch, in one order, and what should worry somebody.

Sequence  one count per branch, drawn by the relay's reactions: bookings never wait for it
Alarms    raised once each, by an id made of what they are about; open while their reason lasts
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from doorstep.appointments.model import Status
from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Words
from doorstep.kit.windows import Day


class AlarmKind(StrEnum):
    OFFER_UNTAKEN = "OFFER_UNTAKEN"
    WINDOW_PASSING = "WINDOW_PASSING"
    DUTY_ENDED_WITH_STOPS = "DUTY_ENDED_WITH_STOPS"
    CAPACITY_SHORT = "CAPACITY_SHORT"
    REOFFER_LAPSED = "REOFFER_LAPSED"
    RUNNING_LATE = "RUNNING_LATE"
    NOT_REHOMED = "NOT_REHOMED"
    DROPPED_OUT_UNDER_WAY = "DROPPED_OUT_UNDER_WAY"


ALARM_WORDS: Final[dict[AlarmKind, Words]] = {
    AlarmKind.OFFER_UNTAKEN: Words(
        "没有揽投员接单，请指派。", "No courier has taken this. Please assign one."
    ),
    AlarmKind.WINDOW_PASSING: Words(
        "时段即将结束，还没有上门。", "The window is about to pass, and nobody has set out."
    ),
    AlarmKind.DUTY_ENDED_WITH_STOPS: Words(
        "揽投员已下班，还有未完成的任务。", "The courier went home with open stops."
    ),
    AlarmKind.CAPACITY_SHORT: Words(
        "运力减少，已约的上门排不下了。", "There is less capacity than was promised."
    ),
    AlarmKind.REOFFER_LAPSED: Words(
        "无法按约上门，客户尚未答复改约，请联系客户。",
        "This cannot be kept, and nobody has answered our offer. Please call the customer.",
    ),
    AlarmKind.RUNNING_LATE: Words(
        "照目前的进度，揽投员将晚到。", "As things stand, the courier will be late."
    ),
    AlarmKind.NOT_REHOMED: Words(
        "揽投员退出后没有人能按时接手，请处理。",
        "Its courier dropped out, and nobody else can come in time. Please see to it.",
    ),
    AlarmKind.DROPPED_OUT_UNDER_WAY: Words(
        "揽投员在上门途中退出，请联系。",
        "Its courier dropped out while on the way to it. Please call them.",
    ),
}


class Alarm(Stored):
    """Something that should worry the dispatcher."""

    kind: AlarmKind
    branch_id: str
    day: Day
    at: datetime
    appointment_id: str | None = None
    courier_id: str | None = None
    slot_key: str | None = None


class Entry(Stored):
    """One line of a branch's feed: a step of an appointment's history, or an alarm."""

    branch_id: str
    sequence: int
    at: datetime
    appointment_id: str | None = None
    appointment_sequence: int | None = None
    alarm_id: str | None = None


class DeskPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = ConfigDict(frozen=True)

    warn_before_end: timedelta = timedelta(minutes=30)
    most_replayed: int = 500
    kept_for: timedelta = timedelta(days=7)


UNVISITED: Final = frozenset({Status.BOOKED, Status.ASSIGNED})
