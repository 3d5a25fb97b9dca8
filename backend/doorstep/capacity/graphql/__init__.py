"""Slots, what is published of them, and the terms of booking, as the outside world sees them."""

from doorstep.capacity.graphql.published import (
    CapacityQuery,
    CapRefused,
    SlotCapacity,
    capacities_shown,
)
from doorstep.capacity.graphql.slots import HoldReleased, Slot, SlotHeld, SlotHold
from doorstep.capacity.graphql.terms import TermsMutation, TermsQuery
from doorstep.capacity.graphql.vacancies import VacancyQuery

__all__ = [
    "CapRefused",
    "CapacityQuery",
    "HoldReleased",
    "Slot",
    "SlotCapacity",
    "SlotHeld",
    "SlotHold",
    "TermsMutation",
    "TermsQuery",
    "VacancyQuery",
    "capacities_shown",
]
