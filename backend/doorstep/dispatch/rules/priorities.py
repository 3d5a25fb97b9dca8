"""Which promise comes first when not all can be had at once. Pure.

Derived  nobody sets a priority: it follows from what is to be done, when it was asked for and the
         time. Deadlines are rows of the rule table, `deadline.KIND`, with their source
Order    by class, and within a class by how soon it is due
Prizes   what a planner loses by leaving a promise out: the class's weight, and up to as much again
         the nearer its deadline is
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from doorstep.capacity.model import Demand
from doorstep.catalogue.model import ServiceKind
from doorstep.dispatch.model import Urgency
from doorstep.kit.windows import TimeWindow, local_day

_OF_KIND: Final = {
    ServiceKind.LEGAL_DOCUMENT_DELIVERY: Urgency.LEGAL_DOCUMENT,
    ServiceKind.ID_CARD_DELIVERY: Urgency.ID_CARD,
    ServiceKind.COMPLAINT_VISIT: Urgency.COMPLAINT,
}


@dataclass(frozen=True, slots=True)
class Priority:
    """`due`: when it has to be done by. Compares so that the first to be served is the least."""

    urgency: Urgency
    due: datetime
    lasts: timedelta
    """From when it was asked for until it is due."""

    @property
    def order(self) -> tuple[int, datetime]:
        return -self.urgency, self.due


class Promised(Protocol):
    """What of a promise its priority follows from."""

    @property
    def id(self) -> str: ...
    @property
    def window(self) -> TimeWindow: ...
    @property
    def booked_at(self) -> datetime: ...
    @property
    def takes(self) -> Demand: ...


def priority_of(
    services: Iterable[ServiceKind],
    window: TimeWindow,
    *,
    booked_at: datetime,
    now: datetime,
    deadlines: Mapping[ServiceKind, timedelta],
) -> Priority:
    """Of several services, the most urgent counts; of two as urgent, what is due the sooner.

    A kind without a deadline in force is due when its window ends, like any other promise.
    """
    today = window.day <= local_day(now)
    promise = Priority(
        Urgency.SAME_DAY if today else Urgency.OTHERS,
        window.end,
        max(window.end - booked_at, window.length),
    )
    owed = [
        Priority(_OF_KIND.get(kind, promise.urgency), booked_at + deadlines[kind], deadlines[kind])
        for kind in services
        if kind in deadlines
    ]
    return min([promise, *owed], key=lambda each: each.order)


P = TypeVar("P", bound=Promised)


def first_things_first(
    promises: Iterable[P], *, now: datetime, deadlines: Mapping[ServiceKind, timedelta]
) -> list[P]:
    """The most urgent first; of two alike, whose window begins the sooner."""

    def order(each: P) -> tuple[tuple[int, datetime], datetime, str]:
        priority = priority_of(
            each.takes.services,
            each.window,
            booked_at=each.booked_at,
            now=now,
            deadlines=deadlines,
        )
        return priority.order, each.window.start, each.id

    return sorted(promises, key=order)


def prize(priority: Priority, weights: Mapping[Urgency, int], *, now: datetime) -> int:
    """What leaving it out costs: the weight of its class, and twice that from its deadline on."""
    left = max(timedelta(), min(priority.due - now, priority.lasts))
    weight = weights[priority.urgency]
    return 2 * weight - round(weight * (left / priority.lasts))
