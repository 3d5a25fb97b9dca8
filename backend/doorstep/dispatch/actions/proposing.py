"""Proposals for a branch's day: all that is read of it, and what a search makes of that."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from time import monotonic
from typing import Final

from doorstep.appointments.model import OPEN, Appointment
from doorstep.appointments.rules import page_key
from doorstep.couriers.model import Vehicle
from doorstep.couriers.rules import Roster
from doorstep.dispatch.actions.tools import Tools, lies_in
from doorstep.dispatch.model import Assignment, PlanPolicy, PlanRefusal, PlanRefused
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
from doorstep.dispatch.rules import Planned
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.pages import Ask
from doorstep.kit.windows import TimeWindow, day_span, local_day

AT_ONCE: Final = 100
"""Appointments that are read or written in one go."""


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

    @cached_property
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
class Proposing(Tools):
    """Nothing is written here."""

    planning: PlanPolicy = field(default_factory=PlanPolicy)
    planner: Planner = field(default_factory=OwnProcess)
    extras: Extras = field(default_factory=NoExtras)

    async def proposal(
        self, branch_id: str, day: date, *, seconds: float, seed: int, may: Collection[str] | None
    ) -> Proposal | PlanRefused:
        """The best rounds found in that time, reading included. Nothing is written."""
        began = monotonic()
        span, now = day_span(day), self.clock.now()
        roster = await self.couriers.roster(branch_id, span)
        path = roster.couriers[0].branch_path if roster.couriers else None
        if path is None or not lies_in(path, may):
            return PlanRefused(code=PlanRefusal.NOT_FOUND, path=("branchId",))
        if day < local_day(now):
            return PlanRefused(code=PlanRefusal.DAY_IS_OVER, path=("day",))
        if not roster.shifts:
            return PlanRefused(code=PlanRefusal.NOBODY_WORKS, path=("day",))
        papers, active = await self._papers(branch_id, day, now, roster)
        # A thousand doors take it a second: whoever else is served does not wait.
        problem = await asyncio.to_thread(
            problem_of, papers, self.planning, self.policy.weights, self.learned
        )
        budget = budget_of(seconds, problem, pace=self.planning.pace)
        plan = await self.planner.plan(problem, seed, budget.less(monotonic() - began))
        return Proposal(branch_id, path, papers, active, problem, plan)

    async def _papers(
        self, branch_id: str, day: date, now: datetime, roster: Roster
    ) -> tuple[DayPapers, dict[str, Assignment]]:
        rows = await self._open_ones(branch_id, day)
        rounds = {each.courier_id: each for each in await self.rounds.of_branch(branch_id, day)}
        named = {stop.appointment_id for round in rounds.values() for stop in round.stops}
        open_ones = {each.id: each for each in rows}
        others = await self.appointments.load(named - open_ones.keys())
        active = await self.assignments.active_for(list(open_ones))
        slots = await self.capacity.get_many(sorted({each.slot.key for each in rows}))
        routes = {
            id: slot.route_id
            for id, each in open_ones.items()
            if (slot := slots.get(each.slot.key)) and slot.route_id
        }
        boats = [
            boat
            for route in sorted(set(routes.values()))
            for boat in await self.calendar.sailings_of(route, day, 1)
        ]
        terms = self.capacity.policy
        papers = DayPapers(
            day=day,
            now=now,
            appointments={**others, **open_ones},
            roster=roster,
            vehicles=await self.driven(roster, day),
            on_foot=Carries(terms.on_foot_grams, terms.on_foot_litres),
            rounds=rounds,
            routes=routes,
            boats=tuple(boats),
            ashore=terms.ashore,
            declined=await self.unwilling(rows),
            shut=await self.appointments.which_cannot_be_kept(rows),
            extra=tuple(await self.extras.extra_stops(branch_id, day)),
            deadlines=await self.capacity.catalogue.deadlines(local_day(now)),
        )
        return papers, active

    async def _open_ones(self, branch_id: str, day: date) -> list[Appointment]:
        """In parts: opening a thousand sealed doors at once would keep everybody waiting."""
        found: list[Appointment] = []
        while True:
            after = page_key(found[-1]) if found else None
            ask = Ask(first=AT_ONCE, after=after)
            page = await self.appointments.of_branch_day(branch_id, day, ask, OPEN)
            found.extend(page.rows)
            if not page.more:
                return found

    async def driven(
        self, roster: Roster, day: date, *, tx: Tx | None = None
    ) -> dict[str, Vehicle]:
        """What each courier drives in all of their hours that day. Who is not named walks."""
        hours: dict[str, TimeWindow] = {}
        for shift in roster.shifts:
            known = hours.get(shift.courier_id, shift.window)
            start, end = min(known.start, shift.start), max(known.end, shift.end)
            hours[shift.courier_id] = TimeWindow(start=start, end=end)
        working = [each for each in roster.couriers if each.id in hours]
        garage = await self.couriers.garage(working, day_span(day), tx=tx)
        return {
            each.id: vehicle
            for each in working
            if (vehicle := garage.driven_by(each, hours[each.id]))
        }
