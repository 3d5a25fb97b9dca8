"""Which beat a door is on, and by which rule."""

from datetime import timedelta
from typing import Any, Final

import pytest

from doorstep.addresses.model import (
    Beat,
    BeatCorrection,
    BeatRule,
    BeatSeen,
    Door,
    Place,
)
from doorstep.addresses.rules import match_beat, place_of
from doorstep.kit.geo import Point
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.given import ADA, BRANCH, DAN, GU, OTTO
from tests.journeys.conftest import Sign, address, app
from tests.journeys.test_sent_twice import Case, sent_again_and_again

__all__ = ["address", "app"]
pytestmark = pytest.mark.row("C3")
HERE = Point(longitude=122.03, latitude=37.44)
GARDEN = Place(id="plc_1", name="海滨小区", division_code="371002", location=HERE)


def beat(id: str, **changed: Any) -> Beat:
    fields: dict[str, Any] = {
        "id": id,
        "branch_id": "org_branch",
        "branch_path": BRANCH,
        "area_id": given.WEST,
        "name": id,
    }
    return Beat(**{**fields, **changed})


BY_WORD, BY_LONGER_WORD = beat("bea_1", keywords=("海滨",)), beat("bea_2", keywords=("海滨小区",))
AROUND = beat("bea_3", geometry=given.square(122.0, 122.1))
BEFORE = beat("bea_4")
BEATS = {each.id: each for each in (BY_WORD, BY_LONGER_WORD, AROUND, BEFORE)}
SAID = BeatCorrection(
    id="bcr_1",
    place_id="plc_1",
    beat_id="bea_4",
    branch_id="org_branch",
    branch_path=BRANCH,
    reason="围墙改了",
    by="acc_dan",
    at=given.NOW,
)
SEEN = (BeatSeen(id="adr_1", place_id="plc_1", beat_id="bea_4"),)


def test_a_name_at_the_end_of_a_longer_one_is_no_place_of_ours():
    """苹海滨小区 is another, wherever it is; on the spot it is the nearest all the same."""
    far = Point(longitude=122.3, latitude=37.2)
    assert place_of(Door(line="苹海滨小区1号", location=far), "371002", [GARDEN]) is None
    assert place_of(Door(line="海滨小区1号", location=far), "371002", [GARDEN]) == GARDEN
    assert place_of(Door(line="苹海滨小区1号", location=HERE), "371002", [GARDEN]) == GARDEN


@pytest.mark.parametrize(
    ("door", "beats", "said", "seen", "rule", "id"),
    [
        ("海滨小区1号", BEATS, [SAID], SEEN, BeatRule.CORRECTION, "bea_4"),
        ("海滨小区1号", BEATS, [], SEEN, BeatRule.KEYWORD, "bea_2"),
        ("海滨路1号", BEATS, [], SEEN, BeatRule.KEYWORD, "bea_1"),
        ("观海路1号", BEATS, [], SEEN, BeatRule.POLYGON, "bea_3"),
        ("观海路1号", {"bea_4": BEFORE}, [], SEEN, BeatRule.HISTORY, "bea_4"),
        ("观海路1号", {"bea_4": BEFORE}, [], (), None, None),
    ],
)
def test_the_strongest_rule_that_finds_a_beat_decides(door, beats, said, seen, rule, id):
    there = Door(line=door, location=HERE)

    found = match_beat(there, place_of(there, "371002", [GARDEN]), beats, said, seen)

    assert (found and found.rule, found and found.beat.id) == (rule, id)


def test_a_correction_taken_back_counts_no_more_and_of_two_the_later_does():
    there, earlier = Door(line="海滨小区1号"), {"beat_id": "bea_1", "id": "bcr_0"}
    before = SAID.model_copy(update={**earlier, "at": given.NOW - timedelta(days=1)})
    gone = SAID.model_copy(update={"withdrawn_at": given.NOW})

    assert match_beat(there, GARDEN, BEATS, [before, SAID], ()).beat.id == "bea_4"
    assert match_beat(there, GARDEN, BEATS, [gone], ()).rule is BeatRule.KEYWORD


async def beats(house: House) -> None:
    async def build(tx: Tx) -> None:
        house.addresses.beats.add(
            [BY_LONGER_WORD, BEFORE, beat("bea_east", area_id=given.EAST)], tx=tx
        )

    await house.mongo.transact(build)


async def test_a_correction_is_learned_and_the_next_door_has_it(house: House, app: Sign):
    await beats(house)
    typed = {"address": {"line": "海滨小区3号楼"}}
    assert len(await app(DAN).run("Beats", branchId="org_branch")) == 3
    assert await app(OTTO).run("Beats", branchId="org_branch") == []
    before = await app(GU).run("MatchBeat", **typed)
    assert (before["placeId"], before["match"]["rule"]) == ("plc_1", "KEYWORD")

    word = {"placeId": "plc_1", "beatId": "bea_4", "reason": "围墙改了"}
    assert (await app(OTTO).ask("CorrectBeat", **word))["code"] == "NOT_FOUND"
    elsewhere = await app(DAN).ask("CorrectBeat", **{**word, "beatId": "bea_east"})
    assert elsewhere["code"] == "OTHER_AREA"
    learned = (await app(DAN).ask("CorrectBeat", **word))["correction"]
    served = await app(ADA).run("CheckAddress", **typed)
    assert served["beat"] == {"beat": {"id": "bea_4", "name": "bea_4"}, "rule": "CORRECTION"}

    back = {"id": learned["id"], "expectedVersion": 1}
    assert (await app(OTTO).ask("WithdrawBeatCorrection", **back))["code"] == "NOT_FOUND"
    assert (await app(DAN).ask("WithdrawBeatCorrection", **back))["correction"]["withdrawnAt"]
    stale = await app(DAN).ask("WithdrawBeatCorrection", **back)
    assert stale["code"] == "STALE_VERSION"
    assert (await app(GU).run("MatchBeat", **typed))["match"]["rule"] == "KEYWORD"


async def test_where_addresses_were_found_is_remembered_without_a_door(house: House, app: Sign):
    await beats(house)
    saved = await app(ADA).ask("SaveAddress", address={"line": "海滨小区3号楼2单元501室"})
    seen = await house.mongo["beats_seen"].find_one({})
    assert seen == {"_id": saved["address"]["id"], "place_id": "plc_1", "beat_id": "bea_2"}


async def _correct(house: House) -> dict[str, Any]:
    await beats(house)
    return {"placeId": "plc_1", "beatId": "bea_4", "reason": "围墙改了"}


async def _withdraw(house: House) -> dict[str, Any]:
    said = await house.addresses.beats.correct(
        "plc_1", "bea_4", "x", given.attempt(house), by=DAN.account_id, may=lambda path: True
    )
    return {"id": said.id, "expectedVersion": 1}


CASES: Final = [
    Case("CorrectBeat", DAN, _correct, {"reason": "y"}, {"beatId": "bea_x"}, "BeatCorrected"),
    Case(
        "WithdrawBeatCorrection",
        DAN,
        _withdraw,
        {"id": "bcr_x"},
        {"expectedVersion": 7},
        "BeatCorrected",
    ),
]


@pytest.mark.row("A2", "A5")
async def test_a_beat_is_corrected_once_however_often_it_is_sent(house: House, app: Sign):
    for case in CASES:
        await sent_again_and_again(house, app, case)
