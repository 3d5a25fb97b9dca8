"""Assignments, rounds and the couriers' feeds, in MongoDB."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from pymongo import InsertOne, ReplaceOne, ReturnDocument

from doorstep.appointments.model import Appointment
from doorstep.dispatch.events import RoundChanged
from doorstep.dispatch.model import (
    NOT_AGAIN,
    Assignment,
    Ending,
    FeedEntry,
    Round,
    round_id,
)
from doorstep.dispatch.rules import WATCHED
from doorstep.kit.documents import Document
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import INSTANT, TEXT, WHOLE, shaped, stored_schema
from doorstep.kit.mongo.transactions import Mongo, Overtaken, Tx
from doorstep.kit.windows import TimeWindow

ASSIGNMENTS: Final = "assignments"
ROUNDS: Final = "rounds"
FEED: Final = "feed"
HEADS: Final = "feed_heads"
KEPT: Final = (
    Kept(
        ASSIGNMENTS,
        (
            # One active assignment for each appointment, whatever races.
            Index(("appointment_id",), unique=True, only={"active": True}),
            Index(("appointment_id", "at")),
            Index(("answer_by",), only={"active": True, "accepted": False}),
            Index(("courier_id", "appointment_id")),
            Index(("courier_id", "window.start"), only={"active": True}),
        ),
        schema=stored_schema(Assignment),
    ),
    Kept(
        ROUNDS,
        # What a slot asks of a week of rounds is answered by the index alone.
        (
            Index(("branch_id", "day", "sequence", "_id")),
            Index(("day", "due_at"), only={"due_at": {"$exists": True}}),
        ),
        schema=stored_schema(Round, also={"due_at": INSTANT, "due_until": INSTANT}),
    ),
    Kept(
        FEED,
        (
            Index(("courier_id", "sequence"), unique=True),
            Index(("at",), expire_after=timedelta(days=14)),
        ),
        schema=stored_schema(FeedEntry),
    ),
    Kept(HEADS, schema=shaped(_id=TEXT, sequence=WHOLE)),
)


class AssignmentStore:
    def __init__(self, mongo: Mongo) -> None:
        self._assignments = mongo[ASSIGNMENTS]

    def add(self, assignment: Assignment, *, tx: Tx) -> None:
        tx.insert(ASSIGNMENTS, assignment.document())

    async def active_for(
        self, appointment_ids: Collection[str], *, tx: Tx | None = None
    ) -> dict[str, Assignment]:
        """The active assignment of each appointment that has one."""
        rows = self._assignments.find(
            {"appointment_id": {"$in": list(appointment_ids)}, "active": True},
            session=tx.session if tx else None,
        )
        return {row["appointment_id"]: Assignment.of_document(row) async for row in rows}

    async def all_of(self, appointment_id: str) -> list[Assignment]:
        """From the first who was asked to the last."""
        rows = self._assignments.find({"appointment_id": appointment_id}).sort("at")
        return [Assignment.of_document(row) async for row in rows]

    async def ever_of(
        self, courier_id: str, appointment_ids: Collection[str], *, tx: Tx
    ) -> set[str]:
        """Which of these were this courier's at some time."""
        rows = self._assignments.find(
            {"courier_id": courier_id, "appointment_id": {"$in": list(appointment_ids)}},
            {"appointment_id": 1},
            session=tx.session,
        )
        return {row["appointment_id"] async for row in rows}

    async def declined(
        self, appointments: Collection[Appointment], *, tx: Tx | None = None
    ) -> dict[str, frozenset[str]]:
        """Of each, who was asked to take it in its window and said no, or nothing."""
        starts = {each.id: each.window.start for each in appointments}
        rows = self._assignments.find(
            {
                "appointment_id": {"$in": list(starts)},
                "ended": {"$in": list(NOT_AGAIN)},
            },
            {"appointment_id": 1, "courier_id": 1, "window": 1},
            session=tx.session if tx else None,
        )
        found: dict[str, set[str]] = {}
        async for row in rows:
            if row["window"]["start"] == starts[row["appointment_id"]]:
                found.setdefault(row["appointment_id"], set()).add(row["courier_id"])
        return {id: frozenset(couriers) for id, couriers in found.items()}

    async def active_of(self, courier_id: str, span: TimeWindow, *, tx: Tx) -> list[Assignment]:
        """What is theirs in windows that touch the span, also when it is done."""
        rows = self._assignments.find(
            {
                "courier_id": courier_id,
                "active": True,
                "window.start": {"$lt": span.end},
                "window.end": {"$gt": span.start},
            },
            session=tx.session,
        )
        return [Assignment.of_document(row) async for row in rows]

    async def lapsed(self, at: datetime, most: int) -> list[Assignment]:
        """Offers that nobody answered in time."""
        rows = self._assignments.find(
            {"active": True, "accepted": False, "answer_by": {"$lte": at}}
        ).limit(most)
        return [Assignment.of_document(row) async for row in rows]

    async def end(
        self, id: str, ending: Ending, *, at: datetime, tx: Tx, reason: str | None = None
    ) -> bool:
        """False: it was over already."""
        ended = await self._assignments.update_one(
            {"_id": id, "active": True},
            {"$set": {"active": False, "ended": ending, "ended_at": at, "reason": reason}},
            session=tx.session,
        )
        return ended.matched_count == 1

    async def end_many(
        self, assignments: Sequence[Assignment], ending: Ending, *, at: datetime, tx: Tx
    ) -> None:
        """End all of them. Raises Overtaken if one is over already."""
        if not assignments:
            return
        ended = await self._assignments.update_many(
            {"_id": {"$in": [each.id for each in assignments]}, "active": True},
            {"$set": {"active": False, "ended": ending, "ended_at": at, "reason": None}},
            session=tx.session,
        )
        if ended.matched_count != len(assignments):
            raise Overtaken

    async def put(self, assignment: Assignment, *, tx: Tx) -> None:
        """Where what comes later in the same transaction is to find it."""
        await self._assignments.insert_one(assignment.document(), session=tx.session)

    async def follow(self, appointment: Appointment, *, tx: Tx) -> None:
        """Whoever has the appointment has it at its new door."""
        document = appointment.document()
        await self._assignments.update_one(
            {"appointment_id": appointment.id, "active": True},
            {"$set": {"window": document["window"], "door_no": appointment.door_no}},
            session=tx.session,
        )

    async def accept(self, ids: Collection[str], *, tx: Tx) -> None:
        await self._assignments.update_many(
            {"_id": {"$in": list(ids)}, "active": True},
            {"$set": {"accepted": True}},
            session=tx.session,
        )


