"""What a visit costs: minutes of people, grams and litres carried. Pure.

The numbers are rows of the rule table, `cost.visit.*` for the visit as a whole and `cost.KIND.*`
for each line; docs/capacity.md explains them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from doorstep.catalogue.model import Cost, CostPart, Errand, ServiceKind, VisitCost, WayIn
from doorstep.rulebook.model import RuleTable

COSTS = "cost."
"""What every key of the cost model begins with."""
DEADLINES = "deadline."
"""What every key of a deadline begins with."""
ALONE, IN_PAIRS = 1, 2
_GROUND_FLOOR = 1


@dataclass(frozen=True)
class CostModel:
    """The rows that hold on one day."""

    table: RuleTable
    on: date

    def of_visit(self, what: str) -> int:
        return self.table.number(f"{COSTS}visit.{what}", self.on)

    def of_kind(self, kind: ServiceKind, what: str) -> int:
        return self.table.number(f"{COSTS}{kind.value}.{what}", self.on)


def cost_of(errands: Sequence[Errand], way_in: WayIn, model: CostModel) -> VisitCost:
    """What one visit for all of the errands takes: the way to the door is gone once."""
    grams = sum(_grams(errand, model) * errand.quantity for errand in errands)
    millilitres = sum(_millilitres(errand, model) * errand.quantity for errand in errands)
    people = IN_PAIRS if any(_needs_two(errand, model) for errand in errands) else ALONE
    return VisitCost(
        parts=(
            CostPart(cost=Cost.TRAVEL, seconds=model.of_visit("travel")),
            CostPart(cost=Cost.WALK, seconds=model.of_visit("walk")),
            *_climb(grams, people, way_in, model),
            *(part for errand in errands for part in _at_the_door(errand, model)),
        ),
        people=people,
        grams=grams,
        litres=-(-millilitres // 1000),
    )


def _at_the_door(errand: Errand, model: CostModel) -> Iterator[CostPart]:
    for cost, what, times in ((Cost.LINE, "line", 1), (Cost.PIECES, "piece", errand.quantity)):
        if seconds := model.of_kind(errand.kind, what) * times:
            yield CostPart(cost=cost, seconds=seconds, service=errand.kind)


def _climb(grams: int, people: int, way_in: WayIn, model: CostModel) -> Iterator[CostPart]:
    """Up and down as often as what is carried asks for. Cellars count like floors."""
    if way_in.floor is None or way_in.floor in (0, _GROUND_FLOOR):
        return
    floors = abs(way_in.floor - _GROUND_FLOOR) if way_in.floor > 0 else -way_in.floor
    trips = max(1, -(-grams // (model.of_visit("carry") * people)))
    lift = way_in.has_lift
    if lift is None:
        lift = way_in.floor >= model.of_visit("lift_from")
    if lift:
        yield CostPart(cost=Cost.LIFT, seconds=trips * model.of_visit("lift"))
    else:
        yield CostPart(cost=Cost.STAIRS, seconds=trips * floors * model.of_visit("floor"))


def _grams(errand: Errand, model: CostModel) -> int:
    return model.of_kind(errand.kind, "weight") if errand.grams is None else errand.grams


def _millilitres(errand: Errand, model: CostModel) -> int:
    if errand.millilitres is None:
        return model.of_kind(errand.kind, "volume")
    return errand.millilitres


def _needs_two(errand: Errand, model: CostModel) -> bool:
    """Whether a piece is more than one person should carry."""
    long = errand.longest_millimetres or 0
    return _grams(errand, model) > model.of_visit("two_weight") or long > model.of_visit("two_side")
