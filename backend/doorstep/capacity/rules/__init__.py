"""What decides in capacity, all of it pure: wishes and terms, places, budgets."""

from doorstep.capacity.rules.budgets import Force, budgets_of, slots_of, stay_of, stays
from doorstep.capacity.rules.places import (
    Surroundings,
    Visit,
    beyond,
    closed_because,
    held,
    lacking,
    left,
    live,
    places,
    rehearse,
    take,
    taken,
)
from doorstep.capacity.rules.vacancies import Vacancy, VacancyKind, vacancies
from doorstep.capacity.rules.wishes import Bounds, Wish, bounds_of, demand_of

__all__ = [
    "Bounds",
    "Force",
    "Surroundings",
    "Vacancy",
    "VacancyKind",
    "Visit",
    "Wish",
    "beyond",
    "bounds_of",
    "budgets_of",
    "closed_because",
    "demand_of",
    "held",
    "lacking",
    "left",
    "live",
    "places",
    "rehearse",
    "slots_of",
    "stay_of",
    "stays",
    "take",
    "taken",
    "vacancies",
]
