"""Rounds as couriers and dispatchers see them."""

from doorstep.dispatch.graphql.explaining import ExplainingQuery
from doorstep.dispatch.graphql.live import LiveMutation, LiveQuery
from doorstep.dispatch.graphql.picture import PictureQuery
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
    "ExplainingQuery",
    "LiveMutation",
    "LiveQuery",
    "PictureQuery",
    "PlanningMutation",
    "round_shown",
]
