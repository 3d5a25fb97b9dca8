"""The commands that serve until they are told to stop: demo, serve, work."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
import uvicorn
from prometheus_client import start_http_server
from rich.progress import Progress

from doorstep import worker
from doorstep.api.metrics import Metrics
from doorstep.cli.terminal import (
    BAD_CALL,
    Data,
    at_home,
    fail,
    mongodb,
    said,
    saying_why,
    settings_of,
    with_house,
)
from doorstep.demo import loading
from doorstep.demo.cast import size_of
from doorstep.demo.scale import Size
from doorstep.demo.supervisor import Supervisor
from doorstep.kit import log
from doorstep.kit.mongo.embedded import EmbeddedMongo
from doorstep.settings import Settings
from doorstep.wiring import House

cli: Final = typer.Typer()

SOCKET_MESSAGE_BYTES: Final = 2 * 1024 * 1024

Host = Annotated[str, typer.Option(help="The address to listen on; loopback unless told.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)]


@cli.command()
def demo(
    port: Port = 8000,
    host: Host = "127.0.0.1",
    data: Data = None,
    load: Annotated[bool, typer.Option("--load", help="Load the city and leave.")] = False,
    size: Annotated[Size, typer.Option(help="A whole city, or six areas of one.")] = Size.CITY,
    alive: Annotated[bool, typer.Option("--alive", help="Let demo couriers work.")] = False,
) -> None:
    """Serve the demo city: database, API, worker and explorer, until Ctrl-C.

    The city is loaded the first time; afterwards yesterday's data is kept.
    """
    settings = settings_of(data)
    if load:
        with_house(settings, lambda house: load_city(house, settings, size))
        return
    _free_port(host, port)
    with saying_why(), _own_or_given(settings) as database:
        url = database if isinstance(database, str) else database.start()
        asyncio.run(at_home(settings, url, lambda house: load_city(house, settings, size)))
        said.print(loading.welcome(f"http://{host}:{port}"))
        code = _supervise(database, settings, host, port, alive=alive)
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
            fail(f"{host}:{port} cannot be had: {error.strerror}. Choose PORT=", BAD_CALL)


async def load_city(house: House, settings: Settings, size: Size) -> None:
    """Load the city once, with a bar to watch. A city that is there keeps its size."""
    with Progress(console=said, transient=True) as progress:
        task = progress.add_task("the demo city", total=None)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        fresh = await loading.load(house, settings.data, size=size, progress=tell)
        tell("the fortnight", 0, 1)
        await worker.fill_horizon(house)
    kept = size_of(settings.data)
    if not fresh and kept is not size:
        said.print(f"{settings.data} holds a demo of size {kept}: another needs another folder")


def _supervise(
    database: EmbeddedMongo | str, settings: Settings, host: str, port: int, *, alive: bool
) -> int:
    command = [sys.executable, "-m", "doorstep.cli"]
    children = {
        "api": [*command, "serve", "--host", host, "--port", str(port)],
        "worker": [*command, "work"],
    }
    if alive:
        children["alive"] = [*command, "alive", f"http://{host}:{port}"]
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
    settings = settings_of(data)
    with saying_why(), mongodb(settings) as url:
        asyncio.run(at_home(settings, url, lambda house: house.ready()))
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
            log_config=None,  # main.app says how
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )


@cli.command()
def work(
    metrics_port: Annotated[
        int | None,
        typer.Option(help="Serve /metrics here, on loopback.", min=1, max=65535),
    ] = None,
    data: Data = None,
) -> None:
    """Relay events and keep the timetable. Any number may run: one is at it."""
    log.set_up()
    try:
        with_house(settings_of(data), lambda house: _at_work(house, metrics_port))
    except KeyboardInterrupt:
        return


async def _at_work(house: House, metrics_port: int | None) -> None:
    metrics = Metrics(house.backlog)
    if metrics_port is not None:
        start_http_server(metrics_port, addr="127.0.0.1", registry=metrics.registry)
    await worker.work(house, metrics)
