"""Promises in MongoDB."""

from typing import Final

from doorstep.appointments.store import promises
from doorstep.appointments.store.promises import APPOINTMENTS, AppointmentStore
from doorstep.kit.mongo.collections import Kept

__all__ = ["APPOINTMENTS", "KEPT", "AppointmentStore"]

KEPT: Final[tuple[Kept, ...]] = (*promises.KEPT,)
