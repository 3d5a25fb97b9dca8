"""A day's rounds: every promise kept, said again the same, and shorter than without a search."""

from dataclasses import replace
from datetime import time, timedelta
from random import Random
from typing import Any

import pytest

from doorstep.appointments.model import Status
from doorstep.couriers.model import Break, Dedication
from doorstep.dispatch.model import StopState
from doorstep.dispatch.outside import OwnProcess
from doorstep.dispatch.problem import (
    Budget,
    DayPapers,
    LeftOut,
    Plan,
    Problem,
    figures_of,
    orders_of,
    problem_of,
)
from doorstep.dispatch.rules import StraightLines
from doorstep.dispatch.solver import solve
from doorstep.kit.geo import Point
from doorstep.kit.windows import at_local
from tests.dispatch import city
from tests.dispatch.baselines import by_area_alone, nearest_neighbour
from tests.dispatch.checker import faults
from tests.given import TODAY

HERE = Point(longitude=122.05, latitude=37.42)
NEAR = Point(longitude=122.055, latitude=37.42)
QUICK = Budget(60, 200)


def planned(papers: DayPapers, seed: int = 1, budget: Budget = QUICK) -> tuple[Problem, Plan]:
    problem = problem_of(papers, city.POLICY, city.WEIGHTS, StraightLines())
    return problem, solve(problem, seed, budget)


def why(plan: Plan) -> dict[str, Any]:
    return {each.task_id: (each.because, each.figure) for each in plan.unplanned}


@pytest.mark.row("F1", "F7")
@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_is_planned_so_that_every_promise_is_kept(seed: int):
    papers = city.made_up(seed, 120, 12, on_island=4)

    problem, plan = planned(papers)

    assert plan.feasible
    assert faults(city.plain(papers), city.rounds_of(problem, plan)) == []
    assert len(plan.unplanned) <= 6, why(plan)


@pytest.mark.row("F7")
def test_the_same_day_and_seed_give_the_same_plan_and_the_clock_has_no_say():
    papers = city.made_up(3, 60, 8)

    first, second = planned(papers)[1], planned(papers)[1]

    assert first.same_as(second)
    assert not first.cut_by_clock
    assert planned(papers, budget=Budget(0.05, 10_000_000))[1].cut_by_clock


@pytest.mark.row("F7")
@pytest.mark.parametrize("seed", [21, 22])
def test_in_whatever_order_the_day_is_told_the_plan_is_the_same_and_the_seed_matters(seed: int):
    papers, few = city.made_up(seed, 70, 8, on_island=2), Budget(60, 30)
    told = Random(seed).sample(list(papers.appointments.items()), 70)

    plan = planned(papers, seed, few)[1]

    later = replace(papers, appointments=dict(told), now=papers.now + timedelta(minutes=7))
    assert planned(later, seed, few)[1].same_as(plan)
    assert not planned(papers, seed + 1, few)[1].same_as(plan)


@pytest.mark.row("F7")
async def test_a_process_of_its_own_finds_what_is_found_here():
    problem, here = planned(city.made_up(4, 12, 3), budget=Budget(60, 40))

    assert (await OwnProcess().plan(problem, 1, Budget(60, 40))).same_as(here)


@pytest.mark.row("F7")
def test_a_search_begins_from_the_rounds_as_they_are():
    papers = city.made_up(6, 70, 7)
    problem, good = planned(papers, budget=Budget(60, 400))
    done = [(each.tour, [visit.task for visit in each.visits]) for each in good.tours]
    begun = replace(problem, rounds=tuple(map(tuple, orders_of(problem, done))))

    warm, cold = solve(begun, 2, Budget(60, 1)), solve(problem, 2, Budget(60, 1))

    assert warm.cost <= good.cost < cold.cost
    moved = sum(a.visits != b.visits for a, b in zip(warm.tours, good.tours, strict=True))
    assert moved <= 1, "what is good stays as it is"


@pytest.mark.row("F7")
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_it_is_shorter_than_going_to_the_nearest_and_than_dividing_by_area(seed: int):
    papers = city.made_up(seed, 80, 10)
    problem, plan = planned(papers)
    areas = {id: each.area_id for id, each in papers.appointments.items()}

    nearest = figures_of(problem, nearest_neighbour(problem))
    by_area = figures_of(problem, by_area_alone(problem, areas))

    ours = len(plan.unplanned), plan.metres
    assert ours < (nearest.unplanned, nearest.metres)
    assert ours < (by_area.unplanned, by_area.metres)


