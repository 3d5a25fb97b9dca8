"""Planning a day from a terminal, and checking the solver against the world's instances."""

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from doorstep.cli.drawing import Drawn, svg_of
from doorstep.cli.instances import ROUNDINGS, NotUnderstood, problem_in
from doorstep.cli.terminal import BAD_CALL, REFUSED, Data, fail, settings_of, with_house
from doorstep.dispatch.actions import Proposal
from doorstep.dispatch.model import PLAN_WORDS, DayPlan, PlanRefused
from doorstep.dispatch.problem import Budget, Figures, Plan
from doorstep.kit.mongo.transactions import Attempt
from doorstep.kit.refusals import Locale
from doorstep.wiring import House

cli: Final = typer.Typer()
bench: Final = typer.Typer(help="Measure us beside others.", no_args_is_help=True)
cli.add_typer(bench, name="bench")

Seconds = Annotated[float, typer.Option(min=0.1, max=3600, help="How long to search.")]
Seed = Annotated[int, typer.Option(min=0, help="Another seed, another search.")]


@cli.command("plan")
def plan_day(
    branch: Annotated[str, typer.Argument(help="The branch, like org_branch_1.")],
    day: Annotated[datetime, typer.Argument(help="The local day.", formats=["%Y-%m-%d"])],
    seconds: Seconds = 20,
    seed: Seed = 1,
    apply: Annotated[bool, typer.Option("--apply", help="Write it; else only say it.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Draw the rounds into this file.")] = None,
    data: Data = None,
) -> None:
    """Plan a branch's day, and print it before and after.

    What is under way stays, what is accepted keeps its courier; offers may go to others.
    """

    async def do(house: House) -> tuple[Proposal, DayPlan | PlanRefused | None] | PlanRefused:
        found = await house.dispatch.proposal(
            branch, day.date(), seconds=seconds, seed=seed, may=None
        )
        if isinstance(found, PlanRefused) or not apply:
            return found if isinstance(found, PlanRefused) else (found, None)
        attempt = Attempt(at=house.clock.now())
        return found, await house.dispatch.write_plan(found, attempt)

    outcome = with_house(settings_of(data), do)
    if isinstance(outcome, PlanRefused):
        fail(PLAN_WORDS[outcome.code].spoken(Locale.EN), REFUSED)
    proposal, written = outcome
    _tell(proposal)
    if svg:
        svg.write_text(picture_of(proposal), encoding="utf-8")
    if isinstance(written, DayPlan):
        typer.echo(
            f"written: {written.offered} offered, {written.moved} moved, {written.rounds} rounds, "
            f"{len(written.left_alone)} left alone because they changed meanwhile"
        )


def _tell(proposal: Proposal) -> None:
    plan = proposal.plan
    typer.echo(f"{'':8}{'stops':>8}{'km':>9}{'late min':>10}{'unplanned':>11}{'tours':>7}")
    for name, figures in (("before", proposal.before), ("after", proposal.after)):
        typer.echo(_row(name, figures))
    cut = ", cut by the clock: another run may differ" if plan.cut_by_clock else ""
    typer.echo(
        f"seed {plan.seed}, {plan.iterations} iterations in {plan.seconds:.1f} s{cut}; "
        f"{'every promise kept' if plan.feasible else 'NOT every promise kept'}"
    )
    for each in plan.unplanned:
        figure = "" if each.figure is None else f" {each.figure}"
        typer.echo(f"  {each.task_id}: {each.because}{figure}")


def _row(name: str, figures: Figures) -> str:
    late, kilometres = figures.late_seconds / 60, figures.metres / 1000
    return (
        f"{name:8}{figures.stops:>8}{kilometres:>9.1f}{late:>10.0f}"
        f"{figures.unplanned:>11}{figures.tours:>7}"
    )


def picture_of(proposal: Proposal) -> str:
    """The rounds as planned, each from its courier's station and back."""
    papers, problem = proposal.papers, proposal.problem
    couriers = {each.id: each for each in papers.roster.couriers}
    doors = {id: each.where for id, each in papers.appointments.items()}
    doors |= {each.id: each.where for each in papers.extra}
    drawn = []
    for tour in proposal.plan.tours:
        courier = couriers[problem.crews[problem.tours[tour.tour].crew].id]
        ids = (problem.tasks[visit.task].id for visit in tour.visits)
        way = [point for id in ids if (point := doors.get(id))]
        station = courier.station
        drawn.append(Drawn(courier.id, (station, *way, station), len(way), tour.metres))
    left = [point for each in proposal.plan.unplanned if (point := doors.get(each.task_id))]
    return svg_of(f"{proposal.branch_id} {papers.day}", drawn, left)


@bench.command("vrp")
def bench_vrp(
    file: Annotated[Path, typer.Argument(help="A VRPLIB instance.", exists=True, dir_okay=False)],
    seconds: Seconds = 20,
    seed: Seed = 1,
    rounding: Annotated[str, typer.Option(help=f"One of {', '.join(ROUNDINGS)}.")] = "dimacs",
    best: Annotated[float | None, typer.Option(help="The best cost known, in tenths.")] = None,
    beside: Annotated[bool, typer.Option("--beside", help="Call PyVRP itself too.")] = False,
) -> None:
    """Solve a VRPTW, PCVRPTW or MDVRPTW through our own problem and solver."""
    # Here alone: the solver's library is not loaded by whoever only serves.
    from doorstep.dispatch.solver import solve

    if rounding not in ROUNDINGS:
        fail(f"there is no rounding {rounding}; there are {', '.join(ROUNDINGS)}", BAD_CALL)
    try:
        problem = problem_in(file, rounding)
    except NotUnderstood as error:
        fail(str(error), BAD_CALL)
    plan = solve(problem, seed, Budget(seconds))
    typer.echo(_bench_row("ours", plan.cost, plan.feasible, len(plan.tours), plan.seconds, best))
    clients, left = len(problem.tasks), len(plan.unplanned)
    typer.echo(f"{plan.iterations} iterations, {clients} clients, {left} left out")
    if beside:
        _beside(file, seconds, seed, rounding, plan, best)


def _beside(
    file: Path, seconds: float, seed: int, rounding: str, plan: Plan, best: float | None
) -> None:
    import pyvrp
    from pyvrp.stop import MaxRuntime

    began = time.perf_counter()
    data = pyvrp.read(file, round_func=rounding)
    theirs = pyvrp.solve(data, MaxRuntime(seconds), seed=seed, collect_stats=False, display=False)
    took = time.perf_counter() - began
    cost, routes = int(theirs.cost()), theirs.best.num_routes()
    typer.echo(_bench_row("PyVRP", cost, theirs.is_feasible(), routes, took, best))
    typer.echo(f"{theirs.num_iterations} iterations")
    typer.echo(f"ours beside PyVRP: {(plan.cost / cost - 1) * 100:+.2f} points")


def _bench_row(
    who: str, cost: int, feasible: bool, routes: int, seconds: float, best: float | None
) -> str:
    told = f"{who:6} cost {cost}  {'feasible' if feasible else 'INFEASIBLE'}  "
    gap = f"  {(cost / best - 1) * 100:.2f} % above the best known" if best else ""
    return f"{told}{routes} routes  {seconds:.1f} s{gap}"
