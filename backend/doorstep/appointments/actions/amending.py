"""Saying whom to call and how to get in, after the promise was made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from doorstep.accounts.model import Role
from doorstep.appointments import rules
from doorstep.appointments.actions.changing import Changing
from doorstep.appointments.events import AppointmentNoted
from doorstep.appointments.model import (
    AccessNotes,
    Appointment,
    ChangeRefused,
    Contact,
    EventKind,
)
from doorstep.capacity.model import Ask, Demand
from doorstep.kit.mongo.transactions import Attempt, Tx

Amend = Callable[[Appointment], Appointment]
Written = Callable[[Tx], Awaitable[Appointment | ChangeRefused]]


@dataclass(frozen=True)
class Amending(Changing):
    """What was said is sealed; the history knows only that it was said."""

    async def change_contact(
        self,
        id: str,
        customer_id: str,
        contact: Contact,
        attempt: Attempt,
        *,
        expected_version: int,
        by_role: Role,
    ) -> Appointment | ChangeRefused:
        """Another person is to be called."""

        def amend(before: Appointment) -> Appointment:
            return rules.noted(
                before,
                EventKind.CONTACT_CHANGED,
                at=attempt.at,
                recorded_at=attempt.at,
                by_role=by_role,
                private=before.private.model_copy(update={"contact": contact}),
            )

        write = self._amending(id, customer_id, expected_version, amend)
        return await self._changed(await self.mongo.once(attempt, write), None)

    async def change_access_notes(
        self,
        id: str,
        customer_id: str,
        notes: AccessNotes,
        attempt: Attempt,
        *,
        expected_version: int,
        by_role: Role,
    ) -> Appointment | ChangeRefused:
        """Other notes in place of all that was said. Stairs that were not reckoned with have to fit
        into the window.
        """
        outcome = await self._changed_before(attempt) or await self._change_notes(
            id, customer_id, notes, attempt, expected_version, by_role
        )
        if isinstance(outcome, ChangeRefused):
            return await self._changed_before(attempt) or outcome
        return outcome

    async def _change_notes(
        self,
        id: str,
        customer_id: str,
        notes: AccessNotes,
        attempt: Attempt,
        expected_version: int,
        by_role: Role,
    ) -> Appointment | ChangeRefused:
        found = await self._of_customer(id, customer_id)
        before = rules.amendable(found, expected_version=expected_version)
        if isinstance(before, ChangeRefused):
            return before
        takes = await self._demand_with(before, notes, attempt.at)

        def amend(current: Appointment) -> Appointment:
            return rules.noted(
                current,
                EventKind.NOTED,
                at=attempt.at,
                recorded_at=attempt.at,
                by_role=by_role,
                takes=takes,
                private=current.private.model_copy(update={"access_notes": notes}),
            )

        write = self._amending(id, customer_id, expected_version, amend)
        if takes == before.takes:
            return await self._changed(await self.mongo.once(attempt, write), before)
        ask = Ask(id=id, at=attempt.at, demand=takes, instead=before.takes)
        if attempt.dry:
            (outcome,) = await self.capacity.rehearse([[(before.slot.key, ask)]])
            return await self._changed(amend(before) if outcome == 0 else outcome, before)
        outcome = await self.capacity.take(before.slot, ask, attempt, write)
        return await self._changed(outcome, before)

    async def _demand_with(self, before: Appointment, notes: AccessNotes, at: datetime) -> Demand:
        """What it takes with these notes: as it was taken, if the way in is the same."""
        private = before.private
        if notes.way_in == private.access_notes.way_in:
            return before.takes
        with_notes = private.model_copy(update={"access_notes": notes})
        wish = before.model_copy(update={"private": with_notes}).wish
        view = await self.capacity.view(before.slot, wish, at=at)
        return view.demand if view else before.takes

    def _amending(self, id: str, customer_id: str, expected_version: int, amend: Amend) -> Written:
        async def write(tx: Tx) -> Appointment | ChangeRefused:
            found = await self._of_customer(id, customer_id, tx=tx)
            before = rules.amendable(found, expected_version=expected_version)
            if isinstance(before, ChangeRefused):
                return before
            after = amend(before)
            await self.save([(before, after)], AppointmentNoted, tx=tx)
            return after

        return write
