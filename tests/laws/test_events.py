"""Every event is heard by somebody, or ignored on purpose."""

import importlib
from pathlib import Path

from doorstep.kit.events import Event
from doorstep.wiring import House

IGNORED = {
    "AddressSaved": "kept for those who will want to know; a promise has its own copy of the door",
    "AddressDeleted": "as above",
    "NoteChanged": "kept for those who will want to know; whoever asks reads the note itself",
    "CalendarDayChanged": "kept for those who count working days; nobody stores what they counted",
    "ConductChanged": "kept for those who will want to know; `myConduct` shows every mark",
    "WaitlistChanged": "rings the bell of whoever waits",
    "WaitlistOffered": "as above; an app shows it, whatever else tells people may hear it",
    "HoursLost": "kept for those who will want to know; rosters are read afresh",
    "BeatCorrected": "kept for those who will want to know; a match reads the correction itself",
    "AddressMoved": "kept for those who will want to know; the move asks what is bound to it",
    "BranchTold": "rings the bell of the branch's desk",
    "RoundChanged": "rings the bell of the courier's handheld",
}
FAMILIES = {"AppointmentEvent", "HoursChanged"}
"""What other events are made of; never told by themselves."""


def _told(kind: type[Event]) -> set[type[Event]]:
    return {kind for sub in kind.__subclasses__() for kind in {sub} | _told(sub)}


async def test_every_event_is_heard_or_ignored_on_purpose(empty_house: House):
    for file in Path("backend/doorstep").glob("*/events.py"):
        importlib.import_module(f"doorstep.{file.parent.name}.events")
    ours = {kind for kind in _told(Event) if kind.__module__.startswith("doorstep.")}
    heard = {kind.__name__ for kind in empty_house.reactions()}
    names = {kind.__name__ for kind in ours} - FAMILIES
    assert names - heard == set(IGNORED)
    assert not heard & set(IGNORED)


def test_no_event_carries_personal_data():
    for kind in _told(Event):
        if kind.__module__.startswith("doorstep."):
            assert set(kind.model_fields).isdisjoint(
                {"name", "phone", "line", "contact", "address"}
            )
