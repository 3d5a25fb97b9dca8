"""Promises, and what is offered instead of those that cannot be kept, in MongoDB."""

from typing import Final

from doorstep.appointments.store import promises, reoffering
from doorstep.appointments.store.promises import APPOINTMENTS, AppointmentStore
from doorstep.appointments.store.reoffering import PromiseStore, ReofferStore, RunStore
from doorstep.kit.mongo.collections import Kept

__all__ = ["APPOINTMENTS", "KEPT", "AppointmentStore", "PromiseStore", "ReofferStore", "RunStore"]

KEPT: Final[tuple[Kept, ...]] = (*promises.KEPT, *reoffering.KEPT)
