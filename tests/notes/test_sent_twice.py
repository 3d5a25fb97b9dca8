"""Every change of a note: sent twice, sent 20 times at once, sent dry."""

from typing import Any, Final

import pytest

from doorstep.notes.model import NoteAbout, NoteAsked, NoteKind, NoteReason
from doorstep.wiring import House
from tests import given
from tests.given import ADA, DAN, SU
from tests.journeys.conftest import Sign, address, app
from tests.journeys.test_sent_twice import Case, sent_again_and_again
from tests.notes.test_over_the_wire import DOG, ENDS, assigned

__all__ = ["address", "app"]


async def _add(house: House) -> dict[str, Any]:
    promise = await assigned(house)
    return {**DOG, "appointmentId": promise.id, "expiresAt": ENDS}


async def _ask(house: House) -> dict[str, Any]:
    promise = await given.booked(house, slot=given.slot(14))
    asked = NoteAsked(
        kind=NoteKind.HAZARD,
        about=NoteAbout.DOOR,
        reason=NoteReason.DOG,
        text="狗",
        expires_at=promise.window.end,
    )
    note = await house.notes.write(asked, promise.subject, given.attempt(house), by=DAN.account_id)
    return {"id": note.id, "expectedVersion": 1}


async def _review(house: House) -> dict[str, Any]:
    return {**await _ask(house), "decision": "KEEP", "answer": "属实"}


LATE: Final = {"expectedVersion": 7}
CASES: Final = [
    Case(
        "AddDoorNote",
        DAN,
        _add,
        {"text": "猫"},
        {"expiresAt": "2020-01-01T00:00:00.000Z"},
        "DoorNoteAdded",
    ),
    Case("RequestNoteReview", ADA, _ask, {"id": "nte_x"}, LATE, "NoteReviewRequested"),
    Case("ReviewNote", SU, _review, {"answer": "不属实"}, LATE, "NoteReviewed"),
]


@pytest.mark.row("A2", "A5", "C9")
async def test_a_note_is_changed_once_however_often_it_is_sent(house: House, app: Sign):
    for case in CASES:
        await sent_again_and_again(house, app, case)
