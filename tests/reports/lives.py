"""Visits and what became of them: told step by step, or drawn by lot."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    MOVES,
    Appointment,
    Contact,
    DeliveryAsked,
    EventKind,
    HistoryEntry,
    LineAsked,
    Private,
)
from doorstep.appointments.rules import lines_of, moved, noted
from doorstep.capacity.model import Demand, Load, SlotRef
from doorstep.catalogue.model import FAILURES, PROOF_POLICY, Channel, LineOutcome, ServiceKind
from tests import given
from tests.given import ADA, BO, BRANCH, CAI, TODAY, WEST, Person

MINUTE: Final = timedelta(minutes=1)
HANDED_OVER: Final = DeliveryAsked(kind=ServiceKind.PARCEL_DELIVERY, item_id="RR473124829GB")
_COURIERS: Final = (BO.courier_id, CAI.courier_id)
_UNDOABLE: Final = frozenset(
    {EventKind.SET_OUT, EventKind.ARRIVED, EventKind.COMPLETED, EventKind.FAILED}
)


def promise(
    id: str = "apt_1",
    *lines: LineAsked,
    who: Person = ADA,
    hour: int = 10,
    day: date = TODAY,
    longitude: float = 122.05,
    **more: Any,
) -> Appointment:
    """A promise of two hours from `hour`, booked when the town begins."""
    asked = lines or (given.parcel(),)
    services = frozenset(line.kind for line in asked)
    window = given.window(hour, day=day)
    booked = HistoryEntry(sequence=1, kind=EventKind.BOOKED, at=given.NOW, recorded_at=given.NOW)
    fields: dict[str, Any] = {
        "id": id,
        "reference": id,
        "customer_id": who.account_id,
        "branch_id": "org_branch",
        "branch_path": BRANCH,
        "area_id": WEST,
        "address_id": who.address_id,
        "slot": SlotRef(area_id=WEST, start=window.start, services=services),
        "takes": Demand(services=services, load=Load(minutes=1)),
        "day": day,
        "window": window,
        "lines": lines_of(asked),
        "channel": Channel.APP,
        "cancellable_until": window.start,
        "booked_at": given.NOW,
        "booked_by": who.account_id,
        "booked_by_role": Role.CUSTOMER,
        "history": (booked,),
        "private": Private(
            address=given.address(who, longitude=longitude),
            contact=Contact(name=who.name, phone=who.phone),
            pickup_code="1",
        ),
    }
    return Appointment(**{**fields, **more})


def step(
    before: Appointment,
    kind: EventKind,
    at: datetime,
    *,
    late_by: timedelta = timedelta(),
    **more: Any,
) -> Appointment:
    """One move that was made at `at`, and that we learned of `late_by` later."""
    after = moved(before, kind, at=at, recorded_at=at + late_by, by_role=Role.COURIER, **more)
    assert after, (before.status, kind)
    return after


def visited(
    before: Appointment,
    arrives: int,
    *outcomes: LineOutcome,
    set_out: int = -10,
    stays: int = 5,
    courier: str = BO.courier_id,
    late_by: timedelta = timedelta(),
) -> Appointment:
    """Somebody is at the door `arrives` minutes after the window began, having set out `set_out`
    minutes after that, and stays; without outcomes they are there still.
    """
    at = before.window.start + arrives * MINUTE
    after = step(before, EventKind.ASSIGNED, given.NOW, courier_id=courier)
    after = step(after, EventKind.SET_OUT, at + set_out * MINUTE, late_by=late_by)
    after = step(after, EventKind.ARRIVED, at, late_by=late_by)
    return finished(after, at + stays * MINUTE, outcomes, late_by) if outcomes else after


def finished(
    before: Appointment,
    at: datetime,
    outcomes: Sequence[LineOutcome],
    late_by: timedelta = timedelta(),
) -> Appointment:
    lines = tuple(
        line.model_copy(update={"outcome": outcome})
        for line, outcome in zip(before.lines, outcomes, strict=True)
    )
    failed = [outcome in FAILURES for outcome in outcomes]
    kind = EventKind.FAILED if all(failed) else EventKind.PARTLY_COMPLETED
    kind = kind if any(failed) else EventKind.COMPLETED
    return step(before, kind, at, late_by=late_by, lines=lines)


def undone(before: Appointment, was: Appointment, at: datetime) -> Appointment:
    """The last step was a mis-tap: it is as it `was` again."""
    return noted(
        before,
        EventKind.UNDONE,
        at=at,
        recorded_at=at,
        by_role=Role.COURIER,
        status=was.status,
        lines=was.lines,
    )


# ------------------------------------------------------------------ by lot


def somebody_s(random: Random, number: int) -> Appointment:
    lines: list[tuple[LineAsked, ...]] = [
        (given.parcel(),),
        (HANDED_OVER,),
        (given.parcel(), HANDED_OVER),
    ]
    return promise(
        f"apt_{number:026}",
        *random.choice(lines),
        hour=random.choice((8, 10, 14)),
        day=TODAY + random.randrange(3) * timedelta(days=1),
        longitude=122.05 + random.random() / 20,
    )


def lives_on(random: Random, before: Appointment, steps: int) -> Appointment:
    """Whatever may happen to it, `steps` times; also what is seldom."""
    states = [before]
    for _ in range(steps):
        states.append(_anything(random, states))
    return states[-1]


def _anything(random: Random, states: list[Appointment]) -> Appointment:
    now = states[-1]
    last = now.history[-1]
    at = last.at + random.randrange(40) * MINUTE
    if len(states) > 1 and last.kind in _UNDOABLE and random.random() < 0.3:
        return undone(now, states[-2], at)
    may = [kind for kind, move in MOVES.items() if now.status in move.sources and kind in _DRAWN]
    if not may:
        return noted(now, EventKind.NOTED, at=at, recorded_at=at, by_role=None)
    kind = random.choice(may)
    at = max(at, now.window.start - 90 * MINUTE) if kind is EventKind.SET_OUT else at
    if kind is EventKind.ASSIGNED:
        return step(now, kind, at, courier_id=random.choice(_COURIERS))
    if kind is EventKind.RESCHEDULED:
        window = given.window(random.choice((8, 16)), day=TODAY + timedelta(days=1))
        return step(now, kind, at, courier_id=None, day=window.day, window=window)
    if kind is EventKind.UNASSIGNED:
        return step(now, kind, at, courier_id=None)
    if kind is EventKind.COMPLETED:
        good = [PROOF_POLICY[line.kind].success for line in now.lines]
        return finished(now, at, [random.choice((LineOutcome.NOT_HOME, each)) for each in good])
    return step(now, kind, at)


_DRAWN: Final = frozenset(
    {EventKind.ASSIGNED, EventKind.SET_OUT, EventKind.ARRIVED, EventKind.COMPLETED}
    | {EventKind.UNASSIGNED, EventKind.RESCHEDULED}
)
