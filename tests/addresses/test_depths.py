"""How far in we come, and whose word that is."""

from datetime import date

import pytest

from doorstep.addresses.model import AddressAsked, DeliveryDepth, Door, ItemClass
from doorstep.addresses.rules import judge_depth
from doorstep.rulebook.model import RuleRow
from doorstep.wiring import House
from tests import given
from tests.given import ADA

DAY = date(2026, 11, 24)
FLAT = {"line": "海滨路3号", "building": "3号楼", "room": "501室"}
VILLAGE = {"line": "柳林镇孙家村12号"}
WORKS = {"line": "海滨路8号滨城机械公司"}
HOUSE = {"line": "海滨路9号"}


@pytest.mark.row("C10")
@pytest.mark.parametrize(
    ("door", "item_class", "legal", "source"),
    [
        pytest.param(FLAT, "RECEIPTED", "HOUSEHOLD", "Art 32", id="signed for, to the flat"),
        pytest.param(FLAT, "ORDINARY", "LETTER_BOX", "no source", id="ordinary, to the letter box"),
        pytest.param(VILLAGE, "RECEIPTED", "HOUSEHOLD", "Art 18", id="signed for, in a village"),
        pytest.param(VILLAGE, "ORDINARY", "VILLAGE_POINT", "Art 13", id="ordinary, in a village"),
        pytest.param(WORKS, "RECEIPTED", "MAIL_ROOM", "no source", id="to the mail room"),
        pytest.param(HOUSE, "ORDINARY", "COURTYARD_GATE", "no source", id="to the gate"),
    ],
)
async def test_the_law_says_how_far_in_and_is_cited(house: House, door, item_class, legal, source):
    address = given.address(ADA).model_copy(update={"door": Door(**door)})

    judged = judge_depth(address, ItemClass(item_class), await house.rulebook.table(), DAY)

    assert judged.legal == legal
    assert source in judged.citation


@pytest.mark.row("C10")
@pytest.mark.parametrize(
    ("wish", "added"),
    [("HOUSEHOLD", True), ("LETTER_BOX", False), ("MAIL_ROOM", False), ("VILLAGE_POINT", False)],
)
async def test_farther_in_than_the_law_asks_is_an_added_service(house: House, wish, added):
    wished = {"delivery_depth": DeliveryDepth(wish), "door": Door(**FLAT)}
    address = given.address(ADA).model_copy(update=wished)

    judged = await house.addresses.depth(address, ItemClass.ORDINARY)

    assert judged.added_service is added


@pytest.mark.row("C10")
async def test_who_does_not_say_how_far_in_gets_what_the_law_gives(house: House):
    where = given.address(ADA).door.location
    works = AddressAsked(door=Door(**WORKS, location=where))
    saved = await house.addresses.save(ADA.account_id, works, given.attempt(house))
    assert saved.delivery_depth is DeliveryDepth.MAIL_ROOM

    row = RuleRow(
        id="rul_ours",
        key="depth.RECEIPTED.INSTITUTION",
        value=1,
        unit="depth",
        valid_from=DAY,
        citation="本局规定",
    )
    await house.rulebook.put([row])
    saved = await house.addresses.save(ADA.account_id, works, given.attempt(house))
    assert saved.delivery_depth is DeliveryDepth.HOUSEHOLD
