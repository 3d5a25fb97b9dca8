"""Days, closures, blocks and boats as the outside world sees them.

Masking  what a day is and what shuts it is nobody's secret; who said so, and the contract with a
         ferry's operator, is for staff
"""

from datetime import date, datetime
from typing import Self

import strawberry

from doorstep.calendar import model
from doorstep.calendar.actions import SeenDay
from doorstep.kit.gql import Node, Refused, TimeWindow, explain, public, shown
from doorstep.kit.refusals import Locale
from doorstep.organisation.graphql import OrgUnit
from doorstep.organisation.model import Tree

explain(
    model.CalendarSource,
    "Who says what a day is; the first of them that speaks of it holds.",
    {
        model.CalendarSource.BUREAU: "本局: the bureau's own table.",
        model.CalendarSource.STATE_COUNCIL: "国务院: the State Council's holidays and 调休.",
        model.CalendarSource.WEEKDAY_RULE: "Monday to Friday: nothing is published for the year.",
    },
)
explain(
    model.BlockKind,
    "What is in the way.",
    {
        model.BlockKind.TYPHOON: "台风: a typhoon.",
        model.BlockKind.FLOOD: "洪水: high water.",
        model.BlockKind.SNOW: "大雪: snow or ice.",
        model.BlockKind.ROADWORKS: "施工: roadworks.",
        model.BlockKind.EPIDEMIC: "疫情: an epidemic.",
        model.BlockKind.EVENT: "活动: an event that closes the streets.",
        model.BlockKind.OTHER: "其他: something else; the reason says what.",
    },
)
explain(model.CalendarRefusal, "Why a change of the calendar is refused.", model.CALENDAR_WORDS)


@public("What one layer of the calendar says of a day.")
class CalendarLayer:
    is_workday: bool = shown("Whether people work on it.")
    in_lieu: bool = shown("Moved by 调休: worked, or off, in exchange for another day.")
    name: str | None = shown("What is kept on it, if anything is.")
    source: model.CalendarSource = shown("Who says so.")
    provisional: bool = shown("Whether nothing has been published for that year yet.")
    citation: str = shown("Where it is written.")

    @classmethod
    def of(cls, said: model.CalendarDay) -> Self:
        return cls(
            is_workday=said.is_workday,
            in_lieu=said.in_lieu,
            name=said.name,
            source=said.source,
            provisional=said.provisional,
            citation=said.citation,
        )


@public("A day on which a unit, and all below it, does not come.")
class Closure(Node):
    day: date = shown("The local day.")
    unit: OrgUnit | None = shown("Which unit; null: all of the bureau.")
    reason: str = shown("Why.")
    reopened_at: datetime | None = shown("When it was taken back, if it was.")
    created_by: strawberry.ID | None = shown("Staff only: whose word it is.")
    version: int = shown("Counts its changes.")

    @classmethod
    def of(cls, closure: model.Closure, tree: Tree, *, staff: bool) -> Self:
        return cls(
            id=strawberry.ID(closure.id),
            day=closure.day,
            unit=_unit_at(closure.path, tree),
            reason=closure.reason,
            reopened_at=closure.reopened_at,
            created_by=_by(closure.created_by, staff),
            version=closure.version,
        )


@public("A span in which nobody comes to a unit's doors, or to those of some of its areas.")
class Block(Node):
    unit: OrgUnit | None = shown("Which unit; null: all of the bureau.")
    area_ids: list[strawberry.ID] = shown("Only these areas of it; empty: all that it serves.")
    window: TimeWindow = shown("From when to when.")
    kind: model.BlockKind = shown("What is in the way.")
    reason: str = shown("Why, in words.")
    lifted_at: datetime | None = shown("When it was lifted, if it was.")
    created_by: strawberry.ID | None = shown("Staff only: whose word it is.")
    version: int = shown("Counts its changes.")

    @classmethod
    def of(cls, block: model.Block, tree: Tree, *, staff: bool) -> Self:
        return cls(
            id=strawberry.ID(block.id),
            unit=_unit_at(block.path, tree),
            area_ids=[strawberry.ID(id) for id in block.area_ids],
            window=TimeWindow.of(block.window),
            kind=block.kind,
            reason=block.reason,
            lifted_at=block.lifted_at,
            created_by=_by(block.created_by, staff),
            version=block.version,
        )


@public("A day: what it is, by whose word, and what lies on it for a unit.")
class CalendarDay:
    day: date = shown("The local day.")
    is_workday: bool = shown("Whether people work on it.")
    in_lieu: bool = shown("Moved by 调休: worked, or off, in exchange for another day.")
    name: str | None = shown("What is kept on it, if anything is.")
    source: model.CalendarSource = shown("Who says so.")
    provisional: bool = shown("Whether nothing has been published for that year yet.")
    citation: str = shown("Where it is written.")
    version: int = shown("Counts the bureau's changes of this day; 0: it has said nothing.")
    layers: list[CalendarLayer] = shown("Whatever speaks of the day; the first is what holds.")
    closures: list[Closure] = shown("Why the branch asked about stays at home, if it does.")
    blocks: list[Block] = shown("What is in the branch's way in some part of the day.")

    @classmethod
    def of(cls, seen: SeenDay, tree: Tree, *, staff: bool) -> Self:
        said = seen.layers[0]
        return cls(
            day=said.day,
            is_workday=said.is_workday,
            in_lieu=said.in_lieu,
            name=said.name,
            source=said.source,
            provisional=said.provisional,
            citation=said.citation,
            version=seen.version,
            layers=[CalendarLayer.of(layer) for layer in seen.layers],
            closures=[Closure.of(each, tree, staff=staff) for each in seen.closures],
            blocks=[Block.of(each, tree, staff=staff) for each in seen.blocks],
        )


