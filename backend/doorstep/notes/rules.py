"""What may be noted, and what a review makes of it. Pure."""

from collections.abc import Iterable
from datetime import datetime

from doorstep.notes.model import (
    Note,
    NoteAbout,
    NoteAsked,
    NoteKind,
    NoteRefusal,
    NoteRefused,
    NotesPolicy,
    Review,
    ReviewDecision,
    Subject,
)


def noted(
    asked: NoteAsked,
    subject: Subject,
    *,
    id: str,
    door_index: bytes,
    by: str,
    at: datetime,
    policy: NotesPolicy,
) -> Note | NoteRefused:
    """The note, if it ends, and soon enough."""
    longest = policy.longest_block if asked.kind is NoteKind.BLOCK else policy.longest
    if asked.expires_at <= at:
        return NoteRefused(code=NoteRefusal.IN_THE_PAST, path=("expiresAt",))
    if asked.expires_at > at + longest:
        return NoteRefused(code=NoteRefusal.TOO_LONG, path=("expiresAt",))
    return Note(
        id=id,
        kind=asked.kind,
        about=asked.about,
        owner_id=subject.owner_id,
        door_index=door_index if asked.about is NoteAbout.DOOR else None,
        branch_id=subject.branch_id,
        branch_path=subject.branch_path,
        reason=asked.reason,
        text=asked.text,
        created_at=at,
        created_by=by,
        expires_at=asked.expires_at,
        review_at=min(at + policy.review_after, asked.expires_at),
    )


def changeable(note: Note | None, *, expected_version: int, at: datetime) -> Note | NoteRefused:
    """The note, if it is as it was read and still holds."""
    if note is None:
        return NoteRefused(code=NoteRefusal.NOT_FOUND, path=("id",))
    if note.version != expected_version:
        return NoteRefused(code=NoteRefusal.STALE_VERSION, path=("expectedVersion",), current=note)
    if not note.holds_at(at):
        return NoteRefused(code=NoteRefusal.OVER, path=("id",), current=note)
    return note


def asked_again(note: Note, *, at: datetime) -> Note | NoteRefused:
    """Whom it is about wants it looked at: due at once."""
    if note.review_asked_at is not None:
        return NoteRefused(code=NoteRefusal.ASKED_ALREADY, path=("id",), current=note)
    return note.model_copy(
        update={"review_asked_at": at, "review_at": at, "version": note.version + 1}
    )


def reviewed(
    note: Note,
    decision: ReviewDecision,
    answer: str,
    expires_at: datetime | None,
    *,
    by: str,
    at: datetime,
    policy: NotesPolicy,
) -> Note | NoteRefused:
    """The note after somebody looked at it."""
    ends = note.expires_at
    if decision is ReviewDecision.SHORTEN:
        if expires_at is None or not at < expires_at < note.expires_at:
            return NoteRefused(code=NoteRefusal.NOT_SHORTER, path=("expiresAt",), current=note)
        ends = expires_at
    review = Review(decision=decision, at=at, by=by, answer=answer)
    return note.model_copy(
        update={
            "reviews": (*note.reviews, review),
            "expires_at": ends,
            "review_at": min(at + policy.review_after, ends),
            "review_asked_at": None,
            "withdrawn_at": at if decision is ReviewDecision.WITHDRAW else None,
            "version": note.version + 1,
        }
    )


def barring(notes: Iterable[Note], at: datetime) -> Note | None:
    """The block that holds the longest. None: nothing keeps us from coming."""
    blocks = [note for note in notes if note.kind is NoteKind.BLOCK and note.holds_at(at)]
    return max(blocks, key=lambda note: note.expires_at, default=None)
