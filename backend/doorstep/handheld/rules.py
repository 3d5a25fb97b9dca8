"""What a courier's command makes of the world as far as it concerns them. Pure.

A `Standing` is everything a batch of commands may read or change; carrying out a command gives the
next one. What is written in the end is the difference between the first and the last.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, TypeVar

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    Appointment,
    DeliveryLine,
    EventKind,
    Line,
    LineProof,
    PickupLine,
    Status,
)
from doorstep.appointments.rules import moved, noted, taken_over
from doorstep.catalogue.model import FAILURES, PROOF_POLICY, Need, Proof
from doorstep.couriers.model import Courier, Position
from doorstep.dispatch.model import (
    Assignment,
    Ending,
    Round,
    StopState,
    TransferRefusal,
    TransferRefused,
)
from doorstep.dispatch.rules import is_for, with_state
from doorstep.handheld.model import (
    Act,
    Before,
    Command,
    CommandRefusal,
    CommandRefused,
    HandheldPolicy,
    LineReport,
    Record,
)
from doorstep.items.rules import normal, problem_with

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Standing:
    """A courier's world: their duty, their rounds, and what hangs on them."""

    courier: Courier
    on_duty: bool
    appointments: Mapping[str, Appointment]
    assignments: Mapping[str, Assignment]
    """Active ones of this courier, by appointment."""
    rounds: Mapping[date, Round]
    once_theirs: frozenset[str]
    records: Mapping[str, Record]
    """Commands carried out before, by command id: what an undo may name."""
    ended: tuple[tuple[Assignment, Ending, str | None], ...] = ()
    accepted: tuple[str, ...] = ()
    seen: Position | None = None
    """Where they were last, as the commands say."""

    def after(self, appointment: Appointment, stop: StopState, **changed: object) -> "Standing":
        """The standing with this appointment, and its stop in this state."""
        round = self.rounds[appointment.day]
        return replace(
            self,
            appointments=_put(self.appointments, appointment.id, appointment),
            rounds=_put(self.rounds, round.day, with_state(round, appointment.id, stop)),
            **changed,  # type: ignore[arg-type]
        )

    def stop_state(self, appointment: Appointment) -> StopState:
        stop = self.rounds[appointment.day].stop_for(appointment.id)
        return stop.state if stop else StopState.REMOVED


