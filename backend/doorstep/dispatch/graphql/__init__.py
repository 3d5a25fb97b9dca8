"""Rounds as couriers and dispatchers see them."""

from doorstep.dispatch.graphql.planning import PlanningMutation
from doorstep.dispatch.graphql.rounds import (
    DispatchMutation,
    DispatchQuery,
    DispatchSubscription,
    round_shown,
)

__all__ = [
    "DispatchMutation",
    "DispatchQuery",
    "DispatchSubscription",
    "PlanningMutation",
    "round_shown",
]