class RoundStore:
    """Rounds, and the feed that tells a handheld what changed in them."""

    def __init__(self, mongo: Mongo) -> None:
        self._rounds = mongo[ROUNDS]
        self._feed = mongo[FEED]
        self._heads = mongo[HEADS]

    async def get(
        self, courier_id: str, branch_id: str, day: date, *, tx: Tx | None = None
    ) -> Round:
        """The courier's round of the day, empty on a free day."""
        found = await self.get_many([round_id(courier_id, day)], tx=tx)
        return next(iter(found.values()), None) or Round(
            id=round_id(courier_id, day), courier_id=courier_id, branch_id=branch_id, day=day
        )

    async def get_many(self, ids: Collection[str], *, tx: Tx | None = None) -> dict[str, Round]:
        rows = self._rounds.find({"_id": {"$in": list(ids)}}, session=tx.session if tx else None)
        return {row["_id"]: Round.of_document(row) async for row in rows}

    async def of_branch(self, branch_id: str, day: date, *, tx: Tx | None = None) -> list[Round]:
        """The rounds of the branch's couriers that have one."""
        rows = self._rounds.find(
            {"branch_id": branch_id, "day": day.isoformat()}, session=tx.session if tx else None
        )
        return [Round.of_document(row) async for row in rows]

    async def sequences(self, branch_id: str, days: Collection[date]) -> dict[str, int]:
        """How far each round of the branch has come on those days, by its id."""
        rows = self._rounds.find(
            {"branch_id": branch_id, "day": {"$in": [day.isoformat() for day in days]}},
            {"_id": 1, "sequence": 1},
        )
        return {row["_id"]: row["sequence"] async for row in rows}

    async def hold(self, courier_id: str, *, tx: Tx) -> None:
        """Nobody else changes the courier's rounds beside this transaction."""
        held = await self._heads.update_one(
            {"_id": courier_id}, {"$inc": {"held": 1}}, session=tx.session
        )
        if not held.matched_count:
            first = {"_id": courier_id, "sequence": 0, "held": 1}
            await self._heads.insert_one(first, session=tx.session)

    async def save(
        self, steps: Sequence[tuple[Round, Round]], *, at: datetime, tx: Tx
    ) -> list[Round]:
        """Write the rounds, each with the next sequence of its courier. Raises Overtaken.

        The sequence is drawn inside the transaction and last: drawn earlier, a later commit could
        slip in front and a handheld would skip it for good. Couriers are taken in order of id, so
        that two transactions about the same couriers meet at the first.
        """
        saved = []
        for before, after in sorted(steps, key=lambda step: step[1].courier_id):
            sequence = await self._next(after.courier_id, tx)
            numbered = after.model_copy(update={"sequence": sequence})
            await self._write(before, numbered, tx)
            self._tell(numbered, at, tx)
            saved.append(numbered)
        return saved

    async def _next(self, courier_id: str, tx: Tx) -> int:
        head = await self._heads.find_one_and_update(
            {"_id": courier_id},
            {"$inc": {"sequence": 1}},
            return_document=ReturnDocument.AFTER,
            session=tx.session,
        )
        if head:
            return int(head["sequence"])
        # No upsert in a transaction: two who are first collide on the id, and one runs again.
        await self._heads.insert_one({"_id": courier_id, "sequence": 1}, session=tx.session)
        return 1

    async def _write(self, before: Round, after: Round, tx: Tx) -> None:
        document = after.document() | _due(after)
        write: Any = InsertOne(document)
        if before.sequence:
            write = ReplaceOne({"_id": before.id, "sequence": before.sequence}, document)
        written = await self._rounds.bulk_write([write], session=tx.session)
        if before.sequence and written.matched_count != 1:
            raise Overtaken

    def _tell(self, round: Round, at: datetime, tx: Tx) -> None:
        entry = FeedEntry(
            id=f"{round.courier_id}|{round.sequence}",
            courier_id=round.courier_id,
            sequence=round.sequence,
            day=round.day,
            at=at,
        )
        tx.insert(FEED, entry.document())
        tx.record(RoundChanged(aggregate=round.courier_id, sequence=round.sequence, at=at))

    async def overdue(self, day: date, at: datetime, most: int) -> list[Round]:
        """Rounds of the day whose courier should have reached a door by now, the longest ago first;
        but not where every window has passed: whoever waited there knows.
        """
        rows = self._rounds.find(
            {"day": day.isoformat(), "due_at": {"$lte": at}, "due_until": {"$gt": at}}
        )
        return [Round.of_document(row) async for row in rows.sort("due_at").limit(most)]

    # ------------------------------------------------------------ the feed

    async def head(self, courier_id: str) -> int:
        found = await self._heads.find_one({"_id": courier_id})
        return int(found["sequence"]) if found else 0

    async def entries(self, courier_id: str, *, after: int, most: int) -> list[FeedEntry]:
        rows = self._feed.find({"courier_id": courier_id, "sequence": {"$gt": after}}).sort(
            "sequence"
        )
        return [FeedEntry.of_document(row) async for row in rows.limit(most)]


def _due(round: Round) -> Document:
    """When a courier who is heard of no more should have been at the next door."""
    waiting = [stop for stop in round.stops if stop.state in WATCHED and stop.eta]
    if not waiting:
        return {}
    return {
        "due_at": min(stop.eta for stop in waiting if stop.eta),
        "due_until": max(stop.window.end for stop in waiting),
    }
