"""Notes on a door or a person: what is dangerous there, and whom we do not come to for a while.

Ends     every note has an end and a day on which somebody looks at it again
Door     found by a blind index of what makes it one; nobody's address stands here in clear
Private  the words are sealed with the key of whom they are about
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Refusal, Words

Frozen: Final = ConfigDict(frozen=True)


class NoteKind(StrEnum):
    HAZARD = "HAZARD"
    BLOCK = "BLOCK"


class NoteAbout(StrEnum):
    DOOR = "DOOR"
    CUSTOMER = "CUSTOMER"


class NoteReason(StrEnum):
    DOG = "DOG"
    DARK_STAIRS = "DARK_STAIRS"
    DANGEROUS_WAY = "DANGEROUS_WAY"
    ASSAULT = "ASSAULT"
    ABUSE = "ABUSE"
    PROHIBITED_GOODS = "PROHIBITED_GOODS"
    OTHER = "OTHER"


class ReviewDecision(StrEnum):
    KEEP = "KEEP"
    SHORTEN = "SHORTEN"
    WITHDRAW = "WITHDRAW"


class Review(BaseModel):
    """Somebody looked at the note again."""

    model_config = Frozen

    decision: ReviewDecision
    at: datetime
    by: str
    answer: str
    """What whom it is about is told."""


class Note(Stored):
    """One note. It holds until it expires or is withdrawn, judged when it is read."""

    kind: NoteKind
    about: NoteAbout
    owner_id: str
    """Whom it is about: the person, or whose door it is."""
    door_index: bytes | None
    branch_id: str
    branch_path: str
    reason: NoteReason
    text: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    review_at: datetime
    review_asked_at: datetime | None = None
    withdrawn_at: datetime | None = None
    reviews: tuple[Review, ...] = ()
    version: int = 1

    def holds_at(self, at: datetime) -> bool:
        return self.withdrawn_at is None and at < self.expires_at


Remark = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NoteAsked(BaseModel):
    """A note as somebody wants it."""

    model_config = Frozen

    kind: NoteKind
    about: NoteAbout
    reason: NoteReason
    text: Remark
    expires_at: datetime


class Subject(BaseModel):
    """What a note is about: a door, and whose it is."""

    model_config = Frozen

    owner_id: str
    door: str
    """What makes it that door and no other, in one text; only its blind index is kept."""
    branch_id: str
    branch_path: str


class NotesPolicy(BaseModel):
    """The bureau's own choices; no source names them."""

    model_config = Frozen

    longest: timedelta = timedelta(days=365)
    longest_block: timedelta = timedelta(days=90)
    review_after: timedelta = timedelta(days=30)


class NoteRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"
    TOO_LONG = "TOO_LONG"
    IN_THE_PAST = "IN_THE_PAST"
    OVER = "OVER"
    ASKED_ALREADY = "ASKED_ALREADY"
    NOT_SHORTER = "NOT_SHORTER"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


NOTE_WORDS: Final[dict[NoteRefusal, Words]] = {
    NoteRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    NoteRefusal.STALE_VERSION: Words(
        "这条备注刚刚有变化，请核对后再试。", "The note has just changed. Please look again."
    ),
    NoteRefusal.TOO_LONG: Words("有效期超过了上限。", "It may not hold that long."),
    NoteRefusal.IN_THE_PAST: Words("到期时间已过。", "Its end has passed already."),
    NoteRefusal.OVER: Words("这条备注已失效。", "The note is over."),
    NoteRefusal.ASKED_ALREADY: Words("已申请复核，请等待答复。", "A review is under way."),
    NoteRefusal.NOT_SHORTER: Words("新的到期时间须早于原来的。", "The new end must be earlier."),
    NoteRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class NoteRefused(Refusal):
    code: NoteRefusal
    current: Note | None = None
