"""Finding a courier for every promise, and keeping rounds true as the day changes."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from doorstep.accounts.model import Role
from doorstep.appointments.actions import Appointments
from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import OPEN, Appointment, EventKind, Status
from doorstep.appointments.rules import moved, taken_over
from doorstep.couriers.actions import Couriers
from doorstep.couriers.model import Courier
from doorstep.dispatch import rules
from doorstep.dispatch.events import OfferEnded, OfferUntaken
from doorstep.dispatch.model import (
    Assignment,
    AssignmentRefusal,
    AssignmentRefused,
    DispatchPolicy,
    Ending,
    FeedEntry,
    Round,
    Stop,
    StopState,
)
from doorstep.dispatch.store import AssignmentStore, RoundStore
from doorstep.kit.clock import Clock
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.hub import Hub
from doorstep.kit.mongo.transactions import Attempt, Mongo, Repeated, Reused, Tx
from doorstep.kit.turns import Turns
from doorstep.kit.windows import TimeWindow

_SWEPT_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Change:
    """What a handheld is told: how the round of a day stands, and whether to start over."""

    sequence: int
    round: Round
    resync: bool = False


@dataclass(frozen=True)
class Dispatch:
    mongo: Mongo
    assignments: AssignmentStore
    rounds: RoundStore
    appointments: Appointments
    couriers: Couriers
    hub: Hub
    policy: DispatchPolicy
    clock: Clock
    turns: Turns = field(default_factory=Turns)
    """Who is about to write into one courier's rounds."""

    # ------------------------------------------------------------ the house offers

    async def offer_next(
        self, appointment_id: str, *, unless_after: int | None = None
    ) -> Assignment | None:
        """Ask the nearest courier who can come and was not asked yet. None: nobody is left, or
        nothing is to be asked. Harmless when repeated: who is being asked is asked once, and what
        has happened `unless_after` that entry of the history has its own consequences.
        """
        now = self.clock.now()
        id = new_id("asg")

        async def body(tx: Tx) -> Assignment | None:
            appointment = (await self.appointments.load([appointment_id], tx=tx)).get(
                appointment_id
            )
            if appointment is None or appointment.status is not Status.BOOKED:
                return None
            if unless_after is not None and appointment.sequence > unless_after:
                return None
            if await self.assignments.active_for([appointment_id], tx=tx):
                return None
            if await self.appointments.cannot_be_kept(appointment, tx=tx):
                return None
            courier = await self._next_courier(appointment, tx)
            if courier is None:
                tx.record(
                    OfferUntaken(aggregate=appointment_id, sequence=appointment.sequence, at=now)
                )
                return None
            shifts = await self.couriers.next_shifts(courier.id, now)
            until = rules.answer_by(appointment.window, shifts, self.policy, at=now)
            assignment = rules.offer(id, appointment, courier, at=now, answer_by=until)
            offered = appointment.model_copy(update={"offered_to": courier.id})
            await self.appointments.save([(appointment, offered)], None, tx=tx)
            await self._put_on_round(assignment, appointment, courier, now, tx)
            return assignment

        return await self.mongo.transact(body)

    async def offer_anew(
        self, span: TimeWindow, path: str = "", area_ids: Collection[str] = ()
    ) -> None:
        """Nothing is in the way any more: ask for those that nobody has, nor is asked about."""
        for id in await self.appointments.unasked_in(span, path, area_ids):
            await self.offer_next(id)

    async def _next_courier(self, appointment: Appointment, tx: Tx) -> Courier | None:
        roster = await self.couriers.roster(appointment.branch_id, appointment.window)
        asked = await self.assignments.asked_since(appointment.id, appointment.window.start, tx=tx)
        for courier in rules.ranked(appointment, roster, asked_before=asked):
            round = await self.rounds.get(courier.id, courier.branch_id, appointment.day, tx=tx)
            if not rules.is_full(round, appointment.window, self.policy):
                return courier
        return None

    async def _put_on_round(
        self,
        assignment: Assignment,
        appointment: Appointment,
        courier: Courier,
        now: datetime,
        tx: Tx,
    ) -> None:
        """A stop for the assignment, OFFERED until its courier accepts it."""
        self.assignments.add(assignment, tx=tx)
        before = await self.rounds.get(courier.id, courier.branch_id, appointment.day, tx=tx)
        stop = Stop(
            id=new_id("stp"),
            appointment_id=appointment.id,
            window=appointment.window,
            state=StopState.OFFERED,
            planned_arrival=appointment.window.start,
        )
        after = await self._timed(rules.with_stop(before, stop), [appointment], courier, tx)
        await self.rounds.save([(before, after)], at=now, tx=tx)

    async def _timed(
        self, round: Round, fresh: Iterable[Appointment], courier: Courier, tx: Tx
    ) -> Round:
        """The round with arrivals, where the `fresh` appointments are not written yet."""
        ids = {stop.appointment_id for stop in round.stops if stop.state is not StopState.REMOVED}
        given = {appointment.id: appointment for appointment in fresh}
        known = await self.appointments.load(ids - given.keys(), tx=tx)
        doors = {
            id: door
            for id, appointment in {**known, **given}.items()
            if (door := rules.door_of(appointment))
        }
        return rules.timed(round, doors, courier.station, self.policy)

    async def end_lapsed(self) -> int:
        """Offers that nobody answered in time come to nothing. How many did."""
        now = self.clock.now()
        lapsed = await self.assignments.lapsed(now, _SWEPT_AT_ONCE)
        for assignment in lapsed:
            await self.mongo.transact(lambda tx, a=assignment: self.lapse(a, now, tx))  # type: ignore[misc]
        return len(lapsed)

    async def lapse(self, assignment: Assignment, now: datetime, tx: Tx) -> None:
        """Judged on what stands now: the courier may have said yes since it was looked up."""
        active = await self.assignments.active_for([assignment.appointment_id], tx=tx)
        if active.get(assignment.appointment_id) != assignment:
            return
        found = await self.appointments.load([assignment.appointment_id], tx=tx)
        appointment = found.get(assignment.appointment_id)
        await self._take_off(assignment, Ending.NOT_ANSWERED, now, tx)
        if appointment and appointment.offered_to == assignment.courier_id:
            free = appointment.model_copy(update={"offered_to": None})
            await self.appointments.save([(appointment, free)], None, tx=tx)

    async def _take_off(
        self,
        assignment: Assignment,
        ending: Ending,
        now: datetime,
        tx: Tx,
        reason: str | None = None,
    ) -> bool:
        """End an assignment: a tombstone on its courier's round. False: it was over already."""
        ended = await self.assignments.end(assignment.id, ending, at=now, tx=tx, reason=reason)
        if not ended:
            return False
        before = await self.rounds.get(
            assignment.courier_id, assignment.branch_id, assignment.day, tx=tx
        )
        if before.stop_for(assignment.appointment_id):
            after = rules.with_state(before, assignment.appointment_id, StopState.REMOVED)
            await self.rounds.save([(before, after)], at=now, tx=tx)
        self.say_offer_ended(assignment, ending, now, tx)
        return True

    def say_offer_ended(
        self, assignment: Assignment, ending: Ending, now: datetime, tx: Tx
    ) -> None:
        """Only what leaves the appointment without anybody asks for another courier."""
        if ending in (Ending.DECLINED, Ending.NOT_ANSWERED, Ending.MOVED):
            tx.record(
                OfferEnded(
                    aggregate=assignment.id,
                    sequence=1,
                    at=now,
                    appointment_id=assignment.appointment_id,
                )
            )

    async def release(self, appointment_id: str) -> None:
        """An appointment moved or was cancelled: whoever had it is free of it.

        Harmless when repeated, and when the appointment has a courier for its new window and door
        already.
        """
        now = self.clock.now()

        async def body(tx: Tx) -> None:
            found = await self.appointments.load([appointment_id], tx=tx)
            active = await self.assignments.active_for([appointment_id], tx=tx)
            appointment, assignment = found.get(appointment_id), active.get(appointment_id)
            if appointment is None or assignment is None:
                return
            if appointment.status is Status.CANCELLED:
                await self._take_off(assignment, Ending.CANCELLED, now, tx)
            elif not rules.is_for(assignment, appointment):
                await self._take_off(assignment, Ending.MOVED, now, tx)

        await self.mongo.transact(body)

    async def retell(self, appointment_id: str) -> None:
        """Whoever has it is to read it again. Harmless when repeated."""
        now = self.clock.now()

        async def body(tx: Tx) -> None:
            found = await self.appointments.load([appointment_id], tx=tx)
            active = await self.assignments.active_for([appointment_id], tx=tx)
            appointment, assignment = found.get(appointment_id), active.get(appointment_id)
            if appointment is None or assignment is None or appointment.status not in OPEN:
                return
            round = await self.rounds.get(
                assignment.courier_id, assignment.branch_id, assignment.day, tx=tx
            )
            await self.rounds.save([(round, round)], at=now, tx=tx)

        await self.mongo.transact(body)

    # ------------------------------------------------------------ another door

    async def end_unanswered_changes(self) -> int:
        """Couriers who did not agree to another door in time: somebody else is asked to go there.
        How many there were.
        """
        now = self.clock.now()
        ids = await self.appointments.unanswered(now, _SWEPT_AT_ONCE)
        for id in ids:
            await self.mongo.transact(lambda tx, id=id: self.give_up_asking(id, now, tx))  # type: ignore[misc]
        return len(ids)

    async def give_up_asking(self, appointment_id: str, now: datetime, tx: Tx) -> None:
        """Judged on what stands now: the courier may have agreed since it was looked up."""
        before = (await self.appointments.load([appointment_id], tx=tx)).get(appointment_id)
        if before is None or not before.pending_change or now < before.pending_change.answer_by:
            return
        active = await self.assignments.active_for([appointment_id], tx=tx)
        if assignment := active.get(appointment_id):
            await self._take_off(assignment, Ending.NOT_ANSWERED, now, tx)
        steps = [(before, _freed(before, now, None, None))]
        await self.appointments.save(steps, AppointmentMoved, tx=tx)

    # ------------------------------------------------------------ a dispatcher's word

    async def assign(
        self,
        appointment_id: str,
        courier_id: str,
        attempt: Attempt,
        *,
        expected_version: int,
        may: Collection[str] | None,
        by_role: Role,
    ) -> Appointment | AssignmentRefused:
        """Name the courier. It replaces an offer; of two who do it at once, one wins."""
        id = new_id("asg")

        async def body(tx: Tx) -> Appointment | AssignmentRefused:
            before = await self._in_sight(appointment_id, may, tx)
            if before is None:
                return _refuse(AssignmentRefusal.NOT_FOUND, "appointmentId")
            if code := rules.judge_assignment(before, expected_version=expected_version):
                return _refuse(code, "expectedVersion", before)
            courier = await self.couriers.get(courier_id)
            if courier is None or not _in(courier.branch_path, may):
                return _refuse(AssignmentRefusal.NOT_FOUND, "courierId", before)
            if code := await self._judge_courier(before, courier, tx):
                return _refuse(code, "courierId", before)
            await self._replace_offer(before, attempt.at, tx)
            after = moved(
                before,
                EventKind.ASSIGNED,
                at=attempt.at,
                recorded_at=attempt.at,
                by_role=by_role,
                courier_id=courier.id,
                offered_to=None,
            )
            assert after is not None
            await self.appointments.save([(before, after)], AppointmentMoved, tx=tx)
            word = rules.offer(id, after, courier, at=attempt.at, answer_by=None, by_role=by_role)
            await self._put_on_round(word, after, courier, attempt.at, tx)
            return after

        async with self.turns.of(courier_id):
            outcome = await self.mongo.once(attempt, body)
        return await self._answered(outcome)

    async def _judge_courier(
        self, appointment: Appointment, courier: Courier, tx: Tx
    ) -> AssignmentRefusal | None:
        roster = await self.couriers.roster(appointment.branch_id, appointment.window)
        round = await self.rounds.get(courier.id, courier.branch_id, appointment.day, tx=tx)
        without = rules.with_state(round, appointment.id, StopState.REMOVED)
        return rules.judge_courier(appointment, courier, roster, without, self.policy)

    async def _replace_offer(self, appointment: Appointment, now: datetime, tx: Tx) -> None:
        active = await self.assignments.active_for([appointment.id], tx=tx)
        if assignment := active.get(appointment.id):
            await self._take_off(assignment, Ending.REPLACED, now, tx)

    async def unassign(
        self,
        appointment_id: str,
        attempt: Attempt,
        *,
        expected_version: int,
        reason: str,
        may: Collection[str] | None,
        by_role: Role,
    ) -> Appointment | AssignmentRefused:
        """Take it off its courier. It waits on the dispatcher's list: a word is not undone by an
        offer nobody asked for.
        """

        async def body(tx: Tx) -> Appointment | AssignmentRefused:
            before = await self._in_sight(appointment_id, may, tx)
            if before is None:
                return _refuse(AssignmentRefusal.NOT_FOUND, "appointmentId")
            if code := rules.judge_unassignment(before, expected_version=expected_version):
                return _refuse(code, "expectedVersion", before)
            active = await self.assignments.active_for([appointment_id], tx=tx)
            if assignment := active.get(appointment_id):
                await self._take_off(assignment, Ending.UNASSIGNED, attempt.at, tx, reason)
            after = _freed(before, attempt.at, by_role, reason)
            await self.appointments.save([(before, after)], AppointmentMoved, tx=tx)
            return after

        return await self._answered(await self.mongo.once(attempt, body))

    async def _in_sight(
        self, appointment_id: str, may: Collection[str] | None, tx: Tx
    ) -> Appointment | None:
        """The appointment, if it lies in the caller's part of the bureau."""
        found = (await self.appointments.load([appointment_id], tx=tx)).get(appointment_id)
        return found if found and _in(found.branch_path, may) else None

    async def _answered(
        self, outcome: Appointment | AssignmentRefused | Repeated | Reused
    ) -> Appointment | AssignmentRefused:
        if isinstance(outcome, Repeated):
            found = await self.appointments.load([outcome.id])
            return found[outcome.id]
        if isinstance(outcome, Reused):
            return _refuse(AssignmentRefusal.IDEMPOTENCY_KEY_REUSED, "idempotencyKey")
        return outcome

    # ------------------------------------------------------------ for the handheld

    async def save_work(
        self,
        rounds: Sequence[tuple[Round, Round]],
        steps: Sequence[tuple[Appointment, Appointment]],
        ended: Sequence[tuple[Assignment, Ending, str | None]],
        accepted: Sequence[str],
        *,
        at: datetime,
        tx: Tx,
    ) -> None:
        """Write what a courier did: promises, assignments, and last the rounds."""
        rounds, steps = await self._at_other_doors(rounds, steps, tx)
        if steps:
            await self.appointments.save(steps, AppointmentMoved, tx=tx)
        for assignment, ending, reason in ended:
            await self.assignments.end(assignment.id, ending, at=at, tx=tx, reason=reason)
            self.say_offer_ended(assignment, ending, at, tx)
        if accepted:
            await self.assignments.accept(accepted, tx=tx)
        await self.rounds.save([(b, a) for b, a in rounds if b != a], at=at, tx=tx)

    async def _at_other_doors(
        self,
        rounds: Sequence[tuple[Round, Round]],
        steps: Sequence[tuple[Appointment, Appointment]],
        tx: Tx,
    ) -> tuple[Sequence[tuple[Round, Round]], Sequence[tuple[Appointment, Appointment]]]:
        """Rounds timed afresh around the doors that their courier has agreed to."""
        agreed = {
            after.id: after
            for before, after in steps
            if after.courier_id and after.door_no != before.door_no
        }
        if not agreed:
            return rounds, steps
        etas: dict[str, datetime | None] = {}
        timed = []
        for before, after in rounds:
            here = [agreed[s.appointment_id] for s in after.stops if s.appointment_id in agreed]
            courier = await self.couriers.get(after.courier_id) if here else None
            if courier:
                for each in here:
                    after = rules.at_other_door(after, each)
                    await self.assignments.follow(each, tx=tx)
                after = await self._timed(after, here, courier, tx)
                etas |= {stop.appointment_id: stop.eta for stop in after.stops}
            timed.append((before, after))
        return timed, [
            (b, a.model_copy(update={"eta": etas.get(a.id)}) if a.id in agreed else a)
            for b, a in steps
        ]

    # ------------------------------------------------------------ reading

    async def round(self, id: str) -> Round | None:
        return (await self.rounds.get_many([id])).get(id)

    async def round_of(self, courier: Courier, day: date) -> Round:
        return await self.rounds.get(courier.id, courier.branch_id, day)

    async def follow(
        self, courier: Courier, today: date, *, after: int | None
    ) -> AsyncIterator[Change]:
        """Every change of the courier's rounds past `after`: the missed ones in order, then each
        new one as it is committed. Whoever missed more than is kept, or claims to know more than
        there is, is told once to start over.
        """
        with self.hub.listen(courier.id) as bell:
            head = await self.rounds.head(courier.id)
            told = head if after is None else after
            if told > head or await self._too_old(courier.id, told, head):
                told = head
                round = await self.rounds.get(courier.id, courier.branch_id, today)
                yield Change(head, round, resync=True)
            while True:
                entries = await self.rounds.entries(
                    courier.id, after=told, most=self.policy.most_replayed
                )
                for change in await self._changes(courier, entries):
                    told = change.sequence
                    yield change
                if not entries:
                    await bell.heard()

    async def _too_old(self, courier_id: str, told: int, head: int) -> bool:
        if told >= head:
            return False
        first = await self.rounds.entries(courier_id, after=told, most=1)
        return not first or first[0].sequence > told + 1

    async def _changes(self, courier: Courier, entries: Sequence[FeedEntry]) -> list[Change]:
        rounds = {
            day: await self.rounds.get(courier.id, courier.branch_id, day)
            for day in {entry.day for entry in entries}
        }
        return [Change(entry.sequence, rounds[entry.day]) for entry in entries]

    async def visible_appointments(self, round: Round) -> dict[str, Appointment]:
        """What hangs on a round's stops; a tombstone hangs on nothing."""
        ids = {stop.appointment_id for stop in round.stops if stop.state is not StopState.REMOVED}
        return await self.appointments.load(ids)


def _freed(
    before: Appointment, at: datetime, by_role: Role | None, reason: str | None
) -> Appointment:
    """The appointment without its courier; at the door that they were asked about, if they were."""
    if before.pending_change:
        before = taken_over(before, at=at, recorded_at=at, by_role=by_role)
    after = moved(
        before,
        EventKind.UNASSIGNED,
        at=at,
        recorded_at=at,
        by_role=by_role,
        note=reason,
        courier_id=None,
        eta=None,
    )
    assert after is not None
    return after


def _refuse(
    code: AssignmentRefusal, path: str, current: Appointment | None = None
) -> AssignmentRefused:
    return AssignmentRefused(code=code, path=(path,), current=current)


def _in(path: str, may: Collection[str] | None) -> bool:
    return may is None or any(path.startswith(prefix) for prefix in may)
