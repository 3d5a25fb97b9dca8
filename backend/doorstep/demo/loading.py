"""Taking a bureau in, and loading the demo city once."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from doorstep.accounts.model import Role
from doorstep.demo.cast import DEMO_CODE, is_demo, mark_demo, player
from doorstep.demo.city import write_city
from doorstep.demo.day import live_a_day
from doorstep.demo.folder import RowError
from doorstep.demo.importer import Importing, Progress, import_folder, quiet
from doorstep.demo.scale import Size
from doorstep.wiring import House


class NotLoadedError(RuntimeError):
    """The demo city could not be taken in."""


class StrangersDataError(RuntimeError):
    """The database holds a bureau already, and it is not the demo city."""


async def take_in(
    house: House, folder: Path, *, progress: Progress = quiet
) -> tuple[RowError, ...]:
    """Take a bureau's folder in. What is wrong with it instead, and then nothing was taken."""
    outcome = await import_folder(folder, Importing.of(house), progress=progress)
    return tuple(outcome) if isinstance(outcome, list) else ()


async def load(
    house: House, data: Path, *, size: Size = Size.SMALL, progress: Progress = quiet
) -> bool:
    """Load the demo city if it is not there. False: it was, and keeps the size it has.

    Raises StrangersDataError rather than mixing demo people, whose code everybody knows, into a
    real bureau's data.
    """
    loaded = bool((await house.organisation.tree()).units)
    if loaded and is_demo(data):
        return False
    if loaded and await house.accounts.by_phone(_first_phone()) is None:
        raise StrangersDataError("this database holds a bureau that is not the demo city")
    with TemporaryDirectory() as folder:
        progress("the map", 0, 1)
        await asyncio.to_thread(write_city, Path(folder), size=size)
        if problems := await take_in(house, Path(folder), progress=progress):
            raise NotLoadedError(f"{len(problems)} rows, the first: {problems[0]}")
    if size is Size.CITY:
        await live_a_day(house, progress=progress)
    mark_demo(data, size)
    return True


def _first_phone() -> str:
    """The first demo customer's."""
    return player(Role.CUSTOMER, 1).phone


def welcome(url: str) -> str:
    """Where to look, and how to sign in."""
    people = "\n".join(
        f"  {role.value.lower():<11}{player(role, 1).phone}"
        for role in (Role.CUSTOMER, Role.COURIER, Role.DISPATCHER)
    )
    return (
        f"\n[bold]Doorstep[/] serves its demo city.\n\n"
        f"  explorer   {url}/explorer\n"
        f"  API        {url}/graphql\n"
        f"  schema     {url}/schema.graphql\n\n"
        f"Sign in with the mutation signIn; everybody's code is [bold]{DEMO_CODE}[/]:\n{people}\n"
        f"or take a token: [bold]doorstep token customer[/] (courier, dispatcher, …).\n"
        f"See the main job played: [bold]doorstep walk {url}[/]\n"
        f"Ctrl-C stops all of it.\n"
    )
