"""Trying again what a visit left undone."""

from dataclasses import dataclass

from doorstep.appointments import rules
from doorstep.appointments.actions.booking import Booking
from doorstep.appointments.actions.changing import Changing
from doorstep.appointments.actions.tools import Asked
from doorstep.appointments.events import AppointmentNoted
from doorstep.appointments.model import (
    Appointment,
    BookingRefusal,
    BookingRefused,
    BookingRequest,
    Line,
    RemainderAsked,
)
from doorstep.capacity.model import Ask
from doorstep.kit.mongo.transactions import Attempt, Tx


@dataclass(frozen=True)
class Rebooking(Booking, Changing):
    """One call: the same door, the same contact, one place, and each line no more than once."""

    async def rebook(self, asked: RemainderAsked, attempt: Attempt) -> Appointment | BookingRefused:
        """Promise to come again for the lines that are left."""
        outcome = await self._booked_before(attempt) or await self._rebook(asked, attempt)
        if isinstance(outcome, BookingRefused):
            return await self._booked_before(attempt) or outcome
        return outcome

    async def _rebook(
        self, asked: RemainderAsked, attempt: Attempt
    ) -> Appointment | BookingRefused:
        before = await self._of_customer(asked.appointment_id, asked.customer_id)
        lines = rules.left_over(before, asked.line_ids)
        if isinstance(lines, BookingRefused):
            return lines
        assert before is not None, "left_over refuses what is not there"
        request = _request(asked, before, lines)
        address = await self.addresses.placed(before.private.address)
        judged = await self._judge_at(address, Asked.of(request), attempt.at)
        if isinstance(judged, BookingRefused):
            return judged
        promise = self._promise(request, judged, attempt.at).model_copy(
            update={"lines": tuple(map(rules.tried_again, lines)), "remainder_of": before.id}
        )
        if attempt.dry:
            return promise

        async def write(tx: Tx) -> Appointment | BookingRefused:
            refused = await self.judge_again(
                before.customer_id, judged.standing, promise.services, tx=tx
            )
            if refused:
                return refused
            current = await self._of_customer(asked.appointment_id, asked.customer_id, tx=tx)
            left = rules.left_over(current, asked.line_ids)
            if isinstance(left, BookingRefused):
                return left
            assert current is not None
            if left != lines:
                return BookingRefused(code=BookingRefusal.NOTHING_LEFT, path=("appointmentId",))
            after = rules.rebooked(
                current, lines, promise.id, at=attempt.at, by_role=asked.booked_by_role
            )
            await self.save([(current, after)], AppointmentNoted, tx=tx)
            return await self._write(promise, tx)

        ask = Ask(id=promise.id, at=attempt.at, demand=promise.takes)
        outcome = await self.capacity.take(asked.slot, ask, attempt, write)
        return await self._booked(outcome, asked.slot)


def _request(asked: RemainderAsked, before: Appointment, lines: tuple[Line, ...]) -> BookingRequest:
    private = before.private
    return BookingRequest(
        customer_id=before.customer_id,
        booked_by=asked.booked_by,
        booked_by_role=asked.booked_by_role,
        channel=asked.channel,
        address_id=before.address_id,
        slot=asked.slot,
        hold_id=None,
        contact=private.contact,
        lines=lines,
        access_notes=private.access_notes,
    )
