"""What counts against a customer, until when, and what follows: every boundary, both its sides."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from doorstep.accounts.model import Role
from doorstep.appointments import rules
from doorstep.appointments.model import (
    Appointment,
    ConductMark,
    ConductPolicy,
    EventKind,
    MarkKind,
    MarkState,
    Verdict,
)
from doorstep.capacity.model import Demand, Load, Slot
from doorstep.catalogue.model import LineOutcome, ServiceKind
from doorstep.kit.windows import TimeWindow
from tests import given

POLICY = ConductPolicy()
NOW = given.NOW
MS = timedelta(milliseconds=1)
HOME, READY = LineOutcome.NOT_HOME, LineOutcome.NOT_READY
PARCEL, COURT = ServiceKind.PARCEL_PICKUP, ServiceKind.LEGAL_DOCUMENT_DELIVERY


def promise(*outcomes: LineOutcome, kind: ServiceKind = PARCEL, id: str = "apt_1") -> Appointment:
    """A visit tomorrow at ten, its lines with these outcomes."""
    ref = given.slot(services=frozenset({kind}))
    made = rules.promised(
        given.request(slot=ref, lines=tuple(given.parcel(kind=kind) for _ in outcomes or (HOME,))),
        Slot(
            id=ref.key,
            area_id=ref.area_id,
            branch_id="org_branch",
            branch_path=given.BRANCH,
            day=given.TOMORROW,
            window=TimeWindow(start=ref.start, end=ref.start + timedelta(hours=2)),
        ),
        given.address(given.ADA),
        takes=Demand(services=ref.services, load=Load()),
        cancellable_until=ref.start,
        id=id,
        pickup_code="000000",
        at=NOW,
    )
    done = tuple(
        line.model_copy(update={"outcome": outcome})
        for line, outcome in zip(made.lines, outcomes, strict=False)
    )
    return made.model_copy(update={"lines": done or made.lines})


def then(appointment: Appointment, kind: EventKind, at: datetime = NOW, **by: Any) -> Appointment:
    who = by.get("by_role", Role.COURIER)
    return rules.noted(appointment, kind, at=at, recorded_at=at, by_role=who)


def mark(at: datetime = NOW, **changed: Any) -> ConductMark:
    fields: dict[str, Any] = {
        "id": "mrk_1v2",
        "customer_id": given.ADA.account_id,
        "appointment_id": "apt_1",
        "branch_id": "org_branch",
        "branch_path": given.BRANCH,
        "kind": MarkKind.NO_SHOW,
        "at": at,
        "expires_at": at + POLICY.mark_lasts,
    }
    return ConductMark(**{**fields, **changed})


@pytest.mark.row("B11")
@pytest.mark.parametrize(
    ("outcomes", "kind", "counts"),
    [
        pytest.param((HOME,), PARCEL, True, id="nobody home"),
        pytest.param((HOME, READY), PARCEL, True, id="nobody home, nothing ready"),
        pytest.param((HOME, LineOutcome.COLLECTED), PARCEL, False, id="one line was done"),
        pytest.param((HOME, LineOutcome.WEATHER), PARCEL, False, id="one line was the weather's"),
        pytest.param((LineOutcome.REFUSED,), PARCEL, False, id="refused at the door"),
        pytest.param((HOME,), COURT, False, id="what the court sends is owed"),
    ],
)
def test_a_visit_is_a_no_show_when_every_line_was_missed(outcomes, kind, counts):
    failed = then(promise(*outcomes, kind=kind), EventKind.FAILED)
    made = rules.mark_of(failed, failed.sequence, 0, POLICY)
    assert (made is not None and made.kind is MarkKind.NO_SHOW) is counts


@pytest.mark.row("B11")
def test_a_mis_tap_at_the_door_is_no_no_show():
    undone = then(then(promise(HOME), EventKind.FAILED), EventKind.UNDONE)
    assert rules.mark_of(undone, 2, 0, POLICY) is None
    again = then(undone, EventKind.FAILED)
    assert rules.mark_of(again, 2, 0, POLICY) is None
    assert rules.mark_of(again, 4, 0, POLICY).id == "mrk_1v4"


@pytest.mark.row("B11")
@pytest.mark.parametrize(
    ("before", "earlier", "by", "kind"),
    [
        pytest.param(timedelta(hours=2), 0, Role.CUSTOMER, None, id="in good time"),
        pytest.param(timedelta(hours=2) - MS, 0, Role.CUSTOMER, MarkKind.LATE_CANCEL, id="late"),
        pytest.param(timedelta(hours=1), 0, Role.AGENT, MarkKind.LATE_CANCEL, id="by phone"),
        pytest.param(timedelta(hours=1), 0, None, None, id="by the house"),
        pytest.param(timedelta(hours=1), 0, Role.DISPATCHER, None, id="by a dispatcher"),
        pytest.param(timedelta(hours=9), 4, Role.CUSTOMER, None, id="the fifth in a month"),
        pytest.param(timedelta(hours=9), 5, Role.CUSTOMER, MarkKind.REPEATED_CANCEL, id="sixth"),
    ],
)
def test_a_cancellation_counts_when_it_is_late_or_one_too_many(before, earlier, by, kind):
    at = given.slot().start - before
    cancelled = then(promise(), EventKind.CANCELLED, at, by_role=by)
    made = rules.mark_of(cancelled, 2, earlier, POLICY)
    assert (made.kind if made else None) is kind


@pytest.mark.row("B11")
def test_earlier_cancellations_are_those_of_a_month_in_good_time_and_not_owed():
    def cancelled(id: str, at: datetime, **how: Any) -> Appointment:
        made = promise(id=id, kind=how.pop("kind", PARCEL))
        return then(made, EventKind.CANCELLED, at, by_role=how.get("by_role", Role.CUSTOMER))

    this = cancelled("apt_this", NOW)
    late = given.slot().start - timedelta(hours=1)
    others = [
        cancelled("apt_a", NOW),
        cancelled("apt_b", NOW - POLICY.cancels_within + MS),
        cancelled("apt_c", NOW - POLICY.cancels_within),
        cancelled("apt_d", NOW, kind=COURT),
        cancelled("apt_e", NOW, by_role=None),
        cancelled("apt_f", late),
        this,
    ]
    assert rules.cancels_before(this, NOW, others, POLICY) == 2
    assert rules.cancels_before(this, late, others, POLICY) == 1


@pytest.mark.row("B11")
def test_two_marks_limit_three_refuse_and_each_until_the_millisecond_one_expires():
    marks = [mark(NOW + timedelta(days=day), id=f"mrk_{day}") for day in range(3)]
    late = NOW + timedelta(days=3)
    third, second = (each.expires_at for each in marks[:2])

    standing = rules.standing_of(marks, late, POLICY)
    assert (standing.marks, standing.refused_until, standing.limited_until) == (3, third, second)
    assert rules.judge_conduct(standing, {PARCEL}, POLICY).until == third
    assert rules.judge_conduct(standing, {COURT}, POLICY) is None
    assert rules.judge_conduct(standing, {COURT, PARCEL}, POLICY) is not None

    assert rules.standing_of(marks, third - MS, POLICY).refused_until == third
    milder = rules.standing_of(marks, third, POLICY)
    assert (milder.marks, milder.refused_until) == (2, None)
    assert rules.judge_open(1, milder, POLICY) is None
    assert rules.judge_open(2, milder, POLICY).until == second
    assert rules.standing_of(marks, second, POLICY).limited_until is None


@pytest.mark.row("B11")
@for_all(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(list(MarkState)))),
    st.integers(0, 400),
)
def test_what_is_said_to_end_has_ended_then_and_not_a_millisecond_before(made, days):
    at = NOW + timedelta(days=days)
    marks = [
        mark(NOW + timedelta(days=day), id=f"mrk_{number}", state=state)
        for number, (day, state) in enumerate(made)
    ]
    standing = rules.standing_of(marks, at, POLICY)
    assert standing.marks == sum(
        state is MarkState.STANDING and at < NOW + timedelta(days=day) + POLICY.mark_lasts
        for day, state in made
    )
    if until := standing.refused_until:
        assert rules.standing_of(marks, until, POLICY).refused_until is None
        assert rules.standing_of(marks, until - MS, POLICY).refused_until is not None


@pytest.mark.row("B11")
def test_a_mark_is_appealed_once_and_decided_once_and_struck_it_counts_no_more():
    first = mark()
    assert rules.decided(first, Verdict.STRUCK, "ok", at=NOW, by="acc_su").code == "NOT_ALLOWED_NOW"
    appealed = rules.appealed(first, "我在家", at=NOW)
    assert isinstance(appealed, ConductMark)
    assert appealed.under_appeal
    assert appealed.counts(NOW)
    assert rules.appealed(appealed, "again", at=NOW).code == "ALREADY_APPEALED"
    assert rules.appealed(None, "x", at=NOW).code == "NOT_FOUND"
    assert rules.appealed(first, "late", at=first.expires_at).code == "NOT_ALLOWED_NOW"

    upheld = rules.decided(appealed, Verdict.UPHELD, "照片", at=NOW, by="acc_su")
    struck = rules.decided(appealed, Verdict.STRUCK, "误记", at=NOW, by="acc_su")
    assert isinstance(struck, ConductMark)
    assert (upheld.counts(NOW), struck.counts(NOW)) == (True, False)
    assert struck.private.decision == "误记"
    assert rules.decided(struck, Verdict.UPHELD, "x", at=NOW, by="acc_su").code == "NOT_ALLOWED_NOW"
    assert rules.withdrawn(struck) is None
