"""Who drives what when it is not their own, and when a vehicle is not to be driven at all."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from doorstep.kit.refusals import Refusal, Words
from doorstep.kit.windows import Lasting


class VehicleBooking(Lasting):
    """That a courier drives this vehicle in a span, instead of their own."""

    vehicle_id: str
    courier_id: str
    branch_id: str
    by: str
    at: datetime
    released_at: datetime | None = None


class Outage(Lasting):
    """A span in which nobody drives a vehicle: the workshop, an inspection."""

    vehicle_id: str
    branch_id: str
    reason: str
    by: str
    at: datetime
    ended_at: datetime | None = None


class VehicleRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    OTHER_BRANCH = "OTHER_BRANCH"
    IN_THE_PAST = "IN_THE_PAST"
    VEHICLE_TAKEN = "VEHICLE_TAKEN"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    NOT_INSURED = "NOT_INSURED"
    COURIER_HAS_ANOTHER = "COURIER_HAS_ANOTHER"
    ALREADY_RELEASED = "ALREADY_RELEASED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


VEHICLE_WORDS: Final[dict[VehicleRefusal, Words]] = {
    VehicleRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    VehicleRefusal.OTHER_BRANCH: Words(
        "车辆和揽投员不属于同一支局。", "The vehicle and the courier belong to two branches."
    ),
    VehicleRefusal.IN_THE_PAST: Words("这段时间已经过去。", "That time has passed."),
    VehicleRefusal.VEHICLE_TAKEN: Words(
        "这段时间车辆已有人使用。", "Somebody else has the vehicle in that time."
    ),
    VehicleRefusal.OUT_OF_SERVICE: Words(
        "这段时间车辆停用。", "The vehicle is out of service in that time."
    ),
    VehicleRefusal.NOT_INSURED: Words("车辆保险届时已到期。", "Its insurance ends before that."),
    VehicleRefusal.COURIER_HAS_ANOTHER: Words(
        "该揽投员这段时间已预订另一辆车。", "The courier has another vehicle in that time."
    ),
    VehicleRefusal.ALREADY_RELEASED: Words("已经取消。", "It is released already."),
    VehicleRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class VehicleRefused(Refusal):
    code: VehicleRefusal
    held_by: str | None = None
    """The courier who has the vehicle then."""
