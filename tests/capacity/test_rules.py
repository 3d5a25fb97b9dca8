"""What decides in capacity: terms, budgets, who can do what, places, who is affected."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from doorstep.capacity.model import (
    Ask,
    Cap,
    CapacityBudget,
    CapacityPolicy,
    Demand,
    Hands,
    HoldMark,
    Load,
    NoPlace,
    NotTaken,
    Slot,
    SlotClosedReason,
    SlotPattern,
    Taken,
    Terms,
    mask_of,
    slot_key,
)
from doorstep.capacity.rules import (
    Visit,
    beyond,
    bounds_of,
    held,
    lacking,
    left,
    places,
    take,
    taken,
)
from doorstep.capacity.rules.budgets import Force, budget_of
from doorstep.capacity.rules.places import shortfall
from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.model import Courier, Shift
from doorstep.couriers.rules import Garage, Roster
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow, at_local
from tests import given
from tests.catalogue.test_costs import table

P, B, S = (
    ServiceKind.PARCEL_PICKUP,
    ServiceKind.BULKY_PICKUP,
    ServiceKind.SUBSCRIPTION_VISIT,
)
POLICY = CapacityPolicy()
DAY = given.TODAY
quick = settings(max_examples=60, deadline=None)


def at(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    return at_local(day, time(hour, minute))


def slot(budget: CapacityBudget, *, cap: Cap | None = None, **more: Any) -> Slot:
    window = TimeWindow(start=at(10), end=at(12))
    return Slot(
        id=slot_key(given.WEST, window.start),
        area_id=given.WEST,
        branch_id="org_branch",
        branch_path=given.BRANCH,
        day=DAY,
        window=window,
        budget=budget,
        cap=cap or Cap(),
        **more,
    )


def hands(*skills: ServiceKind, minutes: int = 120, people: int = 1, grams: int = 500_000) -> Hands:
    return Hands(
        skills=frozenset(skills),
        people=people,
        minutes=minutes,
        grams=grams,
        litres=2000,
        vehicle_grams=grams,
        vehicle_litres=2000,
    )


def demand(*services: ServiceKind, minutes: int = 10, **load: int) -> Demand:
    return Demand(services=frozenset(services), load=Load(minutes=minutes, **load))


# ------------------------------------------------------------ terms


def terms(id: str, **said: Any) -> Terms:
    return Terms(id=f"trm_{id}", **said)


def bounds(*rows: Terms, services: tuple[ServiceKind, ...] = (P,), day: date = DAY):
    return bounds_of(rows, services, given.WEST, day, POLICY)


_GENERAL = terms("1", notice_minutes=10, horizon_days=10)
_SERVICE = terms("2", service=P, notice_minutes=20)
_AREA = terms("3", area_id=given.WEST, notice_minutes=30)
_BOTH = terms("4", service=P, area_id=given.WEST, notice_minutes=40)


@pytest.mark.row("B5")
@pytest.mark.parametrize(
    ("rows", "minutes"),
    [
        pytest.param((), 60, id="the house's own word, where there is no other"),
        pytest.param((_GENERAL,), 10, id="a word on everything"),
        pytest.param((_GENERAL, _SERVICE), 20, id="a service before everything"),
        pytest.param((_SERVICE, _AREA, _GENERAL), 30, id="an area before a service"),
        pytest.param((_BOTH, _AREA, _SERVICE, _GENERAL), 40, id="both before one"),
        pytest.param((terms("5", service=S, notice_minutes=99),), 60, id="another service"),
        pytest.param((terms("6", area_id=given.EAST, notice_minutes=99),), 60, id="another area"),
        pytest.param((_BOTH, terms("7", service=P, area_id=given.WEST)), 40, id="silence"),
        pytest.param(
            (_AREA, terms("0", area_id=given.WEST, notice_minutes=5, valid_from=DAY)),
            5,
            id="of two alike the one that began later",
        ),
        pytest.param(
            (_AREA, terms("8", area_id=given.WEST, notice_minutes=5, valid_to=DAY)),
            5,
            id="on its last day",
        ),
        pytest.param(
            (_GENERAL, terms("9", notice_minutes=5, valid_to=DAY - timedelta(days=1))),
            10,
            id="the day after its last",
        ),
        pytest.param(
            (_GENERAL, terms("9", notice_minutes=5, valid_from=DAY + timedelta(days=1))),
            10,
            id="the day before its first",
        ),
    ],
)
def test_the_most_particular_terms_hold(rows: tuple[Terms, ...], minutes: int):
    assert bounds(*rows).notice == timedelta(minutes=minutes)
    assert bounds(*reversed(rows)).notice == timedelta(minutes=minutes)


@pytest.mark.row("B5")
def test_each_figure_is_looked_for_by_itself():
    found = bounds(_GENERAL, _BOTH)

    assert (found.notice, found.horizon_days) == (timedelta(minutes=40), 10)
    assert found.cancel_before == POLICY.cancel_before


@pytest.mark.row("B5")
def test_of_several_services_in_one_visit_the_strictest_figure_holds():
    found = bounds(
        terms(
            "p",
            service=P,
            notice_minutes=20,
            cancel_minutes=90,
            horizon_days=30,
            buffer_minutes=0,
        ),
        terms(
            "s",
            service=S,
            notice_minutes=240,
            cancel_minutes=10,
            horizon_days=7,
            buffer_minutes=5,
            workdays_only=True,
            cutoff_time=time(17),
            cutoff_days=1,
        ),
        services=(P, S),
    )

    assert found.notice == timedelta(minutes=240)
    assert found.cancel_before == timedelta(minutes=90)
    assert (found.horizon_days, found.buffer_minutes, found.workdays_only) == (7, 5, True)
    assert found.cutoffs == {(1, time(17))}


@pytest.mark.row("A12", "B5")
@pytest.mark.parametrize(
    ("said", "cutoff"),
    [
        pytest.param({}, at(9), id="an hour before, where nobody says more"),
        pytest.param({"notice_minutes": 0}, at(10), id="until it begins"),
        pytest.param({"notice_minutes": 24 * 60}, at(10) - timedelta(days=1), id="a day before"),
        pytest.param(
            {"cutoff_time": time(17), "cutoff_days": 1},
            at(17, day=DAY - timedelta(days=1)),
            id="five o'clock the day before",
        ),
        pytest.param({"cutoff_time": time(8)}, at(8), id="eight o'clock on the day"),
        pytest.param({"cutoff_time": time(9, 30)}, at(9), id="the clock is later than the notice"),
        pytest.param(
            {"cutoff_time": time(0), "cutoff_days": 0}, at(0), id="midnight belongs to the day"
        ),
    ],
)
def test_it_is_too_late_from_the_earliest_cut_off_on(said: dict[str, Any], cutoff: datetime):
    assert bounds(terms("x", **said)).cutoff_of(slot(CapacityBudget())) == cutoff


@pytest.mark.row("B5")
def test_of_two_services_each_with_a_clock_of_its_own_both_hold():
    found = bounds(
        terms("p", service=P, cutoff_time=time(17), cutoff_days=1),
        terms("s", service=S, cutoff_time=time(12), cutoff_days=2),
        services=(P, S),
    )

    assert found.cutoff_of(slot(CapacityBudget())) == at(12, day=DAY - timedelta(days=2))


# ------------------------------------------------------------ budgets

AREAS = (given.WEST, given.EAST, "are_north")


def courier(number: int, areas: tuple[str, ...]) -> Courier:
    return Courier(
        id=f"cou_{number}",
        account_id=f"acc_{number}",
        name=None,
        phone=None,
        branch_id="org_branch",
        branch_path=given.BRANCH,
        skills=(P,),
        area_ids=areas,
        station=Point(longitude=122.1, latitude=37.4),
    )


def shift(courier_id: str, start: datetime, hours: int) -> Shift:
    return Shift(
        id=f"sft_{courier_id}_{start:%d%H}",
        courier_id=courier_id,
        branch_id="org_branch",
        start=start,
        end=start + timedelta(hours=hours),
    )


def pattern(area: str, start: int, length_minutes: int) -> SlotPattern:
    return SlotPattern(
        id=f"slp_{area}_{start}",
        area_id=area,
        branch_id="org_branch",
        branch_path=given.BRANCH,
        weekdays=given.ALL_WEEK,
        start=time(start),
        length_minutes=length_minutes,
    )


def slots_on(pattern: SlotPattern, day: date) -> list[Slot]:
    return [
        slot(CapacityBudget()).model_copy(
            update={
                "id": slot_key(pattern.area_id, window.start),
                "area_id": pattern.area_id,
                "day": day,
                "window": window,
            }
        )
        for window in pattern.windows(day)
    ]


def force(couriers: list[Courier], shifts: list[Shift], patterns: list[SlotPattern]) -> Force:
    areas = tuple(given.area(id, 122.0 + i / 10, 122.1 + i / 10) for i, id in enumerate(AREAS))
    return Force(Roster(tuple(couriers), tuple(shifts)), Garage({}), areas, tuple(patterns))


@st.composite
def patterns_of(draw: st.DrawFn, area: str) -> list[SlotPattern]:
    """Windows one after the other, the last of them perhaps past midnight."""
    found: list[SlotPattern] = []
    start = draw(st.integers(0, 12))
    while start < 24 and len(found) < 4:
        hours = draw(st.integers(1, 6))
        found.append(pattern(area, start, hours * 60 - draw(st.integers(0, 59))))
        start += hours + draw(st.integers(0, 5))
    first, last = found[0], found[-1]
    if last.start.hour * 60 + last.length_minutes > 24 * 60 + first.start.hour * 60:
        found.pop()
    return found


@st.composite
def forces(draw: st.DrawFn) -> Force:
    patterns = [each for area in AREAS for each in draw(patterns_of(area))]
    serves = st.sets(st.sampled_from(AREAS)).map(lambda some: tuple(sorted(some)))
    couriers = [courier(i, draw(serves)) for i in range(draw(st.integers(1, 4)))]
    shifts = [
        shift(each.id, at(draw(st.integers(0, 20)), day=day), draw(st.integers(4, 24)))
        for each in couriers
        for day in (DAY - timedelta(days=1), DAY)
    ]
    return force(couriers, shifts, patterns)


def worked(shifts: list[Shift]) -> int:
    """Minutes that one courier is on shift, each counted once."""
    minutes, until = 0, datetime.min.replace(tzinfo=given.NOW.tzinfo)
    for each in sorted(shifts, key=lambda shift: shift.start):
        minutes += max(0, int((each.end - max(each.start, until)).total_seconds()) // 60)
        until = max(until, each.end)
    return minutes


@pytest.mark.row("B1", "B8")
@drawn(forces())
@settings(max_examples=100, deadline=None)
def test_no_area_is_sold_a_minute_that_another_has(found: Force):
    """Whoever works when, whatever areas they share, however the windows overlap."""
    days = [DAY + timedelta(days=offset) for offset in (-1, 0)]
    slots = [each for day in days for one in found.patterns for each in slots_on(one, day)]
    for each in found.roster.couriers:
        theirs = [shift for shift in found.roster.shifts if shift.courier_id == each.id]
        alone = Force(Roster((each,), tuple(theirs)), Garage({}), found.areas, found.patterns)
        sold = sum(budget_of(slot, alone, POLICY).load.minutes for slot in slots)
        assert sold <= worked(theirs)

    for slot in slots:
        working = found.roster.working(slot.window)
        length = slot.window.end - slot.window.start
        most = len(working) * (length // timedelta(minutes=1))
        assert budget_of(slot, found, POLICY).load.minutes <= most


@pytest.mark.row("B1")
@pytest.mark.parametrize("told", table("Areas that share couriers"), ids=lambda told: str(told))
def test_the_page_says_how_areas_share(told: dict[str, str]):
    serves = {"all": (), "this one": (given.WEST,)}[told["the courier serves"]]
    length, count = int(told["window"]), int(told["areas served then"])
    patterns = [pattern(area, 10, length) for area in AREAS[:count]]
    found = force([courier(1, serves)], [shift("cou_1", at(8), 8)], patterns)
    (slot,) = slots_on(patterns[0], DAY)

    assert budget_of(slot, found, POLICY).load.minutes == int(told["minutes for each"])


@pytest.mark.row("B1")
def test_a_window_past_midnight_shares_with_those_of_the_next_day():
    night, morning = pattern(given.WEST, 22, 4 * 60), pattern(given.EAST, 0, 4 * 60)
    found = force([courier(1, ())], [shift("cou_1", at(20), 12)], [night, morning])
    (first,) = slots_on(night, DAY)
    (second,) = slots_on(morning, DAY + timedelta(days=1))

    minutes = [budget_of(each, found, POLICY).load.minutes for each in (first, second)]

    assert minutes == [120, 120]


@pytest.mark.row("B1")
def test_who_does_not_work_the_whole_window_gives_nothing_to_it():
    patterns = [pattern(given.WEST, 10, 120)]
    (slot,) = slots_on(patterns[0], DAY)
    late = force([courier(1, ())], [shift("cou_1", at(10, 1), 8)], patterns)
    there = force([courier(1, ())], [shift("cou_1", at(10), 2)], patterns)

    assert budget_of(slot, late, POLICY) == CapacityBudget()
    assert budget_of(slot, there, POLICY).load.minutes == 120


@pytest.mark.row("B2")
@pytest.mark.parametrize(
    ("people", "length", "pairs"), [(1, 120, 0), (2, 120, 2), (3, 120, 2), (4, 90, 2), (2, 59, 0)]
)
def test_pairs_go_one_visit_after_the_other(people: int, length: int, pairs: int):
    patterns = [pattern(given.WEST, 10, length)]
    (slot,) = slots_on(patterns[0], DAY)
    everybody = [courier(i, ()) for i in range(people)]
    found = force(everybody, [shift(each.id, at(8), 8) for each in everybody], patterns)

    assert budget_of(slot, found, POLICY).pairs == pairs


# ------------------------------------------------------------ who can do what

_LETTERS = {"P": P, "B": B, "S": S}


def skills_of(text: str) -> frozenset[ServiceKind]:
    return frozenset(_LETTERS[letter] for letter in text.split("+"))


def pairs_of(text: str) -> list[tuple[frozenset[ServiceKind], int]]:
    """ "P+S 120, P 60" """
    parts = [part.split() for part in text.split(", ")]
    return [(skills_of(letters), int(minutes)) for letters, minutes in parts]


def budget_with(groups: list[tuple[frozenset[ServiceKind], int]]) -> CapacityBudget:
    return CapacityBudget(hands=tuple(hands(*skills, minutes=m) for skills, m in groups))


def needs_of(wanted: list[tuple[frozenset[ServiceKind], int]]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for services, minutes in wanted:
        found[str(mask_of(services))] += minutes
    return dict(found)


def unmet(
    groups: list[tuple[frozenset[ServiceKind], int]],
    wanted: list[tuple[frozenset[ServiceKind], int]],
) -> int:
    """What a maximum flow from wants to groups leaves undone: Ford and Fulkerson, minute by minute
    along augmenting paths.
    """
    free = [minutes for _, minutes in groups]
    given: list[list[int]] = [[0] * len(groups) for _ in wanted]

    def find(want: int, seen: set[int], most: int) -> int:
        """How much more the want can be given, moving others aside."""
        for group, (skills, _) in enumerate(groups):
            if not wanted[want][0] <= skills or group in seen:
                continue
            seen.add(group)
            amount = min(most, free[group])
            if amount:
                free[group] -= amount
                given[want][group] += amount
                return amount
            for other, amounts in enumerate(given):
                if amounts[group] and (moved := find(other, seen, min(most, amounts[group]))):
                    given[other][group] -= moved
                    given[want][group] += moved
                    return moved
        return 0

    left = 0
    for want, (_, minutes) in enumerate(wanted):
        while minutes and (amount := find(want, set(), minutes)):
            minutes -= amount
        left += minutes
    return left


some = st.sets(st.sampled_from([P, B, S]), min_size=1).map(frozenset)
amounts = st.lists(st.tuples(some, st.integers(0, 12)), min_size=0, max_size=5)


@pytest.mark.row("B8")
@drawn(amounts, amounts)
@settings(max_examples=150, deadline=None)
def test_what_is_missing_is_what_the_best_plan_leaves_undone(groups, wanted):
    assert shortfall(budget_with(groups), needs_of(wanted)) == unmet(groups, wanted)


@pytest.mark.row("B8")
@pytest.mark.parametrize("told", table("Who can do what"), ids=lambda told: told["wanted"])
def test_the_page_says_who_can_do_what(told: dict[str, str]):
    groups, wanted = pairs_of(told["couriers"]), pairs_of(told["wanted"])

    missing = shortfall(budget_with(groups), needs_of(wanted))

    assert missing == unmet(groups, wanted) == int(told["short by"])


# ------------------------------------------------------------ places

demands = st.builds(
    lambda services, minutes, grams, litres, pairs: Demand(
        services=services, load=Load(minutes=minutes, grams=grams, litres=litres, pairs=pairs)
    ),
    some,
    st.integers(5, 60),
    st.integers(0, 60_000),
    st.integers(0, 300),
    st.integers(0, 1),
)
crews = st.lists(st.tuples(some, st.integers(0, 240), st.integers(0, 100_000)), max_size=4).map(
    lambda rows: tuple(hands(*skills, minutes=m, grams=g) for skills, m, g in rows)
)
budgets = st.builds(CapacityBudget, hands=crews, pairs=st.integers(0, 3))
caps = st.builds(Cap, visits=st.none() | st.integers(0, 9), minutes=st.none() | st.integers(0, 300))


@pytest.mark.row("B2")
@drawn(budgets, caps, st.lists(demands, max_size=6), demands)
@settings(max_examples=80, deadline=None)
def test_a_slot_has_as_many_places_as_can_be_taken_one_by_one(budget, cap, booked, wanted):
    given = Taken()
    for each in booked:
        given = given.plus(each)
    found = slot(budget, cap=cap)
    one_by_one = given
    while lacking(found, one_by_one, wanted) is None:
        one_by_one = one_by_one.plus(wanted)

    assert places(found, given, wanted) == one_by_one.visits


@drawn(st.lists(demands, min_size=1, max_size=6))
@quick
def test_what_is_given_back_leaves_no_trace(booked):
    given = Taken()
    for each in booked:
        given = given.plus(each)
    for each in reversed(booked):
        given = given.minus(each)

    assert given == Taken()


def test_a_hold_is_counted_until_the_millisecond_it_lapses():
    until, ms = at(9), timedelta(milliseconds=1)
    mark = HoldMark(id="hld_x", until=until, demand=demand(P))
    found = slot(CapacityBudget(hands=(hands(P),)), holds=(mark,))

    assert held(found, until - ms).visits == taken(found, until - ms).visits == 1
    assert held(found, until) == taken(found, until) == Taken()
    assert left(found, taken(found, until - ms)).minutes == 110


@pytest.mark.row("B2")
@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        pytest.param(demand(P), None, id="fits"),
        pytest.param(demand(S), SlotClosedReason.NO_COURIER, id="nobody knows how"),
        pytest.param(demand(P, B), SlotClosedReason.NO_COURIER, id="nobody knows both"),
        pytest.param(
            demand(B, grams=30_000), SlotClosedReason.NO_VEHICLE, id="who knows how has a bicycle"
        ),
        pytest.param(demand(P, minutes=121), SlotClosedReason.FULL, id="longer than they have"),
        pytest.param(demand(P, pairs=1), SlotClosedReason.FULL, id="there are no two"),
    ],
)
def test_what_a_slot_lacks(wanted: Demand, reason: SlotClosedReason | None):
    found = slot(CapacityBudget(hands=(hands(P), hands(B, grams=20_000))))

    assert lacking(found, Taken(), wanted) == reason


@pytest.mark.row("A3", "B1")
@pytest.mark.parametrize(
    ("asked", "hold_id", "able", "code"),
    [
        pytest.param(demand(P), "hld_x", P, None, id="what was kept"),
        pytest.param(demand(P, minutes=5), "hld_x", P, None, id="less than was kept"),
        pytest.param(demand(P, minutes=11), "hld_x", P, NoPlace.FULL, id="more than was kept"),
        pytest.param(demand(P), None, P, NoPlace.FULL, id="by somebody else"),
        pytest.param(demand(P), "hld_x", S, NoPlace.NO_COURIER, id="nobody can come any more"),
    ],
)
def test_what_is_kept_stays_kept_when_the_cap_goes_below_it(
    asked: Demand, hold_id: str | None, able: ServiceKind, code: NoPlace | None
):
    mark = HoldMark(id="hld_x", until=at(9), demand=demand(P))
    found = slot(CapacityBudget(hands=(hands(able),)), holds=(mark,), cap=Cap(visits=0))

    after = take(found, Ask(id="apt_x", at=at(8), demand=asked, hold_id=hold_id))

    if code:
        assert after == NotTaken(code=code)
    else:
        assert isinstance(after, Slot)
        assert (after.booked.visits, after.holds) == (1, ())


# ------------------------------------------------------------ who is affected


def visit(id: str, hour: int, takes: Demand, *, settled: bool = False) -> Visit:
    return Visit(id, at(hour), takes, settled=settled)


def ids(found: list[Visit]) -> list[str]:
    return [each.id for each in found]


@pytest.mark.row("B1")
@pytest.mark.parametrize(
    ("cap", "affected"),
    [
        pytest.param(Cap(), [], id="everything fits"),
        pytest.param(Cap(visits=3), [], id="just so"),
        pytest.param(Cap(visits=2), ["c"], id="one too many"),
        pytest.param(Cap(visits=0), ["c", "b", "a"], id="none at all"),
        pytest.param(Cap(minutes=29), ["c"], id="a minute short"),
    ],
)
def test_who_booked_last_is_affected_first(cap: Cap, affected: list[str]):
    found = slot(CapacityBudget(hands=(hands(P),)), cap=cap)
    visits = [visit(id, hour, demand(P)) for hour, id in enumerate("abc")]

    assert ids(beyond(found, visits)) == ids(beyond(found, visits[::-1])) == affected


@pytest.mark.row("B1")
def test_nobody_is_affected_whose_going_would_help_nobody():
    """The van has broken down: the heavy one cannot be done, whoever else stays away."""
    found = slot(CapacityBudget(hands=(hands(P, grams=20_000),)))
    heavy = visit("heavy", 1, demand(P, grams=30_000))

    assert ids(beyond(found, [heavy, visit("light", 2, demand(P))])) == ["heavy"]


@pytest.mark.row("B1")
def test_what_is_under_way_stays():
    found = slot(CapacityBudget(hands=(hands(P),)), cap=Cap(visits=1))
    first, last = visit("first", 1, demand(P)), visit("last", 2, demand(P), settled=True)

    assert ids(beyond(found, [first, last])) == ["first"]


@pytest.mark.row("B1")
@drawn(budgets, caps, st.lists(demands, max_size=8))
@settings(max_examples=80, deadline=None)
def test_without_those_affected_the_rest_fits_and_with_any_one_of_them_it_would_not(
    budget, cap, booked
):
    found = slot(budget, cap=cap)
    visits = [visit(str(hour), hour, each) for hour, each in enumerate(booked)]
    affected = beyond(found, visits)

    kept = Taken()
    for each in (each for each in visits if each not in affected):
        assert lacking(found, kept, each.takes) is None
        kept = kept.plus(each.takes)
    assert all(lacking(found, kept, each.takes) for each in affected)
