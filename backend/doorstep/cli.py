"""The operator's door: everything that is done from a terminal."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

import typer
import uvicorn
from rich.console import Console
from rich.progress import Progress

from doorstep import worker
from doorstep.accounts.model import Caller, Role, e164
from doorstep.accounts.rules import Tokens
from doorstep.api.schema import build_schema
from doorstep.demo import loading
from doorstep.demo.cast import is_demo, player
from doorstep.demo.folder import RowError
from doorstep.demo.loading import NotLoadedError, StrangersDataError
from doorstep.demo.supervisor import Supervisor
from doorstep.kit.clock import WallClock
from doorstep.kit.mongo.driver import DriverError, NoReplicaSet
from doorstep.kit.mongo.embedded import (
    DataFolderBusy,
    EmbeddedMongo,
    NoMongod,
    OtherServerVersion,
    attached,
)
from doorstep.kit.pii import UnsafeKeyFile, keyring_in
from doorstep.main import house_of
from doorstep.settings import Settings
from doorstep.wiring import House, OtherKeysError

T = TypeVar("T")

cli = typer.Typer(
    name="doorstep",
    help="A postal bureau's work at the door: the server, its worker, and what an operator needs.",
    epilog="Without DOORSTEP_MONGODB_URL a MongoDB of our own keeps the data, in --data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
said: Final = Console(stderr=True, highlight=False)

REFUSED: Final = 1
BAD_CALL: Final = 2
NO_DATABASE: Final = 3
TOKEN_LASTS: Final = timedelta(hours=12)
SOCKET_MESSAGE_BYTES: Final = 2 * 1024 * 1024

_CANNOT_SERVE: Final = (
    NoReplicaSet,
    NoMongod,
    DataFolderBusy,
    OtherServerVersion,
    OtherKeysError,
    UnsafeKeyFile,
    StrangersDataError,
)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The data folder. [default: $DOORSTEP_DATA, else .doorstep]"),
]
Host = Annotated[str, typer.Option(help="The address to listen on; loopback unless told.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)]


def main() -> None:
    """For the `doorstep` command."""
    cli()


def _settings(data: Path | None) -> Settings:
    """The settings, told to child processes too by the environment."""
    if data is not None:
        os.environ["DOORSTEP_DATA"] = str(data.resolve())
    return Settings()


def _fail(message: str, code: int) -> NoReturn:
    said.print(f"doorstep: {message}", soft_wrap=True, markup=False, style="red")
    raise typer.Exit(code)


@contextmanager
def _saying_why() -> Iterator[None]:
    """What keeps us from serving is said in a sentence, not in a traceback."""
    try:
        yield
    except _CANNOT_SERVE as error:
        _fail(str(error), NO_DATABASE)
    except NotLoadedError as error:
        _fail(str(error), REFUSED)
    except DriverError as error:
        # Without the topology, which the driver tells at length.
        reason = str(error).split(", Timeout:")[0].splitlines()[0]
        _fail(f"MongoDB does not answer: {reason}", NO_DATABASE)


@contextmanager
def _mongodb(settings: Settings) -> Iterator[str]:
    """The MongoDB to use: the operator's, the one on this data folder, or one of our own."""
    if settings.mongodb_url:
        yield settings.mongodb_url
    elif url := attached(settings.data):
        yield url
    else:
        with EmbeddedMongo(settings.data) as mongo:
            yield mongo.start()


async def _at_home(settings: Settings, url: str, do: Callable[[House], Awaitable[T]]) -> T:
    """Build the house, do one thing, and leave."""
    house = house_of(settings, url)
    try:
        await house.prepare()
        return await do(house)
    finally:
        await house.close()


def _with_house(settings: Settings, do: Callable[[House], Awaitable[T]]) -> T:
    with _saying_why(), _mongodb(settings) as url:
        return asyncio.run(_at_home(settings, url, do))


# ------------------------------------------------------------------ serving


@cli.command()
def demo(
    port: Port = 8000,
    host: Host = "127.0.0.1",
    data: Data = None,
    load: Annotated[bool, typer.Option("--load", help="Load the city and leave.")] = False,
) -> None:
    """Serve the demo city: database, API, worker and explorer, until Ctrl-C.

    The city is loaded the first time; afterwards yesterday's data is kept.
    """
    settings = _settings(data)
    if load:
        _with_house(settings, lambda house: _load_city(house, settings))
        return
    _free_port(host, port)
    with _saying_why(), _own_or_given(settings) as database:
        url = database if isinstance(database, str) else database.start()
        asyncio.run(_at_home(settings, url, lambda house: _load_city(house, settings)))
        said.print(loading.welcome(f"http://{host}:{port}"))
        code = _supervise(database, settings, host, port)
    raise typer.Exit(code)


@contextmanager
def _own_or_given(settings: Settings) -> Iterator[EmbeddedMongo | str]:
    """The operator's MongoDB, or one of our own that ends with us. Never somebody else's."""
    if settings.mongodb_url:
        yield settings.mongodb_url
        return
    mongo = EmbeddedMongo(settings.data)
    try:
        yield mongo
    finally:
        mongo.stop()


def _free_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            _fail(f"{host}:{port} cannot be had: {error.strerror}. Choose PORT=", BAD_CALL)


async def _load_city(house: House, settings: Settings) -> None:
    """Load the city once, with a bar to watch."""
    with Progress(console=said, transient=True) as progress:
        task = progress.add_task("the demo city", total=None)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        await loading.load(house, settings.data, progress=tell)
        await worker.fill_horizon(house)


