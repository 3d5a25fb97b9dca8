"""What a courier did while away, carried out once, in the order it was sent."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from doorstep.accounts.model import Role
from doorstep.appointments.actions import Appointments
from doorstep.appointments.model import Appointment
from doorstep.couriers.actions import Couriers
from doorstep.couriers.model import Courier
from doorstep.dispatch.actions import Absence, Dispatch
from doorstep.dispatch.model import (
    DropOut,
    DropOutRefused,
    Transfer,
    TransferRefused,
    round_id,
)
from doorstep.handheld import rules
from doorstep.handheld.model import (
    WITH_OTHERS,
    Act,
    Command,
    CommandRefusal,
    CommandRefused,
    HandheldPolicy,
    Outcome,
    Record,
    Unreadable,
)
from doorstep.handheld.rules import Circumstances, Standing
from doorstep.handheld.store import CommandLog, record_id
from doorstep.kit.clock import Clock
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.windows import day_span, local_day

_TOO_MANY: Final = CommandRefused(code=CommandRefusal.BATCH_TOO_LARGE)
_REUSED: Final = CommandRefused(code=CommandRefusal.COMMAND_ID_REUSED, path=("commandId",))
_NOBODY: Final = CommandRefused(code=CommandRefusal.NOT_ALLOWED_NOW)

Sent = Command | Unreadable


@dataclass(frozen=True)
class _Answer:
    """What to answer to one command, before its appointment is read afresh."""

    command_id: str
    repeated: bool
    refused: CommandRefused | None
    appointment_id: str | None


@dataclass(frozen=True)
class Handheld:
    mongo: Mongo
    log: CommandLog
    couriers: Couriers
    appointments: Appointments
    dispatch: Dispatch
    policy: HandheldPolicy
    domestic_items: re.Pattern[str]
    clock: Clock

    async def carry_out(self, account_id: str, sent: Sequence[Sent]) -> list[Outcome]:
        """One outcome for each command, in order. A refused one does not stop the rest."""
        if len(sent) > self.policy.most_commands:
            return [_outcome(_Answer(c.id, False, _TOO_MANY, None), None) for c in sent]
        now = self.clock.now()

        async def body(tx: Tx) -> tuple[list[_Answer], Courier | None]:
            courier = await self.couriers.of_account(account_id, tx=tx)
            if courier is None:
                return [_Answer(c.id, False, _NOBODY, None) for c in sent], None
            known = await self.log.known(account_id, _named(sent), tx=tx)
            answers = await self._batch(account_id, courier, sent, known, now, tx)
            return answers, courier

        answers, courier = await self.mongo.transact(body)
        return await self._outcomes(answers, courier)

    async def _batch(
        self,
        account_id: str,
        courier: Courier,
        sent: Sequence[Sent],
        known: dict[str, Record],
        now: datetime,
        tx: Tx,
    ) -> list[_Answer]:
        fresh = [c for c in sent if c.id not in known]
        first = standing = await self._standing(courier, fresh, known, tx)
        around = Circumstances(now, self.policy, self.domestic_items)
        answers = []
        for command in sent:
            if record := standing.records.get(command.id):
                answers.append(_again(command, record))
                continue
            if isinstance(command, Command) and command.act in WITH_OTHERS:
                await self._save(first, standing, now, tx)
                record = await self._with_others(standing, command, around, account_id, tx)
                known = {**standing.records, command.id: record}
                first = standing = await self._afresh(account_id, fresh, known, tx)
            else:
                standing, record = _one(standing, command, around, account_id)
            self.log.add(record, tx=tx)
            answers.append(_told(record, repeated=False))
        await self._save(first, standing, now, tx)
        return answers

    async def _with_others(
        self,
        standing: Standing,
        command: Command,
        around: Circumstances,
        account_id: str,
        tx: Tx,
    ) -> Record:
        """What concerns a colleague's round as well is not this courier's world alone: it is done
        at once, between what came before and what comes after.
        """
        outcome: Transfer | DropOut | CommandRefused | None
        outcome = rules.judge_with_others(command, around)
        if outcome is None and command.act is Act.DROP_OUT:
            outcome = await self._dropped_out(standing.courier, command, around.now, tx)
        elif outcome is None:
            outcome = await self._transferred(standing.courier, command, around.now, tx)
        assert outcome is not None
        return Record(
            id=record_id(account_id, command.id),
            command_id=command.id,
            body_hash=command.body_hash,
            accepted=not isinstance(outcome, CommandRefused),
            refusal=outcome.code if isinstance(outcome, CommandRefused) else None,
            path=outcome.path if isinstance(outcome, CommandRefused) else (),
            appointment_id=outcome.appointment_id
            if isinstance(outcome, Transfer)
            else command.appointment_id,
            captured_at=command.captured_at,
            at=around.now,
        )

    async def _dropped_out(
        self, courier: Courier, command: Command, now: datetime, tx: Tx
    ) -> DropOut | CommandRefused:
        since = max(command.since or command.captured_at, command.captured_at)
        absence = Absence(
            courier=courier,
            since=since,
            until=day_span(local_day(since)).end,
            reason=command.reason or "",
            by=courier.account_id,
            by_role=Role.COURIER,
        )
        outcome = await self.dispatch.drop_out_of(new_id("dro"), absence, now=now, tx=tx)
        if isinstance(outcome, DropOutRefused):
            return rules.refuse(CommandRefusal.NOT_ALLOWED_NOW, *outcome.path)
        return outcome

    async def _transferred(
        self, courier: Courier, command: Command, now: datetime, tx: Tx
    ) -> Transfer | CommandRefused:
        rooms, said = self.dispatch, command.reason or ""
        about, transfer_id = command.appointment_id or "", command.transfer_id or ""
        match command.act:
            case Act.TRANSFER:
                outcome = await rooms.ask_colleague(
                    about, courier, command.to_courier_id or "", reason=said, now=now, tx=tx
                )
            case Act.TAKE_OVER:
                outcome = await rooms.take_over(
                    transfer_id, courier, at=command.captured_at, now=now, tx=tx
                )
            case Act.REFUSE_TRANSFER:
                outcome = await rooms.refuse_transfer(
                    transfer_id, courier, reason=said, now=now, tx=tx
                )
            case _:
                outcome = await rooms.withdraw_from_colleague(about, courier, now=now, tx=tx)
        return rules.as_command(outcome) if isinstance(outcome, TransferRefused) else outcome

    async def _afresh(
        self, account_id: str, fresh: Sequence[Sent], known: dict[str, Record], tx: Tx
    ) -> Standing:
        courier = await self.couriers.of_account(account_id, tx=tx)
        assert courier, "a courier sent this batch"
        return await self._standing(courier, fresh, known, tx)

    async def _standing(
        self, courier: Courier, fresh: Sequence[Sent], known: dict[str, Record], tx: Tx
    ) -> Standing:
        """Everything these commands may read or change."""
        ids = {c.appointment_id for c in fresh if isinstance(c, Command) and c.appointment_id}
        ids |= {r.appointment_id for r in known.values() if r.appointment_id}
        appointments = await self.appointments.load(ids, tx=tx)
        active = await self.dispatch.assignments.active_for(ids, tx=tx) if ids else {}
        mine = {id: a for id, a in active.items() if a.courier_id == courier.id}
        days = {a.day for a in mine.values()} | {
            appointments[id].day for id in mine if id in appointments
        }
        stored = await self.dispatch.rounds.get_many(
            [round_id(courier.id, day) for day in days], tx=tx
        )
        rounds = {round.day: round for round in stored.values()}
        return Standing(
            courier=courier,
            on_duty=courier.on_duty,
            appointments=MappingProxyType({id: appointments[id] for id in mine}),
            assignments=MappingProxyType(mine),
            rounds=MappingProxyType(rounds),
            once_theirs=frozenset(await self._once_theirs(courier, ids - mine.keys(), tx)),
            records=MappingProxyType(known),
        )

    async def _once_theirs(self, courier: Courier, ids: Collection[str], tx: Tx) -> set[str]:
        if not ids:
            return set()
        return await self.dispatch.assignments.ever_of(courier.id, ids, tx=tx)

    async def _save(self, first: Standing, last: Standing, now: datetime, tx: Tx) -> None:
        """Write the difference between how things stood and how they stand."""
        if first.on_duty != last.on_duty:
            await self.couriers.set_duty(last.courier, on_duty=last.on_duty, at=now, tx=tx)
        if last.seen and last.on_duty:
            at_work = last.courier.model_copy(update={"on_duty": True})
            ahead = self.policy.clock_ahead
            await self.couriers.keep_position(at_work, last.seen, now=now, clock_ahead=ahead, tx=tx)
        steps = [
            (before, last.appointments[id])
            for id, before in first.appointments.items()
            if before != last.appointments[id]
        ]
        rounds = [(before, last.rounds[day]) for day, before in first.rounds.items()]
        await self.dispatch.save_work(rounds, steps, last.ended, last.accepted, at=now, tx=tx)

    async def _outcomes(self, answers: Sequence[_Answer], courier: Courier | None) -> list[Outcome]:
        ids = {a.appointment_id for a in answers if a.appointment_id}
        found = await self.appointments.load(ids)
        theirs = {
            id: appointment
            for id, appointment in found.items()
            if courier and courier.id in (appointment.courier_id, appointment.offered_to)
        }
        return [_outcome(answer, theirs.get(answer.appointment_id or "")) for answer in answers]


def _named(sent: Sequence[Sent]) -> set[str]:
    """Every command id that a batch speaks of."""
    undone = {c.undoes for c in sent if isinstance(c, Command) and c.undoes}
    return {c.id for c in sent} | undone


def _one(
    standing: Standing, command: Sent, around: Circumstances, account_id: str
) -> tuple[Standing, Record]:
    """The standing after one command, and what to remember of it."""
    after: Standing | CommandRefused
    if isinstance(command, Unreadable):
        after = CommandRefused(code=CommandRefusal.INVALID_INPUT, path=command.path)
    else:
        after = rules.carry_out(standing, command, around)
    record = _record(standing, after, command, around, account_id)
    current = standing if isinstance(after, CommandRefused) else after
    known = MappingProxyType({**current.records, command.id: record})
    return replace(current, records=known), record


def _record(
    before: Standing,
    after: Standing | CommandRefused,
    command: Sent,
    around: Circumstances,
    account_id: str,
) -> Record:
    refused = after if isinstance(after, CommandRefused) else None
    read = command if isinstance(command, Command) else None
    id = _concerns(before, read)
    changed = after.appointments.get(id or "") if isinstance(after, Standing) else None
    return Record(
        id=record_id(account_id, command.id),
        command_id=command.id,
        body_hash=command.body_hash,
        accepted=refused is None,
        refusal=refused.code if refused else None,
        path=refused.path if refused else (),
        appointment_id=id,
        captured_at=read.captured_at if read else None,
        at=around.now,
        before=rules.before_of(before, read) if read and not refused else None,
        sequence=changed.sequence if changed else None,
    )


def _concerns(standing: Standing, command: Command | None) -> str | None:
    """The appointment a command is about; an undo is about that of the command it undoes."""
    if command is None:
        return None
    undone = standing.records.get(command.undoes or "")
    return command.appointment_id or (undone.appointment_id if undone else None)


def _again(command: Sent, record: Record) -> _Answer:
    if command.body_hash != record.body_hash:
        return _Answer(command.id, False, _REUSED, None)
    return _told(record, repeated=True)


def _told(record: Record, *, repeated: bool) -> _Answer:
    refused = CommandRefused(code=record.refusal, path=record.path) if record.refusal else None
    return _Answer(record.command_id, repeated, refused, record.appointment_id)


def _outcome(answer: _Answer, appointment: Appointment | None) -> Outcome:
    return Outcome(
        command_id=answer.command_id,
        accepted=answer.refused is None,
        repeated=answer.repeated,
        refused=answer.refused,
        appointment=appointment,
    )
