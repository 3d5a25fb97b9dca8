"""Where a resolver finds the room."""

from doorstep.dispatch.actions import Dispatch
from doorstep.kit.gql import Info


def dispatch_of(info: Info) -> Dispatch:
    found: Dispatch = info.context.house.dispatch
    return found