def _supervise(database: EmbeddedMongo | str, settings: Settings, host: str, port: int) -> int:
    command = [sys.executable, "-m", "doorstep.cli"]
    children = {
        "api": [*command, "serve", "--host", host, "--port", str(port)],
        "worker": [*command, "work"],
    }
    environ = {**os.environ, "DOORSTEP_DATA": str(settings.data.resolve())}
    return Supervisor(database, children, environ=environ, report=said.print).run()


@cli.command()
def serve(
    port: Port = 8000,
    host: Host = "127.0.0.1",
    processes: Annotated[int, typer.Option(help="How many processes share the port.", min=1)] = 1,
    data: Data = None,
) -> None:
    """Serve the API and the explorer."""
    settings = _settings(data)
    with _saying_why(), _mongodb(settings) as url:
        asyncio.run(_at_home(settings, url, lambda house: house.ready()))
        os.environ["DOORSTEP_MONGODB_URL"] = url
        uvicorn.run(
            "doorstep.main:app",
            factory=True,
            host=host,
            port=port,
            workers=processes if processes > 1 else None,
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=SOCKET_MESSAGE_BYTES,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )


@cli.command()
def work(data: Data = None) -> None:
    """Relay events and keep the timetable. Any number may run: one is at it."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        _with_house(_settings(data), worker.work)
    except KeyboardInterrupt:
        return


# ------------------------------------------------------------------ an operator's errands


@cli.command()
def indexes(data: Data = None) -> None:
    """Make the collections, the indexes and the rule table. Harmless when repeated."""
    ready = _with_house(_settings(data), lambda house: house.ready())
    if not ready["indexes"]:
        _fail("some indexes could not be made", REFUSED)
    said.print("collections and indexes are there")


@cli.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="CSV and GeoJSON files.", exists=True)],
    data: Data = None,
) -> None:
    """Take in a bureau: units, areas, couriers, shifts, slots, people.

    Every file is checked first. With one bad row nothing is taken, and each bad row is named.
    """
    settings = _settings(data)

    async def take(house: House) -> tuple[RowError, ...]:
        problems = await loading.take_in(house, folder)
        if not problems:
            await worker.fill_horizon(house)
        return problems

    if problems := _with_house(settings, take):
        for problem in problems:
            said.print(str(problem), markup=False, soft_wrap=True)
        _fail(f"{len(problems)} rows are at fault: nothing was taken in", REFUSED)
    said.print("taken in")


@cli.command()
def grant(
    phone: Annotated[str, typer.Argument(help="Whose role it is to be.")],
    role: Annotated[str, typer.Argument(help="customer, courier, agent, dispatcher, …")],
    branch: Annotated[str, typer.Argument(help="The unit it is good for, with all below it.")],
    data: Data = None,
) -> None:
    """Give somebody a role in a part of the bureau."""
    number = e164(phone)
    if number is None:
        _fail(f"{phone} is not a phone number", BAD_CALL)
    wanted = _role(role)

    async def give(house: House) -> bool:
        unit = await house.organisation.unit(branch)
        if unit is None:
            return False
        await house.accounts.grant(number, wanted, unit.path)
        return True

    if not _with_house(_settings(data), give):
        _fail(f"there is no unit {branch}", BAD_CALL)
    said.print(f"granted: {wanted.value} in {branch}")


def _role(text: str) -> Role:
    try:
        return Role(text.upper().replace("-", "_"))
    except ValueError:
        names = ", ".join(role.value.lower().replace("_", "-") for role in Role)
        _fail(f"there is no role {text}; there are {names}", BAD_CALL)


@cli.command()
def token(
    role: Annotated[str, typer.Argument(help="customer, courier, agent, dispatcher, …")],
    number: Annotated[int, typer.Option(help="Which of them.", min=1)] = 1,
    count: Annotated[int, typer.Option(help="How many, from that one on.", min=1)] = 1,
    data: Data = None,
) -> None:
    """Print access tokens for demo people, one a line. Needs no database.

    Customer, courier and dispatcher 1 are people of one branch; customers 1 to 100 live
    in its area.
    """
    settings = _settings(data)
    keyring = keyring_in(settings.data, create=False)
    if keyring is None or not is_demo(settings.data):
        _fail(f"{settings.data} holds no demo city: tokens are for demo people only", REFUSED)
    wanted, now, tokens = _role(role), WallClock().now(), Tokens(keyring.token)
    for each in range(number, number + count):
        try:
            who = player(wanted, each)
        except LookupError as error:
            _fail(str(error.args[0]), BAD_CALL)
        caller = Caller(id=who.account_id, grants=who.grants)
        typer.echo(tokens.made(caller, at=now, lasts=TOKEN_LASTS))


@cli.command("schema")
def export_schema(
    to: Annotated[Path, typer.Argument(help="Where the SDL lives.")] = Path(
        "schema/schema.graphql"
    ),
    check: Annotated[bool, typer.Option(help="Write nothing; exit 1 if it is stale.")] = False,
) -> None:
    """Write the GraphQL schema as SDL, the contract the apps are built against."""
    sdl = build_schema().as_str() + "\n"
    if not check:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(sdl, encoding="utf-8")
    elif not to.exists() or to.read_text(encoding="utf-8") != sdl:
        _fail(f"{to} is stale: run `doorstep schema`", REFUSED)


if __name__ == "__main__":
    main()
