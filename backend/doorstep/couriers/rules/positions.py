"""Whose position may be kept. Pure."""

from datetime import datetime, timedelta

from doorstep.couriers.model import Courier, Position, PositionRefusal, Sharing


def judge_position(
    position: Position,
    courier: Courier,
    sharing: Sharing | None,
    *,
    now: datetime,
    clock_ahead: timedelta,
) -> PositionRefusal | None:
    """Whether it may be kept. One that is kept already is no news, and no mistake either."""
    if sharing is None or not sharing.on:
        return PositionRefusal.NOT_SHARED
    if not courier.on_duty:
        return PositionRefusal.NOT_ON_DUTY
    if position.at > now + clock_ahead:
        return PositionRefusal.CLOCK_SKEW
    if sharing.position_at and position.at < sharing.position_at:
        return PositionRefusal.OUTDATED
    if courier.duty_changed_at and position.at < courier.duty_changed_at - clock_ahead:
        return PositionRefusal.OUTDATED
    return None
