"""Where one more stop fits, and who is passed over for what."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.catalogue.model import ServiceKind
from doorstep.dispatch.model import PassedOver
from doorstep.dispatch.rules.insertion import (
    Call,
    Line,
    Place,
    Wanted,
    best_place,
    cheapest,
)
from doorstep.dispatch.rules.ways import Pace, StraightLines
from doorstep.kit.geo import Point
from doorstep.kit.windows import TimeWindow

pytestmark = pytest.mark.row("F1")

MORNING = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
WAYS = StraightLines(Pace(of_hour={}))


def at(minutes):
    return MORNING + timedelta(minutes=minutes)


def call(id, east, opens=0, shuts=600, lasts=10, **more):
    """A stop `east` times about 90 metres from the station."""
    return Call(
        id=id,
        where=Point(longitude=122 + east / 1000, latitude=37.4),
        window=TimeWindow(start=at(opens), end=at(shuts)),
        lasts=timedelta(minutes=lasts),
        **more,
    )


def line(*calls, id="cou_bo", **more):
    stands = {
        "courier_id": id,
        "shift": TimeWindow(start=at(0), end=at(600)),
        "start": Point(longitude=122.0, latitude=37.4),
        "free_at": at(0),
        "skills": frozenset(ServiceKind),
        "ways": WAYS,
    }
    return Line(calls=calls, **stands | more)


calls = st.builds(
    lambda id, east, opens, length, lasts: call(id, east, opens, opens + length, lasts),
    st.uuids().map(str),
    st.integers(-60, 60),
    st.integers(0, 420),
    st.integers(30, 180),
    st.integers(1, 30),
)


BREAKS = tuple(TimeWindow(start=at(opens), end=at(opens + 40)) for opens in (150, 330))


def grown(wanted, ways=WAYS, breaks=()):
    """A line that took all of these that it could, one after the other."""
    found = line(ways=ways, breaks=breaks)
    for each in wanted:
        place = best_place(found, Wanted(each))
        if isinstance(place, Place):
            found = found.with_call(each, place.position)
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(calls, max_size=9))
def test_whoever_was_promised_stays_in_time_however_many_are_put_in(wanted):
    found = grown(wanted)

    assert not found.late
    assert found.departures[-1] <= at(600).timestamp()
    assert all(one <= two for one, two in pairwise(found.arrivals))


@pytest.mark.row("F5")
@settings(max_examples=150, deadline=None)
@given(st.lists(calls, max_size=9))
def test_nobody_is_at_a_door_in_their_break_and_no_break_makes_them_late(wanted):
    found = grown(wanted, breaks=BREAKS)

    assert not found.late
    assert found.departures[-1] <= at(600).timestamp()
    for each, arrival in found.timetable():
        visit = TimeWindow(start=arrival, end=arrival + each.lasts)
        assert not any(visit.touches(pause) for pause in BREAKS)


def test_a_break_on_the_way_makes_it_longer_by_the_break():
    there = line(call("far", 40), breaks=BREAKS, free_at=at(149))

    (_, arrival), *_ = there.timetable()
    (_, without), *_ = line(call("far", 40), free_at=at(149)).timetable()

    assert arrival - without == timedelta(minutes=40)


@settings(max_examples=100, deadline=None)
@given(st.lists(calls, max_size=9))
def test_nobody_is_missed_because_the_streets_fill_or_empty_behind_a_new_stop(wanted):
    slow_then_quick = StraightLines(Pace(of_hour={hour: 0.3 for hour in (9, 11, 13, 15)}))

    found = grown(wanted, slow_then_quick)

    assert not found.late
    assert found.departures[-1] <= at(600).timestamp()


@settings(max_examples=150, deadline=None)
@given(st.lists(calls, max_size=7), calls, st.sampled_from([(), BREAKS]))
def test_judging_in_constant_time_finds_what_trying_every_position_finds(wanted, one_more, breaks):
    found = grown(wanted, breaks=breaks)

    judged = best_place(found, Wanted(one_more))

    tried = {
        position: after
        for position in range(len(found.calls) + 1)
        if not (after := found.with_call(one_more, position)).late
        and after.departures[-1] <= at(600).timestamp()
    }
    assert isinstance(judged, Place) == bool(tried)
    if isinstance(judged, Place):
        reached = tried[judged.position].arrivals[judged.position]
        assert judged.arrival.timestamp() == reached


@given(st.lists(calls, min_size=1, max_size=7), st.data())
def test_what_is_taken_out_leaves_the_round_as_it_was(wanted, data):
    found = grown(wanted)
    one_more = call("one more", 5, lasts=1)
    place = best_place(found, Wanted(one_more))
    if isinstance(place, Place):
        assert found.with_call(one_more, place.position).without("one more") == found


def test_a_stop_on_the_way_costs_nothing_and_one_beside_it_costs_the_way():
    there = line(call("far", 40))

    on_the_way = best_place(there, Wanted(call("near", 20)))
    beyond = best_place(there, Wanted(call("beyond", 60)))

    assert (on_the_way.position, on_the_way.detour.metres) == (0, pytest.approx(0, abs=2))
    assert (beyond.position, beyond.detour.metres) == (1, pytest.approx(2470, rel=0.01))


def test_nothing_comes_before_a_stop_that_is_under_way():
    under_way = line(call("far", 40), settled=1)

    assert best_place(under_way, Wanted(call("near", 20))).position == 1


@pytest.mark.row("F2")
@pytest.mark.parametrize(
    ("stands", "wanted", "code", "figure"),
    [
        pytest.param(
            line(shift=TimeWindow(start=at(1), end=at(600))),
            Wanted(call("x", 1, shuts=300)),
            PassedOver.OFF_DUTY,
            None,
            id="who begins when the window has begun",
        ),
        pytest.param(
            line(skills=frozenset({ServiceKind.PARCEL_PICKUP})),
            Wanted(call("x", 1, services=frozenset({ServiceKind.ID_CARD_DELIVERY}))),
            PassedOver.LACKS_SKILL,
            1,
            id="who was not trained for it",
        ),
        pytest.param(
            line(area_ids=frozenset({"are_east"})),
            Wanted(call("x", 1, area_id="are_west")),
            PassedOver.OTHER_AREA,
            None,
            id="who serves another area",
        ),
        pytest.param(
            line(),
            Wanted(call("x", 1), boat="sai_1"),
            PassedOver.ISLAND,
            None,
            id="who is not on the boat",
        ),
        pytest.param(
            line(),
            Wanted(call("x", 1, customer_id="acc_ada"), dedicated={"cou_bo": "acc_works"}),
            PassedOver.DEDICATED_ELSEWHERE,
            None,
            id="who is kept for somebody else",
        ),
        pytest.param(
            line(),
            Wanted(call("x", 1), asked_before=frozenset({"cou_bo"})),
            PassedOver.ASKED_BEFORE,
            None,
            id="who said no",
        ),
        pytest.param(
            line(call("y", 1), most_in_window=1),
            Wanted(call("x", 1)),
            PassedOver.FULL,
            None,
            id="whose window has as many stops as are allowed",
        ),
        pytest.param(
            line(call("y", 1, grams=150_000)),
            Wanted(call("x", 1, grams=80_500)),
            PassedOver.NO_VEHICLE,
            31,
            id="whose vehicle is full",
        ),
        pytest.param(
            line(call("y", 1, opens=0, shuts=5, lasts=60), settled=1),
            Wanted(call("x", 1, shuts=55)),
            PassedOver.TOO_LATE,
            None,
            id="who comes when the window is over",
        ),
        pytest.param(
            line(call("y", 1, opens=20, shuts=21, lasts=10)),
            Wanted(call("x", 1, shuts=19, lasts=30)),
            PassedOver.FULL,
            None,
            id="who would keep the next one waiting",
        ),
    ],
)
def test_whoever_is_passed_over_is_told_why(stands, wanted, code, figure):
    passed = best_place(stands, wanted)

    assert passed.code is code
    assert figure is None or passed.figure == figure


@pytest.mark.row("F2")
def test_the_nearest_comes_and_the_others_are_told_how_many_metres_farther_they_are():
    near, far = line(id="cou_bo"), line(id="cou_cai", start=Point(longitude=122.1, latitude=37.4))

    choice = cheapest([far, near], Wanted(call("x", 10)), worth_seconds=0)

    assert choice.place.courier_id == "cou_bo"
    (passed,) = choice.passed
    assert (passed.courier_id, passed.code) == ("cou_cai", PassedOver.DETOUR)
    assert passed.figure == pytest.approx(80 * 88.4 * 1.4, rel=0.01)


def test_who_came_last_time_comes_again_where_that_costs_little():
    near, far = line(id="cou_bo"), line(id="cou_cai", start=Point(longitude=122.02, latitude=37.4))
    wanted = Wanted(call("x", 5), usual_courier="cou_cai")

    again = cheapest([near, far], wanted, worth_seconds=600)
    not_at_any_price = cheapest([near, far], wanted, worth_seconds=60)

    assert again.place.courier_id == "cou_cai"
    assert not_at_any_price.place.courier_id == "cou_bo"


@pytest.mark.row("F2")
def test_of_those_who_were_passed_over_the_likeliest_is_named_first():
    lines = [
        line(id=f"cou_{east}", start=Point(longitude=122 + east / 1000, latitude=37.4))
        for east in (60, 0, 20, 40)
    ]

    choice = cheapest(lines, Wanted(call("x", 0)))

    assert [passed.courier_id for passed in choice.passed] == ["cou_20", "cou_40", "cou_60"]


def test_who_is_under_way_is_as_near_as_the_door_they_go_to():
    far = call("far", 40)

    assert line(far, settled=1).here == far.where
    assert line(far).here == Point(longitude=122.0, latitude=37.4)
