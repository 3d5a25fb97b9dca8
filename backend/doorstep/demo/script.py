"""Who is visited on a day of the large demo city, when, and what comes of it. Pure.

Clean slate  area 1, its customers and courier 1 are in no scene: whoever tries the demo begins
             there
Hours        a window that is over is finished; one that is open is under way; one that is to come
             is promised. From four in the afternoon on, every third visit is tomorrow's
Nights       the round-the-clock office always has a window open: there each fate is met once
Same         the same seed and hour make the same day
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from typing import Final

from doorstep.appointments.model import DeliveryAsked, LineAsked, PickupAsked, SubscriptionAsked
from doorstep.catalogue.model import ServiceKind
from doorstep.demo.ferries import sails
from doorstep.demo.scale import (
    ALONE,
    HANDS,
    ISLANDS,
    ROUND_THE_CLOCK,
    SCALES,
    Size,
    area_of_customer,
    areas_of_branch,
    branch_of_area,
)
from doorstep.demo.staffing import hours_of
from doorstep.items.rules import check_digit
from doorstep.kit.windows import TimeWindow, at_local, local_day

VISITS: Final = 400

_WINDOW: Final = timedelta(hours=2)
_AFTERNOON: Final = time(16)
_AT_BRANCH_1: Final = 14
_THINGS: Final = ("书", "冬衣", "苹果", "海带", "茶叶", "合同文件", "儿童玩具", "虾皮")
_PAPERS: Final = ("23-1", "1-38", "2-12", "78-31")


class Fate(StrEnum):
    """How far an appointment has come when the city is loaded."""

    COMPLETED = "COMPLETED"
    PARTLY_COMPLETED = "PARTLY_COMPLETED"
    FAILED = "FAILED"
    ARRIVED = "ARRIVED"
    EN_ROUTE = "EN_ROUTE"
    ASSIGNED = "ASSIGNED"
    ON_BEHALF = "ON_BEHALF"
    OFFERED = "OFFERED"
    DECLINED = "DECLINED"
    RESCHEDULED = "RESCHEDULED"
    CANCELLED = "CANCELLED"


FINISHED: Final = frozenset({Fate.COMPLETED, Fate.PARTLY_COMPLETED, Fate.FAILED})
GONE_OUT: Final = FINISHED | {Fate.ARRIVED, Fate.EN_ROUTE}
TAKEN: Final = GONE_OUT | {Fate.ASSIGNED, Fate.ON_BEHALF}
"""Somebody has it."""

_OVER: Final = {
    Fate.COMPLETED: 74,
    Fate.PARTLY_COMPLETED: 8,
    Fate.FAILED: 11,
    Fate.CANCELLED: 7,
}
_OPEN: Final = {
    Fate.COMPLETED: 24,
    Fate.FAILED: 4,
    Fate.ARRIVED: 22,
    Fate.EN_ROUTE: 26,
    Fate.ASSIGNED: 24,
}
_TO_COME: Final = {
    Fate.ASSIGNED: 46,
    Fate.ON_BEHALF: 6,
    Fate.OFFERED: 26,
    Fate.DECLINED: 8,
    Fate.RESCHEDULED: 6,
    Fate.CANCELLED: 8,
}
_UNDER_WAY: Final = frozenset({Fate.ARRIVED, Fate.EN_ROUTE})
_ALWAYS_SERVED: Final = 2
_NEAR_COURIER_1: Final = frozenset({Fate.OFFERED, Fate.DECLINED, Fate.RESCHEDULED})


@dataclass(frozen=True)
class Visit:
    """One appointment of the day, before it is made."""

    number: int
    customer: int
    area: int
    window: TimeWindow
    fate: Fate
    lines: tuple[LineAsked, ...]
    turns: tuple[float, float, float]
    """When one sets out, arrives and is done, as shares of the window, or of what is gone of it."""

    @property
    def branch(self) -> int:
        return branch_of_area(self.area)

    def at(self, turn: int, now: datetime) -> datetime:
        """The instant of a turn: never later than now."""
        gone = min(self.window.end, now) - self.window.start
        seconds = max(0.0, gone.total_seconds()) * self.turns[turn]
        return self.window.start + timedelta(seconds=int(seconds))


def visits(now: datetime, seed: int) -> list[Visit]:
    """The whole day, in the order of its numbers."""
    random, today = Random(f"{seed}/day"), local_day(now)
    people = {area: iter(those) for area, those in _people(random).items()}
    scenes = [*_around_the_clock(now), *_all_over_town(now, today, random)]
    return [
        _visit(number, next(people[area]), area, window, fate, random)
        for number, (area, window, fate) in enumerate(scenes, start=1)
    ]


_Scene = tuple[int, TimeWindow, Fate]


def _around_the_clock(now: datetime) -> Iterator[_Scene]:
    """Every fate once: what is over in the window before this one, what is to come in the next, as
    far as they are of today; for one courier may be all there is.
    """
    midnight = at_local(local_day(now), time.min)
    this = midnight + (now - midnight) // _WINDOW * _WINDOW
    before = max(midnight, this - _WINDOW)
    after = min(midnight + timedelta(days=1) - _WINDOW, this + _WINDOW)
    area = areas_of_branch(ROUND_THE_CLOCK)[0]
    for fate in Fate:
        start = before if fate in _OVER else this if fate in _UNDER_WAY else after
        yield area, TimeWindow(start=start, end=start + _WINDOW), fate


def _all_over_town(now: datetime, today: date, random: Random) -> Iterator[_Scene]:
    areas = _areas(random)
    for number in range(VISITS - len(Fate)):
        area = areas[number % len(areas)]
        late = now >= at_local(today, _AFTERNOON) and number % 3 == 0
        day = today + timedelta(days=1) if late else today
        windows = _windows(area, day) or _windows(area, day + timedelta(days=1))
        if not windows:
            area = _ALWAYS_SERVED
            windows = _windows(area, day)
        window = random.choice(windows)
        yield area, window, _fate(area, window, now, random)


def _areas(random: Random) -> list[int]:
    """Where to go: not to area 1, not to the round-the-clock area, most often next to area 1."""
    night = areas_of_branch(ROUND_THE_CLOCK)[0]
    scale = SCALES[Size.CITY]
    elsewhere = [area for area in range(3, scale.areas + 1) if area != night]
    areas = [*([2] * _AT_BRANCH_1), *elsewhere]
    random.shuffle(areas)
    return areas


def _windows(area: int, day: date) -> list[TimeWindow]:
    """What the area's office offers on that day."""
    office = hours_of(area)
    if day.isoweekday() not in office.weekdays or not sails(branch_of_area(area), day):
        return []
    starts = [at_local(day, time(hour)) for hour in office.hours]
    return [TimeWindow(start=start, end=start + _WINDOW) for start in starts]


