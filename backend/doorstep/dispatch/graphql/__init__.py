"""Rounds as couriers and dispatchers see them."""

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
    "PictureQuery",
    "round_shown",
]
