"""The bureau's tree as the outside world sees it."""

from typing import Optional, Self

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import query
from doorstep.kit.gql import Info, Node, explain, public, shown
from doorstep.organisation import model

explain(
    model.OrgLevel,
    "The four levels of the bureau.",
    {
        model.OrgLevel.CITY_BUREAU: "市局: the city bureau.",
        model.OrgLevel.COUNTY_BUREAU: "县局: a county's bureau.",
        model.OrgLevel.BRANCH_OFFICE: "支局: a branch office; every township has one.",
        model.OrgLevel.VILLAGE_AGENT: "村级代办点: an agent in a village.",
    },
)
explain(
    model.OutletKind,
    "What kind of counter a unit has.",
    {
        model.OutletKind.BRANCH: "局所: an ordinary branch.",
        model.OutletKind.COMMUNITY_STATION: "社区服务站: a station in a community.",
        model.OutletKind.CAMPUS_OFFICE: "校园局所: an office on a campus.",
        model.OutletKind.MOBILE_VAN: "流动邮车: a van with stops and hours.",
        model.OutletKind.TEMPORARY_OFFICE: "临时邮局: opened for an occasion.",
        model.OutletKind.PICKUP_DELIVERY_STATION: "揽投部: where couriers start from.",
        model.OutletKind.VILLAGE_POINT: "村级邮政服务点: a point in a village.",
    },
)


@public("One place of the bureau.")
class OrgUnit(Node):
    name: str = shown("What it is called.")
    level: model.OrgLevel = shown("Its level in the bureau.")
    kind: model.OutletKind | None = shown("What counter it has, if it has one.")
    parent: Optional["OrgUnit"] = shown("The unit it belongs to; null for the city bureau.")

    @classmethod
    def of(cls, unit: model.OrgUnit, tree: model.Tree) -> Self:
        parent = tree.parent(unit)
        return cls(
            id=strawberry.ID(unit.id),
            name=unit.name,
            level=unit.level,
            kind=unit.kind,
            parent=OrgUnit.of(parent, tree) if parent else None,
        )


@strawberry.type
class OrganisationQuery:
    @query("The branch offices whose day is the caller's to see, by name.", to=DISPATCH)
    async def my_branches(self, info: Info) -> list[OrgUnit]:
        tree, caller = await info.context.house.organisation.tree(), info.context.caller
        return [
            OrgUnit.of(unit, tree) for unit in tree.branches() if caller.may(DISPATCH, unit.path)
        ]
