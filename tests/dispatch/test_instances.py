"""Instances of the world's benchmarks, through our own problem and solver."""

from pathlib import Path

import pytest
import pyvrp
from pyvrp.stop import MaxIterations
from typer.testing import CliRunner

from doorstep.cli.commands import cli
from doorstep.cli.instances import NotUnderstood, problem_in
from doorstep.dispatch.problem import Budget
from doorstep.dispatch.solver import solve
from tests.bench.homberger import instance

PRIZES = "PRIZE_SECTION\n" + "\n".join(f"{n} {0 if n == 1 else 60}" for n in range(1, 27))
TWO_DEPOTS = "DEPOT_SECTION\n1\n2\n-1\nVEHICLES_DEPOT_SECTION\n" + "\n".join(
    f"{n} {1 + n % 2}" for n in range(1, 13)
)
NO_LONGER = "VEHICLES_MAX_DURATION : 900\nEDGE_WEIGHT_TYPE"


def _file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "one.vrp"
    file.write_text(text)
    return file


@pytest.mark.row("F7")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "", id="windows"),
        pytest.param("DEPOT_SECTION\n1\n-1", PRIZES + "\nDEPOT_SECTION\n1\n-1", id="prizes"),
        pytest.param("DEPOT_SECTION\n1\n-1", TWO_DEPOTS, id="two depots"),
        pytest.param("EDGE_WEIGHT_TYPE", NO_LONGER, id="days that may not be long"),
    ],
)
def test_through_our_modules_an_instance_costs_what_it_costs_without(
    before: str, after: str, tmp_path: Path
):
    text = instance("RC", 1, 25, 1).replace("VEHICLES : 6", "VEHICLES : 12")
    file = _file(tmp_path, text.replace(before, after) if before else text)

    ours = solve(problem_in(file, "dimacs"), 3, Budget(60, 300))
    data = pyvrp.read(file, round_func="dimacs")
    theirs = pyvrp.solve(data, MaxIterations(300), seed=3, collect_stats=False)

    assert ours.feasible
    assert ours.cost == theirs.cost()


def test_the_bench_says_cost_routes_and_gap(tmp_path: Path):
    file = _file(tmp_path, instance("R", 1, 25, 2))

    said = CliRunner().invoke(cli, ["bench", "vrp", str(file), "--seconds", "0.3", "--beside"])

    assert said.exit_code == 0, said.output
    assert "feasible" in said.output
    assert "ours beside PyVRP: " in said.output


def test_a_file_that_asks_for_what_we_do_not_know_is_refused(tmp_path: Path):
    asks = "BACKHAUL_SECTION\n1 0\nDEPOT_SECTION"
    file = _file(tmp_path, instance("R", 1, 5, 1).replace("DEPOT_SECTION", asks))

    with pytest.raises(NotUnderstood, match="backhaul"):
        problem_in(file, "dimacs")


@pytest.mark.parametrize("text", ["", "# Doorstep\n", "NAME : x\nNODE_COORD_SECTION\n1 a b\n"])
def test_a_file_that_is_no_instance_at_all_is_refused(tmp_path: Path, text: str):
    told = CliRunner().invoke(cli, ["bench", "vrp", str(_file(tmp_path, text)), "--seconds", "1"])

    assert told.exit_code == 2
    assert "is no VRPLIB instance" in told.output
