"""Couriers, their vehicles, hours and purposes, as colleagues see them and as a customer may."""

from doorstep.couriers.graphql.dedications import (
    DedicatedAssignment,
    DedicationMutation,
    DedicationQuery,
    dedications_shown,
)
from doorstep.couriers.graphql.garages import (
    GarageMutation,
    GarageQuery,
    bookings_shown,
    outages_shown,
)
from doorstep.couriers.graphql.people import (
    Courier,
    CourierCard,
    CourierQuery,
    Vehicle,
    cards,
    presented,
    reach,
)
from doorstep.couriers.graphql.positions import CourierPosition
from doorstep.couriers.graphql.rosters import (
    Leave,
    RosterMutation,
    RosterQuery,
    RosterRefused,
    Shift,
    days_of,
    leaves_shown,
    roster_refused,
    shifts_shown,
    span_of,
)

__all__ = [
    "Courier",
    "CourierCard",
    "CourierPosition",
    "CourierQuery",
    "DedicatedAssignment",
    "DedicationMutation",
    "DedicationQuery",
    "GarageMutation",
    "GarageQuery",
    "Leave",
    "RosterMutation",
    "RosterQuery",
    "RosterRefused",
    "Shift",
    "Vehicle",
    "bookings_shown",
    "cards",
    "days_of",
    "dedications_shown",
    "leaves_shown",
    "outages_shown",
    "presented",
    "reach",
    "roster_refused",
    "shifts_shown",
    "span_of",
]
