"""Many visits in one call, each by the rules of one.

Key     the call's own key is claimed for the whole body; each row has a key of its own under it, so
        that a repeat, also after a crash in the middle, is told what took effect and does the rest
Race    rows compete among themselves, in their order, before anything is written. Against others,
        VALID_ROWS settles in the slots' own queues; ALL_OR_NOTHING in one transaction that locks
        every slot it touches
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeGuard

from doorstep.addresses.model import Address
from doorstep.appointments import rules
from doorstep.appointments.actions.booking import NO_PLACE, Booking, Judged
from doorstep.appointments.actions.tools import Asked, NotReadableYet
from doorstep.appointments.model import (
    Appointment,
    BookingRefusal,
    BookingRefused,
    BookingRequest,
    BulkMode,
    BulkRefusal,
    BulkRefused,
    RowAsked,
    RowRefused,
    VisitAsked,
)
from doorstep.capacity.actions.places import Wanted
from doorstep.capacity.model import Ask, NotTaken, SlotClosedReason, SlotRef
from doorstep.kit.batches import batched
from doorstep.kit.ids import kind_of, new_id
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx
from doorstep.kit.turns import Turns
from doorstep.kit.windows import TimeWindow

Row = RowAsked | BookingRefused
"""What is asked, or why it cannot even be."""
Outcome = Appointment | BookingRefused
_TRIES: Final = 3
"""How often a row that may be had in several slots looks for another, when it lost one."""
_ROWS_AT_ONCE: Final = 32
_SLOTS_AT_ONCE: Final = 8
_LOST: Final = frozenset(
    {BookingRefusal.SLOT_FULL, BookingRefusal.NO_COURIER, BookingRefusal.NO_VEHICLE}
)
_REUSED: Final = BulkRefused(code=BulkRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",))


@dataclass(frozen=True)
class _Claim:
    """Stands for the whole call."""

    id: str


@dataclass(frozen=True)
class _Way:
    """One slot in which a row may be had."""

    request: BookingRequest
    judged: Judged

    def ask(self, at: datetime) -> tuple[str, Ask]:
        return self.request.slot.key, Ask(id="", at=at, demand=self.judged.view.demand)


@dataclass(frozen=True)
class Bulk(Booking):
    """Booking by the list."""

    bulk_turns: Turns = field(default_factory=Turns)

    async def book_many(
        self, rows: Mapping[int, Row], mode: BulkMode, attempt: Attempt
    ) -> dict[int, Outcome] | BulkRefused:
        """What each row came to. Refused as a whole only if all were wanted, or none of this."""
        book = self._book_all if mode is BulkMode.ALL_OR_NOTHING else self._book_valid
        async with self.bulk_turns.of(attempt.key or new_id("blk")):
            outcome = await book(rows, attempt)
        if isinstance(outcome, BulkRefused):
            return outcome
        return {number: outcome[number] for number in rows}

    # ------------------------------------------------------------ all, or none

    async def _book_all(
        self, rows: Mapping[int, Row], attempt: Attempt
    ) -> dict[int, Outcome] | BulkRefused:
        outcome = await self._all_before(rows, attempt) or await self._take_all(rows, attempt)
        if isinstance(outcome, BulkRefused):
            # What stands in the way may be what this very call did when it was sent before.
            return await self._all_before(rows, attempt) or outcome
        return outcome

    async def _all_before(
        self, rows: Mapping[int, Row], attempt: Attempt
    ) -> dict[int, Outcome] | BulkRefused | None:
        told = await self.mongo.answered(attempt)
        if isinstance(told, Repeated):
            return await self._told_rows(rows, attempt)
        return _REUSED if told else None

    async def _take_all(
        self, rows: Mapping[int, Row], attempt: Attempt
    ) -> dict[int, Outcome] | BulkRefused:
        id, outcomes = new_id("blk"), dict[int, Outcome]()
        for _ in range(_TRIES):
            outcomes = await self._plan(rows, attempt.at)
            if _none_refused(outcomes) and not attempt.dry:
                found = await self._commit_all(outcomes, attempt, id)
                if isinstance(found, Repeated):
                    return await self._told_rows(rows, attempt)
                if isinstance(found, Reused):
                    return _REUSED
                outcomes = _pointing(rows, found)
            if _none_refused(outcomes):
                return dict(outcomes)
            if not all(_may_look_again(rows[n], each) for n, each in _refused(outcomes).items()):
                break
        refused = _refused(outcomes)
        first = min(refused)
        path = ("rows", str(first), *refused[first].path)
        return BulkRefused(code=BulkRefusal.ROWS_REFUSED, path=path, rows=refused)

    async def _commit_all(
        self, planned: Mapping[int, Appointment], attempt: Attempt, id: str
    ) -> dict[int, Outcome] | Repeated | Reused:
        await self.store.prepare_for({promise.customer_id for promise in planned.values()})
        wanted = [
            (promise.slot.key, self._wanted(promise, _row_attempt(attempt, number)))
            for number, promise in planned.items()
        ]
        answers = await self.capacity.take_all(wanted, attempt, id)
        if isinstance(answers, Repeated | Reused):
            return answers
        told = zip(planned.items(), answers, strict=True)
        return {number: await self._booked(each, was.slot) for (number, was), each in told}

    def _wanted(self, promise: Appointment, attempt: Attempt) -> Wanted:
        async def write(tx: Tx) -> Appointment | BookingRefused:
            # The rows before this one may be what is too many for this customer.
            standing = await self.standing_of(promise.customer_id, at=attempt.at)
            refused = await self.judge_again(promise.customer_id, standing, promise.services, tx=tx)
            return refused or await self._write(promise, tx)

        ask = Ask(id=promise.id, at=attempt.at, demand=promise.takes)
        return Wanted(ask, attempt, write)

    # ------------------------------------------------------------ whatever can be had

    async def _book_valid(
        self, rows: Mapping[int, Row], attempt: Attempt
    ) -> dict[int, Outcome] | BulkRefused:
        known = await self._claimed(rows, attempt)
        if isinstance(known, Reused):
            return _REUSED
        rest = {number: row for number, row in rows.items() if number not in known}
        outcomes = await self._fill(rest, attempt)
        return {**known, **outcomes, **await self._keep_refused(_refused(outcomes), attempt)}

    async def _claimed(
        self, rows: Mapping[int, Row], attempt: Attempt
    ) -> dict[int, Outcome] | Reused:
        """What is known of this call already. Its key is claimed for it now."""
        claim = _Claim(new_id("blk"))

        async def body(tx: Tx) -> _Claim | BulkRefused:
            return claim

        outcome = await self.mongo.once(attempt, body) if attempt.key else claim
        if isinstance(outcome, Repeated):
            return await self._told_rows(rows, attempt)
        return outcome if isinstance(outcome, Reused) else {}

    async def _fill(self, rows: Mapping[int, Row], attempt: Attempt) -> dict[int, Outcome]:
        done: dict[int, Outcome] = {}
        waiting = rows
        for _ in range(_TRIES):
            plan = await self._plan(waiting, attempt.at)
            done |= plan
            if attempt.dry:
                break
            planned = {n: each for n, each in plan.items() if isinstance(each, Appointment)}
            taken = _pointing(rows, await self._take_each(planned, attempt))
            done |= taken
            waiting = {n: rows[n] for n, each in taken.items() if _may_look_again(rows[n], each)}
            if not waiting:
                break
        return done

    async def _take_each(
        self, planned: Mapping[int, Appointment], attempt: Attempt
    ) -> dict[int, Outcome]:
        """Those who want one slot come to it together, so that they share its transactions."""
        by_slot: dict[str, list[int]] = defaultdict(list)
        for number, promise in planned.items():
            by_slot[promise.slot.key].append(number)
        gate, taken = asyncio.Semaphore(_SLOTS_AT_ONCE), dict[int, Outcome]()

        async def at_slot(numbers: Sequence[int]) -> None:
            async with gate:
                rows = (self._take_row(number, planned[number], attempt) for number in numbers)
                found = await asyncio.gather(*rows)
            taken.update(zip(numbers, found, strict=True))

        await asyncio.gather(*map(at_slot, by_slot.values()))
        return taken

    async def _take_row(self, number: int, promise: Appointment, attempt: Attempt) -> Outcome:
        wanted = self._wanted(promise, _row_attempt(attempt, number))
        slot = promise.slot
        outcome = await self.capacity.take(slot, wanted.ask, wanted.attempt, wanted.write)
        if isinstance(outcome, Repeated):
            return (await self._again({number: outcome.id}))[number]
        return await self._booked(outcome, slot)

    async def _keep_refused(
        self, refused: Mapping[int, BookingRefused], attempt: Attempt
    ) -> dict[int, Outcome]:
        """Remember why, so that a repeat is told the same. What another hand settled, stands."""
        if attempt.dry or not attempt.key or not refused:
            return {}
        keys = {number: _row_attempt(attempt, number) for number in refused}

        async def body(tx: Tx) -> dict[int, str]:
            told = await self.mongo.told(list(keys.values()), tx=tx)
            for number, row in keys.items():
                if row.key and row.key not in told:
                    tx.remember(row, row.key)
                    self.store.keep_refused(_kept(row.key, refused[number], attempt.at), tx=tx)
            return {n: told[row.key].id for n, row in keys.items() if row.key in told}

        return await self._again(await self.mongo.transact(body))

    # ------------------------------------------------------------ what was told before

    async def _told_rows(self, rows: Collection[int], attempt: Attempt) -> dict[int, Outcome]:
        """What is known of the rows under this call's key."""
        keys = {number: _row_attempt(attempt, number) for number in rows}
        told = await self.mongo.told(list(keys.values()))
        return await self._again(
            {number: told[row.key].id for number, row in keys.items() if row.key in told}
        )

    async def _again(self, ids: Mapping[int, str]) -> dict[int, Outcome]:
        """The promises of these ids, read afresh, and why the others were refused."""
        booked = {id for id in ids.values() if kind_of(id) == "apt"}
        found = await self.store.get_many(booked) if booked else {}
        others = set(ids.values()) - booked
        refused = await self.store.rows_refused(others) if others else {}
        if len(found) + len(refused) < len(booked) + len(others):
            raise NotReadableYet
        return {n: found[id] if id in found else _as_refused(refused[id]) for n, id in ids.items()}

    # ------------------------------------------------------------ judging

    async def _plan(self, rows: Mapping[int, Row], at: datetime) -> dict[int, Outcome]:
        """What each row would come to, if nobody else came. Nothing is written."""
        judged = dict[int, Sequence[_Way] | BookingRefused]()
        for some in batched(list(rows), _ROWS_AT_ONCE):
            found = await asyncio.gather(*(self._ways(rows[number], at) for number in some))
            judged.update(zip(some, found, strict=True))
        ways = {n: each for n, each in judged.items() if not isinstance(each, BookingRefused)}
        chosen = await self.capacity.rehearse([[w.ask(at) for w in each] for each in ways.values()])
        choices = dict(zip(ways, chosen, strict=True))
        planned = {n: self._planned(each, choices.get(n), at) for n, each in judged.items()}
        return _pointing(rows, planned)

    def _planned(
        self,
        ways: Sequence[_Way] | BookingRefused,
        choice: int | NotTaken | None,
        at: datetime,
    ) -> Outcome:
        if isinstance(ways, BookingRefused):
            return ways
        if isinstance(choice, int):
            return self._promise(ways[choice].request, ways[choice].judged, at)
        assert choice is not None, "each row that has a way is rehearsed"
        slot = ways[-1].request.slot
        return BookingRefused(code=NO_PLACE[choice.code], path=("slotId",), area_id=slot.area_id)

    async def _ways(self, row: Row, at: datetime) -> Sequence[_Way] | BookingRefused:
        if isinstance(row, BookingRefused):
            return row
        visit = row.visit
        address = await self.addresses.of_owner(visit.address_id, visit.customer_id)
        if isinstance(row.when, TimeWindow):
            return await self._ways_within(address, visit, row.when, at)
        request = visit.in_slot(row.when)
        judged = await self._judge_at(address, Asked.of(request), at)
        return judged if isinstance(judged, BookingRefused) else [_Way(request, judged)]

    async def _ways_within(
        self, address: Address | None, visit: VisitAsked, span: TimeWindow, at: datetime
    ) -> Sequence[_Way] | BookingRefused:
        """Every open slot that lies in the span, the first first."""
        area = await self.addresses.area(address.area_id) if address else None
        refused = rules.judge_place(address, area, visit.services, None)
        if refused:
            return refused
        assert address is not None
        assert area is not None
        standing = await self._judge_owner(address, visit.services, at)
        if isinstance(standing, BookingRefused):
            return standing
        wish = rules.wish_of(visit.lines, visit.access_notes, address.door.location)
        views = [
            view
            for view in await self.capacity.views(area, wish, span, at=at)
            if span.covers(view.slot.window)
        ]
        at_slot: dict[str, Any] = {"path": ("slotId",), "area_id": area.id}
        if not views:
            far = self.capacity.beyond_horizon(span.start, at=at)
            code = BookingRefusal.TOO_FAR_AHEAD if far else BookingRefusal.NOT_OFFERED
            return BookingRefused(code=code, **at_slot)
        limits = await self.catalogue.limits(views[0].slot.day)
        if refused := rules.judge_size(visit.lines, limits):
            return refused
        found = [
            _Way(visit.in_slot(view.ref), Judged(address, view, standing))
            for view in views
            if not view.closed
        ]
        reasons = [view.closed for view in views if view.closed]
        return found or BookingRefused(code=rules.CLOSED_TO_BOOKING[_worst(reasons)], **at_slot)


