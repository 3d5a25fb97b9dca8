"""Writing notes, reading those that hold, and looking at them again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from doorstep.kit.clock import Clock
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Mongo, Overtaken, Repeated, Reused, Tx
from doorstep.kit.pii import Vault
from doorstep.notes import rules
from doorstep.notes.events import NoteChanged
from doorstep.notes.model import (
    Note,
    NoteAsked,
    NoteRefusal,
    NoteRefused,
    NotesPolicy,
    ReviewDecision,
    Subject,
)
from doorstep.notes.store import NoteStore

_REUSED: Final = NoteRefused(code=NoteRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",))
_NONE: Final = NoteRefused(code=NoteRefusal.NOT_FOUND, path=("id",))


@dataclass(frozen=True)
class Notes:
    mongo: Mongo
    store: NoteStore
    vault: Vault
    policy: NotesPolicy
    clock: Clock

    # ------------------------------------------------------------ reading

    async def concerning(self, owner_id: str, door: str | None, *, at: datetime) -> list[Note]:
        """What holds of a person, and of a door if one is named."""
        index = self.vault.blind(door) if door else None
        return await self.store.concerning(owner_id, index, at)

    async def barring(self, owner_id: str, door: str, *, at: datetime) -> Note | None:
        """What keeps us from coming to this person, or to this door."""
        return rules.barring(await self.concerning(owner_id, door, at=at), at)

    async def of_owner(self, owner_id: str) -> list[Note]:
        return await self.store.of_owner(owner_id, self.clock.now())

    async def of_branch(self, branch_id: str, *, due: bool) -> list[Note]:
        return await self.store.of_branch(branch_id, self.clock.now(), due=due)

    async def get(self, id: str) -> Note | None:
        return await self.store.get(id)

    # ------------------------------------------------------------ writing

    async def write(
        self, asked: NoteAsked, subject: Subject, attempt: Attempt, *, by: str
    ) -> Note | NoteRefused:
        """Put a note on a door or a person."""
        if not attempt.dry:
            await self.vault.key(subject.owner_id)
        decided = rules.noted(
            asked,
            subject,
            id=new_id("nte"),
            door_index=self.vault.blind(subject.door),
            by=by,
            at=attempt.at,
            policy=self.policy,
        )

        async def body(tx: Tx) -> Note | NoteRefused:
            # A dry run seals nothing: whom it is about may have no key yet.
            if isinstance(decided, Note) and not attempt.dry:
                await self.store.add(decided, tx=tx)
                _say(decided, attempt.at, tx)
            return decided

        return await self._done(await self.mongo.once(attempt, body))

    async def ask_review(
        self, id: str, owner_id: str, attempt: Attempt, *, expected_version: int
    ) -> Note | NoteRefused:
        """Whom it is about does not agree."""

        def decide(note: Note) -> Note | NoteRefused:
            return _NONE if note.owner_id != owner_id else rules.asked_again(note, at=attempt.at)

        return await self._change(id, attempt, decide, expected_version)

    async def review(
        self,
        id: str,
        decision: ReviewDecision,
        answer: str,
        expires_at: datetime | None,
        attempt: Attempt,
        *,
        expected_version: int,
        by: str,
        may: Callable[[str], bool],
    ) -> Note | NoteRefused:
        """Keep it, shorten it or take it back; and say why. `may`: whose path it may lie on."""

        def decide(note: Note) -> Note | NoteRefused:
            if not may(note.branch_path):
                return _NONE
            return rules.reviewed(
                note, decision, answer, expires_at, by=by, at=attempt.at, policy=self.policy
            )

        return await self._change(id, attempt, decide, expected_version)

    async def _change(
        self,
        id: str,
        attempt: Attempt,
        decide: Callable[[Note], Note | NoteRefused],
        expected_version: int,
    ) -> Note | NoteRefused:
        async def body(tx: Tx) -> Note | NoteRefused:
            found = await self.store.get(id, tx=tx)
            # Whose it is comes first: a stranger is not told that a version is stale.
            if found is not None and decide(found) == _NONE:
                return _NONE
            before = rules.changeable(found, expected_version=expected_version, at=attempt.at)
            if isinstance(before, NoteRefused):
                return before
            after = decide(before)
            if isinstance(after, NoteRefused):
                return after
            if not await self.store.replace(before, after, tx=tx):
                raise Overtaken
            _say(after, attempt.at, tx)
            return after

        return await self._done(await self.mongo.once(attempt, body))

    async def _done(self, outcome: Note | NoteRefused | Repeated | Reused) -> Note | NoteRefused:
        match outcome:
            case Repeated(id):
                return await self.store.get(id) or _NONE
            case Reused():
                return _REUSED
            case Note() | NoteRefused():
                return outcome


def _say(note: Note, at: datetime, tx: Tx) -> None:
    tx.record(
        NoteChanged(aggregate=note.id, sequence=note.version, at=at, branch_id=note.branch_id)
    )
