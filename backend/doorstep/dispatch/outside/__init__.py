"""What dispatch asks of others: routers, a process to search in, stops of rooms above."""

from doorstep.dispatch.outside.planners import Extras, NoExtras, OwnProcess, Planner, PlannerFailed
from doorstep.dispatch.outside.routers import (
    Learned,
    Router,
    RouterFailed,
    RouterRefused,
    RoutingBudget,
    router_at,
)

__all__ = [
    "Extras",
    "Learned",
    "NoExtras",
    "OwnProcess",
    "Planner",
    "PlannerFailed",
    "Router",
    "RouterFailed",
    "RouterRefused",
    "RoutingBudget",
    "router_at",
]
