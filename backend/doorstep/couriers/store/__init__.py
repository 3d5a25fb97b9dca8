"""What the room keeps in MongoDB."""

from typing import Final

from doorstep.couriers.store import absences, dedications, garages, people, positions
from doorstep.couriers.store.absences import AbsenceStore
from doorstep.couriers.store.dedications import DedicationStore
from doorstep.couriers.store.garages import GarageStore
from doorstep.couriers.store.people import COURIERS, PATTERNS, VEHICLES, CourierStore
from doorstep.couriers.store.positions import PositionStore

KEPT: Final = (*people.KEPT, *absences.KEPT, *garages.KEPT, *dedications.KEPT, *positions.KEPT)

__all__ = [
    "COURIERS",
    "KEPT",
    "PATTERNS",
    "VEHICLES",
    "AbsenceStore",
    "CourierStore",
    "DedicationStore",
    "GarageStore",
    "PositionStore",
]