@public("A sea route that carries couriers to an island: 委办海运邮路.")
class FerryRoute(Node):
    name: str = shown("What it is called.")
    mainland: str = shown("Where it leaves from.")
    island: str = shown("Where it goes.")
    unit: OrgUnit | None = shown("The unit that looks after it.")
    operator: str | None = shown("Who sails it.")
    contract_ref: str | None = shown("Staff only: the contract with whoever sails it.")
    crossing_minutes: int = shown("How long a crossing takes.")

    @classmethod
    def of(cls, route: model.FerryRoute, tree: Tree, *, staff: bool) -> Self:
        return cls(
            id=strawberry.ID(route.id),
            name=route.name,
            mainland=route.mainland,
            island=route.island,
            unit=_unit_at(route.path, tree),
            operator=route.operator,
            contract_ref=route.contract_ref if staff else None,
            crossing_minutes=route.crossing_minutes,
        )


@public("One boat there and back.")
class Sailing(Node):
    route_id: strawberry.ID = shown("Of which route.")
    day: date = shown("The local day on which it leaves the mainland.")
    departs_at: datetime = shown("When it leaves the mainland.")
    arrives_at: datetime = shown("When it is at the island.")
    returns_at: datetime = shown("When it leaves the island again.")
    extra: bool = shown("Whether it goes besides the timetable.")
    cancelled_at: datetime | None = shown("When it was cancelled, if it was.")
    cancel_reason: str | None = shown("Why.")
    version: int = shown("Counts its changes.")

    @classmethod
    def of(cls, sailing: model.Sailing) -> Self:
        return cls(
            id=strawberry.ID(sailing.id),
            route_id=strawberry.ID(sailing.route_id),
            day=sailing.day,
            departs_at=sailing.departs_at,
            arrives_at=sailing.arrives_at,
            returns_at=sailing.returns_at,
            extra=sailing.pattern_id is None,
            cancelled_at=sailing.cancelled_at,
            cancel_reason=sailing.cancel_reason,
            version=sailing.version,
        )


def _unit_at(path: str, tree: Tree) -> OrgUnit | None:
    """The unit whose path it is: ids stand between slashes, the unit's own last."""
    unit = tree.units.get(path.rstrip("/").rpartition("/")[2])
    return OrgUnit.of(unit, tree) if unit else None


def _by(id: str | None, staff: bool) -> strawberry.ID | None:
    return strawberry.ID(id) if id and staff else None


# ------------------------------------------------------------ refusals


@public("A change of a day was refused.")
class CalendarDayRefused(Refused):
    code: model.CalendarRefusal = shown("Why.")
    current: CalendarDay | None = shown("How the day stands, when it has changed meanwhile.")


@public("Closing or reopening a unit was refused.")
class ClosureRefused(Refused):
    code: model.CalendarRefusal = shown("Why.")
    current: Closure | None = shown("How the closure stands, if there is one.")

    @classmethod
    def of(cls, refused: model.CalendarRefused, tree: Tree, locale: Locale) -> Self:
        closure = refused.current
        current = closure if isinstance(closure, model.Closure) else None
        return cls(
            message=model.CALENDAR_WORDS[refused.code].spoken(locale),
            path=list(refused.path) or None,
            code=refused.code,
            current=Closure.of(current, tree, staff=True) if current else None,
        )


@public("A block was refused, or not lifted.")
class BlockRefused(Refused):
    code: model.CalendarRefusal = shown("Why.")
    current: Block | None = shown("How the block stands, if there is one.")

    @classmethod
    def of(cls, refused: model.CalendarRefused, tree: Tree, locale: Locale) -> Self:
        current = refused.current if isinstance(refused.current, model.Block) else None
        return cls(
            message=model.CALENDAR_WORDS[refused.code].spoken(locale),
            path=list(refused.path) or None,
            code=refused.code,
            current=Block.of(current, tree, staff=True) if current else None,
        )


@public("A sailing was refused, or not cancelled.")
class SailingRefused(Refused):
    code: model.CalendarRefusal = shown("Why.")
    current: Sailing | None = shown("How the sailing stands, if there is one.")

    @classmethod
    def of(cls, refused: model.CalendarRefused, locale: Locale) -> Self:
        current = refused.current if isinstance(refused.current, model.Sailing) else None
        return cls(
            message=model.CALENDAR_WORDS[refused.code].spoken(locale),
            path=list(refused.path) or None,
            code=refused.code,
            current=Sailing.of(current) if current else None,
        )
