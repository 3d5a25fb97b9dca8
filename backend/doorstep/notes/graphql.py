"""Notes on doors and persons, as those may read them whom they concern."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from doorstep.accounts.model import CUSTOMER, DISPATCH, SUPERVISORS
from doorstep.accounts.permissions import mutation, query
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Refused,
    argument,
    asking,
    explain,
    given,
    public,
    shown,
    worded,
)
from doorstep.kit.once import Keyed, attempt_of
from doorstep.kit.refusals import Locale
from doorstep.notes import model
from doorstep.notes.actions import Notes

_MOST_WORDS = 200

explain(
    model.NoteKind,
    "What a note is for.",
    {
        model.NoteKind.HAZARD: "危险提示: whoever comes should know.",
        model.NoteKind.BLOCK: "暂停上门: nobody comes while it holds.",
    },
)
explain(
    model.NoteAbout,
    "What a note is about.",
    {
        model.NoteAbout.DOOR: "The door, whoever lives there.",
        model.NoteAbout.CUSTOMER: "The person, at whatever door.",
    },
)
explain(
    model.NoteReason,
    "Why there is a note.",
    {
        model.NoteReason.DOG: "A dog that bites.",
        model.NoteReason.DARK_STAIRS: "No light on the stairs.",
        model.NoteReason.DANGEROUS_WAY: "A way that is not safe: ice, a building site.",
        model.NoteReason.ASSAULT: "A courier was attacked or threatened.",
        model.NoteReason.ABUSE: "Couriers were abused again and again.",
        model.NoteReason.PROHIBITED_GOODS: "Goods were handed over that may not be sent.",
        model.NoteReason.OTHER: "Something else: the text says what.",
    },
)
explain(
    model.ReviewDecision,
    "What a review comes to.",
    {
        model.ReviewDecision.KEEP: "It stays as it is.",
        model.ReviewDecision.SHORTEN: "It ends earlier.",
        model.ReviewDecision.WITHDRAW: "It is taken back.",
    },
)
explain(model.NoteRefusal, "Why a note was not written or changed.", model.NOTE_WORDS)


@public("Somebody looked at a note again.")
class NoteReview:
    decision: model.ReviewDecision = shown("What it came to.")
    at: datetime = shown("When.")
    answer: str = shown("What whom it is about is told.")


@public("A note on a door or a person. It always ends.")
class DoorNote:
    id: strawberry.ID = shown("Which one.")
    kind: model.NoteKind = shown("What it is for.")
    about: model.NoteAbout = shown("The door, or the person.")
    reason: model.NoteReason = shown("Why.")
    text: str | None = shown("In words; for staff and for whoever comes.")
    created_at: datetime = shown("When it was written.")
    expires_at: datetime = shown("When it ends by itself.")
    review_at: datetime = shown("When somebody looks at it again.")
    review_asked_at: datetime | None = shown("When whom it is about asked for a review.")
    reviews: list[NoteReview] = shown("What came of looking at it again.")
    version: int = shown("Counts its changes.")

    @classmethod
    def of(cls, note: model.Note, *, worded: bool = True) -> Self:
        """`worded`: for those who come, and who manage it; whom it is about reads the reason."""
        return cls(
            id=strawberry.ID(note.id),
            kind=note.kind,
            about=note.about,
            reason=note.reason,
            text=note.text if worded else None,
            created_at=note.created_at,
            expires_at=note.expires_at,
            review_at=note.review_at,
            review_asked_at=note.review_asked_at,
            reviews=[
                NoteReview(decision=each.decision, at=each.at, answer=each.answer)
                for each in note.reviews
            ],
            version=note.version,
        )


@public("A note was not written, or not changed.")
class DoorNoteRefused(Refused):
    code: model.NoteRefusal = shown("Why.")
    current: DoorNote | None = shown("How it stands, when it has changed meanwhile.")

    @classmethod
    def of(cls, refused: model.NoteRefused, locale: Locale, *, worded: bool = True) -> Self:
        current = refused.current
        return cls(
            message=model.NOTE_WORDS[refused.code].spoken(locale),
            path=list(refused.path) or None,
            code=refused.code,
            current=DoorNote.of(current, worded=worded) if current else None,
        )


@public("A review was asked for; a supervisor will look at it.")
class NoteReviewRequested:
    note: DoorNote = shown("The note.")


@public("Somebody has looked at the note again.")
class NoteReviewed:
    note: DoorNote = shown("How it stands now.")


RequestNoteReviewResult = Annotated[
    NoteReviewRequested | DoorNoteRefused | InvalidInput,
    strawberry.union("RequestNoteReviewResult", description="What came of asking for a review."),
]
ReviewNoteResult = Annotated[
    NoteReviewed | DoorNoteRefused | InvalidInput,
    strawberry.union("ReviewNoteResult", description="What came of a review."),
]


@asking("Ask that somebody look at a note on yourself, or on your door, again.")
class RequestNoteReviewInput(Keyed):
    id: strawberry.ID = given("Which note.")
    expected_version: int = given("The version it was read at.")


@asking("Look at a note again.")
class ReviewNoteInput(Keyed):
    id: strawberry.ID = given("Which note.")
    expected_version: int = given("The version it was read at.")
    decision: model.ReviewDecision = given("What it comes to.")
    answer: str = given("What whom it is about is told.")
    expires_at: datetime | None = given("The new end, when it is shortened.", default=None)


def notes_of(info: Info) -> Notes:
    found: Notes = info.context.house.notes
    return found


@strawberry.type
class NotesQuery:
    @query("The notes that hold on me and on my doors, and until when.", to=CUSTOMER)
    async def my_notes(self, info: Info) -> list[DoorNote]:
        found = await notes_of(info).of_owner(info.context.caller.id)
        return [DoorNote.of(note, worded=False) for note in found]

    @query("The notes that hold in a branch. A branch that is not yours has none.", to=DISPATCH)
    async def door_notes(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        due_for_review: Annotated[
            bool, argument("Only those that somebody should look at again.")
        ] = False,
    ) -> list[DoorNote]:
        house = info.context.house
        if not await house.organisation.in_reach(branch_id, info.context.caller, DISPATCH):
            return []
        found = await notes_of(info).of_branch(branch_id, due=due_for_review)
        return [DoorNote.of(note) for note in found]


@strawberry.type
class NotesMutation:
    @mutation("Ask that a note on me, or on my door, be looked at again.", to=CUSTOMER)
    async def request_note_review(
        self, info: Info, input: Annotated[RequestNoteReviewInput, argument("Which note.")]
    ) -> RequestNoteReviewResult:
        notes = notes_of(info)
        outcome = await notes.ask_review(
            input.id,
            info.context.caller.id,
            attempt_of(info, input, "requestNoteReview", notes.clock.now()),
            expected_version=input.expected_version,
        )
        if isinstance(outcome, model.NoteRefused):
            return DoorNoteRefused.of(outcome, info.context.locale, worded=False)
        return NoteReviewRequested(note=DoorNote.of(outcome, worded=False))

    @mutation("Look at a note again: keep it, shorten it or take it back.", to=SUPERVISORS)
    async def review_note(
        self, info: Info, input: Annotated[ReviewNoteInput, argument("Which, and what of it.")]
    ) -> ReviewNoteResult:
        notes, caller = notes_of(info), info.context.caller
        answer = worded(input.answer, _MOST_WORDS, "answer")
        outcome = await notes.review(
            input.id,
            input.decision,
            answer,
            input.expires_at,
            attempt_of(info, input, "reviewNote", notes.clock.now()),
            expected_version=input.expected_version,
            by=caller.id,
            may=lambda path: caller.may(SUPERVISORS, path),
        )
        if isinstance(outcome, model.NoteRefused):
            return DoorNoteRefused.of(outcome, info.context.locale)
        return NoteReviewed(note=DoorNote.of(outcome))
