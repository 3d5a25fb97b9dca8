"""What every verb of dispatch works with."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

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
    NOT_AGAIN,
    Assignment,
    DispatchPolicy,
    Ending,
    StopState,
    Transfer,
    TransferState,
)
from doorstep.dispatch.outside import Learned
from doorstep.dispatch.rules import StraightLines, Ways
from doorstep.dispatch.store import (
    AssignmentStore,
    DropOutStore,
    PlanStore,
    RoundStore,
    TransferStore,
)
from doorstep.kit.clock import Clock
from doorstep.kit.mongo.hub import Hub
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.turns import Turns

_ASKS_ANOTHER: Final = frozenset({*NOT_AGAIN, Ending.MOVED, Ending.COURIER_AWAY})


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
    transfers: TransferStore
    drop_outs: DropOutStore
    plans: PlanStore
    ways: Ways = field(default_factory=StraightLines)
    known: Known = field(default_factory=Known)
    learned: Learned = field(default_factory=Learned)
    """The `ways`, where a router is asked for them beforehand."""
    turns: Turns = field(default_factory=Turns)
    """Who is about to write into one courier's rounds."""
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(8))
    """So many look at a whole branch inside a transaction: 200 of them on two cores took longer
    than the five seconds after which the server ends a transaction. Nothing rests on it.
    """

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
        await self._overtake([assignment.appointment_id], now, tx)
        self.say_offer_ended(assignment, ending, now, tx)
        return True

    async def unwilling(
        self, appointments: Collection[Appointment], *, tx: Tx | None = None
    ) -> dict[str, frozenset[str]]:
        """Of each, who was asked to come in its window, by us or a colleague, and does not."""
        asked = await self.assignments.declined(appointments, tx=tx)
        for id, others in (await self.transfers.unwilling_to(appointments, tx=tx)).items():
            asked[id] = asked.get(id, frozenset()) | others
        return asked

    async def _overtake(self, appointment_ids: Collection[str], now: datetime, tx: Tx) -> None:
        """Whoever was asked to take one of these over need not answer any more."""
        for each in await self.transfers.pending_for(appointment_ids, tx=tx):
            if await self.transfers.end(each.id, TransferState.OVERTAKEN, at=now, tx=tx):
                await self._tell_again([each.to_courier_id], each, now, tx)

    async def _tell_again(
        self, courier_ids: Collection[str], transfer: Transfer, now: datetime, tx: Tx
    ) -> None:
        """They are to read their round again: it says what is asked of whom."""
        found = [
            await self.rounds.get(id, transfer.branch_id, transfer.day, tx=tx) for id in courier_ids
        ]
        await self.rounds.save([(round, round) for round in found], at=now, tx=tx)

    def say_offer_ended(
        self, assignment: Assignment, ending: Ending, now: datetime, tx: Tx
    ) -> None:
        """Only what leaves the appointment without anybody asks for another courier."""
        if ending in _ASKS_ANOTHER:
            tx.record(
                OfferEnded(
                    aggregate=assignment.id,
                    sequence=1,
                    at=now,
                    appointment_id=assignment.appointment_id,
                )
            )


def lies_in(path: str, may: Collection[str] | None) -> bool:
    """Whether it is in the caller's part of the bureau. None: all of it is."""
    return may is None or any(path.startswith(prefix) for prefix in may)


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
