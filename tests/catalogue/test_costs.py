"""What a visit costs, reckoned from the house's own rows; the page's examples are true."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from doorstep.catalogue.model import Cost, Errand, ServiceKind, VisitCost, WayIn
from doorstep.catalogue.rules import CostModel, cost_of
from doorstep.rulebook.model import RuleRow, RuleTable, UnknownRule

PAGE = Path("docs/capacity.md")
DAY = date(2026, 11, 24)
PARCEL, BULKY = ServiceKind.PARCEL_PICKUP, ServiceKind.BULKY_PICKUP


def rows() -> Iterator[RuleRow]:
    text = files("doorstep.rulebook").joinpath("costs.csv").read_text("utf-8")
    for line in csv.DictReader(text.splitlines()):
        yield RuleRow.model_validate({name: cell or None for name, cell in line.items()})


ROWS = tuple(rows())
COSTS = CostModel(RuleTable.of(ROWS), DAY)


def cost(*errands: Errand, floor: int | None = None, lift: bool | None = None) -> VisitCost:
    return cost_of(errands, WayIn(floor=floor, has_lift=lift), COSTS)


def seconds(found: VisitCost, *wanted: Cost) -> int:
    return sum(part.seconds for part in found.parts if part.cost in wanted)


def number(key: str) -> int:
    return COSTS.table.number(f"cost.{key}", DAY)


# ------------------------------------------------------------ the page


def table(heading: str) -> list[dict[str, str]]:
    """The first table of the page below a heading, by its columns."""
    _, _, below = PAGE.read_text("utf-8").partition(f"## {heading}\n")
    lines = [line for line in below.partition("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    header, _, *body = cells
    return [dict(zip(header, row, strict=True)) for row in body]


def errand(text: str) -> Errand:
    """ "2 × PARCEL_PICKUP 5000 g 600×400×300 mm" """
    found = re.fullmatch(r"(\d+) × (\w+)(?: (\d+) g)?(?: (\d+)×(\d+)×(\d+) mm)?", text)
    assert found, text
    sides = [int(side) for side in found.groups()[3:] if side]
    return Errand(
        kind=ServiceKind(found[2]),
        quantity=int(found[1]),
        grams=int(found[3]) if found[3] else None,
        longest_millimetres=max(sides, default=None),
        millilitres=sides[0] * sides[1] * sides[2] // 1000 if sides else None,
    )


EXAMPLES = table("Worked examples")


@pytest.mark.row("B2", "B8")
@pytest.mark.parametrize("told", EXAMPLES, ids=lambda told: told["visit"])
def test_the_page_says_what_a_visit_costs(told: dict[str, str]):
    errands = [errand(part) for part in told["visit"].split(" + ")]
    floor = int(told["floor"]) if told["floor"] != "–" else None
    lift = {"yes": True, "no": False, "–": None}[told["lift"]]

    found = cost(*errands, floor=floor, lift=lift)

    figures = (found.people, found.minutes, found.grams, found.litres)
    assert figures == tuple(int(told[name]) for name in ("people", "minutes", "g", "l"))


def test_the_page_names_every_number_of_the_model():
    said = {(row["key"], int(row["value"]), row["unit"]) for row in table("The numbers")}
    visit = {(r.key, r.value, r.unit) for r in ROWS if r.key.startswith("cost.visit.")}
    assert said == visit
    kinds = table("The services")
    assert {row["service"] for row in kinds} == set(ServiceKind)
    for row in kinds:
        for what in ("line", "piece", "weight", "volume"):
            assert int(row[what]) == number(f"{row['service']}.{what}"), (row, what)


# ------------------------------------------------------------ tables


@pytest.mark.parametrize(
    ("floor", "lift", "climbed"),
    [
        pytest.param(None, None, 0, id="nobody said"),
        pytest.param(1, None, 0, id="on the ground floor"),
        pytest.param(0, None, 0, id="on the ground floor, counted from 0"),
        pytest.param(3, False, 2 * number("visit.floor"), id="two floors up"),
        pytest.param(-2, None, 2 * number("visit.floor"), id="two floors down"),
        pytest.param(6, None, 5 * number("visit.floor"), id="the last floor without a lift"),
        pytest.param(7, None, number("visit.lift"), id="so high that there must be a lift"),
        pytest.param(3, True, number("visit.lift"), id="a lift in a low house"),
        pytest.param(20, False, 19 * number("visit.floor"), id="a lift that is out of order"),
    ],
)
def test_stairs_and_lifts(floor: int | None, lift: bool | None, climbed: int):
    found = cost(Errand(kind=PARCEL), floor=floor, lift=lift)

    assert seconds(found, Cost.STAIRS, Cost.LIFT) == climbed


@pytest.mark.parametrize(
    ("errand", "people"),
    [
        pytest.param(Errand(kind=BULKY, grams=number("visit.two_weight")), 1, id="just one's"),
        pytest.param(Errand(kind=BULKY, grams=number("visit.two_weight") + 1), 2, id="too heavy"),
        pytest.param(
            Errand(kind=BULKY, longest_millimetres=number("visit.two_side") + 1), 2, id="too long"
        ),
        pytest.param(Errand(kind=BULKY, quantity=50, grams=1000), 1, id="many light ones"),
    ],
)
def test_what_one_should_not_carry_takes_two(errand: Errand, people: int):
    assert cost(errand).people == people


def test_what_is_carried_up_takes_as_many_trips_as_it_has_to():
    one = seconds(cost(Errand(kind=BULKY, grams=25_000), floor=2, lift=False), Cost.STAIRS)
    two = seconds(cost(Errand(kind=BULKY, grams=25_001), floor=2, lift=False), Cost.STAIRS)

    assert two == 2 * one


def test_a_row_that_supersedes_another_holds_from_its_day():
    later = RuleRow(
        id="rul_later",
        key="cost.visit.walk",
        value=600,
        unit="s",
        valid_from=date(2027, 1, 1),
        citation="measured",
    )
    both = RuleTable.of([*ROWS, later])

    before, after = (
        cost_of([Errand(kind=PARCEL)], WayIn(), CostModel(both, day))
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    )

    assert seconds(after, Cost.WALK) == 600
    assert after.minutes - before.minutes == (600 - number("visit.walk")) // 60


def test_before_the_first_row_there_is_no_cost():
    with pytest.raises(UnknownRule):
        cost_of([Errand(kind=PARCEL)], WayIn(), CostModel(COSTS.table, date(1999, 12, 31)))


# ------------------------------------------------------------ whatever is asked

errands = st.builds(
    Errand,
    kind=st.sampled_from(ServiceKind),
    quantity=st.integers(1, 40),
    grams=st.none() | st.integers(0, 80_000),
    longest_millimetres=st.none() | st.integers(1, 2500),
    millilitres=st.none() | st.integers(0, 200_000),
)
ways = st.builds(
    WayIn, floor=st.none() | st.integers(-3, 33), has_lift=st.sampled_from([None, True, False])
)
visits = st.lists(errands, min_size=1, max_size=4)


def taken(found: VisitCost) -> tuple[int, int, int]:
    return found.minutes, found.grams, found.litres


@drawn(visits, ways, st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_more_pieces_never_cost_less(asked: list[Errand], way: WayIn, more: int):
    first = asked[0].model_copy(update={"quantity": asked[0].quantity + more})

    before, after = cost_of(asked, way, COSTS), cost_of([first, *asked[1:]], way, COSTS)

    assert all(a >= b for a, b in zip(taken(after), taken(before), strict=True))


@drawn(visits, st.integers(1, 30), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_a_higher_floor_on_foot_never_costs_less(asked: list[Errand], floor: int, more: int):
    low, high = (
        cost_of(asked, WayIn(floor=each, has_lift=False), COSTS) for each in (floor, floor + more)
    )

    assert high.minutes >= low.minutes


@drawn(visits, visits, ways)
@settings(max_examples=60, deadline=None)
def test_two_errands_in_one_visit_cost_less_than_two_visits(
    one: list[Errand], other: list[Errand], way: WayIn
):
    """Of each person's time, that is: a light errand beside one for two is done by two."""
    apart = [cost_of(each, way, COSTS) for each in (one, other)]
    together = cost_of([*one, *other], way, COSTS)

    assert seconds(together, Cost.TRAVEL, Cost.WALK) == seconds(apart[0], Cost.TRAVEL, Cost.WALK)
    people = {visit.people for visit in apart}
    if len(people) == 1:
        assert together.minutes < sum(visit.minutes for visit in apart)
    each = [sum(part.seconds for part in visit.parts) for visit in (together, *apart)]
    assert each[0] < each[1] + each[2]
    assert together.grams == sum(visit.grams for visit in apart)
