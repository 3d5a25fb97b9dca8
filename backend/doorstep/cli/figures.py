"""How a branch has kept its promises, as a table for whoever counts."""

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final

import typer

from doorstep.cli.terminal import BAD_CALL, REFUSED, Data, fail, said, settings_of, with_house
from doorstep.reports.actions import Recount
from doorstep.reports.model import Figures, Group, Grouping, Report
from doorstep.wiring import House

cli: Final = typer.Typer()

_DAY: Final = ["%Y-%m-%d"]
_MOST_NAMED: Final = 20


@dataclass(frozen=True)
class _Found:
    report: Report
    recount: Recount | None = None
    mended: int = 0


@cli.command()
def kpis(
    branch: Annotated[str, typer.Argument(help="Which branch: org_….")],
    first: Annotated[datetime, typer.Argument(metavar="FROM", formats=_DAY)],
    last: Annotated[datetime, typer.Argument(metavar="TO", formats=_DAY, help="Included.")],
    by: Annotated[str, typer.Option(help="day, courier or service.")] = Grouping.DAY.value.lower(),
    recompute: Annotated[
        bool, typer.Option(help="Reckon from the histories, and say whether what is kept agrees.")
    ] = False,
    mend: Annotated[
        bool, typer.Option(help="With --recompute: count afresh what does not agree.")
    ] = False,
    data: Data = None,
) -> None:
    """Print a branch's figures as CSV, each ratio beside what it is made of; docs/kpis.md.

    With --recompute exit code 1 if what is kept does not agree with the histories.
    """
    days, grouping = (first.date(), last.date()), _grouping(by)
    if days[1] < days[0]:
        fail("TO is before FROM", BAD_CALL)
    if mend and not recompute:
        fail("--mend goes with --recompute", BAD_CALL)

    async def look(house: House) -> _Found | None:
        if await house.organisation.unit(branch) is None:
            return None
        if not recompute:
            return _Found(await house.reports.report(branch, *days, grouping))
        return await _again(house, branch, days, grouping, mend=mend)

    found = with_house(settings_of(data), look)
    if found is None:
        fail(f"there is no unit {branch}", BAD_CALL)
    _print(found.report)
    if found.recount:
        _compare(found.recount, found.mended)


async def _again(
    house: House, branch: str, days: tuple[date, date], by: Grouping, *, mend: bool
) -> _Found:
    recount = await house.reports.recount(branch, *days)
    report = await house.reports.report_again(branch, *days, by, recount)
    mended = await house.reports.mend(recount.differences) if mend else 0
    return _Found(report, recount, mended)


def _grouping(text: str) -> Grouping:
    try:
        return Grouping(text.upper())
    except ValueError:
        names = ", ".join(each.value.lower() for each in Grouping)
        fail(f"--by is one of {names}", BAD_CALL)


def _compare(recount: Recount, mended: int) -> None:
    """Say whether what is kept is what the histories tell."""
    if recount.forgotten:
        said.print(
            f"{recount.forgotten} visits went to doors that nobody may know any more: "
            "their kilometres cannot be told again"
        )
    if not recount.differences:
        said.print(f"kept and recomputed agree: {len(recount.told)} couriers' days")
        return
    for each in recount.differences[:_MOST_NAMED]:
        what = "not counted" if each.kept is None else "otherwise" if each.told else "too much"
        said.print(f"{each.id}: {what}", markup=False, soft_wrap=True)
    if mended:
        said.print(f"{mended} visits were counted afresh")
        return
    fail(f"{len(recount.differences)} of {len(recount.told)} couriers' days differ", REFUSED)


def _print(report: Report) -> None:
    rows = list(_rows(report))
    table = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)


def _rows(report: Report) -> Iterator[Mapping[str, object]]:
    """One for each group, and the whole below them."""
    for group in report.groups:
        yield {"group": _name(group), **_columns(group.figures)}
    yield {"group": "all", **_columns(report.whole)}


def _name(group: Group) -> str:
    if group.day:
        return group.day.isoformat()
    return group.service.value if group.service else group.courier_id or "nobody"


def _columns(figures: Figures) -> dict[str, object]:
    """A ratio of nothing is an empty cell."""
    shares = {
        "on_time": figures.on_time,
        "first_attempt": figures.first_attempt,
        "repeat_attempts": figures.repeat_attempts,
        "utilisation": figures.utilisation,
    }
    means = {
        "minutes_per_stop": figures.minutes_per_stop,
        "kilometres_per_stop": figures.kilometres_per_stop,
    }
    tally, spread = figures.tally, figures.minutes_to_done
    columns: dict[str, object] = {
        name: getattr(tally, name) for name in ("visits", "early", "late", "missed")
    }
    for name, share in shares.items():
        columns |= {name: _round(share.value)}
        columns |= {f"{name}_part": share.part, f"{name}_of": share.whole}
    for name, mean in means.items():
        columns |= {name: _round(mean.value)}
        columns |= {f"{name}_total": _round(mean.total), f"{name}_stops": mean.stops}
    took = {"median": spread.median, "p90": spread.p90, "of": spread.count}
    return columns | {f"minutes_to_done_{name}": value for name, value in took.items()}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
