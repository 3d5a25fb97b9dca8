"""Rounds as couriers and dispatchers see them."""

from doorstep.dispatch.graphql.explaining import ExplainingQuery
from doorstep.dispatch.graphql.leaving import LeavingMutation
from doorstep.dispatch.graphql.live import LiveMutation, LiveQuery
from doorstep.dispatch.graphql.picture import PictureQuery
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
    "LeavingMutation",
    "LiveMutation",
    "LiveQuery",
    "PictureQuery",
    "round_shown",
]
