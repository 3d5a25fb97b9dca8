"""Every change of caps and terms: sent twice, sent 20 times at once, sent dry. On one driver, in
one house: what the journeys ask of both drivers is not asked again.
"""

from typing import Any, Final

import pytest

from doorstep.capacity.model import Terms
from doorstep.wiring import House
from tests import given
from tests.given import DAN, SU, WEST
from tests.journeys.conftest import Sign, address, app
from tests.journeys.test_sent_twice import Case, sent_again_and_again

__all__ = ["address", "app"]


async def _cap(house: House) -> dict[str, Any]:
    return {"slotId": given.slot().text, "expectedEdition": 1, "mostVisits": 2, "note": "大风"}


async def _put(house: House) -> dict[str, Any]:
    return {"areaId": WEST, "service": "PARCEL_PICKUP", "noticeMinutes": 90}


async def _there(house: House) -> str:
    terms = Terms(id="trm_1", area_id=WEST)
    await house.capacity.put_terms(terms, given.attempt(house), expected_version=None, by=SU.caller)
    return terms.id


async def _change(house: House) -> dict[str, Any]:
    return {**await _put(house), "id": await _there(house), "expectedVersion": 1}


async def _drop(house: House) -> dict[str, Any]:
    return {"id": await _there(house), "expectedVersion": 1}


CASES: Final = [
    Case("CapSlot", DAN, _cap, {"mostVisits": 3}, {"expectedEdition": 7}, "SlotCapped"),
    Case("PutBookingTerms", SU, _put, {"noticeMinutes": 1}, {"areaId": "are_none"}, "TermsPut"),
    Case("PutBookingTerms", SU, _change, {"note": "x"}, {"expectedVersion": 7}, "TermsPut"),
    Case("DropBookingTerms", SU, _drop, {"id": "trm_2"}, {"expectedVersion": 7}, "TermsDropped"),
]


@pytest.mark.row("A2", "A5", "B1", "B5")
async def test_each_change_happens_once_however_often_it_is_sent(house: House, app: Sign):
    for case in CASES:
        await house.mongo["booking_terms"].delete_many({})
        await sent_again_and_again(house, app, case)
