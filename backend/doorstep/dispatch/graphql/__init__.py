"""Rounds as couriers and dispatchers see them."""

from doorstep.dispatch.graphql.dropouts import DropOutMutation
from doorstep.dispatch.graphql.explaining import ExplainingQuery
from doorstep.dispatch.graphql.leaving import LeavingMutation
from doorstep.dispatch.graphql.live import LiveMutation, LiveQuery
from doorstep.dispatch.graphql.picture import PictureQuery
from doorstep.dispatch.graphql.planning import PlanningMutation
from doorstep.dispatch.graphql.rounds import (
    DispatchMutation,
    DispatchQuery,
    DispatchSubscription,
    round_shown,
)
from doorstep.dispatch.graphql.transfers import (
    TransferMutation,
    TransferQuery,
    TransferRequest,
    transfers_shown,
)

__all__ = [
    "DispatchMutation",
    "DispatchQuery",
    "DispatchSubscription",
    "DropOutMutation",
    "ExplainingQuery",
    "LeavingMutation",
    "LiveMutation",
    "LiveQuery",
    "PictureQuery",
    "PlanningMutation",
    "TransferMutation",
    "TransferQuery",
    "TransferRequest",
    "round_shown",
    "transfers_shown",
]
