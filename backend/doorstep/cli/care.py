"""Looking after the data: is all well, keep a copy, make a database of the copy.

None of these prepares the database: what is looked at or copied is left as it was.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import doorstep
from doorstep.cli import database, findings, machine
from doorstep.cli.findings import Finding, State
from doorstep.cli.terminal import REFUSED, Data, fail, mongodb, said, saying_why, settings_of
from doorstep.kit.clock import WallClock
from doorstep.kit.mongo import backup as backups
from doorstep.kit.mongo import restoring
from doorstep.kit.mongo.driver import connect
from doorstep.kit.mongo.transactions import Mongo
from doorstep.kit.pii import Keyring, UnsafeKeyFile, keyring_in
from doorstep.kit.windows import local_day
from doorstep.settings import Settings

cli: Final = typer.Typer()
T = TypeVar("T")

_STYLES: Final = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}

Folder = Annotated[Path, typer.Argument(help="Where the backup lies.")]


# ------------------------------------------------------------ doctor


@cli.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For a machine to read.")] = False,
    data: Data = None,
) -> None:
    """See whether all is well, and say how to mend what is not. Exit 1 if something must be."""
    found = examine(settings_of(data))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=1))
    else:
        Console(highlight=False).print(_table(found))
    if any(finding.state is State.FAIL for finding in found):
        raise typer.Exit(REFUSED)


def examine(settings: Settings) -> list[Finding]:
    """Every check, the machine's first."""
    found = list(machine.of_machine(settings, local_day(WallClock().now())))
    if settings.mongodb_url is None and not (settings.data / "mongo").is_dir():
        mend = "doorstep demo, or doorstep import FOLDER"
        return [*found, findings.warn("MongoDB", f"no data in {settings.data} yet", mend)]
    try:
        with saying_why():
            return found + _with_mongo(settings, lambda mongo: _examine(mongo, settings))
    except typer.Exit:  # it was said why
        return [*found, findings.fail("MongoDB", "cannot be reached", "see the message above")]


async def _examine(mongo: Mongo, settings: Settings) -> list[Finding]:
    return await database.of_database(
        database.Patient(
            mongo=mongo,
            clock=WallClock(),
            keyring=_keyring(settings),
            embedded=settings.mongodb_url is None,
        )
    )


def _keyring(settings: Settings) -> Keyring | None:
    """None also for one that cannot be read: its own check says so."""
    try:
        return keyring_in(settings.data, create=False)
    except (UnsafeKeyFile, ValueError, KeyError, OSError):
        return None


def _table(found: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "check", "found", "mend"):
        table.add_column(heading, overflow="fold")
    for each in found:
        table.add_row(each.state.value, each.check, each.told, each.mend, style=_STYLES[each.state])
    return table


# ------------------------------------------------------------ backup, restore


@cli.command()
def backup(
    folder: Folder,
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys",
            help="Copy people's wrapped keys too, into FOLDER/keys. Who is erased afterwards comes "
            "back with this copy: keep it apart, and no longer than you have to.",
        ),
    ] = False,
    data: Data = None,
) -> None:
    """Copy the database as it is at one instant into a new FOLDER, while it is served.

    keys.json is never copied: without it neither copy nor database can be read, so keep one of it
    elsewhere.
    """
    settings = settings_of(data)

    async def make(mongo: Mongo) -> backups.Manifest:
        await restoring.refuse_half_restored(mongo)
        with _bar() as progress:
            return await backups.back_up(
                mongo,
                folder,
                at=WallClock().now(),
                version=doorstep.__version__,
                with_keys=with_keys,
                progress=progress,
            )

    manifest = _or_refused(settings, make)
    said.print(f"backed up: {_counted(manifest)}, to {folder}", markup=False, soft_wrap=True)
    if not with_keys:
        said.print("people's keys are not in it: see --with-keys", markup=False)


@cli.command()
def restore(folder: Folder, data: Data = None) -> None:
    """Make the database of a backup again, where there is none, and compare the two."""
    settings = settings_of(data)

    async def make(mongo: Mongo) -> backups.Manifest:
        keyring = keyring_in(settings.data, create=False)
        with _bar() as progress:
            return await restoring.restore(
                mongo, folder, keyring=keyring.fingerprint if keyring else None, progress=progress
            )

    manifest = _or_refused(settings, make)
    said.print(f"restored and compared: {_counted(manifest)}", markup=False, soft_wrap=True)


def _counted(manifest: backups.Manifest) -> str:
    parts = (*manifest.data, *(manifest.keys or ()))
    return f"{sum(part.documents for part in parts)} documents of {len(parts)} collections"


@contextmanager
def _bar() -> Iterator[backups.Progress]:
    """A bar to watch, one line for the collection at hand."""
    with Progress(console=said, transient=True) as progress:
        task = progress.add_task("", total=None)

        def tell(what: str, done: int, of: int) -> None:
            progress.update(task, description=what, completed=done, total=of)

        yield tell


def _or_refused(settings: Settings, do: Callable[[Mongo], Awaitable[T]]) -> T:
    try:
        with saying_why():
            return _with_mongo(settings, do)
    except (backups.BackupRefused, restoring.RestoreRefused) as error:
        fail(str(error), REFUSED)


def _with_mongo(settings: Settings, do: Callable[[Mongo], Awaitable[T]]) -> T:
    async def at_it(url: str) -> T:
        mongo = Mongo(connect(url, settings.driver), settings.mongo_database)
        try:
            return await do(mongo)
        finally:
            await mongo.close()

    with mongodb(settings) as url:
        return asyncio.run(at_it(url))
