"""Which alarms there are, and whether their reason still lasts. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from math import ceil
from typing import Final

from doorstep.appointments.model import Appointment, EventKind, Status
from doorstep.capacity.model import Slot
from doorstep.couriers.model import Courier
from doorstep.desk.model import UNVISITED, Alarm, AlarmKind
from doorstep.dispatch.model import OPEN_STOPS, DispatchPolicy, Round
from doorstep.dispatch.rules import is_late

_AHEAD: Final = frozenset({Status.ASSIGNED, Status.EN_ROUTE})


def untaken(appointment: Appointment, *, at: datetime) -> Alarm:
    return _about(AlarmKind.OFFER_UNTAKEN, appointment, at)


def passing(appointment: Appointment, *, at: datetime) -> Alarm:
    return _about(AlarmKind.WINDOW_PASSING, appointment, at)


def unanswered(appointment: Appointment, *, at: datetime) -> Alarm:
    return _about(AlarmKind.REOFFER_LAPSED, appointment, at)


def flagged(appointment: Appointment, courier_id: str, *, under_way: bool, at: datetime) -> Alarm:
    kind = AlarmKind.DROPPED_OUT_UNDER_WAY if under_way else AlarmKind.NOT_REHOMED
    return _about(kind, appointment, at).model_copy(update={"courier_id": courier_id})


def is_flagged(alarm: Alarm, appointment: Appointment | None) -> bool:
    """Whether nobody has seen to it yet."""
    if appointment is None or appointment.day != alarm.day:
        return False
    if alarm.kind is AlarmKind.DROPPED_OUT_UNDER_WAY:
        going = appointment.status in (Status.EN_ROUTE, Status.ARRIVED)
        return going and appointment.courier_id == alarm.courier_id
    return appointment.status is Status.BOOKED and appointment.offered_to is None


def is_unanswered(appointment: Appointment, sequence: int) -> bool:
    """Whether it still stands where it stood when its offer lapsed, at that entry."""
    since = [entry.kind for entry in appointment.history if entry.sequence > sequence]
    return appointment.status in UNVISITED and EventKind.RESCHEDULED not in since


def _about(kind: AlarmKind, appointment: Appointment, at: datetime) -> Alarm:
    """Once for each appointment and window: after a rescheduling there may be another."""
    window = f"{appointment.window.start:%Y%m%d%H%M}"
    return Alarm(
        id=f"alm_{kind.value.lower()}.{appointment.id}.{window}",
        kind=kind,
        branch_id=appointment.branch_id,
        day=appointment.day,
        at=at,
        appointment_id=appointment.id,
    )


def gone_home(courier: Courier, day: date, *, at: datetime) -> Alarm:
    """Once for each time a courier goes home."""
    return Alarm(
        id=f"alm_duty.{courier.id}.{int(at.timestamp() * 1000)}",
        kind=AlarmKind.DUTY_ENDED_WITH_STOPS,
        branch_id=courier.branch_id,
        day=day,
        at=at,
        courier_id=courier.id,
    )


def short(slot: Slot, *, at: datetime) -> Alarm:
    """Once for each edition of a slot that leaves too little."""
    return Alarm(
        id=f"alm_{AlarmKind.CAPACITY_SHORT.value.lower()}.{slot.id}.{slot.edition}",
        kind=AlarmKind.CAPACITY_SHORT,
        branch_id=slot.branch_id,
        day=slot.day,
        at=at,
        slot_key=slot.id,
    )


def running_late(appointment: Appointment, *, at: datetime) -> Alarm:
    """Once for each time that it is foreseen: who caught up and fell behind again has another."""
    alarm = _about(AlarmKind.RUNNING_LATE, appointment, at)
    id = f"{alarm.id}.{int(at.timestamp() * 1000)}"
    return alarm.model_copy(update={"id": id, "courier_id": appointment.courier_id})


def runs_late(
    appointment: Appointment | None, courier_id: str | None, policy: DispatchPolicy
) -> bool:
    """Whether that courier, who has it still, will be late for it."""
    return (
        appointment is not None
        and appointment.courier_id == courier_id
        and appointment.status in _AHEAD
        and is_late(appointment.eta, appointment.window, policy)
    )


def minutes_late(appointment: Appointment) -> int:
    """How long after its window somebody comes, as things stand; 0: within it."""
    late = (appointment.eta - appointment.window.end) if appointment.eta else timedelta()
    return max(0, ceil(late / timedelta(minutes=1)))


def newest_of_each(alarms: Iterable[Alarm]) -> list[Alarm]:
    """A slot that has shrunk again has one alarm, not two; so has a visit that is late again."""
    newest = {_subject(alarm): alarm for alarm in alarms}
    return list(newest.values())


def _subject(alarm: Alarm) -> str:
    if alarm.kind is AlarmKind.RUNNING_LATE:
        return f"{alarm.kind}.{alarm.appointment_id}"
    return alarm.slot_key or alarm.id


def has_open_stops(round: Round | None) -> bool:
    return round is not None and any(stop.state in OPEN_STOPS for stop in round.stops)


def lasts(
    alarm: Alarm,
    appointment: Appointment | None,
    courier: Courier | None,
    round: Round | None,
    *,
    short: bool,
    policy: DispatchPolicy,
) -> bool:
    """Whether an alarm's reason still holds."""
    match alarm.kind:
        case AlarmKind.OFFER_UNTAKEN:
            return (
                appointment is not None
                and appointment.status is Status.BOOKED
                and appointment.offered_to is None
                and appointment.day == alarm.day
            )
        case AlarmKind.WINDOW_PASSING:
            return (
                appointment is not None
                and appointment.status in UNVISITED
                and appointment.day == alarm.day
            )
        case AlarmKind.REOFFER_LAPSED:
            return (
                appointment is not None
                and appointment.status in UNVISITED
                and unanswered(appointment, at=alarm.at).id == alarm.id
            )
        case AlarmKind.NOT_REHOMED | AlarmKind.DROPPED_OUT_UNDER_WAY:
            return is_flagged(alarm, appointment)
        case AlarmKind.DUTY_ENDED_WITH_STOPS:
            return courier is not None and not courier.on_duty and has_open_stops(round)
        case AlarmKind.CAPACITY_SHORT:
            return short
        case AlarmKind.RUNNING_LATE:
            return runs_late(appointment, alarm.courier_id, policy)