def _worst(reasons: Sequence[SlotClosedReason]) -> SlotClosedReason:
    """Of several slots that are closed, what to say: that they are full, if one is."""
    return SlotClosedReason.FULL if SlotClosedReason.FULL in reasons else reasons[-1]


def _row_attempt(attempt: Attempt, number: int) -> Attempt:
    """A row's own attempt. No account is called "row 7 of …", so no client's key is the same."""
    key = f"row {number} of {attempt.key}" if attempt.key else None
    return Attempt(at=attempt.at, key=key, body_hash=attempt.body_hash, dry=attempt.dry)


def _refused(outcomes: Mapping[int, Outcome]) -> dict[int, BookingRefused]:
    return {n: each for n, each in outcomes.items() if isinstance(each, BookingRefused)}


def _none_refused(outcomes: dict[int, Outcome]) -> "TypeGuard[dict[int, Appointment]]":
    return not _refused(outcomes)


def _may_look_again(row: Row, outcome: Outcome) -> bool:
    """Whether a row that lost its place may be had in another slot."""
    anywhere = isinstance(row, RowAsked) and isinstance(row.when, TimeWindow)
    return anywhere and isinstance(outcome, BookingRefused) and outcome.code in _LOST


def _pointing(rows: Mapping[int, Row], outcomes: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """The outcomes, with each refusal's path as a row has it."""
    return {number: _at_row(rows[number], each) for number, each in outcomes.items()}


def _at_row(row: Row, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Appointment) or outcome.path != ("slotId",):
        return outcome
    named = isinstance(row, BookingRefused) or isinstance(row.when, SlotRef)
    return outcome.model_copy(update={"path": ("when", "slotId" if named else "within")})


def _kept(id: str, refused: BookingRefused, at: datetime) -> RowRefused:
    return RowRefused(
        id=id, code=refused.code, row_path=refused.path, cutoff_at=refused.cutoff_at, at=at
    )


def _as_refused(row: RowRefused) -> BookingRefused:
    return BookingRefused(code=row.code, path=row.row_path, cutoff_at=row.cutoff_at)
