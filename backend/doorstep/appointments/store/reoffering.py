"""Whose promises cannot be kept, what they were offered, and who was to offer it, in MongoDB."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from doorstep.appointments.model import (
    WAITING,
    AffectedBecause,
    Promise,
    Reoffer,
    ReofferOutcome,
    ReofferRun,
    ReofferState,
    Status,
)
from doorstep.appointments.store.promises import APPOINTMENTS
from doorstep.kit.documents import Document, changes
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.windows import TimeWindow

REOFFERS: Final = "reoffers"
RUNS: Final = "reoffer_runs"
_SPOKEN: Final = sorted(set(ReofferState) - {ReofferState.WITHDRAWN})
KEPT: Final = (
    Kept(
        REOFFERS,
        (
            # Told once, whatever races: one open offer of each appointment, one for each cause.
            Index(("appointment_id",), unique=True, only={"state": ReofferState.OPEN}),
            Index(("appointment_id", "cause_id"), unique=True, only={"state": {"$in": _SPOKEN}}),
            Index(("appointment_id", "-offered_at")),
            Index(("expires_at",), only={"state": ReofferState.OPEN}),
            Index(("cause_id", "state")),
        ),
        schema=stored_schema(Reoffer),
    ),
    Kept(
        RUNS,
        (
            Index(("next_at",)),
            Index(("at",), expire_after=timedelta(days=2)),
        ),
        schema=stored_schema(ReofferRun),
    ),
)
_LIGHT: Final = {"private": 0, "history": 0, "lines": 0}


class PromiseStore:
    """Promises without what is private."""

    def __init__(self, mongo: Mongo) -> None:
        self._appointments = mongo[APPOINTMENTS]

    async def waiting_in(
        self, span: TimeWindow, paths: Collection[str], area_ids: Collection[str] = ()
    ) -> list[Promise]:
        """Those with an instant in the span, in these parts of the bureau, the first begun first.
        No areas: all of them.
        """
        wanted: Document = {
            "status": {"$in": sorted(WAITING)},
            "window.end": {"$gt": span.start},
            "window.start": {"$lt": span.end},
        }
        if area_ids:
            wanted["area_id"] = {"$in": sorted(area_ids)}
        if "" not in paths:
            wanted["$or"] = [{"branch_path": _under(path)} for path in sorted(paths)]
            if not paths:
                return []
        return await self._found(wanted)

    async def of_branch(self, branch_id: str, first: date, last: date) -> list[Promise]:
        days = {"$gte": first.isoformat(), "$lte": last.isoformat()}
        wanted = {"branch_id": branch_id, "day": days, "status": {"$in": sorted(WAITING)}}
        return await self._found(wanted)

    async def of_slots(self, promises: Collection[Promise]) -> dict[str, list[Promise]]:
        """Every promise that has a place in the same slots as these, by the slots' keys."""
        where = {(each.branch_id, each.day.isoformat(), each.window.start) for each in promises}
        found: dict[str, list[Promise]] = defaultdict(list)
        if where:
            wanted = {
                "status": {"$ne": Status.CANCELLED},
                "branch_id": {"$in": sorted({branch for branch, _, _ in where})},
                "day": {"$in": sorted({day for _, day, _ in where})},
                "window.start": {"$in": sorted({start for _, _, start in where})},
            }
            for each in await self._found(wanted):
                found[each.slot.key].append(each)
        return found

    async def get_many(self, ids: Collection[str], paths: Collection[str]) -> list[Promise]:
        found = await self._found({"_id": {"$in": list(ids)}, "status": {"$in": sorted(WAITING)}})
        return [each for each in found if any(each.branch_path.startswith(path) for path in paths)]

    async def unasked_in(
        self, span: TimeWindow, path: str, area_ids: Collection[str]
    ) -> list[Promise]:
        """Those that no courier has, and none is asked about."""
        wanted: Document = {
            "status": Status.BOOKED,
            "offered_to": None,
            "window.end": {"$gt": span.start},
            "window.start": {"$lt": span.end},
            "branch_path": _under(path),
        }
        if area_ids:
            wanted["area_id"] = {"$in": sorted(area_ids)}
        return await self._found(wanted)

    async def unasked_on(self, branch_id: str, days: Collection[date]) -> list[str]:
        """The ids of those of a branch that no courier has, and none is asked about."""
        rows = self._appointments.find(
            {
                "branch_id": branch_id,
                "day": {"$in": [day.isoformat() for day in days]},
                "status": Status.BOOKED,
                "offered_to": None,
            },
            {"_id": 1},
        )
        return [row["_id"] async for row in rows]

    async def _found(self, wanted: Document) -> list[Promise]:
        rows = self._appointments.find(wanted, _LIGHT).sort([("window.start", 1), ("_id", 1)])
        return [Promise.of_document(row) async for row in rows]


def _under(path: str) -> Document:
    return {"$regex": f"^{re.escape(path)}"}