@pytest.mark.row("F1", "F7")
@pytest.mark.parametrize(
    ("asked", "people", "because", "figure"),
    [
        pytest.param({"where": None}, {}, LeftOut.NOWHERE, None, id="nobody knows where it is"),
        pytest.param({"pairs": 1}, {}, LeftOut.NEEDS_TWO, 1, id="it takes two"),
        pytest.param({"kind": city.CARDS}, {}, LeftOut.LACKS_SKILL, 1, id="nobody was trained"),
        pytest.param({}, {"areas": ("are_9",)}, LeftOut.OTHER_AREA, 1, id="nobody comes there"),
        pytest.param({"start": 20}, {}, LeftOut.OFF_DUTY, 1, id="all have gone home"),
        pytest.param({"grams": 250_000}, {}, LeftOut.TOO_HEAVY, 50_000, id="too heavy for a trike"),
        pytest.param(
            {"where": Point(longitude=123.4, latitude=37.42), "start": 8},
            {},
            LeftOut.TOO_LATE,
            None,
            id="too far to be there in time",
        ),
    ],
)
def test_what_is_in_nobodys_round_says_why(asked: Any, people: Any, because: LeftOut, figure: Any):
    fields = {"where": HERE, "start": 10, **asked}
    one = city.appointment("apt_1", **fields)

    _, plan = planned(city.papers([one], [city.courier("cou_a", HERE, **people)]))

    reason, count = why(plan)["apt_1"]
    assert reason is because
    assert figure is None or count == figure


def test_who_said_no_is_not_asked_again():
    one = city.appointment("apt_1", NEAR, 10)
    both = [city.courier("cou_a", NEAR), city.courier("cou_b", HERE)]
    papers = city.papers([one], both, declined={"apt_1": frozenset({"cou_a"})})

    problem, plan = planned(papers)

    assert city.rounds_of(problem, plan).keys() == {"cou_b"}
    nobody = replace(papers, declined={"apt_1": frozenset({"cou_a", "cou_b"})})
    assert why(planned(nobody)[1]) == {"apt_1": (LeftOut.DECLINED, 2)}


@pytest.mark.row("F1", "F7")
def test_who_is_kept_for_another_customer_or_at_lunch_as_the_shift_says_is_sent_nowhere_else():
    one, theirs = (city.appointment(f"apt_{n}", NEAR, 10, hours=4) for n in range(2))
    theirs = theirs.model_copy(update={"customer_id": "acc_big"})
    kept = Dedication(
        id="ded_1",
        branch_id="org_branch",
        courier_id="cou_a",
        customer_id="acc_big",
        weekdays=(1, 2, 3, 4, 5, 6, 7),
        start_time=time(8),
        end_time=time(18),
    )
    begins = at_local(TODAY, time(10))
    pause = Break(start=begins - timedelta(hours=1), minutes=150)
    papers = city.papers([one, theirs], [city.courier("cou_a", HERE)])
    shifts = tuple(each.model_copy(update={"breaks": (pause,)}) for each in papers.roster.shifts)
    papers = replace(papers, roster=replace(papers.roster, shifts=shifts, dedications=(kept,)))

    problem, plan = planned(papers)

    assert why(plan) == {"apt_0": (LeftOut.DEDICATED_ELSEWHERE, 1)}
    rounds = city.rounds_of(problem, plan)
    assert [at for _, at in rounds["cou_a"]] >= [papers.second(pause.window.end)]
    assert faults(city.plain(papers), rounds) == []


@pytest.mark.row("F9")
def test_of_two_that_do_not_both_fit_the_one_whose_deadline_is_nearer_is_visited():
    old, fresh = (
        city.appointment(f"apt_{n}", HERE, 10, kind=city.CARDS, grams=120_000) for n in range(2)
    )
    old = old.model_copy(update={"booked_at": old.booked_at - timedelta(days=2)})
    skilled = city.courier("cou_a", HERE, skills=(*city.PARCELS, city.CARDS))
    for day in ([old, fresh], [fresh, old]):
        papers = city.papers(day, [skilled], [city.shift("cou_a", 9, 12)])
        assert why(planned(papers)[1]).keys() == {"apt_1"}