def _fate(area: int, window: TimeWindow, now: datetime, random: Random) -> Fate:
    weights = _OVER if window.end <= now else _OPEN if window.start <= now else _TO_COME
    fate = random.choices(list(weights), list(weights.values()))[0]
    # Nor is anything on an island put off to a day without a boat.
    near_or_island = branch_of_area(area) == 1 or branch_of_area(area) in ISLANDS
    if near_or_island and fate in _NEAR_COURIER_1:
        return Fate.ASSIGNED
    if fate is Fate.OFFERED and HANDS[branch_of_area(area) - 1] == ALONE and random.random() < 0.5:
        return Fate.DECLINED
    return fate


def _visit(
    number: int, customer: int, area: int, window: TimeWindow, fate: Fate, random: Random
) -> Visit:
    arrive = random.uniform(0.25, 0.85)
    return Visit(
        number=number,
        customer=customer,
        area=area,
        window=window,
        fate=fate,
        lines=_lines(number, fate, random),
        turns=(arrive * random.uniform(0.5, 0.9), arrive, arrive + random.uniform(0.03, 0.14)),
    )


def _people(random: Random) -> Mapping[int, Sequence[int]]:
    """The customers of each area, in no order."""
    homes: dict[int, list[int]] = {}
    for customer in range(1, SCALES[Size.CITY].customers + 1):
        homes.setdefault(area_of_customer(customer), []).append(customer)
    for area in sorted(homes):
        random.shuffle(homes[area])
    return homes


def _lines(number: int, fate: Fate, random: Random) -> tuple[LineAsked, ...]:
    """What is to be done there; two things where one of them will not work out."""
    parcel = PickupAsked(
        kind=ServiceKind.PARCEL_PICKUP,
        description=random.choice(_THINGS),
        weight_grams=random.randint(3, 90) * 100,
    )
    delivery = DeliveryAsked(kind=ServiceKind.PARCEL_DELIVERY, item_id=item_number(number, 9))
    paper = SubscriptionAsked(distribution_code=random.choice(_PAPERS))
    if fate is Fate.PARTLY_COMPLETED:
        return parcel, delivery
    choices: tuple[tuple[LineAsked, ...], ...] = ((parcel,), (delivery,), (paper,), (parcel, paper))
    return random.choices(choices, (60, 25, 10, 5))[0]


def item_number(visit: int, line: int) -> str:
    """A parcel's number after UPU S10 that no other visit has."""
    serial = f"{52_000_000 + 10 * visit + line:08}"
    return f"CP{serial}{check_digit(serial)}CN"
