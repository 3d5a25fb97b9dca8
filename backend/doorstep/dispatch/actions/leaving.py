"""A courier will not be there: their stops are in the way, or go to others."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from doorstep.accounts.model import Role
from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import Status
from doorstep.couriers.actions import Within
from doorstep.couriers.model import (
    Courier,
    IfOrphans,
    Leave,
    RosterRefusal,
    RosterRefused,
    Shift,
)
from doorstep.couriers.rules import worked
from doorstep.dispatch import rules
from doorstep.dispatch.actions.tools import Tools, freed
from doorstep.dispatch.model import UNDER_WAY, Assignment, Ending, Round, round_id
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx
from doorstep.kit.windows import TimeWindow


@dataclass(frozen=True)
class Leaving(Tools):
    """Leave and cancelled shifts. What is under way is never taken from anybody.

    The courier's feed is written before their stops are read, and so it is by whoever gives them
    one: of two at once, one runs again, and sees what the other did.
    """

    async def put_leave(
        self,
        leave: Leave,
        attempt: Attempt,
        *,
        if_orphans: IfOrphans,
        by_role: Role,
        within: Within,
    ) -> Leave | RosterRefused:
        """They are away in that span."""

        async def body(tx: Tx) -> Leave | RosterRefused:
            courier = await self.couriers.get(leave.courier_id)
            if courier is None or not within(courier.branch_id):
                return _refuse(RosterRefusal.NOT_FOUND, "courierId")
            theirs = leave.model_copy(update={"branch_id": courier.branch_id})
            before = await self.couriers.hours(courier.id, _around(theirs.window), tx=tx)
            put = await self.couriers.put_leave(courier, theirs, at=attempt.at, tx=tx)
            if isinstance(put, RosterRefused):
                return put
            left = worked(before, [put])
            refused = await self._leave_stops(
                courier, put.window, left, if_orphans, by_role, attempt.at, tx
            )
            return refused or put

        async with self.turns.of(leave.courier_id):
            outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Repeated):
            return await self.couriers.leave(outcome.id) or _refuse(RosterRefusal.NOT_FOUND, "id")
        return _REUSED if isinstance(outcome, Reused) else outcome

    async def cancel_shift(
        self,
        id: str,
        reason: str,
        attempt: Attempt,
        *,
        if_orphans: IfOrphans,
        by_role: Role,
        within: Within,
    ) -> Shift | RosterRefused:
        """They do not work in that shift."""

        async def body(tx: Tx) -> Shift | RosterRefused:
            shift = await self.couriers.shift(id, tx=tx)
            courier = await self.couriers.get(shift.courier_id) if shift else None
            if shift is None or courier is None or not within(shift.branch_id):
                return _refuse(RosterRefusal.NOT_FOUND, "id")
            before = await self.couriers.hours(courier.id, _around(shift.window), tx=tx)
            cancelled = await self.couriers.cancel_shift(
                courier, shift, reason, at=attempt.at, tx=tx
            )
            if isinstance(cancelled, RosterRefused):
                return cancelled
            left = [each for each in before if each.id != id]
            refused = await self._leave_stops(
                courier, shift.window, left, if_orphans, by_role, attempt.at, tx
            )
            return refused or cancelled

        async with self.turns.of(id):
            outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Repeated):
            return await self.couriers.shift(outcome.id) or _refuse(RosterRefusal.NOT_FOUND, "id")
        return _REUSED if isinstance(outcome, Reused) else outcome

    async def _leave_stops(
        self,
        courier: Courier,
        lost: TimeWindow,
        left: Sequence[Shift],
        if_orphans: IfOrphans,
        by_role: Role,
        now: datetime,
        tx: Tx,
    ) -> RosterRefused | None:
        """Hand over the stops that nobody would be there for, or say which they are."""
        await self.rounds.hold(courier.id, tx=tx)
        active = await self.assignments.active_of(courier.id, lost, tx=tx)
        ids = {round_id(courier.id, each.day) for each in active}
        rounds = await self.rounds.get_many(ids, tx=tx)
        orphans = rules.orphaned(active, rounds, left, now)
        under_way = [a for a, state in orphans if state in UNDER_WAY]
        if under_way:
            return _orphaned(RosterRefusal.STOPS_UNDER_WAY, under_way)
        taken = [assignment for assignment, _ in orphans]
        if taken and if_orphans is IfOrphans.REFUSE:
            return _orphaned(RosterRefusal.WOULD_ORPHAN_STOPS, taken)
        await self._hand_over(taken, rounds.values(), by_role, now, tx)
        return None

    async def _hand_over(
        self,
        taken: Sequence[Assignment],
        rounds: Collection[Round],
        by_role: Role,
        now: datetime,
        tx: Tx,
    ) -> None:
        """The house asks the next courier for each of them; one write for each round."""
        found = await self.appointments.load([each.appointment_id for each in taken], tx=tx)
        steps, unasked = [], []
        for assignment in taken:
            await self.assignments.end(assignment.id, Ending.COURIER_AWAY, at=now, tx=tx)
            self.say_offer_ended(assignment, Ending.COURIER_AWAY, now, tx)
            appointment = found[assignment.appointment_id]
            if appointment.status is Status.ASSIGNED:
                steps.append((appointment, freed(appointment, now, by_role, None)))
            elif appointment.offered_to == assignment.courier_id:
                free = appointment.model_copy(update={"offered_to": None})
                unasked.append((appointment, free))
        if steps:
            await self.appointments.save(steps, AppointmentMoved, tx=tx)
        if unasked:
            await self.appointments.save(unasked, None, tx=tx)
        gone = {each.appointment_id for each in taken}
        changed = [(round, rules.without(round, gone)) for round in rounds]
        await self.rounds.save([(b, a) for b, a in changed if a != b], at=now, tx=tx)


def _around(span: TimeWindow) -> TimeWindow:
    """Wide enough for any window that touches the span."""
    return TimeWindow(start=span.start - rules.LONGEST_WINDOW, end=span.end + rules.LONGEST_WINDOW)


def _refuse(code: RosterRefusal, path: str) -> RosterRefused:
    return RosterRefused(code=code, path=(path,))


_REUSED = _refuse(RosterRefusal.IDEMPOTENCY_KEY_REUSED, "idempotencyKey")


def _orphaned(code: RosterRefusal, assignments: Sequence[Assignment]) -> RosterRefused:
    in_order = sorted(assignments, key=lambda each: (each.window.start, each.id))
    ids = tuple(each.appointment_id for each in in_order)
    return RosterRefused(code=code, path=("ifOrphans",), appointment_ids=ids)
