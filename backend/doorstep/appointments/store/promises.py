"""Promises in MongoDB. What is private is sealed as one, with the customer's key."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from pymongo import UpdateOne

from doorstep.addresses.model import ERASED, Address
from doorstep.appointments.model import (
    NOT_ARRIVED,
    OPEN,
    Appointment,
    Contact,
    EventKind,
    Private,
    RowRefused,
    Status,
    Unkept,
)
from doorstep.capacity.model import Slot
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.documents import Document, changes
from doorstep.kit.mongo.collections import Index, Kept
from doorstep.kit.mongo.schemas import stored_schema
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.pages import Ask, Page, cut
from doorstep.kit.pii import OwnerKey, Vault

APPOINTMENTS: Final = "appointments"
ROWS_REFUSED: Final = "rows_refused"
_NOT_ARRIVED: Final = Index(
    ("branch_id", "day", "window.end"), only={"status": {"$in": sorted(NOT_ARRIVED)}}
)
KEPT: Final = (
    Kept(
        APPOINTMENTS,
        (
            Index(("branch_id", "day", "window.start", "_id")),
            Index(("branch_id", "day"), only={"status": Status.BOOKED, "offered_to": None}),
            _NOT_ARRIVED,
            Index(("customer_id", "-_id")),
            Index(("status", "window.end")),
            Index(("customer_id", "address_id"), only={"status": {"$in": sorted(OPEN)}}),
            Index(
                ("pending_change.answer_by",),
                only={"pending_change.answer_by": {"$exists": True}},
            ),
        ),
        schema=stored_schema(Appointment, sealed=("private",)),
    ),
    Kept(
        ROWS_REFUSED,
        (Index(("at",), expire_after=timedelta(hours=48)),),
        schema=stored_schema(RowRefused),
    ),
)
_PRIVATE: Final = f"{APPOINTMENTS}.private"


class AppointmentStore:
    def __init__(self, mongo: Mongo, vault: Vault) -> None:
        self._mongo = mongo
        self._appointments = mongo[APPOINTMENTS]
        self._rows_refused = mongo[ROWS_REFUSED]
        self._vault = vault

    async def get(self, id: str, *, tx: Tx | None = None) -> Appointment | None:
        return (await self.get_many([id], tx=tx)).get(id)

    async def get_many(
        self, ids: Collection[str], *, tx: Tx | None = None
    ) -> dict[str, Appointment]:
        rows = self._appointments.find(
            {"_id": {"$in": list(ids)}}, session=tx.session if tx else None
        )
        return {found.id: found for found in await self._opened([row async for row in rows])}

    async def last_courier(self, customer_id: str) -> str | None:
        """Who came to this customer last, and did all there was to do."""
        done = {"customer_id": customer_id, "status": Status.COMPLETED}
        row = await self._appointments.find_one(done, {"courier_id": 1}, sort=[("_id", -1)])
        return row["courier_id"] if row else None

    async def add(self, appointment: Appointment, *, tx: Tx) -> None:
        key = await self._vault.key(appointment.customer_id)
        tx.insert(APPOINTMENTS, _sealed(appointment.document(), key))

    async def prepare_for(self, customers: Collection[str]) -> None:
        """Have the keys at hand of everybody for whom a long transaction will write."""
        known = await self._vault.keys(customers)
        if fresh := set(customers) - known.keys():
            await self._vault.make(fresh)
            await self._vault.keys(fresh)

    def keep_refused(self, row: RowRefused, *, tx: Tx) -> None:
        tx.insert(ROWS_REFUSED, row.document())

    async def rows_refused(self, ids: Collection[str]) -> dict[str, RowRefused]:
        rows = self._rows_refused.find({"_id": {"$in": list(ids)}})
        return {row["_id"]: RowRefused.of_document(row) async for row in rows}

    async def advance(self, steps: Sequence[tuple[Appointment, Appointment]], *, tx: Tx) -> bool:
        """Each `before` becomes its `after`. False: one of them is not as it was read."""
        if not steps:
            return True
        keys = await self._vault.keys([before.customer_id for before, _ in steps])
        written = await self._appointments.bulk_write(
            [_step(before, after, keys[before.customer_id]) for before, after in steps],
            session=tx.session,
        )
        return written.matched_count == len(steps)

    async def in_use(self, address_id: str, customer_id: str) -> bool:
        """Whether an open appointment goes to this address."""
        found = await self._appointments.find_one(
            {
                "customer_id": customer_id,
                "address_id": address_id,
                "status": {"$in": sorted(OPEN)},
            },
            {"_id": 1},
        )
        return found is not None

    async def open_of(
        self, customer_id: str, but: Collection[ServiceKind], *, tx: Tx | None = None
    ) -> int:
        """How many open appointments the customer has, but for those of these kinds alone.

        What the transaction is about to insert counts too.
        """
        wanted = {
            "customer_id": customer_id,
            "status": {"$in": sorted(OPEN)},
            "lines": {"$elemMatch": {"kind": {"$nin": sorted(but)}}},
        }
        session = tx.session if tx else None
        count: int = await self._appointments.count_documents(wanted, session=session)
        coming = tx.inserts.get(APPOINTMENTS, []) if tx else []
        kinds = [
            {line["kind"] for line in row["lines"]}
            for row in coming
            if row["customer_id"] == customer_id
        ]
        return count + sum(not each <= set(but) for each in kinds)

    async def cancelled_of(self, customer_id: str, since: datetime) -> list[Appointment]:
        """What the customer had cancelled since then."""
        since_then = {"kind": EventKind.CANCELLED.value, "at": {"$gt": since}}
        rows = self._appointments.find(
            {
                "customer_id": customer_id,
                "status": Status.CANCELLED.value,
                "history": {"$elemMatch": since_then},
            }
        )
        return await self._opened([row async for row in rows])

    async def bound_for(self, address_id: str, customer_id: str, first: date) -> list[str]:
        rows = self._appointments.find(
            {
                "customer_id": customer_id,
                "address_id": address_id,
                "status": {"$in": sorted(OPEN)},
                "day": {"$gte": first.isoformat()},
            },
            {"_id": 1},
        )
        return [row["_id"] async for row in rows.sort("_id")]

    async def unanswered(self, at: datetime, most: int) -> list[str]:
        rows = self._appointments.find({"pending_change.answer_by": {"$lte": at}}, {"_id": 1})
        return [row["_id"] async for row in rows.limit(most)]

    async def ending_between(
        self, first: datetime, last: datetime, statuses: Collection[Status]
    ) -> list[Appointment]:
        rows = self._appointments.find(
            {"status": {"$in": sorted(statuses)}, "window.end": {"$gt": first, "$lte": last}}
        )
        return await self._opened([row async for row in rows])

    async def of_slot(self, slot: Slot) -> list[Appointment]:
        """Every promise that has a place in it."""
        rows = self._appointments.find(
            {
                "branch_id": slot.branch_id,
                "day": slot.day.isoformat(),
                "window.start": slot.window.start,
                "area_id": slot.area_id,
                "status": {"$ne": Status.CANCELLED},
            }
        )
        return await self._opened([row async for row in rows])

    async def of_days(
        self, branch_ids: Collection[str], first: date, last: date
    ) -> list[Appointment]:
        """All that was not cancelled, whatever became of it."""
        rows = self._appointments.find(
            {
                "branch_id": {"$in": sorted(branch_ids)},
                "day": {"$gte": first.isoformat(), "$lte": last.isoformat()},
                "status": {"$ne": Status.CANCELLED},
            }
        )
        return await self._opened([row async for row in rows])

    async def unkept(self, branch_id: str, first: date, last: date, at: datetime) -> list[Unkept]:
        """Whose window had ended by then, and nobody was there."""
        rows = self._appointments.find(
            {
                "branch_id": branch_id,
                "day": {"$gte": first.isoformat(), "$lte": last.isoformat()},
                "window.end": {"$lte": at},
                "status": {"$in": sorted(NOT_ARRIVED)},
            },
            {"day": 1, "courier_id": 1, "lines.kind": 1},
            # Not left to the planner: the index of all of a branch's days would read all of them.
            hint=_NOT_ARRIVED.name,
        )
        return [
            Unkept(
                day=date.fromisoformat(row["day"]),
                courier_id=row["courier_id"],
                services=frozenset(ServiceKind(line["kind"]) for line in row["lines"]),
            )
            async for row in rows
        ]

    # ------------------------------------------------------------ pages

    async def of_customer(
        self, customer_id: str, ask: Ask, statuses: Collection[Status] | None
    ) -> Page[Appointment]:
        """The latest booked first."""
        wanted = _with_statuses({"customer_id": customer_id}, statuses)
        if ask.after is not None:
            wanted["_id"] = {"$lt": ask.after}
        return await self._page(wanted, [("_id", -1)], ask)

    async def of_branch_day(
        self,
        branch_id: str,
        day: date,
        ask: Ask,
        statuses: Collection[Status] | None,
        *,
        unassigned: bool = False,
    ) -> Page[Appointment]:
        """In the order of their windows."""
        wanted = _with_statuses({"branch_id": branch_id, "day": day.isoformat()}, statuses)
        if unassigned:
            wanted |= {"status": Status.BOOKED, "offered_to": None}
        if ask.after is not None:
            start, _, id = ask.after.partition("|")
            wanted |= _past(start, id)
        return await self._page(wanted, [("window.start", 1), ("_id", 1)], ask)

    async def count_of_customer(self, customer_id: str, statuses: Collection[Status] | None) -> int:
        wanted = _with_statuses({"customer_id": customer_id}, statuses)
        return await self._appointments.count_documents(wanted)

    async def count_of_branch_day(
        self,
        branch_id: str,
        day: date,
        statuses: Collection[Status] | None,
        *,
        unassigned: bool = False,
    ) -> int:
        wanted = _with_statuses({"branch_id": branch_id, "day": day.isoformat()}, statuses)
        if unassigned:
            wanted |= {"status": Status.BOOKED, "offered_to": None}
        return await self._appointments.count_documents(wanted)

    async def _page(
        self, wanted: Document, order: list[tuple[str, int]], ask: Ask
    ) -> Page[Appointment]:
        rows = self._appointments.find(wanted).sort(order).limit(ask.first + 1)
        return cut(await self._opened([row async for row in rows]), ask)

    async def _opened(self, rows: Sequence[Any]) -> list[Appointment]:
        keys = await self._vault.keys([row["customer_id"] for row in rows])
        return [_opened(row, keys.get(row["customer_id"])) for row in rows]


def _past(start: str, id: str) -> Document:
    """The rows after one key. `start` is milliseconds since 1970."""
    try:
        at = datetime.fromtimestamp(int(start) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        at = datetime(1970, 1, 1, tzinfo=UTC)
    return {"$or": [{"window.start": {"$gt": at}}, {"window.start": at, "_id": {"$gt": id}}]}


def _with_statuses(wanted: Document, statuses: Collection[Status] | None) -> Document:
    return wanted | {"status": {"$in": sorted(statuses)}} if statuses is not None else wanted


def _step(before: Appointment, after: Appointment, key: OwnerKey) -> UpdateOne:
    """The update that makes `before` into `after`, if it is still as it was read."""
    changed = changes(before, after)
    if "private" in changed:
        changed["private"] = key.seal(_PRIVATE, after.private.model_dump(mode="json"))
    return UpdateOne(
        {
            "_id": before.id,
            "status": before.status,
            "sequence": before.sequence,
            "offered_to": before.offered_to,
        },
        {"$set": changed},
    )


def _sealed(document: Document, key: OwnerKey) -> Document:
    private = Private.model_validate(document["private"]).model_dump(mode="json")
    return {**document, "private": key.seal(_PRIVATE, private)}


def _opened(row: Document, key: OwnerKey | None) -> Appointment:
    private = key.open(_PRIVATE, row["private"]) if key else _erased(row)
    return Appointment.of_document({**row, "private": private})


def _erased(row: Document) -> Private:
    """What is left of a customer who was erased."""
    return Private(
        address=Address(
            id=row["address_id"],
            owner_id=row["customer_id"],
            division_code="",
            door=ERASED,
            area_id=row["area_id"],
        ),
        contact=Contact(name="(已删除)", phone=""),
        pickup_code="",
    )
