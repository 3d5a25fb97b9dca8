"""The command and its answers: sent twice, sent 20 times at once, sent dry. On one driver."""

from typing import Any, Final

import pytest

from doorstep.wiring import House
from tests import given
from tests.given import ADA, DAN
from tests.journeys.conftest import Sign, address, app
from tests.journeys.test_sent_twice import Case, sent_again_and_again
from tests.reoffering.victims import offer_for, reoffer, typhoon

__all__ = ["address", "app"]


async def _hit(house: House) -> dict[str, Any]:
    await given.booked(house)
    return {"causeId": (await typhoon(house)).id}


async def _offered(house: House) -> dict[str, Any]:
    promise = await given.booked(house)
    await reoffer(house, (await typhoon(house)).id)
    return {"reofferId": (await offer_for(house, promise)).id}


GONE: Final = {"reofferId": "rof_none"}
CASES: Final = [
    Case(
        "ReofferAppointments",
        DAN,
        _hit,
        {"note": "台风"},
        {"causeId": "blk_none"},
        "AppointmentsReoffered",
    ),
    Case(
        "AcceptReoffer",
        ADA,
        _offered,
        {"slotId": given.slot(18).text},
        GONE,
        "AppointmentRescheduled",
    ),
    Case("DeclineReoffer", ADA, _offered, {"reofferId": "rof_o"}, GONE, "AppointmentCancelled"),
]


@pytest.mark.row("B7", "A5")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.operation)
async def test_however_often_it_is_sent_it_happens_once(house: House, app: Sign, case: Case):
    await sent_again_and_again(house, app, case)
