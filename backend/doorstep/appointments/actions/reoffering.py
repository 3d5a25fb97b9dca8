"""Offering something else to everybody whose promise cannot be kept, once, with one command.

Each offer is a transaction of its own, so that a command that dies half way has done half of its
work, and whoever goes on with it does the other half. What an offer is keyed by makes it harmless
to do all of it again: by two dispatchers at once, by the house itself, or by the same key.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from doorstep.appointments import rules
from doorstep.appointments.actions.answering import Answering
from doorstep.appointments.events import AppointmentReoffered
from doorstep.appointments.model import (
    WAITING,
    Affected,
    AffectedBecause,
    Appointment,
    Opening,
    Reoffer,
    ReofferCode,
    ReofferOrder,
    ReofferOutcome,
    ReofferRefusal,
    ReofferRefused,
    ReofferRun,
)
from doorstep.calendar.events import (
    BlockAdded,
    BlockLifted,
    ClosureAdded,
    ClosureLifted,
    SailingAdded,
    SailingCancelled,
)
from doorstep.capacity.actions import SlotView
from doorstep.capacity.model import Ask, NotTaken
from doorstep.capacity.rules import Wish
from doorstep.kit.batches import batched
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx
from doorstep.kit.windows import day_span, local_day

_TRIES: Final = 5
_CALENDAR_S: Final = {
    BlockAdded: AffectedBecause.BLOCK,
    ClosureAdded: AffectedBecause.CLOSURE,
    SailingCancelled: AffectedBecause.SAILING_CANCELLED,
}
_ALREADY: Final = ReofferRefused(code=ReofferRefusal.ALREADY_ANSWERED)
_NO_LONGER: Final = ReofferRefused(code=ReofferRefusal.WITHDRAWN)


@dataclass(frozen=True)
class _Case:
    """Somebody to whom something else is to be offered."""

    affected: Affected
    appointment: Appointment

    @property
    def wish(self) -> Wish:
        """Without the place: rounds are planned anew for what is moved by the hundred."""
        return replace(self.appointment.wish, where=None)


@dataclass(frozen=True)
class Reoffering(Answering):
    """Whoever is affected is offered something else once, and told once."""

    async def reoffer(self, order: ReofferOrder, attempt: Attempt) -> ReofferRun | ReofferRefused:
        """Carry the order out, and say what came of it for each."""
        run = _run_of(order, attempt.at + self.reoffering.look_again_after, attempt.at)
        told = await self.mongo.answered(attempt)
        if told is None and order.cause_id and await self._cause_of(order.cause_id) is None:
            return ReofferRefused(code=ReofferRefusal.NOT_FOUND, path=("causeId",))
        if attempt.dry:
            return run.model_copy(update={"outcomes": tuple(await self._rehearsed(run))})

        async def body(tx: Tx) -> ReofferRun:
            self.runs.add(run, tx=tx)
            return run

        outcome = await self.mongo.once(attempt, body)
        match outcome:
            case Reused():
                return ReofferRefused(
                    code=ReofferRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",)
                )
            case Repeated(id):
                before = await self.runs.get(id)
                if before is None:
                    return ReofferRefused(code=ReofferRefusal.NOT_FOUND, path=("causeId",))
                return before if before.outcomes is not None else await self.carry_out(before)
        return await self.carry_out(run)

    async def carry_out(self, run: ReofferRun) -> ReofferRun:
        """Do what is left to do of it. Harmless when repeated, or when several are at it."""
        outcomes: list[ReofferOutcome] = []
        began = self.clock.now()
        if run.withdraw:
            await self._withdraw_needless(run)
        else:
            victims = await self._victims_of(run)
            for some in batched(victims, self.reoffering.in_one_go):
                outcomes += await self._offer_all(some, run)
                await self.runs.put_off(run, self.clock.now() + self.reoffering.look_again_after)
            outcomes += _others(run, victims)
        again = run.last_at if began < run.last_at else None
        return await self.runs.finish(run, outcomes, again)

    async def _victims_of(self, run: ReofferRun) -> list[Affected]:
        """Who booked first chooses first."""
        if run.cause_id is None:
            found = await self.affected_of(run.appointment_ids, run.may)
        else:
            found = await self.affected_by_cause(run.cause_id, run.may) or []
        return sorted(found, key=lambda each: (each.promise.booked_at, each.promise.id))

    async def _rehearsed(self, run: ReofferRun) -> list[ReofferOutcome]:
        """What would come of it if nobody else did anything."""
        victims, at = await self._victims_of(run), self.clock.now()
        known = await self.reoffers.spoken_of([each.promise.id for each in victims])
        outcomes = []
        for some in batched(victims, self.reoffering.in_one_go):
            cases = await self._cases(some, known)
            found = {id for id, openings in (await self._openings(cases, at)).items() if openings}
            cased = {case.appointment.id for case in cases}
            outcomes += [_rehearsal(each, cased, found) for each in some]
        return outcomes + _others(run, victims)

    # ------------------------------------------------------------ one offer for each

    async def _offer_all(self, some: Sequence[Affected], run: ReofferRun) -> list[ReofferOutcome]:
        at = self.clock.now()
        known = await self.reoffers.spoken_of([each.promise.id for each in some])
        cases = await self._cases(some, known)
        openings = await self._openings(cases, at)
        few = asyncio.Semaphore(self.reoffering.side_by_side)

        async def offered(case: _Case) -> ReofferOutcome:
            async with few:
                return await self._offer_one(case, openings[case.appointment.id], run, at)

        done = await asyncio.gather(*(offered(case) for case in cases))
        by_id = {outcome.appointment_id: outcome for outcome in done}
        return [
            by_id.get(each.promise.id) or _told_before(each, known[each.promise.id], run)
            for each in some
        ]

    async def _cases(
        self, some: Sequence[Affected], known: dict[str, list[Reoffer]]
    ) -> list[_Case]:
        """Those who were offered nothing yet."""
        fresh = [
            each for each in some if not rules.is_spoken_for(each, known.get(each.promise.id, ()))
        ]
        whole = await self.load([each.promise.id for each in fresh])
        return [_Case(each, whole[each.promise.id]) for each in fresh if each.promise.id in whole]

    async def _openings(self, cases: Collection[_Case], at: datetime) -> dict[str, list[Opening]]:
        """What can be offered each, so that no place is counted on twice."""
        by_area: dict[str, list[_Case]] = defaultdict(list)
        for case in cases:
            by_area[case.appointment.area_id].append(case)
        openings: dict[str, list[Opening]] = {}
        for area_id, theirs in by_area.items():
            area = await self.addresses.area(area_id)
            span = day_span(local_day(at), self.capacity.policy.horizon_days + 1)
            wishes = {case.wish for case in theirs}
            views = await self.capacity.views_for(area, wishes, span, at=at) if area else {}
            found = {wish: _openings_of(seen) for wish, seen in views.items()}
            near = [(case.appointment.id, self._near_by(case, found, at)) for case in theirs]
            openings |= rules.spread(near, self.reoffering, at=at)
            await asyncio.sleep(0)  # others are served too
        return openings

    def _near_by(
        self, case: _Case, found: dict[Wish, list[Opening]], at: datetime
    ) -> list[Opening]:
        mine = case.appointment
        key = mine.slot.key
        others = [opening for opening in found.get(case.wish, ()) if opening.slot.id != key]
        return rules.nearest(others, mine.window, self.reoffering, at=at)

    async def _offer_one(
        self, case: _Case, openings: list[Opening], run: ReofferRun, at: datetime
    ) -> ReofferOutcome:
        """Keep the first place, and tell the customer. Who was quicker there sends us on."""
        for _ in range(_TRIES):
            if not openings:
                break
            reoffer = rules.new_reoffer(
                case.appointment,
                case.affected,
                openings,
                self.reoffering,
                id=new_id("rof"),
                run_id=run.id,
                note=run.note,
                at=at,
            )
            outcome = await self._keep_place(case.affected, reoffer, openings[0], run, at)
            if isinstance(outcome, Reoffer):
                return _outcome(case.affected, ReofferCode.REOFFERED, outcome)
            if isinstance(outcome, ReofferRefused):
                return _refused(case.affected, outcome, run)
            openings = (await self._openings([case], at))[case.appointment.id]
        return _outcome(case.affected, ReofferCode.NO_SLOT_LEFT)

    async def _keep_place(
        self, affected: Affected, reoffer: Reoffer, opening: Opening, run: ReofferRun, at: datetime
    ) -> Reoffer | ReofferRefused | NotTaken:
        id = affected.promise.id

        async def write(tx: Tx) -> Reoffer | ReofferRefused:
            current = (await self.load([id], tx=tx)).get(id)
            if current is None or current.status not in WAITING:
                return _NO_LONGER
            if current.slot.key != affected.promise.slot.key:
                return _NO_LONGER
            known = (await self.reoffers.spoken_of([id], tx=tx)).get(id, ())
            if spoken := rules.is_spoken_for(affected, known):
                return _ALREADY.model_copy(update={"current": spoken})
            after = rules.reoffered(current, reoffer, at=at, by_role=run.by_role)
            await self.reoffers.add(reoffer, tx=tx)
            await self.save([(current, after)], AppointmentReoffered, tx=tx)
            return reoffer

        ask = Ask(id=reoffer.id, at=at, demand=opening.demand, hold_until=reoffer.expires_at)
        outcome: Reoffer | ReofferRefused | NotTaken = await self.capacity.take(
            opening.ref, ask, Attempt(at=at), write
        )
        return outcome

    # ------------------------------------------------------------ of its own accord

    async def heed_shut(self, event: BlockAdded | ClosureAdded | SailingCancelled) -> None:
        """Nobody can come there then. Where the bureau wants it so, that is answered at once."""
        if _CALENDAR_S[type(event)] in self.reoffering.at_once:
            await self._order_run(f"rfr_{event.aggregate}.{event.sequence}", event.aggregate)

    async def heed_opened(self, event: BlockLifted | ClosureLifted | SailingAdded) -> None:
        """Somebody can come after all: who has not answered need not."""
        id = f"rfr_{event.aggregate}.{event.sequence}.w"
        await self._order_run(id, event.aggregate, withdraw=True)

    async def _order_run(self, id: str, cause_id: str, *, withdraw: bool = False) -> None:
        now = self.clock.now()

        async def body(tx: Tx) -> None:
            if await self.runs.get(id, tx=tx) is None:
                run = ReofferRun(
                    id=id,
                    cause_id=cause_id,
                    withdraw=withdraw,
                    at=now,
                    next_at=now,
                    last_at=now + self.reoffering.look_again_after,
                )
                self.runs.add(run, tx=tx)

        await self.mongo.transact(body)

    async def carry_out_due(self) -> int:
        """The worker's part: orders of the house, those looked at again, and those whose process
        died. How many there were.
        """
        due = await self.runs.due(self.clock.now())
        for run in due:
            await self.carry_out(run)
        return len(due)

    async def _withdraw_needless(self, run: ReofferRun) -> None:
        """Take back what is open because of something that is gone, unless another thing is in the
        way now.
        """
        assert run.cause_id is not None
        ferry = run.cause_id.startswith("sai_")
        because = AffectedBecause.SAILING_CANCELLED if ferry else None
        found = await self.reoffers.open_because(run.cause_id, because)
        for some in batched(found, self.reoffering.in_one_go):
            still = await self.affected_of([each.appointment_id for each in some], ("",))
            in_the_way = {each.promise.id for each in still}
            needless = [each for each in some if each.appointment_id not in in_the_way]
            await self.withdraw_reoffers(needless)


def _run_of(order: ReofferOrder, last_at: datetime, at: datetime) -> ReofferRun:
    return ReofferRun(
        id=new_id("rfr"),
        cause_id=order.cause_id,
        appointment_ids=order.appointment_ids,
        note=order.note,
        may=order.may,
        by=order.by,
        by_role=order.by_role,
        at=at,
        next_at=last_at,
        last_at=last_at,
    )


def _openings_of(views: Iterable[SlotView]) -> list[Opening]:
    return [
        Opening(view.slot, view.ref, view.demand, view.cutoff_at)
        for view in views
        if not view.closed
    ]


def _outcome(
    affected: Affected, code: ReofferCode, reoffer: Reoffer | None = None
) -> ReofferOutcome:
    id = reoffer.id if reoffer else None
    return ReofferOutcome(appointment_id=affected.promise.id, code=code, reoffer_id=id)


def _refused(affected: Affected, refused: ReofferRefused, run: ReofferRun) -> ReofferOutcome:
    if refused.current is None:
        return _outcome(affected, ReofferCode.NO_LONGER_AFFECTED)
    return _told_before(affected, [refused.current], run)


def _told_before(affected: Affected, known: Iterable[Reoffer], run: ReofferRun) -> ReofferOutcome:
    """Somebody offered it something before; perhaps this very order did."""
    spoken = rules.is_spoken_for(affected, known)
    if spoken is None:
        return _outcome(affected, ReofferCode.NO_LONGER_AFFECTED)
    ours = spoken.run_id == run.id
    code = ReofferCode.REOFFERED if ours else ReofferCode.ALREADY_REOFFERED
    return _outcome(affected, code, spoken)


def _rehearsal(affected: Affected, cased: set[str], found: set[str]) -> ReofferOutcome:
    if affected.promise.id not in cased:
        return _outcome(affected, ReofferCode.ALREADY_REOFFERED)
    fits = affected.promise.id in found
    return _outcome(affected, ReofferCode.REOFFERED if fits else ReofferCode.NO_SLOT_LEFT)


def _others(run: ReofferRun, victims: Iterable[Affected]) -> list[ReofferOutcome]:
    """Those who were named, and whom nothing keeps from being visited."""
    hit = {each.promise.id for each in victims}
    return [
        ReofferOutcome(appointment_id=id, code=ReofferCode.NO_LONGER_AFFECTED)
        for id in dict.fromkeys(run.appointment_ids)
        if id not in hit
    ]
