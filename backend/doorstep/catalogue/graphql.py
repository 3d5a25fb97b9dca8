"""The catalogue's words, and what a visit costs, as the outside world sees them."""

from datetime import date
from typing import Annotated, Self

import strawberry

from doorstep.accounts.model import STAFF
from doorstep.accounts.permissions import query
from doorstep.catalogue import model
from doorstep.catalogue.actions import Catalogue
from doorstep.kit.gql import Info, argument, explain, public, shown
from doorstep.kit.windows import local_day
from doorstep.rulebook.model import RuleRow

explain(
    model.ServiceKind,
    "What the bureau does at a door.",
    {
        model.ServiceKind.PARCEL_PICKUP: "普通包裹上门揽收: a parcel is collected.",
        model.ServiceKind.BULKY_PICKUP: "大件上门揽收: a bulky print run is collected.",
        model.ServiceKind.PARCEL_DELIVERY: "包裹上门投递: a parcel is delivered.",
        model.ServiceKind.BULKY_DELIVERY: "大件印刷品上门投递: bulky printed matter is carried up.",
        model.ServiceKind.ID_CARD_DELIVERY: "二代身份证寄递: an ID card is handed over.",
        model.ServiceKind.LEGAL_DOCUMENT_DELIVERY: "法律文书专递: a court document is served.",
        model.ServiceKind.SUBSCRIPTION_VISIT: "报刊上门收订: a subscription is taken.",
        model.ServiceKind.KEY_ACCOUNT_COLLECTION: "大客户上门揽收: a large client's collection.",
        model.ServiceKind.COMPLAINT_VISIT: "登门造访: a complaint is answered at the door.",
        model.ServiceKind.FARM_SUPPLY_DELIVERY: "农资送上门: farm supplies are delivered.",
    },
)
explain(
    model.Channel,
    "How a request reached us.",
    {
        model.Channel.APP: "The customer's own app.",
        model.Channel.WEB: "The bureau's website.",
        model.Channel.HOTLINE_11185: "The post's hotline, 11185.",
        model.Channel.GOVERNMENT_HOTLINE: "市政府行风热线: the city government's hotline.",
        model.Channel.COUNTER: "A branch's counter.",
        model.Channel.COMMUNITY_STATION: "社区服务站: a community station.",
        model.Channel.MOBILE_VAN: "流动邮车: the mobile post van.",
        model.Channel.VILLAGE_POINT: "村级邮政服务点: a village's point.",
        model.Channel.KEY_ACCOUNT: "大客户: a large client's own system.",
    },
)
explain(
    model.LineOutcome,
    "What came of one line at the door.",
    {
        model.LineOutcome.COLLECTED: "揽收成功: it was collected.",
        model.LineOutcome.DELIVERED: "妥投: it was delivered.",
        model.LineOutcome.TAKEN: "已受理: the order, or the matter, was taken.",
        model.LineOutcome.REFUSED: "拒收: refused at the door.",
        model.LineOutcome.NOT_READY: "未备妥: the goods were not ready.",
        model.LineOutcome.NOT_HOME: "无人: nobody was at home.",
        model.LineOutcome.WRONG_ADDRESS: "地址有误: there is no such door.",
        model.LineOutcome.CANNOT_ENTER: "无法进入: the gate or the guard said no.",
        model.LineOutcome.UNREACHABLE: "联系不上: nobody answered the phone.",
        model.LineOutcome.MOVED: "已搬迁: they have moved.",
        model.LineOutcome.NOT_ACCEPTABLE: "不符合收寄规定: what was offered may not be sent.",
        model.LineOutcome.WEATHER: "天气原因: the weather.",
        model.LineOutcome.TRAFFIC: "交通原因: the traffic.",
        model.LineOutcome.CUSTOMER_CANCELLED: "用户取消: the customer changed their mind.",
    },
)
explain(model.Cost, "What time at a door goes into.", model.COST_WORDS)


@public("One number of the cost model: from when to when it holds, and who says so.")
class CostRow:
    key: str = shown("cost.visit.…: of the visit as a whole; cost.KIND.…: of a line of that kind.")
    value: int = shown("A whole number of `unit`.")
    unit: str = shown("s, g, ml, mm or count.")
    valid_from: date = shown("The first day it holds.")
    valid_to: date | None = shown("The last day it holds; null: until further notice.")
    citation: str = shown("Whose word it is.")

    @classmethod
    def of(cls, row: RuleRow) -> Self:
        return cls(
            key=row.key,
            value=row.value,
            unit=row.unit,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            citation=row.citation,
        )


@strawberry.type
class CatalogueQuery:
    @query("The numbers that a visit's minutes, weight and volume are reckoned from.", to=STAFF)
    async def cost_model(
        self,
        info: Info,
        on: Annotated[date | None, argument("On which local day; null: today.")] = None,
    ) -> list[CostRow]:
        house = info.context.house
        catalogue: Catalogue = house.catalogue
        day = on or local_day(house.capacity.clock.now())
        return [CostRow.of(row) for row in await catalogue.cost_rows(day)]
