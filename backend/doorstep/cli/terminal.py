"""What every command shares: settings, database, and how a refusal is said."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

import typer
from rich.console import Console

from doorstep.demo.loading import NotLoadedError, StrangersDataError
from doorstep.kit.mongo.driver import DriverError, NoReplicaSet
from doorstep.kit.mongo.embedded import (
    DataFolderBusy,
    EmbeddedMongo,
    NoMongod,
    OtherServerVersion,
    attached,
)
from doorstep.kit.mongo.migrations import CannotMigrate
from doorstep.kit.mongo.restoring import HalfRestored
from doorstep.kit.pii import UnsafeKeyFile
from doorstep.main import house_of
from doorstep.settings import Settings
from doorstep.wiring import House, OtherKeysError

T = TypeVar("T")

said: Final = Console(stderr=True, highlight=False)

REFUSED: Final = 1
BAD_CALL: Final = 2
NO_DATABASE: Final = 3

_CANNOT_SERVE: Final = (
    NoReplicaSet,
    NoMongod,
    DataFolderBusy,
    OtherServerVersion,
    CannotMigrate,
    HalfRestored,
    OtherKeysError,
    UnsafeKeyFile,
    StrangersDataError,
)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The data folder. [default: $DOORSTEP_DATA, else .doorstep]"),
]


def settings_of(data: Path | None) -> Settings:
    """The settings, told to child processes too by the environment."""
    if data is not None:
        os.environ["DOORSTEP_DATA"] = str(data.resolve())
    return Settings()


def fail(message: str, code: int) -> NoReturn:
    said.print(f"doorstep: {message}", soft_wrap=True, markup=False, style="red")
    raise typer.Exit(code)


@contextmanager
def saying_why() -> Iterator[None]:
    """What keeps us from serving is said in a sentence, not in a traceback."""
    try:
        yield
    except _CANNOT_SERVE as error:
        fail(str(error), NO_DATABASE)
    except NotLoadedError as error:
        fail(str(error), REFUSED)
    except DriverError as error:
        # Without the topology, which the driver tells at length.
        reason = str(error).split(", Timeout:")[0].splitlines()[0]
        fail(f"MongoDB does not answer: {reason}", NO_DATABASE)


@contextmanager
def mongodb(settings: Settings) -> Iterator[str]:
    """The MongoDB to use: the operator's, the one on this data folder, or one of our own."""
    if settings.mongodb_url:
        yield settings.mongodb_url
    elif url := attached(settings.data):
        yield url
    else:
        with EmbeddedMongo(settings.data) as mongo:
            yield mongo.start()


async def at_home(settings: Settings, url: str, do: Callable[[House], Awaitable[T]]) -> T:
    """Build the house, do one thing, and leave."""
    house = house_of(settings, url)
    try:
        await house.prepare()
        return await do(house)
    finally:
        await house.close()


def with_house(settings: Settings, do: Callable[[House], Awaitable[T]]) -> T:
    with saying_why(), mongodb(settings) as url:
        return asyncio.run(at_home(settings, url, do))
