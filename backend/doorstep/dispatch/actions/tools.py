"""What every verb of dispatch works with."""

from dataclasses import dataclass, field
from datetime import datetime

from doorstep.accounts.model import Role
from doorstep.appointments.actions import Appointments
from doorstep.appointments.model import Appointment, EventKind
from doorstep.appointments.rules import moved, taken_over
from doorstep.calendar.actions import Calendar
from doorstep.capacity.actions import Capacity
from doorstep.couriers.actions import Couriers
from doorstep.dispatch import rules
from doorstep.dispatch.actions.known import Known
from doorstep.dispatch.events import OfferEnded
from doorstep.dispatch.model import (
    Assignment,
    DispatchPolicy,
    Ending,
    StopState,
)
from doorstep.dispatch.outside import Learned
from doorstep.dispatch.rules import StraightLines, Ways
from doorstep.dispatch.store import AssignmentStore, RoundStore
from doorstep.kit.clock import Clock
from doorstep.kit.mongo.hub import Hub
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.turns import Turns


@dataclass(frozen=True)
class Tools:
    """The rooms below, the stores, and the clock."""

    mongo: Mongo
    assignments: AssignmentStore
    rounds: RoundStore
    appointments: Appointments
    couriers: Couriers
    hub: Hub
    policy: DispatchPolicy
    clock: Clock
    calendar: Calendar
    capacity: Capacity
    ways: Ways = field(default_factory=StraightLines)
    known: Known = field(default_factory=Known)
    learned: Learned = field(default_factory=Learned)
    """The `ways`, where a router is asked for them beforehand."""
    turns: Turns = field(default_factory=Turns)
    """Who is about to write into one courier's rounds."""

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


def freed(
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
