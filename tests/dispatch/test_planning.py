"""A branch's day, planned and written. On one driver: what is asked of the database here is asked
of both elsewhere.
"""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment, Status
from doorstep.dispatch.actions import Dispatch, Proposal
from doorstep.dispatch.model import DayPlan, Ending, PlanRefused, StopState
from doorstep.dispatch.problem import Budget, Plan, Problem
from doorstep.dispatch.solver import solve
from doorstep.wiring import House
from tests import given
from tests.crowd import fingerprint
from tests.given import ADA, BO, BRANCH, CAI, DAN, EVE, OTHER_BRANCH, OTTO, TOMORROW, Person
from tests.journeys.conftest import Sign, address, app
from tests.journeys.test_sent_twice import Case, _quiet, sent_again_and_again

__all__ = ["address", "app"]


class Here:
    """Searches where it is asked, a few steps."""

    async def plan(self, problem: Problem, seed: int, budget: Budget) -> Plan:
        return solve(problem, seed, Budget(60, 60))


def rooms(house: House) -> Dispatch:
    return replace(house.dispatch, planner=Here())


async def proposed(house: House) -> Proposal:
    found = await rooms(house).proposal("org_branch", TOMORROW, seconds=1, seed=1, may=None)
    assert isinstance(found, Proposal), found
    return found


async def written(house: House, proposal: Proposal | None = None) -> DayPlan:
    outcome = await rooms(house).write_plan(proposal or await proposed(house), given.attempt(house))
    assert isinstance(outcome, DayPlan), outcome
    return outcome


async def now(house: House, promise: Appointment) -> Appointment:
    return (await house.appointments.load([promise.id]))[promise.id]


async def states(house: House, who: Person, promise: Appointment) -> list[StopState]:
    courier = await house.couriers.get(who.courier_id)
    assert courier
    round = await house.dispatch.round_of(courier, promise.day)
    return [stop.state for stop in round.stops if stop.appointment_id == promise.id]


async def assign(house: House, promise: Appointment, to: Person) -> None:
    outcome = await house.dispatch.assign(
        promise.id,
        to.courier_id,
        given.attempt(house),
        expected_version=promise.version,
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )
    assert isinstance(outcome, Appointment)


@pytest.mark.row("F1", "F7")
async def test_a_day_that_nobody_was_asked_about_is_offered_in_the_order_of_the_plan(house: House):
    late = await given.booked(house, slot=given.slot(14))
    early = await given.booked(house, EVE, slot=given.slot(10))

    plan = await written(house)

    assert (plan.offered, plan.moved, plan.unplanned, plan.left_alone) == (2, 0, (), ())
    assert (plan.before.stops, plan.after.stops) == (0, 2)
    first, second = await now(house, early), await now(house, late)
    assert first.offered_to == second.offered_to == BO.courier_id
    assert first.status is Status.BOOKED
    courier = await house.couriers.get(BO.courier_id)
    assert courier
    round = await house.dispatch.round_of(courier, TOMORROW)
    assert [stop.appointment_id for stop in round.stops] == [early.id, late.id]
    assert all(stop.window.holds(stop.planned_arrival) for stop in round.stops)
    again = await written(house)
    assert (again.offered, again.moved, again.rounds) == (0, 0, 0)


@pytest.mark.row("F1", "F7", "F10")
async def test_an_offer_that_goes_to_another_courier_leaves_a_tombstone(house: House):
    promise = await given.booked(house)
    proposal = await proposed(house)
    crews = {crew.id: number for number, crew in enumerate(proposal.problem.crews)}
    tours = proposal.problem.tours
    (tour,) = proposal.plan.tours
    theirs = next(
        number
        for number, each in enumerate(tours)
        if each.crew == crews[CAI.courier_id] and each.early == tours[tour.tour].early
    )
    elsewhere = replace(proposal.plan, tours=(replace(tour, tour=theirs),))
    await written(house, replace(proposal, plan=elsewhere))
    assert (await now(house, promise)).offered_to == CAI.courier_id

    plan = await written(house)

    assert (plan.offered, plan.moved) == (0, 1)
    assert (await now(house, promise)).offered_to == BO.courier_id
    assert await states(house, CAI, promise) == [StopState.REMOVED]
    assert await states(house, BO, promise) == [StopState.OFFERED]
    ended = await house.mongo["assignments"].find_one({"active": False})
    assert ended
    assert ended["ended"] == Ending.REPLACED


