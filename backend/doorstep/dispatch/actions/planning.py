"""Planning a branch's day: read, search in a process of its own, write what still holds.

Written in one transaction: a day is planned or it is not. What changed while it was searched for is
left as it is, and said.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from doorstep.appointments.model import OPEN, Appointment, Status
from doorstep.couriers.model import Courier
from doorstep.dispatch import rules
from doorstep.dispatch.actions.tools import Tools
from doorstep.dispatch.model import (
    Assignment,
    DayPlan,
    Ending,
    FiguresKept,
    PlanPolicy,
    PlanRefusal,
    PlanRefused,
    Round,
    Stop,
    StopState,
    UnplannedKept,
    round_id,
)
from doorstep.dispatch.outside import Extras, NoExtras, OwnProcess, Planner
from doorstep.dispatch.problem import (
    Carries,
    DayPapers,
    Figures,
    Plan,
    Problem,
    budget_of,
    figures_of,
    orders_of,
    problem_of,
)
from doorstep.dispatch.rules import Planned, Standing
from doorstep.dispatch.store import PlanStore
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx
from doorstep.kit.pages import Ask
from doorstep.kit.windows import day_span, local_day


@dataclass(frozen=True)
class Proposal:
    """A plan that nothing was done about yet, and what it was made of."""

    branch_id: str
    branch_path: str
    papers: DayPapers
    active: Mapping[str, Assignment]
    problem: Problem
    plan: Plan

    @property
    def before(self) -> Figures:
        return figures_of(self.problem, self.problem.rounds)

    @property
    def after(self) -> Figures:
        done = [(each.tour, [v.task for v in each.visits]) for each in self.plan.tours]
        return figures_of(self.problem, orders_of(self.problem, done))

    @property
    def visits(self) -> list[Planned]:
        """Of appointments; extra stops are their own rooms' to write."""
        found = []
        for each in self.plan.tours:
            crew = self.problem.crews[self.problem.tours[each.tour].crew]
            for visit in each.visits:
                id = self.problem.tasks[visit.task].id
                if id in self.papers.appointments:
                    found.append(Planned(id, crew.id, self.papers.instant(visit.at)))
        return found


@dataclass(frozen=True)
class _Writing:
    """What a plan changes, as it stands in the transaction."""

    rounds: list[tuple[Round, Round]]
    steps: list[tuple[Appointment, Appointment]]
    ended: list[Assignment]
    offers: list[Assignment]
    left_alone: list[str]


