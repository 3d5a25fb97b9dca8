"""What decides in capacity, all of it pure: wishes and terms, places, budgets."""

from doorstep.capacity.rules.budgets import Force, budgets_of, slots_of
from doorstep.capacity.rules.places import (
    Surroundings,
    closed_because,
    lacking,
    live,
    places,
    rehearse,
    take,
    taken,
)
from doorstep.capacity.rules.wishes import Bounds, Wish, bounds_of, demand_of

__all__ = [
    "Bounds",
    "Force",
    "Surroundings",
    "Wish",
    "bounds_of",
    "budgets_of",
    "closed_because",
    "demand_of",
    "lacking",
    "live",
    "places",
    "rehearse",
    "slots_of",
    "take",
    "taken",
]
