"""What happens to promises, as other rooms hear it. Ids only: no name, no phone, no door."""

from typing import Self

from doorstep.appointments.model import Appointment
from doorstep.kit.events import Event


class AppointmentEvent(Event):
    """Something happened to an appointment; `sequence` is that of its history."""

    branch_id: str

    @classmethod
    def of(cls, appointment: Appointment) -> Self:
        """What happened to it last."""
        (last,) = cls.since(appointment, appointment.sequence - 1)
        return last

    @classmethod
    def since(cls, appointment: Appointment, sequence: int) -> list[Self]:
        """What happened to it past `sequence`: one event for each entry of its history."""
        return [
            cls(
                aggregate=appointment.id,
                sequence=entry.sequence,
                at=entry.recorded_at,
                branch_id=appointment.branch_id,
            )
            for entry in appointment.history
            if entry.sequence > sequence
        ]


class AppointmentBooked(AppointmentEvent):
    """A promise was made."""


class AppointmentRescheduled(AppointmentEvent):
    """A promise was moved to another window; its courier, if it had one, is free of it."""


class AppointmentRedirected(AppointmentEvent):
    """A promise goes to another door; its courier, if it had one, is free of it."""


class AddressChangeTold(AppointmentEvent):
    """Another door was asked for, or no longer is: whoever has the visit is to know."""


class AppointmentCancelled(AppointmentEvent):
    """A promise was taken back by its customer."""


class AppointmentNoted(AppointmentEvent):
    """Its contact or its access notes changed, or what was left of it was booked again."""


class AppointmentMoved(AppointmentEvent):
    """A courier or a dispatcher did something to it."""


class WaitlistChanged(Event):
    """Something happened to who waits: `aggregate` is the entry, `sequence` its version."""

    branch_id: str


class WaitlistOffered(WaitlistChanged):
    """A place is kept for somebody who waited. Told once for each offer."""

    hold_id: str


class ConductChanged(Event):
    """A mark was made, withdrawn, appealed or decided: `aggregate` is the mark."""

    branch_id: str


class AppointmentReoffered(AppointmentEvent):
    """It cannot be kept as it is: its customer was offered something else."""


class AppointmentReofferLapsed(AppointmentEvent):
    """Nobody answered in time. It stands where it stood, and somebody should care."""


class AppointmentReofferWithdrawn(AppointmentEvent):
    """It can be kept as it is after all."""


class AppointmentForeseen(Event):
    """Its courier will be there at another time than was thought: `aggregate` is the appointment,
    `sequence` that of its history, which has no entry of it.
    """

    branch_id: str