@dataclass(frozen=True)
class Planning(Tools):
    """A proposal moves offers that nobody has accepted, and makes new ones; it gives no orders."""

    planning: PlanPolicy = field(default_factory=PlanPolicy)
    planner: Planner = field(default_factory=OwnProcess)
    extras: Extras = field(default_factory=NoExtras)
    plans: PlanStore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plans", PlanStore(self.mongo))

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

    async def proposal(
        self, branch_id: str, day: date, *, seconds: float, seed: int, may: Collection[str] | None
    ) -> Proposal | PlanRefused:
        """The best rounds found in that time. Nothing is written."""
        span, now = day_span(day), self.clock.now()
        roster = await self.couriers.roster(branch_id, span)
        path = roster.couriers[0].branch_path if roster.couriers else None
        if path is None or not (may is None or any(path.startswith(each) for each in may)):
            return PlanRefused(code=PlanRefusal.NOT_FOUND, path=("branchId",))
        if day < local_day(now):
            return PlanRefused(code=PlanRefusal.DAY_IS_OVER, path=("day",))
        if not roster.shifts:
            return PlanRefused(code=PlanRefusal.NOBODY_WORKS, path=("day",))
        papers, active = await self._papers(branch_id, day, now)
        problem = problem_of(papers, self.planning, self.ways)
        plan = await self.planner.plan(problem, seed, budget_of(seconds, problem))
        return Proposal(branch_id, path, papers, active, problem, plan)

    async def _papers(
        self, branch_id: str, day: date, now: datetime
    ) -> tuple[DayPapers, dict[str, Assignment]]:
        every = Ask(first=self.planning.most_stops)
        page = await self.appointments.of_branch_day(branch_id, day, every, OPEN)
        rounds = await self.rounds.of_branch_day(branch_id, day)
        named = {stop.appointment_id for round in rounds.values() for stop in round.stops}
        open_ones = {each.id: each for each in page.rows}
        others = await self.appointments.load(named - open_ones.keys())
        active = await self.assignments.active_for(list(open_ones))
        slots = await self.appointments.capacity.get_many(
            sorted({each.slot.key for each in page.rows})
        )
        routes = {
            id: slot.route_id
            for id, each in open_ones.items()
            if (slot := slots.get(each.slot.key)) and slot.route_id
        }
        calendar = self.appointments.calendar
        boats = [
            boat
            for route in sorted(set(routes.values()))
            for boat in await calendar.sailings_of(route, day, 1)
        ]
        roster = await self.couriers.roster(branch_id, day_span(day))
        terms = self.appointments.capacity.policy
        papers = DayPapers(
            day=day,
            now=now,
            appointments={**others, **open_ones},
            roster=roster,
            vehicles=await self.couriers.vehicles_of(roster.couriers),
            on_foot=Carries(terms.on_foot_grams, terms.on_foot_litres),
            rounds=rounds,
            routes=routes,
            boats=tuple(boats),
            ashore=terms.ashore,
            declined=await self.assignments.declined(page.rows),
            shut=await self.appointments.which_cannot_be_kept(page.rows),
            extra=tuple(await self.extras.extra_stops(branch_id, day)),
        )
        return papers, active

    # ------------------------------------------------------------ writing it

    async def write_plan(self, proposal: Proposal, attempt: Attempt) -> DayPlan | PlanRefused:
        """In one transaction, and only where everything is still as the plan knew it."""
        id = new_id("pln")
        ids = {each.appointment_id: new_id("asg") for each in proposal.visits}

        async def body(tx: Tx) -> DayPlan:
            writing = await self._writing(proposal, ids, attempt.at, tx)
            await self.assignments.end_many(writing.ended, Ending.REPLACED, at=attempt.at, tx=tx)
            if writing.steps:
                await self.appointments.save(writing.steps, None, tx=tx)
            for assignment in writing.offers:
                self.assignments.add(assignment, tx=tx)
            await self.rounds.save(writing.rounds, at=attempt.at, tx=tx)
            kept = _kept(id, proposal, writing, attempt.at)
            self.plans.add(kept, tx=tx)
            return kept

        outcome: DayPlan | PlanRefused | Repeated | Reused = await self.mongo.once(attempt, body)
        return await self._planned(outcome)

    async def _writing(
        self, proposal: Proposal, ids: Mapping[str, str], now: datetime, tx: Tx
    ) -> _Writing:
        papers, visits = proposal.papers, proposal.visits
        couriers = {each.id: each for each in papers.roster.couriers}
        present = await self.appointments.load(list(ids), tx=tx)
        active = await self.assignments.active_for(list(ids), tx=tx)
        names = {id: round_id(id, papers.day) for id in couriers}
        stored = await self.rounds.get_many(list(names.values()), tx=tx)
        rounds = {
            id: stored.get(name)
            or Round(id=name, courier_id=id, branch_id=proposal.branch_id, day=papers.day)
            for id, name in names.items()
        }
        then = _standings(papers.appointments, proposal.active, papers.rounds, visits)
        left = set(
            rules.changed_meanwhile(visits, then, _standings(present, active, rounds, visits))
        )
        writing = _Writing([], [], [], [], sorted(left))
        after = dict(rounds)
        for each in visits:
            if each.appointment_id not in left:
                appointment = present[each.appointment_id]
                holder = active.get(each.appointment_id)
                if holder is None or holder.courier_id != each.courier_id:
                    courier = couriers[each.courier_id]
                    offer = self._offer(ids[appointment.id], appointment, courier, papers, now)
                    _hand_over(appointment, holder, offer, each.at, after, writing)
                elif appointment.status is Status.ASSIGNED and appointment.eta != each.at:
                    writing.steps.append(
                        (appointment, appointment.model_copy(update={"eta": each.at}))
                    )
        arrivals = {v.appointment_id: v.at for v in visits if v.appointment_id not in left}
        for id, before in rounds.items():
            ordered = rules.ordered(after[id], arrivals)
            if ordered != before:
                writing.rounds.append((before, ordered))
        return writing

    def _offer(
        self, id: str, appointment: Appointment, courier: Courier, papers: DayPapers, now: datetime
    ) -> Assignment:
        shifts = [each for each in papers.roster.shifts if each.courier_id == courier.id]
        until = rules.answer_by(appointment.window, shifts, self.policy, at=now)
        return rules.offer(id, appointment, courier, at=now, answer_by=until)

    async def _planned(
        self, outcome: DayPlan | PlanRefused | Repeated | Reused
    ) -> DayPlan | PlanRefused:
        if isinstance(outcome, Reused):
            return PlanRefused(
                code=PlanRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",)
            )
        if isinstance(outcome, Repeated):
            found = await self.plans.get(outcome.id)
            return found or PlanRefused(code=PlanRefusal.NOT_FOUND)
        return outcome


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


def _hand_over(
    appointment: Appointment,
    holder: Assignment | None,
    offer: Assignment,
    at: datetime,
    rounds: dict[str, Round],
    writing: _Writing,
) -> None:
    """An offer to another courier than was asked, if one was: with them a tombstone is left."""
    if holder:
        writing.ended.append(holder)
        if holder.courier_id in rounds:
            rounds[holder.courier_id] = rules.with_state(
                rounds[holder.courier_id], appointment.id, StopState.REMOVED
            )
    writing.offers.append(offer)
    writing.steps.append(
        (appointment, appointment.model_copy(update={"offered_to": offer.courier_id}))
    )
    stop = Stop(
        id=new_id("stp"),
        appointment_id=appointment.id,
        window=appointment.window,
        state=StopState.OFFERED,
        planned_arrival=at,
        eta=at,
    )
    rounds[offer.courier_id] = rules.with_stop(rounds[offer.courier_id], stop)


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
        left_alone=tuple(writing.left_alone),
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
