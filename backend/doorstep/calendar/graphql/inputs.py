"""What is asked of the calendar, in shape."""

from datetime import date, datetime

import strawberry

from doorstep.calendar import model
from doorstep.kit.gql import asking, given, invalid, parsed, worded
from doorstep.kit.once import Keyed

_MOST_WORDS = 200


@asking("Say what a day is, whatever else is written of it.")
class SetCalendarDayInput(Keyed):
    day: date = given("Which local day.")
    is_workday: bool = given("Whether people work on it.")
    in_lieu: bool = given("Whether it is moved by 调休.", default=False)
    name: str | None = given("What is kept on it.", default=None)
    citation: str = given("Where it is written: the notice and its number.")
    expected_version: int = given("The day's `version` as it was read; 0: nothing was said.")

    def parsed(self) -> model.DayAsked:
        return parsed(
            model.DayAsked,
            is_workday=self.is_workday,
            in_lieu=self.in_lieu,
            name=self.name,
            citation=self.citation,
        )


@asking("Take back what the bureau said of a day.")
class ClearCalendarDayInput(Keyed):
    day: date = given("Which local day.")
    expected_version: int = given("The day's `version` as it was read.")


@asking("Close a unit, and all below it, for a day.")
class CloseUnitInput(Keyed):
    unit_id: strawberry.ID = given("Which unit.")
    day: date = given("On which local day; not before today.")
    reason: str = given("Why; customers read it.")

    def because(self) -> str:
        return worded(self.reason, _MOST_WORDS, "reason")


@asking("Take a closure back.")
class ReopenUnitInput(Keyed):
    id: strawberry.ID = given("Which closure.")
    expected_version: int = given("The version it was read at.")


@asking("Block the way to a unit's doors, or to some of its areas, for a span.")
class AddBlockInput(Keyed):
    unit_id: strawberry.ID = given("Which unit; all below it are blocked too.")
    area_ids: list[strawberry.ID] = given(
        "Only these areas of it; empty: all that it serves.", default=[]
    )
    start: datetime = given("From when.")
    end: datetime = given("Until when.")
    kind: model.BlockKind = given("What is in the way.")
    reason: str = given("Why; customers read it.")

    def parsed(self) -> model.BlockAsked:
        if self.end <= self.start:
            raise invalid("end", zh="结束时间须晚于开始时间。", en="It ends after it starts.")
        return parsed(
            model.BlockAsked,
            area_ids=tuple(dict.fromkeys(self.area_ids)),
            start=self.start,
            end=self.end,
            kind=self.kind,
            reason=self.reason.strip(),
        )


@asking("Lift a block.")
class LiftBlockInput(Keyed):
    id: strawberry.ID = given("Which block.")
    expected_version: int = given("The version it was read at.")


@asking("An extra boat, or one that was cancelled and goes after all.")
class AddSailingInput(Keyed):
    route_id: strawberry.ID = given("On which route.")
    departs_at: datetime = given("When it leaves the mainland.")
    returns_at: datetime = given("When it leaves the island again.")


@asking("Say that a boat does not go.")
class CancelSailingInput(Keyed):
    id: strawberry.ID = given("Which sailing.")
    expected_version: int = given("The version it was read at.")
    reason: str = given("Why; customers read it.")

    def because(self) -> str:
        return worded(self.reason, _MOST_WORDS, "reason")