@pytest.mark.row("F1", "F3")
async def test_what_changed_while_the_day_was_planned_is_left_alone(house: House):
    assigned, quiet = await given.booked(house), await given.booked(house, EVE)
    proposal = await proposed(house)
    await assign(house, assigned, CAI)

    plan = await written(house, proposal)

    assert plan.left_alone == (assigned.id,)
    assert (await now(house, assigned)).courier_id == CAI.courier_id
    assert await states(house, BO, assigned) == []
    assert (await now(house, quiet)).offered_to == BO.courier_id
    again = await written(house)
    assert again.left_alone == ()
    assert (await now(house, assigned)).courier_id == CAI.courier_id


@pytest.mark.row("F1", "F5")
@pytest.mark.parametrize("change", ["gone home", "shorter", "another vehicle"])
async def test_who_works_otherwise_by_then_is_given_nothing(house: House, change: str):
    promise = await given.booked(house)
    proposal = await proposed(house)
    theirs = {"courier_id": BO.courier_id}
    if change == "gone home":
        await house.mongo["shifts"].delete_many(theirs)
    elif change == "shorter":
        ends = given.window(8).end
        await house.mongo["shifts"].update_many(theirs, {"$set": {"end": ends}})
    else:
        await house.mongo["couriers"].update_one(
            {"_id": BO.courier_id}, {"$set": {"vehicle_id": "veh_cai"}}
        )

    plan = await written(house, proposal)

    assert (plan.left_alone, plan.offered, plan.rounds) == ((promise.id,), 0, 0)
    assert (await now(house, promise)).offered_to is None


@pytest.mark.row("F1", "F3")
async def test_a_plan_and_a_word_at_once_leave_one_courier_each(house: House):
    promises = [await given.booked(house, who) for who in (ADA, EVE, ADA, EVE)]
    proposal = await proposed(house)

    await asyncio.gather(
        written(house, proposal), *(assign(house, each, CAI) for each in promises[:2])
    )

    for promise in promises[:2]:
        assert (await now(house, promise)).courier_id == CAI.courier_id
        assert StopState.OFFERED not in await states(house, BO, promise)
    for promise in promises:
        query = {"appointment_id": promise.id, "active": True}
        assert await house.mongo["assignments"].count_documents(query) == 1


@pytest.mark.row("F7", "A2")
async def test_a_dry_run_writes_nothing_and_another_branch_looks_like_none(house: House, app: Sign):
    await given.booked(house)
    await _quiet(house)
    before = await fingerprint(house)
    asked: dict[str, Any] = {"branchId": "org_branch", "day": str(TOMORROW), "seconds": 1}

    dry = await app(DAN).ask("PlanDay", **asked, validateOnly=True)
    theirs = await app(OTTO).ask("PlanDay", **asked)
    none = await app(OTTO).ask("PlanDay", **{**asked, "branchId": "org_none"})

    assert dry["plan"]["after"]["stops"] == 1
    assert await fingerprint(house) == before
    assert theirs == none
    assert none["code"] == "NOT_FOUND"
    long = await app(DAN).ask("PlanDay", **{**asked, "seconds": 0})
    assert long["problems"][0]["path"] == ["seconds"]
    over = await app(DAN).ask("PlanDay", **{**asked, "day": "2026-11-23"})
    assert over["code"] == "DAY_IS_OVER"


@pytest.mark.row("A5", "F7")
async def test_a_day_is_planned_once_however_often_it_is_asked(house: House, app: Sign):
    async def prepare(house: House) -> dict[str, Any]:
        await given.booked(house)
        return {"branchId": "org_branch", "day": str(TOMORROW), "seconds": 1}

    other, impossible = {"seed": 7}, {"branchId": "org_none"}
    case = Case("PlanDay", DAN, prepare, other, impossible, "DayPlanned")
    await sent_again_and_again(house, app, case)


async def test_a_branch_is_planned_by_who_may(house: House):
    refused = await rooms(house).proposal(
        "org_branch", TOMORROW, seconds=1, seed=1, may=[OTHER_BRANCH]
    )
    assert isinstance(refused, PlanRefused)
