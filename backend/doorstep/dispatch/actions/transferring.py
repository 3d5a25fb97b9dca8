"""转单: a colleague is asked to take a visit over."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from doorstep.accounts.model import Role
from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import Appointment
from doorstep.couriers.model import Courier
from doorstep.dispatch import rules
from doorstep.dispatch.actions.assigning import Assigning
from doorstep.dispatch.actions.tools import freed, lies_in
from doorstep.dispatch.model import (
    Assignment,
    Ending,
    Round,
    StopState,
    Transfer,
    TransferRefusal,
    TransferRefused,
    TransferState,
)
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx

_SWEPT_AT_ONCE: Final = 200
_MOST_SHOWN: Final = 100
Asked = Transfer | TransferRefused


@dataclass(frozen=True)
class Transferring(Assigning):
    """Until they have said yes it is the first courier's; of two answers one stands."""

    # ------------------------------------------------------------ asking

    async def transfer(
        self,
        appointment_id: str,
        to_courier_id: str,
        attempt: Attempt,
        *,
        expected_version: int,
        reason: str,
        may: Collection[str] | None,
        by_role: Role,
    ) -> Asked:
        """A dispatcher asks a courier to take over what another has."""
        id = new_id("trf")

        async def body(tx: Tx) -> Asked:
            found = await self._in_sight(appointment_id, may, tx)
            if found is None:
                return _refuse(TransferRefusal.NOT_FOUND, "appointmentId")
            active = (await self.assignments.active_for([found.id], tx=tx)).get(found.id)
            if code := rules.judge_transfer(found, active, expected_version=expected_version):
                return _refuse(code, "expectedVersion", current=found)
            to = await self.couriers.get(to_courier_id)
            if to is None or not lies_in(to.branch_path, may):
                return _refuse(TransferRefusal.NOT_FOUND, "toCourierId", current=found)
            assert active
            return await self._ask(id, found, active, to, reason, by_role, attempt.at, tx)

        async with self.turns.of(to_courier_id):
            outcome = await self.mongo.once(attempt, body)
        return await self._transfer_told(outcome)

    async def ask_colleague(
        self,
        appointment_id: str,
        courier: Courier,
        to_courier_id: str,
        *,
        reason: str,
        now: datetime,
        tx: Tx,
    ) -> Asked:
        """A courier asks for what is theirs. What is not looks exactly like none."""
        active = (await self.assignments.active_for([appointment_id], tx=tx)).get(appointment_id)
        found = (await self.appointments.load([appointment_id], tx=tx)).get(appointment_id)
        if found is None or active is None or active.courier_id != courier.id:
            return _refuse(TransferRefusal.NOT_FOUND, "appointmentId")
        if code := rules.judge_transfer(found, active):
            return _refuse(code, "appointmentId", current=found)
        to = await self.couriers.get(to_courier_id)
        if to is None or to.branch_id != courier.branch_id:
            return _refuse(TransferRefusal.NOT_FOUND, "toCourierId", current=found)
        return await self._ask(new_id("trf"), found, active, to, reason, Role.COURIER, now, tx)

    async def _ask(
        self,
        id: str,
        appointment: Appointment,
        active: Assignment,
        to: Courier,
        reason: str,
        by_role: Role,
        now: datetime,
        tx: Tx,
    ) -> Asked:
        if to.id == active.courier_id:
            return _refuse(TransferRefusal.NOT_ALLOWED_NOW, "toCourierId", current=appointment)
        if await self.transfers.pending_for([appointment.id], tx=tx):
            return _refuse(TransferRefusal.ALREADY_ASKED, "appointmentId", current=appointment)
        if code := await self._judge_courier(appointment, to, tx):
            told = TransferRefusal(code.value)
            return _refuse(told, "toCourierId", current=appointment)
        shifts = await self.couriers.next_shifts(to.id, now)
        transfer = Transfer(
            id=id,
            appointment_id=appointment.id,
            assignment_id=active.id,
            from_courier_id=active.courier_id,
            to_courier_id=to.id,
            branch_id=appointment.branch_id,
            branch_path=appointment.branch_path,
            day=appointment.day,
            window=appointment.window,
            reason=reason,
            by_role=by_role,
            at=now,
            answer_by=rules.answer_by(appointment.window, shifts, self.policy, at=now),
        )
        await self.transfers.put(transfer, tx=tx)
        await self._tell_again(_both(transfer), transfer, now, tx)
        return transfer

    # ------------------------------------------------------------ answering

    async def take_over(
        self, transfer_id: str, courier: Courier, *, at: datetime, now: datetime, tx: Tx
    ) -> Asked:
        """Yes: one assignment ends, another begins, and no instant lies between them."""
        transfer = await self.transfers.get(transfer_id, tx=tx)
        if transfer is None or transfer.to_courier_id != courier.id:
            return _refuse(TransferRefusal.NOT_FOUND, "transferId")
        if transfer.state is not TransferState.PENDING:
            return _refuse(TransferRefusal.TRANSFER_OVER, "transferId")
        still = await self._still(transfer, tx)
        if still is None:
            return _refuse(TransferRefusal.TRANSFER_OVER, "transferId")
        before, active = still
        if code := await self._judge_courier(before, courier, tx):
            return _refuse(TransferRefusal(code.value), "transferId")
        await self.transfers.end(transfer.id, TransferState.ACCEPTED, at=now, tx=tx)
        await self.assignments.end(active.id, Ending.TRANSFERRED, at=now, tx=tx)
        after = rules.handed_over(before, transfer, at=at, recorded_at=now)
        rounds = await self._changed_rounds(active, after, courier, now, tx)
        stop = rounds[1][1].stop_for(after.id)
        after = after.model_copy(update={"eta": stop.eta if stop else None})
        await self.appointments.save([(before, after)], AppointmentMoved, tx=tx)
        await self.assignments.put(_taken(transfer, after, courier, now), tx=tx)
        await self.rounds.save(rounds, at=now, tx=tx)
        return transfer.model_copy(update={"state": TransferState.ACCEPTED, "ended_at": now})

    async def _still(self, transfer: Transfer, tx: Tx) -> tuple[Appointment, Assignment] | None:
        """What is to be passed on, as it stands. None: there is nothing to pass on any more."""
        id = transfer.appointment_id
        before = (await self.appointments.load([id], tx=tx)).get(id)
        active = (await self.assignments.active_for([id], tx=tx)).get(id)
        if before is None or active is None or active.id != transfer.assignment_id:
            return None
        return None if rules.judge_transfer(before, active) else (before, active)

    async def _changed_rounds(
        self, active: Assignment, after: Appointment, courier: Courier, now: datetime, tx: Tx
    ) -> Sequence[tuple[Round, Round]]:
        """A tombstone for who had it, a stop for who has it now: where it costs them least."""
        theirs = await self.rounds.get(active.courier_id, active.branch_id, active.day, tx=tx)
        mine = await self.rounds.get(courier.id, courier.branch_id, after.day, tx=tx)
        fits = rules.behind_sooner(mine, after.window)
        if considered := await self.considered(after, now, tx):
            survey, wanted = considered
            found = survey.named(courier.id, replace(wanted, asked_before=frozenset()))
            fits = found.place.before if found.place else fits
        stop = rules.new_stop(new_id("stp"), after, state=StopState.ACCEPTED)
        longer = rules.with_stop(mine, stop, fits)
        timed = await self.timed(longer, courier, [after], now=now, tx=tx)
        gone = rules.with_state(theirs, after.id, StopState.REMOVED)
        return [(theirs, gone), (mine, timed)]

    async def refuse_transfer(
        self, transfer_id: str, courier: Courier, *, reason: str, now: datetime, tx: Tx
    ) -> Asked:
        """No: it stays with who has it, and they are told why."""
        transfer = await self.transfers.get(transfer_id, tx=tx)
        if transfer is None or transfer.to_courier_id != courier.id:
            return _refuse(TransferRefusal.NOT_FOUND, "transferId")
        return await self._ended(transfer, TransferState.REFUSED, reason, now, tx)

    async def withdraw_from_colleague(
        self, appointment_id: str, courier: Courier, *, now: datetime, tx: Tx
    ) -> Asked:
        """The courier keeps it after all."""
        found = await self.transfers.pending_for([appointment_id], tx=tx)
        mine = [each for each in found if each.from_courier_id == courier.id]
        if not mine:
            return _refuse(TransferRefusal.TRANSFER_OVER, "appointmentId")
        return await self._ended(mine[0], TransferState.WITHDRAWN, None, now, tx)

    async def withdraw_transfer(
        self, transfer_id: str, attempt: Attempt, *, reason: str, may: Collection[str] | None
    ) -> Asked:
        """A dispatcher takes the question back."""

        async def body(tx: Tx) -> Asked:
            transfer = await self.transfers.get(transfer_id, tx=tx)
            if transfer is None or not lies_in(transfer.branch_path, may):
                return _refuse(TransferRefusal.NOT_FOUND, "transferId")
            return await self._ended(transfer, TransferState.WITHDRAWN, reason, attempt.at, tx)

        return await self._transfer_told(await self.mongo.once(attempt, body))

    async def _ended(
        self,
        transfer: Transfer,
        state: TransferState,
        answer: str | None,
        now: datetime,
        tx: Tx,
    ) -> Asked:
        if not await self.transfers.end(transfer.id, state, at=now, tx=tx, answer=answer):
            return _refuse(TransferRefusal.TRANSFER_OVER, "transferId")
        await self._tell_again(_both(transfer), transfer, now, tx)
        ended = {"state": state, "answer": answer, "ended_at": now}
        return transfer.model_copy(update=ended)

    # ------------------------------------------------------------ no answer

    async def end_unanswered_transfers(self) -> int:
        """Who said nothing in time leaves it to somebody else. How many there were."""
        now = self.clock.now()
        found = await self.transfers.unanswered(now, _SWEPT_AT_ONCE)
        for transfer in found:
            await self.mongo.transact(lambda tx, t=transfer: self.hand_back(t.id, now, tx))  # type: ignore[misc]
        return len(found)

    async def hand_back(self, transfer_id: str, now: datetime, tx: Tx) -> None:
        """Whoever asked wanted to be rid of it: the house asks the next. Judged on what stands now:
        an answer may have come since it was looked up.
        """
        transfer = await self.transfers.get(transfer_id, tx=tx)
        if transfer is None or transfer.state is not TransferState.PENDING:
            return
        still = await self._still(transfer, tx)
        if still is None:
            await self._ended(transfer, TransferState.OVERTAKEN, None, now, tx)
            return
        before, active = still
        await self.transfers.end(id=transfer.id, state=TransferState.LAPSED, at=now, tx=tx)
        await self._take_off(active, Ending.HANDED_BACK, now, tx, transfer.reason)
        await self._tell_again([transfer.to_courier_id], transfer, now, tx)
        steps = [(before, freed(before, now, None, transfer.reason))]
        await self.appointments.save(steps, AppointmentMoved, tx=tx)

    # ------------------------------------------------------------ reading

    async def transfer_of(self, id: str) -> Transfer | None:
        return await self.transfers.get(id)

    async def transfers_of(self, courier_id: str, day: date) -> list[Transfer]:
        """What a courier asks of others that day, and others of them; the latest first."""
        return await self.transfers.of_courier(courier_id, day, _MOST_SHOWN)

    async def transfers_in(self, branch_id: str, day: date, *, pending: bool) -> list[Transfer]:
        return await self.transfers.of_branch(branch_id, day, _MOST_SHOWN, pending=pending)

    async def _transfer_told(self, outcome: Asked | Repeated | Reused) -> Asked:
        if isinstance(outcome, Repeated):
            found = await self.transfers.get(outcome.id)
            assert found
            return found
        if isinstance(outcome, Reused):
            return _refuse(TransferRefusal.IDEMPOTENCY_KEY_REUSED, "idempotencyKey")
        return outcome


def _both(transfer: Transfer) -> tuple[str, str]:
    return transfer.from_courier_id, transfer.to_courier_id


def _taken(
    transfer: Transfer, appointment: Appointment, courier: Courier, now: datetime
) -> Assignment:
    """What a courier has who said yes. Its id is made of the transfer's: it is made once."""
    id = f"asg_{transfer.id.removeprefix('trf_')}"
    fresh = rules.offer(id, appointment, courier, at=now, answer_by=None, by_role=transfer.by_role)
    return fresh.model_copy(update={"accepted": True})


def _refuse(
    code: TransferRefusal, path: str, *, current: Appointment | None = None
) -> TransferRefused:
    return TransferRefused(code=code, path=(path,), current=current)
