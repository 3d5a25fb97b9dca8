"""How far in the law has us bring an item. Pure."""

from datetime import date
from typing import Final

from doorstep.addresses.model import (
    DEPTHS,
    Address,
    DeliveryDepth,
    DepthJudged,
    DoorKind,
    ItemClass,
)
from doorstep.rulebook.model import RuleTable

_INSTITUTIONS: Final = (
    *("公司", "单位", "学校", "学院", "医院"),
    *("大厦", "机关", "政府", "厂", "部队"),
)
"""Words that lines of institutions hold; the bureau's own list, since no register was to be had."""


def kind_of_door(address: Address) -> DoorKind:
    """What kind of door it is, from what is written of it."""
    door = address.door
    if door.room or door.unit:
        return DoorKind.FLAT
    if address.delivery_depth is DeliveryDepth.VILLAGE_POINT or "村" in door.line:
        return DoorKind.VILLAGE
    if address.delivery_depth is DeliveryDepth.MAIL_ROOM:
        return DoorKind.INSTITUTION
    if any(word in door.line for word in _INSTITUTIONS):
        return DoorKind.INSTITUTION
    return DoorKind.HOUSE


def judge_depth(address: Address, item_class: ItemClass, table: RuleTable, on: date) -> DepthJudged:
    """How far in the law has us bring an item of that class, and whether the wish goes farther.

    Raises UnknownRule: the table does not speak of that day.
    """
    row = table.row(f"depth.{item_class.value}.{kind_of_door(address).value}", on)
    legal = DEPTHS[row.value - 1]
    return DepthJudged(
        legal=legal,
        added_service=DEPTHS.index(address.delivery_depth) < DEPTHS.index(legal),
        citation=row.citation,
    )
