"""The city as a whole: whether its areas fit together, and the demo's people at work."""

import asyncio
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from doorstep.accounts.model import Role
from doorstep.addresses.model import Fault, ServiceArea, Township
from doorstep.addresses.rules import days_of_change, tiling_faults
from doorstep.cli.terminal import BAD_CALL, REFUSED, Data, fail, said, settings_of, with_house
from doorstep.demo.atlas import atlas_of
from doorstep.demo.cast import DEMO_CODE, is_demo, player, size_of
from doorstep.demo.city import SEED
from doorstep.kit.clock import WallClock
from doorstep.kit.windows import local_day
from doorstep.settings import Settings
from doorstep.simulate.alive import AliveCast, live
from doorstep.wiring import House

cli: Final = typer.Typer()

_COURIERS, _CUSTOMERS = 30, 600
"""The people of the first branches, who are the same in a city of either size."""


@cli.command()
def areas(
    land: Annotated[
        Path | None,
        typer.Option(help="Townships as GeoJSON: what the areas have to cover.", exists=True),
    ] = None,
    on: Annotated[
        datetime | None, typer.Option(help="The day to look at; today.", formats=["%Y-%m-%d"])
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=3660, help="How many days, as areas begin and end.")
    ] = 1,
    data: Data = None,
) -> None:
    """Say where areas overlap, leave a gap, or leave a township to two branches or none.

    Without --land only gaps that areas enclose are found; the demo city knows its own land.
    """
    settings = settings_of(data)
    kept = with_house(settings, _areas)
    day = on.date() if on else local_day(WallClock().now())
    townships = _townships(land, settings)
    maps = days_of_change(kept, day, day + timedelta(days=days - 1))
    found = [_told(kept, townships, each) for each in maps]
    if any(found):
        fail(f"{sum(found)} faults", REFUSED)


def _told(areas: Sequence[ServiceArea], townships: Sequence[Township], day: date) -> int:
    """Say what is wrong with the map that holds from that day. How much that is."""
    faults = tiling_faults(areas, townships, day)
    held = sum(area.holds_on(day) for area in areas)
    if not faults:
        said.print(f"{held} areas on {day}, {len(townships)} townships: no overlap, no gap")
        return 0
    said.print(f"{held} areas on {day}: {len(faults)} faults")
    for fault in faults:
        said.print(_spoken(fault), markup=False, soft_wrap=True)
    return len(faults)


async def _areas(house: House) -> tuple[ServiceArea, ...]:
    return (await house.addresses.city.areas()).areas


def _townships(file: Path | None, settings: Settings) -> list[Township]:
    if file is not None:
        return _townships_in(file)
    if is_demo(settings.data):
        return atlas_of(size_of(settings.data), SEED).townships()
    return []


def _townships_in(file: Path) -> list[Township]:
    try:
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
        return [
            Township(name=str(each["properties"]["name"]), geometry=each["geometry"])
            for each in features
        ]
    except (ValueError, KeyError, TypeError) as error:
        fail(f"{file} is no GeoJSON of townships with a name each: {error!r}", BAD_CALL)


def _spoken(fault: Fault) -> str:
    what = fault.kind.value.lower().replace("_", " ")
    names = ", ".join(fault.names)
    if fault.at is None:
        return f"{what}: {names}"
    where = f"{fault.at.latitude:.5f}, {fault.at.longitude:.5f}"
    return f"{what}: {names or 'nobody'}: {fault.square_metres} m² at {where}"


@cli.command(hidden=True)
def alive(
    url: Annotated[str, typer.Argument(help="Where the demo is served.")],
    seed: Annotated[int, typer.Option(help="Another seed, other moods.")] = SEED,
) -> None:
    """Let demo couriers work their stops, and now and then a demo customer book. For ever."""
    people = AliveCast(
        courier_phones=tuple(player(Role.COURIER, n + 1).phone for n in range(_COURIERS)),
        customer_phones=tuple(player(Role.CUSTOMER, n + 1).phone for n in range(_CUSTOMERS)),
        code=DEMO_CODE,
    )
    asyncio.run(live(url, people, seed=seed))
