"""What a visit takes, item by item, so that anybody can see why a slot does not fit."""

from datetime import date
from typing import Annotated, Self

import strawberry

from doorstep.accounts.model import CUSTOMER, STAFF
from doorstep.accounts.permissions import query
from doorstep.appointments import model
from doorstep.appointments.actions import Reckoning
from doorstep.appointments.graphql.inputs import AccessNotesInput, AppointmentLineInput, lines_in
from doorstep.appointments.graphql.queries import address_for, appointments_of
from doorstep.catalogue.model import COST_WORDS, Cost, ServiceKind
from doorstep.catalogue.model import CostPart as Part
from doorstep.kit.gql import Info, argument, invalid, not_found, public, shown
from doorstep.kit.refusals import Locale
from doorstep.kit.windows import local_day

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 1, 1)


@public("One item of what a visit takes.")
class CostPart:
    cost: Cost = shown("What the time goes into.")
    words: str = shown("The same, fit to show.")
    service: ServiceKind | None = shown("For which line's service; null: for the visit.")
    seconds: int = shown("Of each person who comes.")

    @classmethod
    def of(cls, part: Part, locale: Locale) -> Self:
        return cls(
            cost=part.cost,
            words=COST_WORDS[part.cost].spoken(locale),
            service=part.service,
            seconds=part.seconds,
        )


@public("What one visit takes of a slot, the room around it included.")
class VisitCost:
    parts: list[CostPart] = shown("Item by item.")
    people: int = shown("How many have to come.")
    buffer_minutes: int = shown("Kept free around the visit, for each person.")
    minutes: int = shown("Of all people together, each one's rounded up, with what is kept free.")
    grams: int = shown("What is carried.")
    litres: int = shown("How much room that takes.")

    @classmethod
    def of(cls, reckoning: Reckoning, locale: Locale) -> Self:
        cost, load = reckoning.cost, reckoning.takes.load
        return cls(
            parts=[CostPart.of(part, locale) for part in cost.parts],
            people=cost.people,
            buffer_minutes=(load.minutes - cost.minutes) // cost.people,
            minutes=load.minutes,
            grams=load.grams,
            litres=load.litres,
        )


@strawberry.type
class CostQuery:
    @query(
        "What a visit takes: minutes, people, grams and litres, item by item. `slots` compares "
        "just that with what a slot has left.",
        to=CUSTOMER | STAFF,
    )
    async def visit_cost(
        self,
        info: Info,
        lines: Annotated[list[AppointmentLineInput], argument("The errands.")],
        access: Annotated[AccessNotesInput | None, argument("How to get in, if known.")] = None,
        address_id: Annotated[
            strawberry.ID | None, argument("Where to: its area may keep room around visits.")
        ] = None,
        on: Annotated[date | None, argument("On which local day; null: today.")] = None,
    ) -> VisitCost:
        rooms = appointments_of(info)
        errands = lines_in(lines, rooms.policy.most_lines)
        notes = access.parsed("access") if access else model.AccessNotes()
        day = on or local_day(rooms.clock.now())
        if not _FIRST_DAY <= day <= _LAST_DAY:
            raise invalid("on", zh="日期超出范围。", en="Not a day we reckon with.")
        address = await address_for(address_id, info) if address_id else None
        if address_id and address is None:
            raise not_found(info.context.locale)
        return VisitCost.of(await rooms.reckoned(errands, notes, address, day), info.context.locale)
