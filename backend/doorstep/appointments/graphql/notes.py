"""Writing a note on the door, or the person, of an appointment."""

from datetime import datetime
from typing import Annotated

import strawberry

from doorstep.accounts.model import DISPATCH, Role
from doorstep.accounts.permissions import mutation
from doorstep.appointments.graphql.queries import appointments_of, viewer_of
from doorstep.appointments.rules import sight_of
from doorstep.kit.gql import Info, InvalidInput, argument, asking, given, parsed, public, shown
from doorstep.kit.once import Keyed, attempt_of
from doorstep.notes import model
from doorstep.notes.graphql import DoorNote, DoorNoteRefused, notes_of

_WRITERS = DISPATCH | {Role.COURIER}
_NO_PROMISE = model.NoteRefused(code=model.NoteRefusal.NOT_FOUND, path=("appointmentId",))


@asking("Put a note on the door of an appointment, or on its customer.")
class AddDoorNoteInput(Keyed):
    appointment_id: strawberry.ID = given("At whose door, or whom, it happened.")
    kind: model.NoteKind = given("What it is for; a courier warns, a dispatcher may also block.")
    about: model.NoteAbout = given("The door, or the person.")
    reason: model.NoteReason = given("Why.")
    text: str = given("In words, for whoever comes next.")
    expires_at: datetime = given("When it ends; there is no note without an end.")

    def parsed(self) -> model.NoteAsked:
        return parsed(
            model.NoteAsked,
            kind=self.kind,
            about=self.about,
            reason=self.reason,
            text=self.text,
            expires_at=self.expires_at,
        )


@public("A note was written.")
class DoorNoteAdded:
    note: DoorNote = shown("The note.")


AddDoorNoteResult = Annotated[
    DoorNoteAdded | DoorNoteRefused | InvalidInput,
    strawberry.union("AddDoorNoteResult", description="What came of writing a note."),
]


@strawberry.type
class DoorNoteMutation:
    @mutation(
        "Warn of a door or a person, or let nobody come there for a while. A courier may warn of "
        "those they go to; only a dispatcher blocks.",
        to=_WRITERS,
    )
    async def add_door_note(
        self, info: Info, input: Annotated[AddDoorNoteInput, argument("The note.")]
    ) -> AddDoorNoteResult:
        rooms, notes, caller = appointments_of(info), notes_of(info), info.context.caller
        asked = input.parsed()
        attempt = attempt_of(info, input, "addDoorNote", notes.clock.now())
        found = (await rooms.load([input.appointment_id])).get(input.appointment_id)
        viewer = await viewer_of(info)
        sight = sight_of(found, viewer, at=attempt.at) if found else None
        manages = found is not None and caller.may(DISPATCH, found.branch_path)
        goes_there = sight is not None and viewer.courier_id and not sight.own
        if found is None or not (manages or (goes_there and asked.kind is model.NoteKind.HAZARD)):
            return DoorNoteRefused.of(_NO_PROMISE, info.context.locale)
        outcome = await notes.write(asked, found.subject, attempt, by=caller.id)
        if isinstance(outcome, model.NoteRefused):
            return DoorNoteRefused.of(outcome, info.context.locale)
        return DoorNoteAdded(note=DoorNote.of(outcome))
