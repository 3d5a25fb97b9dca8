"""The checker itself: it finds what is wrong with plans that are wrong."""

from collections.abc import Callable

import pytest

from doorstep.dispatch.problem import Budget, problem_of
from doorstep.dispatch.rules import StraightLines
from doorstep.dispatch.solver import solve
from tests.dispatch import city
from tests.dispatch.checker import Day, Kept, Rounds, faults

Spoil = Callable[[Day, Rounds], None]


def _twice(day: Day, rounds: Rounds) -> None:
    one, other = list(rounds)[:2]
    rounds[other].append(rounds[one][0])


def _early(day: Day, rounds: Rounds) -> None:
    id, _ = rounds["cou_000"][0]
    rounds["cou_000"][0] = (id, day.jobs[id].opens - 1)


def _to_the_end(day: Day, rounds: Rounds) -> None:
    id, _ = rounds["cou_000"][0]
    rounds["cou_000"][0] = (id, day.jobs[id].closes)


def _at_once(day: Day, rounds: Rounds) -> None:
    rounds["cou_000"] = [(id, rounds["cou_000"][0][1]) for id, _ in rounds["cou_000"]]


def _unskilled(day: Day, rounds: Rounds) -> None:
    worker = day.workers["cou_000"]
    object.__setattr__(worker, "skills", frozenset())


def _elsewhere(day: Day, rounds: Rounds) -> None:
    object.__setattr__(day.workers["cou_000"], "areas", frozenset({"are_none"}))


def _small(day: Day, rounds: Rounds) -> None:
    object.__setattr__(day.workers["cou_000"], "grams", 1)


def _asleep(day: Day, rounds: Rounds) -> None:
    object.__setattr__(day.workers["cou_000"], "shifts", ((0, 3600),))


def _no_break(day: Day, rounds: Rounds) -> None:
    object.__setattr__(day.rules, "break_lasts", 2 * 3600 + 1)


def _held(day: Day, rounds: Rounds) -> None:
    object.__setattr__(day.jobs[rounds["cou_000"][0][0]], "holder", "cou_001")


def _frozen(day: Day, rounds: Rounds) -> None:
    object.__setattr__(day.jobs[rounds["cou_000"][0][0]], "frozen", True)


def _at_sea(day: Day, rounds: Rounds) -> None:
    object.__setattr__(day.jobs[rounds["cou_000"][0][0]], "island", "fer_9")


def _kept(day: Day, rounds: Rounds) -> None:
    kept = Kept(0, 24 * 3600, customer="acc_other")
    object.__setattr__(day.workers["cou_000"], "kept", (kept,))


def _at_lunch(day: Day, rounds: Rounds) -> None:
    at = rounds["cou_000"][0][1]
    object.__setattr__(day.workers["cou_000"], "breaks", ((at, at + 60),))


@pytest.mark.row("F7")
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_twice, "is done by"),
        (_early, "outside its window"),
        (_to_the_end, "outside its window"),
        (_at_once, "cannot be at"),
        (_unskilled, "cannot do"),
        (_elsewhere, "does not serve the area"),
        (_small, "carries"),
        (_asleep, "outside the shift"),
        (_no_break, "no break"),
        (_held, "is cou_001's"),
        (_frozen, "is under way"),
        (_at_sea, "no boat"),
        (_kept, "kept for another"),
        (_at_lunch, "in the break"),
    ],
)
def test_a_plan_that_is_spoilt_is_found_out(spoil: Spoil, said: str):
    papers = city.made_up(5, 40, 4)
    problem = problem_of(papers, city.POLICY, city.WEIGHTS, StraightLines())
    rounds = city.rounds_of(problem, solve(problem, 1, Budget(60, 50)))
    day = city.plain(papers)
    assert faults(day, rounds) == []

    spoil(day, rounds)

    assert any(said in fault for fault in faults(day, rounds)), faults(day, rounds)
