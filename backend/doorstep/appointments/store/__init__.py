"""Promises, what is offered instead, those who wait for one, and marks, in MongoDB."""

from typing import Final

from doorstep.appointments.store import conduct, promises, reoffering, waiting
from doorstep.appointments.store.conduct import MarkStore
from doorstep.appointments.store.promises import APPOINTMENTS, AppointmentStore
from doorstep.appointments.store.reoffering import PromiseStore, ReofferStore, RunStore
from doorstep.appointments.store.waiting import WaitlistStore
from doorstep.kit.mongo.collections import Kept

__all__ = [
    "APPOINTMENTS",
    "KEPT",
    "AppointmentStore",
    "MarkStore",
    "PromiseStore",
    "ReofferStore",
    "RunStore",
    "WaitlistStore",
]

KEPT: Final[tuple[Kept, ...]] = (
    *promises.KEPT,
    *waiting.KEPT,
    *conduct.KEPT,
    *reoffering.KEPT,
)
