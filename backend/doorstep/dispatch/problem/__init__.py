"""A day's work and the people for it as one immutable input of the solver, and what it answers."""

from doorstep.dispatch.problem.building import problem_of
from doorstep.dispatch.problem.effort import budget_of
from doorstep.dispatch.problem.papers import Carries, DayPapers, ExtraStop
from doorstep.dispatch.problem.shape import (
    Budget,
    Crew,
    LeftOut,
    Net,
    Plan,
    PlannedTour,
    Problem,
    Task,
    Tour,
    Unplanned,
    Visit,
)
from doorstep.dispatch.problem.walking import Figures, Walk, figures_of, orders_of, walked

__all__ = [
    "Budget",
    "Carries",
    "Crew",
    "DayPapers",
    "ExtraStop",
    "Figures",
    "LeftOut",
    "Net",
    "Plan",
    "PlannedTour",
    "Problem",
    "Task",
    "Tour",
    "Unplanned",
    "Visit",
    "Walk",
    "budget_of",
    "figures_of",
    "orders_of",
    "problem_of",
    "walked",
]