def _put(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    return MappingProxyType({**mapping, key: value})


@dataclass(frozen=True)
class Circumstances:
    """What does not change while a batch is carried out."""

    now: datetime
    policy: HandheldPolicy
    domestic_items: re.Pattern[str]


Verdict = Standing | CommandRefused


def refuse(code: CommandRefusal, *path: str) -> CommandRefused:
    return CommandRefused(code=code, path=path)


def carry_out(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    """The standing after `command`, or why it was not carried out."""
    if refused := judge_clock(command, around):
        return refused
    after = _ACTS[command.act](standing, command, around)
    if isinstance(after, CommandRefused) or command.location is None:
        return after
    seen = Position(where=command.location, at=command.captured_at)
    return replace(after, seen=max((after.seen or seen, seen), key=lambda each: each.at))


def judge_clock(command: Command, around: Circumstances) -> CommandRefused | None:
    if command.captured_at > around.now + around.policy.clock_ahead:
        return refuse(CommandRefusal.CLOCK_SKEW, "capturedAt")
    return None


def _start_duty(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    return replace(standing, on_duty=True)


def _end_duty(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    return replace(standing, on_duty=False)


def _theirs(
    standing: Standing, command: Command
) -> tuple[Appointment, Assignment] | CommandRefused:
    """The appointment, if it is the courier's now. One that never was looks exactly like none."""
    id = command.appointment_id or ""
    appointment, assignment = standing.appointments.get(id), standing.assignments.get(id)
    if appointment is None or assignment is None:
        known = id in standing.once_theirs
        code = CommandRefusal.NOT_YOURS if known else CommandRefusal.UNKNOWN_APPOINTMENT
        return refuse(code, "appointmentId")
    if not is_for(assignment, appointment):
        return refuse(CommandRefusal.NOT_YOURS, "appointmentId")
    return appointment, assignment


def _accept(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    theirs = _theirs(standing, command)
    if isinstance(theirs, CommandRefused):
        return theirs
    appointment, assignment = theirs
    if assignment.accepted:
        return standing
    stop = standing.rounds[appointment.day].stop_for(appointment.id)
    after = _moved(
        appointment,
        EventKind.ACCEPTED,
        command,
        around,
        courier_id=standing.courier.id,
        offered_to=None,
        eta=stop.eta if stop else None,
    )
    if after is None:
        return refuse(CommandRefusal.NOT_ALLOWED_NOW)
    yes = assignment.model_copy(update={"accepted": True})
    return standing.after(
        after,
        StopState.ACCEPTED,
        assignments=_put(standing.assignments, appointment.id, yes),
        accepted=(*standing.accepted, assignment.id),
    )


def _decline(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    """An offer that is declined is no news to the customer; an assignment is.

    Who was asked about another door and says no leaves it to somebody else to go there.
    """
    theirs = _theirs(standing, command)
    if isinstance(theirs, CommandRefused):
        return theirs
    if not command.reason:
        return refuse(CommandRefusal.INVALID_INPUT, "reason")
    appointment, assignment = theirs
    after: Appointment | None = appointment.model_copy(update={"offered_to": None})
    if appointment.pending_change:
        appointment = _agreed(appointment, command, around)
    if appointment.status is not Status.BOOKED:
        after = _moved(appointment, EventKind.DECLINED, command, around, courier_id=None, eta=None)
    if after is None:
        return refuse(CommandRefusal.NOT_ALLOWED_NOW)
    left = {id: a for id, a in standing.assignments.items() if id != appointment.id}
    return standing.after(
        after,
        StopState.REMOVED,
        assignments=MappingProxyType(left),
        once_theirs=standing.once_theirs | {appointment.id},
        ended=(*standing.ended, (assignment, Ending.DECLINED, command.reason)),
    )


def _acknowledge(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    """The courier goes to the door that was asked for; named by what asked for it, so that nobody
    agrees to a door they have not seen.
    """
    theirs = _theirs(standing, command)
    if isinstance(theirs, CommandRefused):
        return theirs
    appointment, assignment = theirs
    pending = appointment.pending_change
    if pending is None or pending.sequence != command.sequence:
        return refuse(CommandRefusal.NOT_ALLOWED_NOW, "sequence")
    after = _agreed(appointment, command, around)
    there = assignment.model_copy(update={"window": after.window, "door_no": after.door_no})
    return standing.after(
        after,
        standing.stop_state(appointment),
        assignments=_put(standing.assignments, after.id, there),
    )


def _agreed(appointment: Appointment, command: Command, around: Circumstances) -> Appointment:
    return taken_over(
        appointment,
        at=command.captured_at,
        recorded_at=around.now,
        by_role=Role.COURIER,
    )


def _set_out(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    if not standing.on_duty:
        return refuse(CommandRefusal.NOT_ON_DUTY)
    return _go(standing, command, around, EventKind.SET_OUT, StopState.EN_ROUTE)


def _arrive(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    return _go(standing, command, around, EventKind.ARRIVED, StopState.ARRIVED)


def _go(
    standing: Standing,
    command: Command,
    around: Circumstances,
    kind: EventKind,
    stop: StopState,
) -> Verdict:
    theirs = _theirs(standing, command)
    if isinstance(theirs, CommandRefused):
        return theirs
    appointment, assignment = theirs
    after = _moved(appointment, kind, command, around) if assignment.accepted else None
    if after is None:
        return refuse(CommandRefusal.NOT_ALLOWED_NOW)
    return standing.after(after, stop)


def _moved(
    appointment: Appointment,
    kind: EventKind,
    command: Command,
    around: Circumstances,
    **changed: object,
) -> Appointment | None:
    return moved(
        appointment,
        kind,
        at=command.captured_at,
        recorded_at=around.now,
        by_role=Role.COURIER,
        note=command.reason,
        **changed,
    )


# ------------------------------------------------------------------ with others


def judge_with_others(command: Command, around: Circumstances) -> CommandRefused | None:
    """What others are to do instead, or are told no, has a reason."""
    if refused := judge_clock(command, around):
        return refused
    if command.act in _GIVE_REASONS and not command.reason:
        return refuse(CommandRefusal.INVALID_INPUT, "reason")
    return None


_GIVE_REASONS: Final = frozenset({Act.TRANSFER, Act.REFUSE_TRANSFER, Act.DROP_OUT})
_UNKNOWN: Final = {
    "appointmentId": CommandRefusal.UNKNOWN_APPOINTMENT,
    "toCourierId": CommandRefusal.UNKNOWN_COURIER,
    "transferId": CommandRefusal.UNKNOWN_TRANSFER,
}


def as_command(refused: TransferRefused) -> CommandRefused:
    """The same no, in the handheld's words."""
    if refused.code is TransferRefusal.NOT_FOUND:
        return refuse(_UNKNOWN[refused.path[0]], *refused.path)
    if refused.code is TransferRefusal.OTHER_BRANCH:
        return refuse(CommandRefusal.UNKNOWN_COURIER, *refused.path)
    return refuse(CommandRefusal(refused.code.value), *refused.path)


# ------------------------------------------------------------------ at the door


def _finish(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    theirs = _theirs(standing, command)
    if isinstance(theirs, CommandRefused):
        return theirs
    appointment, _ = theirs
    if refused := _judge_reports(appointment, command.lines, around):
        return refused
    reports = {report.line_id: report for report in command.lines}
    lines = tuple(_done(line, reports[line.id]) for line in appointment.lines)
    kind = _kind_of(lines)
    proofs = {line_id: report.kept() for line_id, report in reports.items()}
    after = _moved(
        appointment, kind, command, around, lines=lines, private=_with_proofs(appointment, proofs)
    )
    if after is None:
        return refuse(CommandRefusal.NOT_ALLOWED_NOW)
    failed = kind is EventKind.FAILED
    return standing.after(after, StopState.FAILED if failed else StopState.DONE)


def _with_proofs(appointment: Appointment, proofs: dict[str, LineProof]) -> object:
    return appointment.private.model_copy(update={"proofs": proofs})


def _kind_of(lines: tuple[Line, ...]) -> EventKind:
    done = [line.outcome not in FAILURES for line in lines]
    if all(done):
        return EventKind.COMPLETED
    return EventKind.PARTLY_COMPLETED if any(done) else EventKind.FAILED


def _done(line: Line, report: LineReport) -> Line:
    changed: dict[str, object] = {"outcome": report.outcome}
    if isinstance(line, PickupLine) and report.outcome not in FAILURES:
        changed["item_ids"] = tuple(normal(item) for item in report.item_ids)
        changed["weight_grams"] = report.weight_grams or line.weight_grams
    return line.model_copy(update=changed)


def _judge_reports(
    appointment: Appointment, reports: tuple[LineReport, ...], around: Circumstances
) -> CommandRefused | None:
    """One report for each line, each outcome one that its line can have, every proof shown."""
    lines = {line.id: line for line in appointment.lines}
    named = [report.line_id for report in reports]
    if sorted(named) != sorted(lines):
        return refuse(CommandRefusal.INVALID_INPUT, "lines")
    scanned = [normal(item) for report in reports for item in report.item_ids]
    for index, report in enumerate(reports):
        refused = _judge_report(appointment, lines[report.line_id], report, around)
        if refused:
            return refuse(refused.code, "lines", str(index), *refused.path)
    if len(set(scanned)) != len(scanned):
        return refuse(CommandRefusal.ITEM_MISMATCH, "lines")
    return None


def _judge_report(
    appointment: Appointment, line: Line, report: LineReport, around: Circumstances
) -> CommandRefused | None:
    for item in report.item_ids:
        if problem_with(normal(item), around.domestic_items):
            return refuse(CommandRefusal.INVALID_ITEM_ID, "itemIds")
    if report.outcome in FAILURES:
        return None
    need = PROOF_POLICY[line.kind]
    if report.outcome is not need.success:
        return refuse(CommandRefusal.INVALID_INPUT, "outcome")
    if report.inspection and not report.inspection.passed:
        return refuse(CommandRefusal.INVALID_INPUT, "inspection", "passed")
    code = report.proof.pickup_code
    if code is not None and code != appointment.private.pickup_code:
        return refuse(CommandRefusal.PROOF_MISSING, "proof", "pickupCode")
    return _judge_proofs(line, report, need)


def _judge_proofs(line: Line, report: LineReport, need: Need) -> CommandRefused | None:
    for proof in need.proofs:
        path, shown = _PROOFS[proof]
        if not shown(report):
            return refuse(CommandRefusal.PROOF_MISSING, *path)
    if isinstance(line, DeliveryLine) and line.item_id not in map(normal, report.item_ids):
        return refuse(CommandRefusal.ITEM_MISMATCH, "itemIds")
    return None


_PROOFS: Final[dict[Proof, tuple[tuple[str, ...], Callable[[LineReport], bool]]]] = {
    Proof.WEIGHT: (("weightGrams",), lambda report: report.weight_grams is not None),
    Proof.ITEM: (("itemIds",), lambda report: bool(report.item_ids)),
    Proof.SIGNATURE: (("proof", "signedBy"), lambda report: report.proof.signed_by is not None),
    Proof.PICKUP_CODE: (
        ("proof", "pickupCode"),
        lambda report: report.proof.pickup_code is not None,
    ),
}


# ------------------------------------------------------------------ taking it back


def _undo(standing: Standing, command: Command, around: Circumstances) -> Verdict:
    """A mis-tap is taken back by a new event, if nothing has happened since."""
    record = standing.records.get(command.undoes or "")
    if record is None or record.before is None or not record.accepted:
        return refuse(CommandRefusal.NOT_ALLOWED_NOW, "undoes")
    appointment = standing.appointments.get(record.appointment_id or "")
    if appointment is None or appointment.id not in standing.assignments:
        return refuse(CommandRefusal.NOT_YOURS, "undoes")
    if appointment.sequence != record.sequence:
        return refuse(CommandRefusal.NOT_ALLOWED_NOW, "undoes")
    assert record.captured_at
    if command.captured_at - record.captured_at > around.policy.undo_within:
        return refuse(CommandRefusal.UNDO_WINDOW_CLOSED, "undoes")
    after = noted(
        appointment,
        EventKind.UNDONE,
        at=command.captured_at,
        recorded_at=around.now,
        by_role=Role.COURIER,
        status=record.before.status,
        lines=record.before.lines,
        private=_with_proofs(appointment, {}),
    )
    return standing.after(after, record.before.stop_state)


_UNDOABLE: Final = frozenset({Act.SET_OUT, Act.ARRIVE, Act.FINISH})


def before_of(standing: Standing, command: Command) -> Before | None:
    """What to keep so that `command` can be undone. None: it cannot be."""
    appointment = standing.appointments.get(command.appointment_id or "")
    if command.act not in _UNDOABLE or appointment is None:
        return None
    return Before(
        status=appointment.status,
        stop_state=standing.stop_state(appointment),
        lines=appointment.lines,
    )


_ACTS: Final[dict[Act, Callable[[Standing, Command, Circumstances], Verdict]]] = {
    Act.START_DUTY: _start_duty,
    Act.END_DUTY: _end_duty,
    Act.ACCEPT: _accept,
    Act.DECLINE: _decline,
    Act.ACKNOWLEDGE: _acknowledge,
    Act.SET_OUT: _set_out,
    Act.ARRIVE: _arrive,
    Act.FINISH: _finish,
    Act.UNDO: _undo,
}
