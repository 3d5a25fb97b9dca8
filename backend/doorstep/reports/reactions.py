"""What the room does when appointments speak. It may be done twice, late, and in any order."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from doorstep.appointments.events import AppointmentMoved
from doorstep.kit.events import Event
from doorstep.reports.actions import Reports

Reaction = Callable[[Reports, Any], Awaitable[None]]

REACTIONS: Final[dict[type[Event], Reaction]] = {AppointmentMoved: Reports.count}