def test_a_full_vehicle_leaves_out_what_matters_least():
    heavy = [city.appointment(f"apt_{n}", NEAR, 10, grams=90_000) for n in range(3)]
    card = city.appointment("apt_card", NEAR, 10, kind=city.CARDS, grams=90_000)
    skilled = city.courier("cou_a", HERE, skills=(*city.PARCELS, city.CARDS))

    _, plan = planned(city.papers([*heavy, card], [skilled], [city.shift("cou_a", 9, 12)]))

    assert "apt_card" not in why(plan)
    assert {reason for reason, _ in why(plan).values()} == {LeftOut.FULL}
    assert len(plan.unplanned) == 2


def test_what_is_under_way_stays_and_what_was_accepted_keeps_its_courier():
    noon = city.NIGHT + timedelta(hours=6)  # 10:00 in Shanghai
    gone = city.appointment("apt_gone", NEAR, 8, status=Status.EN_ROUTE, courier_id="cou_b")
    kept = city.appointment("apt_kept", HERE, 14, status=Status.ASSIGNED, courier_id="cou_b")
    free = [city.appointment(f"apt_{n}", HERE, 10, offered_to="cou_b") for n in range(4)]
    far = Point(longitude=122.1, latitude=37.42)
    both = [city.courier("cou_a", HERE), city.courier("cou_b", far)]
    stops = [(gone, StopState.EN_ROUTE), *((each, StopState.OFFERED) for each in free)]
    rounds = {"cou_b": city.round_of("cou_b", *stops, (kept, StopState.ACCEPTED))}
    papers = city.papers([gone, kept, *free], both, rounds=rounds, now=noon)

    problem, plan = planned(papers)

    who = {id: courier for courier, each in city.rounds_of(problem, plan).items() for id, _ in each}
    assert "apt_gone" not in who
    assert who["apt_kept"] == "cou_b"
    assert not plan.unplanned
    assert faults(city.plain(papers), city.rounds_of(problem, plan)) == []


def test_what_a_courier_keeps_is_late_rather_than_nobodys():
    kept = city.appointment("apt_kept", NEAR, 8, status=Status.ASSIGNED, courier_id="cou_a")
    two = city.appointment("apt_two", NEAR, 16, pairs=1, offered_to="cou_a")
    late = city.NIGHT + timedelta(hours=6, minutes=30)
    papers = city.papers([kept, two], [city.courier("cou_a", HERE)], now=late)

    _, plan = planned(papers)

    assert not plan.unplanned
    assert not plan.feasible
    assert sum(visit.late for tour in plan.tours for visit in tour.visits) > 0


def test_an_island_is_served_by_who_takes_the_boat_and_by_nobody_when_none_sails():
    across = city.appointment("apt_sea", Point(longitude=122.3, latitude=37.6), 10)
    ashore = [city.appointment(f"apt_{n}", HERE, 10) for n in range(3)]
    papers = city.papers(
        [across, *ashore],
        [city.courier("cou_a", HERE), city.courier("cou_b", NEAR)],
        routes={"apt_sea": city.ISLAND},
        boats=(city.boat(),),
    )

    problem, plan = planned(papers)

    rounds = city.rounds_of(problem, plan)
    sailor = next(courier for courier, each in rounds.items() if each[0][0] == "apt_sea")
    assert [id for id, _ in rounds[sailor]] == ["apt_sea"]
    assert not plan.unplanned
    assert faults(city.plain(papers), rounds) == []
    assert why(planned(replace(papers, boats=()))[1]) == {"apt_sea": (LeftOut.ISLAND, 0)}


def test_a_day_without_work_or_without_people_is_planned_at_once():
    one = city.appointment("apt_1", HERE, 10)

    assert planned(city.papers([], [city.courier("cou_a", HERE)]))[1].tours == ()
    nobody = planned(city.papers([one], [city.courier("cou_a", HERE)], shifts=[]))[1]
    assert why(nobody) == {"apt_1": (LeftOut.OTHER_AREA, 0)}
