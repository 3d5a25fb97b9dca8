"""What comes of each change of the calendar."""

from typing import Annotated

import strawberry

from doorstep.calendar.graphql.types import (
    Block,
    BlockRefused,
    CalendarDay,
    CalendarDayRefused,
    Closure,
    ClosureRefused,
    Sailing,
    SailingRefused,
)
from doorstep.kit.gql import InvalidInput, public, shown


@public("The bureau has said what a day is.")
class CalendarDaySet:
    day: CalendarDay = shown("How it stands now.")


@public("The bureau has taken its word on a day back.")
class CalendarDayCleared:
    day: CalendarDay = shown("How it stands now.")


@public("The unit does not come on a day.")
class UnitClosed:
    closure: Closure = shown("When, and why.")


@public("The unit comes on that day after all.")
class UnitReopened:
    closure: Closure = shown("What was taken back.")


@public("Nobody comes there for a while.")
class BlockAdded:
    block: Block = shown("Where, when and why.")


@public("The way is free again.")
class BlockLifted:
    block: Block = shown("What was lifted.")


@public("A boat goes besides the timetable, or one that was cancelled goes after all.")
class SailingAdded:
    sailing: Sailing = shown("Which.")


@public("A boat does not go.")
class SailingCancelled:
    sailing: Sailing = shown("Which.")


SetCalendarDayResult = Annotated[
    CalendarDaySet | CalendarDayRefused | InvalidInput,
    strawberry.union("SetCalendarDayResult", description="What came of setting a day."),
]
ClearCalendarDayResult = Annotated[
    CalendarDayCleared | CalendarDayRefused | InvalidInput,
    strawberry.union("ClearCalendarDayResult", description="What came of clearing a day."),
]
CloseUnitResult = Annotated[
    UnitClosed | ClosureRefused | InvalidInput,
    strawberry.union("CloseUnitResult", description="What came of closing a unit."),
]
ReopenUnitResult = Annotated[
    UnitReopened | ClosureRefused | InvalidInput,
    strawberry.union("ReopenUnitResult", description="What came of reopening a unit."),
]
AddBlockResult = Annotated[
    BlockAdded | BlockRefused | InvalidInput,
    strawberry.union("AddBlockResult", description="What came of blocking the way."),
]
LiftBlockResult = Annotated[
    BlockLifted | BlockRefused | InvalidInput,
    strawberry.union("LiftBlockResult", description="What came of lifting a block."),
]
AddSailingResult = Annotated[
    SailingAdded | SailingRefused | InvalidInput,
    strawberry.union("AddSailingResult", description="What came of adding a sailing."),
]
CancelSailingResult = Annotated[
    SailingCancelled | SailingRefused | InvalidInput,
    strawberry.union("CancelSailingResult", description="What came of cancelling a sailing."),
]
