"""What may be passed on from courier to courier, and what becomes of it then. Pure."""

from datetime import datetime

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, EventKind, Status
from doorstep.appointments.rules import moved
from doorstep.dispatch.model import Assignment, Transfer, TransferRefusal
from doorstep.dispatch.rules.rounds import is_for


def judge_transfer(
    appointment: Appointment, assignment: Assignment | None, *, expected_version: int | None = None
) -> TransferRefusal | None:
    """Only what a courier has said yes to and has not set out for; a question about another door is
    theirs to answer first.
    """
    if expected_version is not None and appointment.version != expected_version:
        return TransferRefusal.STALE_VERSION
    if (
        appointment.status is not Status.ASSIGNED
        or appointment.pending_change
        or assignment is None
        or not assignment.accepted
        or not is_for(assignment, appointment)
    ):
        return TransferRefusal.NOT_ALLOWED_NOW
    return None


def handed_over(
    appointment: Appointment, transfer: Transfer, *, at: datetime, recorded_at: datetime
) -> Appointment:
    """The appointment with the courier who said yes."""
    after = moved(
        appointment,
        EventKind.TRANSFERRED,
        at=at,
        recorded_at=recorded_at,
        by_role=Role.COURIER,
        note=transfer.reason,
        courier_id=transfer.to_courier_id,
    )
    assert after is not None, "judge_transfer has allowed it"
    return after
