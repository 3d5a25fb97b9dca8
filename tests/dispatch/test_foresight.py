"""When a courier will be where, and who will be late: a table, and what holds whatever happens."""

from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from doorstep.couriers.model import Position, VehicleKind
from doorstep.dispatch.model import DispatchPolicy, Round, Stop, StopState
from doorstep.dispatch.rules import Call, StraightLines, Surroundings, Trip
from doorstep.dispatch.rules import foresight as rules
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow
from tests import given
from tests.given import NOW, TODAY

MINUTE: Final = timedelta(minutes=1)
POLICY: Final = DispatchPolicy()
VISIT: Final = 10 * MINUTE
E, Y, A, D = StopState.EN_ROUTE, StopState.ACCEPTED, StopState.ARRIVED, StopState.DONE


class Street:
    """Everything lies on one street; a degree of it is a thousand minutes long."""

    def trip(self, here: Point, there: Point, vehicle: Any, at: Any) -> Trip:
        minutes = round(abs(here.longitude - there.longitude) * 1000)
        return Trip(minutes * 60, minutes * 300)


def place(minutes: float) -> Point:
    return Point(longitude=122 + minutes / 1000, latitude=37.45)


def stop(number: int, state: StopState, **changed: Any) -> Stop:
    fields: dict[str, Any] = {
        "id": f"stp_{number}",
        "appointment_id": f"apt_{number}",
        "window": given.window(8, day=TODAY),
        "state": state,
        "planned_arrival": NOW,
    }
    return Stop(**{**fields, **changed})


def a_round(*stops: Stop) -> Round:
    return Round(
        id="rnd_bo", courier_id="cou_bo", branch_id="org_branch", day=TODAY, stops=stops, sequence=1
    )


DAY = TimeWindow(start=NOW, end=NOW + 600 * MINUTE)


def around(
    steps: dict[int, int] | None = None, seen: tuple[int, int] | None = None, doors: int = 3
):
    """Doors 10, 20, 30 minutes down the street, the station at its head; `steps` and `seen` say how
    many minutes ago something was.
    """
    return Surroundings(
        calls={
            f"apt_{n}": Call(f"apt_{n}", place(10 * n), DAY, VISIT) for n in range(1, doors + 1)
        },
        steps={f"apt_{n}": NOW - ago * MINUTE for n, ago in (steps or {}).items()},
        seen=Position(where=place(seen[0]), at=NOW - seen[1] * MINUTE) if seen else None,
        station=place(0),
        vehicle=VehicleKind.E_TRIKE,
    )


@pytest.mark.row("J2")
@pytest.mark.parametrize(
    ("states", "steps", "seen", "minutes"),
    [
        pytest.param((Y, Y), {}, None, (10, 30), id="nobody has set out: from the station, now"),
        pytest.param((E, Y), {1: 4}, None, (6, 26), id="on the way since four minutes"),
        pytest.param((E, Y), {1: 4}, (8, 0), (2, 22), id="seen two minutes from the door"),
        pytest.param((E, Y), {1: 30}, (8, 1), (1, 21), id="seen a minute ago, going on since"),
        pytest.param((E, Y), {1: 30}, None, (0, 20), id="long overdue: from now on any moment"),
        pytest.param((A, Y), {1: 3}, None, (None, 17), id="at the door: seven minutes to go there"),
        pytest.param((A, Y), {1: 25}, (10, 0), (None, 10), id="at a door longer than was thought"),
        pytest.param((D, Y), {1: 5}, None, (None, 10), id="done, not set out: from there, now"),
        pytest.param((D, Y), {1: 5}, (14, 1), (None, 6), id="done, and seen on the way since"),
        pytest.param((D, Y), {1: 5}, (3, 9), (None, 10), id="an older position than the last door"),
        pytest.param((Y, E), {2: 5}, None, (35, 15), id="out of turn: the door under way is first"),
    ],
)
def test_a_door_is_reached_from_where_the_courier_is(states, steps, seen, minutes):
    round = a_round(*(stop(n, state) for n, state in enumerate(states, 1)))

    told = rules.etas(round, around(steps, seen), NOW, Street())

    wanted = {f"stp_{n}": NOW + m * MINUTE for n, m in enumerate(minutes, 1) if m is not None}
    assert told == wanted


def test_nobody_comes_before_a_window_starts_and_the_next_door_waits_for_it():
    later = given.window(10, day=TODAY)
    round = a_round(stop(1, E, window=later), stop(2, Y, window=later))

    told = rules.etas(round, around({1: 5}), NOW, Street())

    assert told == {"stp_1": later.start, "stp_2": later.start + 20 * MINUTE}


@pytest.mark.parametrize(
    ("kept", "comes", "told"),
    [
        pytest.param(None, 20, True, id="nothing was known"),
        pytest.param(20, 22, False, id="two minutes later"),
        pytest.param(20, 23, True, id="three minutes later"),
        pytest.param(20, 18, False, id="two minutes earlier"),
        pytest.param(20, 17, True, id="three minutes earlier"),
        pytest.param(54, 55, False, id="just not late: 09:55, five minutes before the end"),
        pytest.param(54, 56, True, id="late by a breath: one minute is news"),
        pytest.param(56, 54, False, id="back on the brink: not told back and forth"),
        pytest.param(57, 54, True, id="back by a whole step"),
    ],
)
def test_an_eta_is_told_when_it_is_another_by_enough_or_will_be_late(kept, comes, told):
    before = a_round(stop(1, Y, eta=kept and NOW + kept * MINUTE))

    after = rules.foreseen(before, {"stp_1": NOW + comes * MINUTE}, POLICY)

    assert (after != before) is told
    if not told:
        assert after is before


@pytest.mark.parametrize(
    ("was", "state", "eta", "late"),
    [
        pytest.param(30, Y, 56, 1, id="it crosses"),
        pytest.param(56, Y, 90, 0, id="it was late before"),
        pytest.param(30, Y, 55, 0, id="it comes just in time"),
        pytest.param(30, A, 90, 0, id="somebody is there"),
        pytest.param(30, StopState.OFFERED, 90, 0, id="nobody said yes"),
    ],
)
def test_lateness_is_foreseen_once_for_each_crossing(was, state, eta, late):
    before = a_round(stop(1, Y, eta=NOW + was * MINUTE))
    after = a_round(stop(1, state, eta=NOW + eta * MINUTE))

    assert len(rules.newly_late(before, after, POLICY)) == late


STATES = st.lists(st.sampled_from(list(StopState)), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None)
@drawn(
    states=STATES,
    ago=st.lists(st.integers(0, 300), min_size=6, max_size=6),
    seen=st.none() | st.tuples(st.integers(-50, 80), st.integers(0, 300)),
    hours=st.lists(st.sampled_from([8, 10, 12]), min_size=6, max_size=6),
)
def test_whatever_happened_only_what_is_ahead_is_told_and_never_in_the_past(
    states, ago, seen, hours
):
    stops = [
        stop(n, state, window=given.window(hours[n - 1], day=TODAY))
        for n, state in enumerate(states, 1)
    ]
    known = around({n: ago[n - 1] for n in range(1, 7)}, seen, doors=6)

    told = rules.etas(a_round(*stops), known, NOW, StraightLines())

    assert told.keys() == {each.id for each in stops if each.state in rules.AHEAD}
    for each in stops:
        if each.id in told:
            assert told[each.id] >= max(NOW, each.window.start)
    again = rules.etas(a_round(*stops), known, NOW, StraightLines())
    assert again == told
