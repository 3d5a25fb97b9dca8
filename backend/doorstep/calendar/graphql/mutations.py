"""Changing the calendar: the working days by the city bureau, the rest within one's own part."""

from datetime import date
from typing import Annotated, Any, Final

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import mutation
from doorstep.calendar import model
from doorstep.calendar.actions import seen
from doorstep.calendar.graphql import inputs, results
from doorstep.calendar.graphql.queries import calendar_of
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
from doorstep.kit.gql import Info, argument
from doorstep.kit.mongo.transactions import Attempt
from doorstep.kit.once import attempt_of, said_no
from doorstep.organisation.model import OrgLevel, OrgUnit, Tree

_CITY_ONLY: Final = model.CalendarRefused(
    code=model.CalendarRefusal.CITY_BUREAU_ONLY, path=("day",)
)


@strawberry.type
class CalendarMutation:
    @mutation(
        "Say what a day is: a holiday of the bureau's own, a year that has just been published, an "
        "error mended. For the city bureau.",
        to=DISPATCH,
    )
    async def set_calendar_day(
        self, info: Info, input: Annotated[inputs.SetCalendarDayInput, argument("What it is.")]
    ) -> results.SetCalendarDayResult:
        asked = input.parsed()
        if not await _is_city(info):
            return await _day_refused(_CITY_ONLY, input.day, info)
        outcome = await calendar_of(info).set_day(
            input.day,
            asked,
            _attempt(info, input, "setCalendarDay"),
            expected_version=input.expected_version,
            by=info.context.caller.id,
        )
        if isinstance(outcome, model.CalendarRefused):
            return await _day_refused(outcome, input.day, info)
        return results.CalendarDaySet(day=await _day(input.day, outcome, info))

    @mutation(
        "Take back what the bureau said of a day: what lies below holds again. For the city "
        "bureau.",
        to=DISPATCH,
    )
    async def clear_calendar_day(
        self, info: Info, input: Annotated[inputs.ClearCalendarDayInput, argument("Which day.")]
    ) -> results.ClearCalendarDayResult:
        if not await _is_city(info):
            return await _day_refused(_CITY_ONLY, input.day, info)
        outcome = await calendar_of(info).clear_day(
            input.day,
            _attempt(info, input, "clearCalendarDay"),
            expected_version=input.expected_version,
        )
        if isinstance(outcome, model.CalendarRefused):
            return await _day_refused(outcome, input.day, info)
        return results.CalendarDayCleared(day=await _day(input.day, outcome, info))

    @mutation("A unit, and all below it, does not come on a day.", to=DISPATCH)
    async def close_unit(
        self, info: Info, input: Annotated[inputs.CloseUnitInput, argument("Which, when, why.")]
    ) -> results.CloseUnitResult:
        reason, attempt = input.because(), _attempt(info, input, "closeUnit")
        unit = await _unit(input.unit_id, info)
        outcome = await calendar_of(info).close(
            unit, input.day, reason, attempt, by=info.context.caller.id
        )
        tree = await _tree(info)
        if isinstance(outcome, model.CalendarRefused):
            return ClosureRefused.of(outcome, tree, info.context.locale)
        return results.UnitClosed(closure=Closure.of(outcome, tree, staff=True))

    @mutation("A unit comes after all on a day on which it was closed.", to=DISPATCH)
    async def reopen_unit(
        self, info: Info, input: Annotated[inputs.ReopenUnitInput, argument("Which closure.")]
    ) -> results.ReopenUnitResult:
        outcome = await calendar_of(info).reopen(
            input.id,
            _attempt(info, input, "reopenUnit"),
            expected_version=input.expected_version,
            may=info.context.caller.paths(DISPATCH),
        )
        tree = await _tree(info)
        if isinstance(outcome, model.CalendarRefused):
            return ClosureRefused.of(outcome, tree, info.context.locale)
        return results.UnitReopened(closure=Closure.of(outcome, tree, staff=True))

    @mutation("Nobody comes to a unit's doors, or some of its areas, for a span.", to=DISPATCH)
    async def add_block(
        self, info: Info, input: Annotated[inputs.AddBlockInput, argument("Where, when, why.")]
    ) -> results.AddBlockResult:
        asked, attempt = input.parsed(), _attempt(info, input, "addBlock")
        unit = await _unit(input.unit_id, info)
        outcome = await calendar_of(info).add_block(unit, asked, attempt, by=info.context.caller.id)
        tree = await _tree(info)
        if isinstance(outcome, model.CalendarRefused):
            return BlockRefused.of(outcome, tree, info.context.locale)
        return results.BlockAdded(block=Block.of(outcome, tree, staff=True))

    @mutation("The way is free again, before its time.", to=DISPATCH)
    async def lift_block(
        self, info: Info, input: Annotated[inputs.LiftBlockInput, argument("Which block.")]
    ) -> results.LiftBlockResult:
        outcome = await calendar_of(info).lift_block(
            input.id,
            _attempt(info, input, "liftBlock"),
            expected_version=input.expected_version,
            may=info.context.caller.paths(DISPATCH),
        )
        tree = await _tree(info)
        if isinstance(outcome, model.CalendarRefused):
            return BlockRefused.of(outcome, tree, info.context.locale)
        return results.BlockLifted(block=Block.of(outcome, tree, staff=True))

    @mutation("An extra boat; or one that was cancelled goes after all.", to=DISPATCH)
    async def add_sailing(
        self, info: Info, input: Annotated[inputs.AddSailingInput, argument("Which boat.")]
    ) -> results.AddSailingResult:
        outcome = await calendar_of(info).add_sailing(
            input.route_id,
            input.departs_at,
            input.returns_at,
            _attempt(info, input, "addSailing"),
            may=info.context.caller.paths(DISPATCH),
        )
        if isinstance(outcome, model.CalendarRefused):
            return SailingRefused.of(outcome, info.context.locale)
        return results.SailingAdded(sailing=Sailing.of(outcome))

    @mutation("A boat does not go.", to=DISPATCH)
    async def cancel_sailing(
        self, info: Info, input: Annotated[inputs.CancelSailingInput, argument("Which, and why.")]
    ) -> results.CancelSailingResult:
        outcome = await calendar_of(info).cancel_sailing(
            input.id,
            input.because(),
            _attempt(info, input, "cancelSailing"),
            expected_version=input.expected_version,
            may=info.context.caller.paths(DISPATCH),
        )
        if isinstance(outcome, model.CalendarRefused):
            return SailingRefused.of(outcome, info.context.locale)
        return results.SailingCancelled(sailing=Sailing.of(outcome))


