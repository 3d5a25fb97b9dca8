"""What happens to rounds and offers."""

from datetime import datetime

from doorstep.kit.events import Event


class RoundChanged(Event):
    """A courier's round changed: `aggregate` is the courier, `sequence` counts over all days."""


class OfferEnded(Event):
    """An offer came to nothing: `aggregate` is the assignment, and somebody else is to be asked."""

    appointment_id: str


class OfferUntaken(Event):
    """Nobody is left to ask: `aggregate` is the appointment, `sequence` that of its history."""


class LatenessForeseen(Event):
    """A courier will be late as things stand: `aggregate` is the appointment, `sequence` that of
    its history. Told once for each stop and crossing.
    """

    courier_id: str
    eta: datetime


class StopFlagged(Event):
    """A courier dropped out, and a person has to look after what they had: `aggregate` is the
    appointment, `sequence` that of its history.
    """

    courier_id: str
    under_way: bool