class ReofferStore:
    """What was offered instead."""

    def __init__(self, mongo: Mongo) -> None:
        self._reoffers = mongo[REOFFERS]

    async def get(self, id: str, *, tx: Tx | None = None) -> Reoffer | None:
        found = await self._reoffers.find_one({"_id": id}, session=tx.session if tx else None)
        return Reoffer.of_document(found) if found else None

    async def get_many(self, ids: Collection[str]) -> dict[str, Reoffer]:
        rows = self._reoffers.find({"_id": {"$in": list(ids)}})
        return {row["_id"]: Reoffer.of_document(row) async for row in rows}

    async def add(self, reoffer: Reoffer, *, tx: Tx) -> None:
        """Written now, not with the commit: the transaction's next waiter has to see it."""
        await self._reoffers.insert_one(reoffer.document(), session=tx.session)

    async def spoken_of(
        self, appointment_ids: Collection[str], *, tx: Tx | None = None
    ) -> dict[str, list[Reoffer]]:
        """What each was offered and was not withdrawn."""
        rows = self._reoffers.find(
            {"appointment_id": {"$in": list(appointment_ids)}, "state": {"$in": _SPOKEN}},
            session=tx.session if tx else None,
        )
        found: dict[str, list[Reoffer]] = defaultdict(list)
        async for row in rows:
            found[row["appointment_id"]].append(Reoffer.of_document(row))
        return found

    async def latest_of(self, appointment_ids: Collection[str]) -> dict[str, Reoffer]:
        """The last that each was offered."""
        rows = self._reoffers.find({"appointment_id": {"$in": list(appointment_ids)}})
        rows = rows.sort("offered_at", 1)
        return {row["appointment_id"]: Reoffer.of_document(row) async for row in rows}

    async def open_of(self, appointment_id: str, *, tx: Tx | None = None) -> Reoffer | None:
        wanted = {"appointment_id": appointment_id, "state": ReofferState.OPEN}
        found = await self._reoffers.find_one(wanted, session=tx.session if tx else None)
        return Reoffer.of_document(found) if found else None

    async def open_because(
        self, cause_id: str, because: AffectedBecause | None = None
    ) -> list[Reoffer]:
        """Those that are open because of this cause, or of any of a kind."""
        which: Document = {"because": because} if because else {"cause_id": cause_id}
        rows = self._reoffers.find({**which, "state": ReofferState.OPEN})
        return [Reoffer.of_document(row) async for row in rows]

    async def lapsed(self, at: datetime, most: int) -> list[Reoffer]:
        wanted = {"state": ReofferState.OPEN, "expires_at": {"$lte": at}}
        rows = self._reoffers.find(wanted).limit(most)
        return [Reoffer.of_document(row) async for row in rows]

    async def open_among(self, ids: Collection[str], *, tx: Tx) -> list[Reoffer]:
        wanted = {"_id": {"$in": list(ids)}, "state": ReofferState.OPEN}
        rows = self._reoffers.find(wanted, session=tx.session)
        return [Reoffer.of_document(row) async for row in rows]

    async def end_many(self, ended: Sequence[Reoffer], *, tx: Tx) -> bool:
        """All in the same way. False: one of them was open no longer."""
        written = await self._reoffers.update_many(
            {"_id": {"$in": [each.id for each in ended]}, "state": ReofferState.OPEN},
            {"$set": {"state": ended[0].state, "ended_at": ended[0].ended_at}},
            session=tx.session,
        )
        return written.matched_count == len(ended)

    async def advance(self, before: Reoffer, after: Reoffer, *, tx: Tx) -> bool:
        """False: it is not as it was read."""
        written = await self._reoffers.update_one(
            {"_id": before.id, "state": before.state},
            {"$set": changes(before, after)},
            session=tx.session,
        )
        return written.matched_count == 1


class RunStore:
    """Orders to offer something else, until they are carried out."""

    def __init__(self, mongo: Mongo) -> None:
        self._runs = mongo[RUNS]

    async def get(self, id: str, *, tx: Tx | None = None) -> ReofferRun | None:
        found = await self._runs.find_one({"_id": id}, session=tx.session if tx else None)
        return ReofferRun.of_document(found) if found else None

    def add(self, run: ReofferRun, *, tx: Tx) -> None:
        tx.insert(RUNS, run.document())

    async def due(self, at: datetime) -> list[ReofferRun]:
        rows = self._runs.find({"next_at": {"$lte": at}}).sort("next_at", 1)
        return [ReofferRun.of_document(row) async for row in rows]

    async def put_off(self, run: ReofferRun, until: datetime) -> None:
        """Somebody is at it: nobody else need go on with it before that."""
        wanted = {"_id": run.id, "next_at": {"$ne": None}}
        await self._runs.update_one(wanted, {"$set": {"next_at": until}})

    async def finish(
        self, run: ReofferRun, outcomes: Sequence[ReofferOutcome], next_at: datetime | None
    ) -> ReofferRun:
        """What came of it. Of several who were at it, the first is believed."""
        told = [outcome.model_dump() for outcome in outcomes]
        await self._runs.update_one({"_id": run.id, "outcomes": None}, {"$set": {"outcomes": told}})
        await self._runs.update_one({"_id": run.id}, {"$set": {"next_at": next_at}})
        return await self.get(run.id) or run
