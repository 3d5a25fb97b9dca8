"""Every drill several times, and the table of what was found. `make drills` runs it.

DRILL_RUNS says how often (3 unless told). It ends with 1 if any run lost or doubled anything.
"""

import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tests.drills import scenes
from tests.drills.findings import Outcome
from tests.drills.members import ReplicaSet, hang, kill
from tests.drills.processes import load, new_site

RUNS: Final = int(os.environ.get("DRILL_RUNS", "3"))
HEADINGS: Final = (
    *("drill", "runs", "outage s", "longest wait s", "acknowledged", "lost", "doubled"),
    "errors seen by clients",
)

Drill = Callable[[], Awaitable[Outcome]]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def row_of(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    errors = sum((outcome.errors for outcome in outcomes), Counter[str]())
    wanted = sum(outcome.wanted for outcome in outcomes)
    return (
        outcomes[0].drill,
        str(len(outcomes)),
        _span(outcome.outage for outcome in outcomes),
        _span(outcome.longest_wait for outcome in outcomes),
        f"{sum(outcome.acknowledged for outcome in outcomes)} of {wanted}",
        str(sum(outcome.lost for outcome in outcomes)),
        str(sum(outcome.doubled for outcome in outcomes)),
        ", ".join(f"{count} {name}" for name, count in errors.most_common()) or "none",
    )


def _span(seconds: Iterable[float]) -> str:
    """From the shortest to the longest."""
    told = sorted(seconds)
    return f"{told[0]:.1f}" if len(told) == 1 else f"{told[0]:.1f}–{told[-1]:.1f}"


def table_of(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


async def several(drill: Drill) -> list[Outcome]:
    outcomes = []
    for _ in range(RUNS):
        outcome = await drill()
        outcomes.append(outcome)
        for fault in outcome.faults:
            say(f"FAULT in {outcome.drill}: {fault}")
    say(" | ".join(row_of(outcomes)))
    return outcomes


async def all_drills(folder: Path) -> list[list[Outcome]]:
    city = new_site(folder / "city")
    await load(city)

    async def alone(play: Callable[..., Awaitable[Outcome]]) -> Outcome:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            return await play(new_site(Path(place), city.data))

    played = [
        await several(partial(alone, play))
        for play in (scenes.api_killed, scenes.worker_killed, scenes.mongod_killed)
    ]
    for lose, drill, gone_for in (
        (kill, "primary of three killed", 1.0),
        (hang, "primary of three hung for 10 s", scenes.HUNG_SECONDS),
    ):
        among_three = partial(_among_three, folder, lose=lose, drill=drill, gone_for=gone_for)
        played.append(await several(among_three))
    return played


async def _among_three(folder: Path, **how: object) -> Outcome:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        async with _three(Path(place)) as members:
            site = new_site(Path(place) / "site")
            await load(site, members.url)
            play: Callable[..., Awaitable[Outcome]] = scenes.primary_lost
            return await play(site, members, crowd=0, **how)


@asynccontextmanager
async def _three(folder: Path) -> AsyncIterator[ReplicaSet]:
    members = ReplicaSet(folder)
    try:
        await members.start()
        yield members
    finally:
        members.stop()


def kept(outcome: Outcome) -> bool:
    told_all = outcome.acknowledged == outcome.wanted
    return told_all and not (outcome.lost or outcome.doubled or outcome.faults)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="drills-") as folder:
        played = asyncio.run(all_drills(Path(folder)))
    say("\n" + table_of([HEADINGS, *map(row_of, played)]))
    return 0 if all(kept(outcome) for outcomes in played for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
