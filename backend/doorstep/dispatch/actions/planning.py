"""Planning a branch's day: propose, and write what still holds.

Written in one transaction: a day is planned or it is not. What changed while it was searched for is
left as it is, and said.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from doorstep.appointments.model import Appointment, Status
from doorstep.couriers.rules import Roster
from doorstep.dispatch import rules
from doorstep.dispatch.actions.proposing import AT_ONCE, Proposal, Proposing
from doorstep.dispatch.model import (
    Assignment,
    DayPlan,
    Ending,
    FiguresKept,
    PlanRefusal,
    PlanRefused,
    Round,
    StopState,
    UnplannedKept,
    round_id,
)
from doorstep.dispatch.problem import Figures
from doorstep.dispatch.rules import Planned, Standing
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx
from doorstep.kit.windows import day_span

T = TypeVar("T")


@dataclass(frozen=True)
class _Writing:
    """What a plan changes, as the day stands in the transaction."""

    roster: Roster
    present: Mapping[str, Appointment]
    active: Mapping[str, Assignment]
    before: Mapping[str, Round]
    after: dict[str, Round]
    left_alone: frozenset[str]
    rounds: list[tuple[Round, Round]]
    steps: list[tuple[Appointment, Appointment]]
    etas: list[tuple[Appointment, datetime]]
    ended: list[Assignment]
    offers: list[Assignment]


@dataclass(frozen=True)
class Planning(Proposing):
    """A plan moves offers that nobody has accepted, and makes new ones; it gives no orders."""

    async def plan_day(
        self,
        branch_id: str,
        day: date,
        attempt: Attempt,
        *,
        seconds: float,
        seed: int,
        may: Collection[str] | None,
    ) -> DayPlan | PlanRefused:
        """Plan the day, and write it."""
        async with self.turns.of(f"plan {branch_id} {day}"):
            if answer := await self.mongo.answered(attempt):
                return await self._planned(answer)
            found = await self.proposal(branch_id, day, seconds=seconds, seed=seed, may=may)
            if isinstance(found, PlanRefused):
                return found
            return await self.write_plan(found, attempt)

    async def write_plan(self, proposal: Proposal, attempt: Attempt) -> DayPlan | PlanRefused:
        """In one transaction, and only where everything is still as the plan knew it."""
        id = new_id("pln")
        ids = {each.appointment_id: new_id("asg") for each in proposal.visits}

        async def body(tx: Tx) -> DayPlan:
            writing = await self._standing_now(proposal, tx)
            self._write(proposal, ids, writing, attempt.at)
            await self.assignments.end_many(writing.ended, Ending.REPLACED, at=attempt.at, tx=tx)
            for steps in _parts(writing.steps):
                await self.appointments.save(steps, None, tx=tx)
            for etas in _parts(writing.etas):
                await self.appointments.foresee(etas, at=attempt.at, tx=tx)
            for assignment in writing.offers:
                self.assignments.add(assignment, tx=tx)
            await self.rounds.save(writing.rounds, at=attempt.at, tx=tx)
            kept = _kept(id, proposal, writing, attempt.at)
            self.plans.add(kept, tx=tx)
            return kept

        async with AsyncExitStack() as turns:
            for courier in sorted(each.id for each in proposal.papers.roster.couriers):
                await turns.enter_async_context(self.turns.of(courier))
            outcome = await self.mongo.once(attempt, body)
        return await self._planned(outcome)

    async def _standing_now(self, proposal: Proposal, tx: Tx) -> _Writing:
        """What the plan is about, read again.

        The roster comes after the transaction's first read: leave that is granted from then on
        writes a round that we write too, and one of us runs again.
        """
        papers, visits = proposal.papers, proposal.visits
        ids = [each.appointment_id for each in visits]
        present: dict[str, Appointment] = {}
        for some in _parts(ids):
            present |= await self.appointments.load(some, tx=tx)
        roster = await self.couriers.roster(proposal.branch_id, day_span(papers.day))
        duties = rules.duties(roster, await self.driven(roster, papers.day, tx=tx))
        active = await self.assignments.active_for(ids, tx=tx)
        names = {each.id: round_id(each.id, papers.day) for each in papers.roster.couriers}
        stored = await self.rounds.get_many(list(names.values()), tx=tx)
        rounds = {
            id: stored.get(name)
            or Round(id=name, courier_id=id, branch_id=proposal.branch_id, day=papers.day)
            for id, name in names.items()
        }
        then = _standings(papers.appointments, proposal.active, papers.rounds, visits)
        now = _standings(present, active, rounds, visits)
        left = {
            *rules.changed_meanwhile(visits, then, now),
            *rules.on_changed_duty(visits, rules.duties(papers.roster, papers.vehicles), duties),
        }
        return _Writing(
            roster, present, active, rounds, dict(rounds), frozenset(left), [], [], [], [], []
        )

    def _write(
        self, proposal: Proposal, ids: Mapping[str, str], writing: _Writing, now: datetime
    ) -> None:
        held = [each for each in proposal.visits if each.appointment_id not in writing.left_alone]
        for visit in held:
            appointment = writing.present[visit.appointment_id]
            holder = writing.active.get(visit.appointment_id)
            if holder is None or holder.courier_id != visit.courier_id:
                self._offer(ids[appointment.id], appointment, visit, writing, now)
            elif appointment.status is Status.ASSIGNED and self._is_news(appointment, visit):
                writing.etas.append((appointment, visit.at))
        arrivals = {each.appointment_id: each.at for each in held}
        for id, before in writing.before.items():
            ordered = rules.ordered(writing.after[id], arrivals)
            if ordered != before:
                writing.rounds.append((before, ordered))

    def _is_news(self, appointment: Appointment, visit: Planned) -> bool:
        eta = appointment.eta
        return eta is None or abs(visit.at - eta) >= self.policy.eta_step

    def _offer(
        self, id: str, appointment: Appointment, visit: Planned, writing: _Writing, now: datetime
    ) -> None:
        """To another courier than was asked, if one was: with them a tombstone is left."""
        roster, rounds = writing.roster, writing.after
        if holder := writing.active.get(appointment.id):
            writing.ended.append(holder)
            if holder.courier_id in rounds:
                rounds[holder.courier_id] = rules.with_state(
                    rounds[holder.courier_id], appointment.id, StopState.REMOVED
                )
        courier = next(each for each in roster.couriers if each.id == visit.courier_id)
        shifts = [each for each in roster.shifts if each.courier_id == courier.id]
        until = rules.answer_by(appointment.window, shifts, self.policy, at=now)
        writing.offers.append(rules.offer(id, appointment, courier, at=now, answer_by=until))
        writing.steps.append(
            (appointment, appointment.model_copy(update={"offered_to": courier.id}))
        )
        stop = rules.new_stop(new_id("stp"), appointment, at=visit.at)
        rounds[courier.id] = rules.with_stop(rounds[courier.id], stop, None)

    async def _planned(
        self, outcome: DayPlan | PlanRefused | Repeated | Reused
    ) -> DayPlan | PlanRefused:
        if isinstance(outcome, Reused):
            code = PlanRefusal.IDEMPOTENCY_KEY_REUSED
            return PlanRefused(code=code, path=("idempotencyKey",))
        if isinstance(outcome, Repeated):
            found = await self.plans.get(outcome.id)
            return found or PlanRefused(code=PlanRefusal.NOT_FOUND)
        return outcome


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[n : n + AT_ONCE] for n in range(0, len(rows), AT_ONCE))


def _standings(
    appointments: Mapping[str, Appointment],
    active: Mapping[str, Assignment],
    rounds: Mapping[str, Round],
    visits: Sequence[Planned],
) -> dict[str, Standing | None]:
    found = {}
    for each in visits:
        holder = active.get(each.appointment_id)
        round = rounds.get(holder.courier_id) if holder else None
        found[each.appointment_id] = rules.standing(
            appointments.get(each.appointment_id), holder, round
        )
    return found


def _kept(id: str, proposal: Proposal, writing: _Writing, at: datetime) -> DayPlan:
    plan = proposal.plan
    return DayPlan(
        id=id,
        branch_id=proposal.branch_id,
        branch_path=proposal.branch_path,
        day=proposal.papers.day,
        at=at,
        seed=plan.seed,
        iterations=plan.iterations,
        cut_by_clock=plan.cut_by_clock,
        seconds=plan.seconds,
        feasible=plan.feasible,
        before=_figures(proposal.before),
        after=_figures(proposal.after),
        unplanned=tuple(
            UnplannedKept(appointment_id=each.task_id, because=each.because, figure=each.figure)
            for each in plan.unplanned
        ),
        left_alone=tuple(sorted(writing.left_alone)),
        offered=len(writing.offers) - len(writing.ended),
        moved=len(writing.ended),
        rounds=len(writing.rounds),
    )


def _figures(figures: Figures) -> FiguresKept:
    return FiguresKept(
        stops=figures.stops,
        unplanned=figures.unplanned,
        metres=figures.metres,
        late_seconds=figures.late_seconds,
        late_stops=figures.late_stops,
        tours=figures.tours,
    )