# ------------------------------------------------------------ who may


def _attempt(info: Info, input: Any, field: str) -> Attempt:
    return attempt_of(info, input, field, calendar_of(info).clock.now())


async def _tree(info: Info) -> Tree:
    tree: Tree = await info.context.house.organisation.tree()
    return tree


async def _unit(id: str, info: Info) -> OrgUnit | None:
    """The unit, if it is the caller's. Someone else's is like none."""
    unit = (await _tree(info)).units.get(id)
    return unit if unit and info.context.caller.may(DISPATCH, unit.path) else None


async def _is_city(info: Info) -> bool:
    """Whether the caller has a say in all of the bureau."""
    units = (await _tree(info)).units.values()
    cities = [unit.path for unit in units if unit.level is OrgLevel.CITY_BUREAU]
    caller = info.context.caller
    return bool(cities) and all(caller.may(DISPATCH, path) for path in cities)


# ------------------------------------------------------------ how a day stands


async def _day(day: date, row: model.BureauDay | None, info: Info) -> CalendarDay:
    return CalendarDay.of(seen(day, row), await _tree(info), staff=True)


async def _day_refused(refused: model.CalendarRefused, day: date, info: Info) -> CalendarDayRefused:
    row = refused.current if isinstance(refused.current, model.BureauDay) else None
    stands = refused.code in (
        model.CalendarRefusal.STALE_VERSION,
        model.CalendarRefusal.NOTHING_TO_CLEAR,
    )
    return CalendarDayRefused(
        **said_no(refused, model.CALENDAR_WORDS, info),
        current=await _day(day, row, info) if stands else None,
    )
