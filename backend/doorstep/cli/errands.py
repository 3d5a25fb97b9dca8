"""An operator's errands: each does one thing and leaves."""

from pathlib import Path
from typing import Annotated, Final

import typer

from doorstep import worker
from doorstep.accounts.model import Role, e164
from doorstep.accounts.rules import Tokens
from doorstep.api.explorer import OPERATIONS, operations_in
from doorstep.api.schema import build_schema
from doorstep.cli.terminal import BAD_CALL, REFUSED, Data, fail, said, settings_of, with_house
from doorstep.demo import loading
from doorstep.demo.become import token_of
from doorstep.demo.cast import is_demo, player, size_of
from doorstep.demo.folder import RowError
from doorstep.kit.clock import WallClock
from doorstep.kit.pii import keyring_in
from doorstep.wiring import House

cli: Final = typer.Typer()


@cli.command()
def indexes(data: Data = None) -> None:
    """Make the collections, the indexes and the rule table. Harmless when repeated."""
    ready = with_house(settings_of(data), lambda house: house.ready())
    if not ready["indexes"]:
        fail("some indexes could not be made", REFUSED)
    said.print("collections and indexes are there")


@cli.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="CSV and GeoJSON files.", exists=True)],
    data: Data = None,
) -> None:
    """Take in a bureau: units, areas, couriers, shifts, slots, people.

    Every file is checked first. With one bad row nothing is taken, and each bad row is named.
    """
    settings = settings_of(data)

    async def take(house: House) -> tuple[RowError, ...]:
        problems = await loading.take_in(house, folder)
        if not problems:
            await worker.fill_horizon(house)
        return problems

    if problems := with_house(settings, take):
        for problem in problems:
            said.print(str(problem), markup=False, soft_wrap=True)
        fail(f"{len(problems)} rows are at fault: nothing was taken in", REFUSED)
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
        fail(f"{phone} is not a phone number", BAD_CALL)
    wanted = role_named(role)

    async def give(house: House) -> bool:
        unit = await house.organisation.unit(branch)
        if unit is None:
            return False
        await house.accounts.grant(number, wanted, unit.path)
        return True

    if not with_house(settings_of(data), give):
        fail(f"there is no unit {branch}", BAD_CALL)
    said.print(f"granted: {wanted.value} in {branch}")


def role_named(text: str) -> Role:
    try:
        return Role(text.upper().replace("-", "_"))
    except ValueError:
        names = ", ".join(role.value.lower().replace("_", "-") for role in Role)
        fail(f"there is no role {text}; there are {names}", BAD_CALL)


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
    settings = settings_of(data)
    keyring = keyring_in(settings.data, create=False)
    if keyring is None or not is_demo(settings.data):
        fail(f"{settings.data} holds no demo city: tokens are for demo people only", REFUSED)
    wanted, now, tokens = role_named(role), WallClock().now(), Tokens(keyring.token)
    for each in range(number, number + count):
        try:
            who = player(wanted, each, size_of(settings.data))
        except LookupError as error:
            fail(str(error.args[0]), BAD_CALL)
        typer.echo(token_of(who, tokens, now))


@cli.command("schema")
def export_schema(
    to: Annotated[Path, typer.Argument(help="Where the SDL lives.")] = Path(
        "schema/schema.graphql"
    ),
    check: Annotated[bool, typer.Option(help="Write nothing; exit 1 if it is stale.")] = False,
) -> None:
    """Write the GraphQL schema as SDL, the contract the apps are built against.

    The apps' operations, which lie beside it, are packed for the explorer by the way.
    """
    _write_or_check(to, build_schema().as_str() + "\n", check=check)
    operations = to.parent / "operations"
    if operations.is_dir():
        _write_or_check(OPERATIONS, operations_in(operations), check=check)


def _write_or_check(to: Path, text: str, *, check: bool) -> None:
    if not check:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
    elif not to.exists() or to.read_text(encoding="utf-8") != text:
        fail(f"{to} is stale: run `doorstep schema`", REFUSED)
