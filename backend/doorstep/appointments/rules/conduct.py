"""What counts against a customer, for how long, and what follows. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    Appeal,
    Appointment,
    BookingRefusal,
    BookingRefused,
    ConductMark,
    ConductPolicy,
    ConductRefusal,
    ConductRefused,
    EventKind,
    HistoryEntry,
    MarkKind,
    MarkState,
    Standing,
    Verdict,
)
from doorstep.appointments.rules.reoffering import was_reoffered
from doorstep.catalogue.model import ServiceKind

_THE_CUSTOMER_S: Final = frozenset({Role.CUSTOMER, Role.AGENT})
"""Whose word a cancellation is, if it is the customer's: their own, or an agent's for them."""


# ------------------------------------------------------------------ what counts


def mark_of(
    appointment: Appointment, sequence: int, earlier_cancels: int, policy: ConductPolicy
) -> ConductMark | None:
    """The mark for one step of an appointment's history. None: nothing to hold against anybody.

    `earlier_cancels`: what they cancelled before this within `cancels_within`.
    """
    step = _step(appointment, sequence)
    if step is None or is_exempt(appointment.services, policy):
        return None
    kind = _kind(appointment, step, earlier_cancels, policy)
    if kind is None:
        return None
    return ConductMark(
        id=mark_id(appointment.id, sequence),
        customer_id=appointment.customer_id,
        appointment_id=appointment.id,
        branch_id=appointment.branch_id,
        branch_path=appointment.branch_path,
        kind=kind,
        at=step.at,
        expires_at=step.at + policy.mark_lasts,
    )


def mark_id(appointment_id: str, sequence: int) -> str:
    return f"mrk_{appointment_id.partition('_')[2]}v{sequence}"


def _step(appointment: Appointment, sequence: int) -> HistoryEntry | None:
    """The step, unless it was a mis-tap that was taken back."""
    steps = {entry.sequence: entry for entry in appointment.history}
    after = steps.get(sequence + 1)
    return None if after and after.kind is EventKind.UNDONE else steps.get(sequence)


def _kind(
    appointment: Appointment, step: HistoryEntry, earlier_cancels: int, policy: ConductPolicy
) -> MarkKind | None:
    if step.kind is EventKind.FAILED:
        missed = all(line.outcome in policy.no_show_outcomes for line in appointment.lines)
        return MarkKind.NO_SHOW if missed else None
    if step.kind is not EventKind.CANCELLED or step.by_role not in _THE_CUSTOMER_S:
        return None
    if was_reoffered(appointment):
        return None
    if _is_late(appointment, step.at, policy):
        return MarkKind.LATE_CANCEL
    return MarkKind.REPEATED_CANCEL if earlier_cancels >= policy.free_cancels else None


def _is_late(appointment: Appointment, at: datetime, policy: ConductPolicy) -> bool:
    return at > appointment.window.start - policy.late_cancel


def cancels_before(
    appointment: Appointment, at: datetime, cancelled: Iterable[Appointment], policy: ConductPolicy
) -> int:
    """How many of the others their customer took back in good time, not long before `at`."""
    count = 0
    for each in cancelled:
        taken_back = [step for step in each.history if step.kind is EventKind.CANCELLED]
        if each.id == appointment.id or is_exempt(each.services, policy):
            continue
        count += any(
            at - policy.cancels_within < step.at <= at
            and step.by_role in _THE_CUSTOMER_S
            and not was_reoffered(each)
            and not _is_late(each, step.at, policy)
            for step in taken_back
        )
    return count


def is_exempt(services: Iterable[ServiceKind], policy: ConductPolicy) -> bool:
    """What the bureau owes anyway is refused to nobody, and held against nobody."""
    return set(services) <= policy.exempt


# ------------------------------------------------------------------ what follows


def standing_of(marks: Iterable[ConductMark], at: datetime, policy: ConductPolicy) -> Standing:
    ends = sorted(mark.expires_at for mark in marks if mark.counts(at))

    def below(limit: int) -> datetime | None:
        """When so many have expired that fewer than `limit` are left."""
        return ends[len(ends) - limit] if len(ends) >= limit else None

    return Standing(len(ends), below(policy.refuse_at), below(policy.limit_at))


def judge_conduct(
    standing: Standing, services: Iterable[ServiceKind], policy: ConductPolicy
) -> BookingRefused | None:
    """Whether somebody who stands like this may book at all."""
    if standing.refused_until is None or is_exempt(services, policy):
        return None
    return BookingRefused(code=BookingRefusal.TOO_MANY_NO_SHOWS, until=standing.refused_until)


def is_limited(standing: Standing, services: Iterable[ServiceKind], policy: ConductPolicy) -> bool:
    return standing.limited_until is not None and not is_exempt(services, policy)


def judge_open(count: int, standing: Standing, policy: ConductPolicy) -> BookingRefused | None:
    """Whether somebody who is limited, and has `count` open appointments, may have one more."""
    if count < policy.most_open:
        return None
    return BookingRefused(code=BookingRefusal.TOO_MANY_OPEN, until=standing.limited_until)


# ------------------------------------------------------------------ appeals


def withdrawn(mark: ConductMark) -> ConductMark | None:
    """The mark after what it was for was taken back. None: that changes nothing."""
    return _after(mark, state=MarkState.WITHDRAWN) if mark.state is MarkState.STANDING else None


def appealed(
    mark: ConductMark | None, reason: str, *, at: datetime
) -> ConductMark | ConductRefused:
    if mark is None:
        return ConductRefused(code=ConductRefusal.NOT_FOUND, path=("markId",))
    if mark.appeal is not None:
        return ConductRefused(code=ConductRefusal.ALREADY_APPEALED, path=("markId",), current=mark)
    if not mark.counts(at):
        return ConductRefused(code=ConductRefusal.NOT_ALLOWED_NOW, path=("markId",), current=mark)
    said = mark.private.model_copy(update={"appeal": reason})
    return _after(mark, appeal=Appeal(at=at), private=said)


def decided(
    mark: ConductMark | None, verdict: Verdict, reason: str, *, at: datetime, by: str
) -> ConductMark | ConductRefused:
    if mark is None:
        return ConductRefused(code=ConductRefusal.NOT_FOUND, path=("markId",))
    if not mark.under_appeal:
        return ConductRefused(code=ConductRefusal.NOT_ALLOWED_NOW, path=("markId",), current=mark)
    assert mark.appeal is not None
    heard = {"verdict": verdict, "decided_at": at, "decided_by": by}
    return _after(
        mark,
        state=MarkState.STRUCK if verdict is Verdict.STRUCK else mark.state,
        appeal=mark.appeal.model_copy(update=heard),
        private=mark.private.model_copy(update={"decision": reason}),
    )


def _after(mark: ConductMark, **changed: object) -> ConductMark:
    return mark.model_copy(update={**changed, "sequence": mark.sequence + 1})
