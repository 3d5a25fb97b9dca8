"""The people who come to the door: their vehicles, their hours, and what they are kept for."""

from doorstep.couriers.model.absences import (
    ROSTER_WORDS,
    IfOrphans,
    Leave,
    RosterRefusal,
    RosterRefused,
)
from doorstep.couriers.model.dedications import (
    DEDICATION_WORDS,
    Dedication,
    DedicationRefusal,
    DedicationRefused,
)
from doorstep.couriers.model.garages import (
    VEHICLE_WORDS,
    Outage,
    VehicleBooking,
    VehicleRefusal,
    VehicleRefused,
)
from doorstep.couriers.model.people import (
    VAN_FROM_KILOGRAMS,
    Break,
    BreakPattern,
    Courier,
    Shift,
    ShiftPattern,
    Vehicle,
    VehicleKind,
)
from doorstep.couriers.model.positions import (
    POSITION_WORDS,
    Position,
    PositionRefusal,
    PositionRefused,
    Sharing,
)

__all__ = [
    "DEDICATION_WORDS",
    "POSITION_WORDS",
    "ROSTER_WORDS",
    "VAN_FROM_KILOGRAMS",
    "VEHICLE_WORDS",
    "Break",
    "BreakPattern",
    "Courier",
    "Dedication",
    "DedicationRefusal",
    "DedicationRefused",
    "IfOrphans",
    "Leave",
    "Outage",
    "Position",
    "PositionRefusal",
    "PositionRefused",
    "RosterRefusal",
    "RosterRefused",
    "Sharing",
    "Shift",
    "ShiftPattern",
    "Vehicle",
    "VehicleBooking",
    "VehicleKind",
    "VehicleRefusal",
    "VehicleRefused",
]
