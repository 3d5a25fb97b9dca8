"""专人专车: couriers who are kept for somebody or for some place, and who stands in for them."""

from datetime import datetime, time
from enum import StrEnum
from typing import Final

from pydantic import Field, model_validator

from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, WordedError, Words
from doorstep.kit.windows import ClockTime, Day, TimeWindow, at_local, day_span, local_day

_MOST_SUBSTITUTES: Final = 10


class Dedication(Stored):
    """That a courier, or the first substitute who is there, is kept for one purpose.

    For a customer (`customer_id`) or a place: an area, or one beat of it. `weekdays` are ISO, and
    an `end_time` of midnight is that of the day's end.
    """

    branch_id: str
    courier_id: str
    substitute_ids: tuple[str, ...] = Field(default=(), max_length=_MOST_SUBSTITUTES)
    customer_id: str | None = None
    area_id: str | None = None
    beat_id: str | None = None
    weekdays: tuple[int, ...] = Field(min_length=1, max_length=7)
    start_time: ClockTime
    end_time: ClockTime
    valid_from: Day | None = None
    valid_to: Day | None = None
    ended_at: datetime | None = None
    version: int = 1

    @model_validator(mode="after")
    def _makes_sense(self) -> "Dedication":
        if not set(self.weekdays) <= set(range(1, 8)):
            raise WordedError("星期须为 1 到 7。", "Weekdays are 1 to 7.")
        if self.end_time != time.min and self.end_time <= self.start_time:
            raise WordedError("结束时间须晚于开始时间。", "It ends after it starts.")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise WordedError("终止日不能早于起始日。", "The last day is not before the first.")
        if (self.customer_id is None) is (self.area_id is None):
            raise WordedError("须指定一个客户或一个区域。", "For a customer, or for a place.")
        if self.beat_id and not self.area_id:
            raise WordedError("段道属于一个区域。", "A beat lies in an area.")
        if len(set(self.courier_ids)) < len(self.courier_ids):
            raise WordedError("同一揽投员只能出现一次。", "Each courier is named once.")
        return self

    @property
    def courier_ids(self) -> tuple[str, ...]:
        """Everybody who may be kept by it, in the order in which they are."""
        return (self.courier_id, *self.substitute_ids)

    def is_for(self, customer_id: str, area_id: str | None, beat_id: str | None = None) -> bool:
        """Whether such a visit is what they are kept for. Where its beat is not known, its area
        is enough.
        """
        if self.customer_id:
            return self.customer_id == customer_id
        here = self.beat_id is None or beat_id is None or self.beat_id == beat_id
        return here and self.area_id == area_id

    def touches(self, window: TimeWindow) -> bool:
        """Whether they are kept in some part of the window."""
        days = {window.day, local_day(window.end)}
        return any((span := self.on(day)) is not None and span.touches(window) for day in days)

    def on(self, day: Day) -> TimeWindow | None:
        """Its span on a local day. None: it does not hold then."""
        begun = self.valid_from is None or self.valid_from <= day
        over = self.valid_to is not None and self.valid_to < day
        if self.ended_at or not begun or over or day.isoweekday() not in self.weekdays:
            return None
        whole = self.end_time == time.min
        end = day_span(day).end if whole else at_local(day, self.end_time)
        return TimeWindow(start=at_local(day, self.start_time), end=end)


class DedicationRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"
    ALREADY_ENDED = "ALREADY_ENDED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


DEDICATION_WORDS: Final[dict[DedicationRefusal, Words]] = {
    DedicationRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    DedicationRefusal.STALE_VERSION: Words(
        "刚刚有变化，请核对后再试。", "It has just changed. Please look again."
    ),
    DedicationRefusal.ALREADY_ENDED: Words("已经结束。", "It has ended already."),
    DedicationRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class DedicationRefused(Refusal):
    code: DedicationRefusal
    current: Dedication | None = None
