"""The vacancy report: where nobody will come, before anybody waits there."""

from datetime import date
from typing import Annotated

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import query
from doorstep.addresses.graphql import ServiceArea
from doorstep.capacity.graphql.published import capacity_of
from doorstep.capacity.rules import Vacancy as Found
from doorstep.capacity.rules import VacancyKind
from doorstep.couriers.graphql import DedicatedAssignment, days_of, dedications_shown, reach
from doorstep.kit.gql import Info, TimeWindow, argument, explain, public, shown

explain(
    VacancyKind,
    "What has nobody.",
    {
        VacancyKind.DEDICATION: "What a courier is kept for: they and all substitutes are away.",
        VacancyKind.AREA: "An area that has slots: nobody who serves it works.",
    },
)


@public("A span in which nobody will come.")
class Vacancy:
    kind: VacancyKind = shown("What has nobody.")
    day: date = shown("The local day.")
    window: TimeWindow = shown("From when to when.")
    area: ServiceArea | None = shown("Which area; null where a customer has nobody.")
    dedication: DedicatedAssignment | None = shown("Who should have come, and what for.")


@strawberry.type
class VacancyQuery:
    @query(
        "Where nobody of a branch will come: beats, areas and customers whose courier and "
        "substitutes are all away, and areas with slots and nobody on shift. A branch that is not "
        "yours has none.",
        to=DISPATCH,
    )
    async def vacancies(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        first: Annotated[date, argument("From which local day.", name="from")],
        days: Annotated[int, argument("How many days.")] = 7,
    ) -> list[Vacancy]:
        days_of(first, days)
        if not (await reach(info))(branch_id):
            return []
        return await _shown(await capacity_of(info).vacancies(branch_id, first, days), info)


async def _shown(found: list[Found], info: Info) -> list[Vacancy]:
    kept = {each.dedication.id: each.dedication for each in found if each.dedication}
    dedications = {str(d.id): d for d in await dedications_shown(list(kept.values()), info)}
    house = info.context.house
    tree, areas = await house.organisation.tree(), (await house.addresses.city.areas()).areas
    shown = {area.id: ServiceArea.of(area, tree) for area in areas}
    return [
        Vacancy(
            kind=each.kind,
            day=each.day,
            window=TimeWindow.of(each.window),
            area=shown.get(each.area_id or ""),
            dedication=dedications[each.dedication.id] if each.dedication else None,
        )
        for each in found
    ]
