"""What the solver is given, and what it answers. It knows of no document and no database.

Units   whole seconds since local midnight of the day; whole metres; loads as the caller counts them
        (grams and litres on a bureau's day)
Bounds  a visit begins in [early, late], both included; a tour leaves its start at `early` at the
        soonest and is back by `late`
Places  numbers: rows and columns of every net
Cost    metres gone, and the prizes of tasks that are left out
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


class LeftOut(StrEnum):
    """Why a task is in nobody's round. What its figure counts stands beside each."""

    NOWHERE = "NOWHERE"
    """Nobody knows where it is. No figure."""
    SHUT = "SHUT"
    """A closure, a block or a cancelled boat is in the way. No figure."""
    NEEDS_TWO = "NEEDS_TWO"
    """It takes two people, and a round is one courier's. How many visits of two it is."""
    ISLAND = "ISLAND"
    """Nobody goes with a boat that would do. How many boats sail that day."""
    OTHER_AREA = "OTHER_AREA"
    """Nobody serves its area. How many work that day."""
    LACKS_SKILL = "LACKS_SKILL"
    """Nobody who serves the area knows how to do all of it. How many serve it."""
    DEDICATED_ELSEWHERE = "DEDICATED_ELSEWHERE"
    """All who could are kept for another then. How many they are."""
    DECLINED = "DECLINED"
    """All who could were asked, and did not want it. How many they are."""
    OFF_DUTY = "OFF_DUTY"
    """Nobody who could works then. How many could at another hour."""
    TOO_HEAVY = "TOO_HEAVY"
    """No vehicle of theirs takes it. By how much it is too much, in the load's own unit."""
    FULL = "FULL"
    """It fits by time, and vehicles are full. How much would have to go, in the load's own unit."""
    TOO_LATE = "TOO_LATE"
    """Wherever it is put, somebody is late. By how many seconds, at the least."""
    DETOUR = "DETOUR"
    """It would fit, and the way is worth more than it is. How many metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """Ways between all places, for one kind of vehicle. Read only."""

    metres: Whole
    seconds: Whole

    def __post_init__(self) -> None:
        self.metres.setflags(write=False)
        self.seconds.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do at a place."""

    id: str
    place: int
    early: int
    late: int
    lasts: int
    loads: tuple[int, ...]
    takers: frozenset[int] | None = None
    """The crews that may; None: all."""
    route: str | None = None
    """The ferry route whose island it lies on."""
    prize: int = 0
    """What leaving it out costs, in metres."""
    required: bool = False
    """It cannot be left out. A bureau's day has none of these: it must have a plan at any rate."""
    kept: int | None = None
    """The crew whose it is, and stays."""


@dataclass(frozen=True, slots=True)
class Crew:
    """A courier, and how they get about."""

    id: str
    net: int


@dataclass(frozen=True, slots=True)
class Tour:
    """What one crew can do from one place to another without a break."""

    crew: int
    start: int
    end: int
    early: int
    late: int
    room: tuple[int, ...]
    route: str | None = None
    """The ferry route whose island it is on; None: on the mainland."""
    longest: int | None = None
    """Seconds from start to end, if it may not be all of its span."""
    farthest: int | None = None
    """Metres, where there is a bound."""


@dataclass(frozen=True, slots=True)
class Unplanned:
    task_id: str
    because: LeftOut
    figure: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One branch's day."""

    tasks: tuple[Task, ...]
    crews: tuple[Crew, ...]
    tours: tuple[Tour, ...]
    nets: tuple[Net, ...]
    rounds: tuple[tuple[int, ...], ...] = ()
    """Today's: of each tour, the tasks it has, in order. Empty: nobody has anything."""
    left_out: tuple[Unplanned, ...] = ()
    """What no solver need look at."""

    def may(self, tour: Tour, task: Task) -> bool:
        """Whether that is theirs to do, hours and loads aside."""
        return tour.route == task.route and (task.takers is None or tour.crew in task.takers)


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to search. With `iterations` a plan is the same on any machine.

    `seconds` bound it by the clock at any rate; whoever gives seconds alone takes what the clock
    allows.
    """

    seconds: float
    iterations: int | None = None

    def less(self, seconds: float) -> "Budget":
        """What is left when so much of it is gone."""
        return Budget(max(0.0, self.seconds - seconds), self.iterations)


@dataclass(frozen=True, slots=True)
class Visit:
    task: int
    at: int
    """When it begins."""
    late: int = 0
    """Seconds past the end of its window."""


@dataclass(frozen=True, slots=True)
class PlannedTour:
    tour: int
    visits: tuple[Visit, ...]
    metres: int
    back_at: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Who does what, in which order. `tours` has only those that have something to do."""

    tours: tuple[PlannedTour, ...]
    unplanned: tuple[Unplanned, ...]
    cost: int
    metres: int
    feasible: bool
    """No window is missed, nothing overloaded, everybody back in time."""
    iterations: int
    cut_by_clock: bool
    """The clock ended the search before its iterations did: another run may differ."""
    seed: int
    seconds: float

    def same_as(self, other: "Plan") -> bool:
        """Whether both say the same, however long they took."""
        return self.said == other.said

    @property
    def said(self) -> tuple[Any, ...]:
        """Who does what and when, without how it was found."""
        return self.tours, self.unplanned, self.cost, self.metres, self.feasible
