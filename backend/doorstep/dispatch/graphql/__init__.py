"""Rounds as couriers and dispatchers see them."""

from doorstep.dispatch.graphql.leaving import LeavingMutation
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
    "LeavingMutation",
    "round_shown",
]
