"""All commands, in the order a newcomer meets them."""

from typing import Final

import typer

from doorstep.cli import care, city, errands, figures, planning, serving, shows

cli: Final = typer.Typer(
    name="doorstep",
    help="A postal bureau's work at the door: the server, its worker, and what an operator needs.",
    epilog="Without DOORSTEP_MONGODB_URL a MongoDB of our own keeps the data, in --data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for part in (
    serving.cli,
    shows.cli,
    errands.cli,
    care.cli,
    city.cli,
    figures.cli,
    planning.cli,
):
    cli.add_typer(part)


def main() -> None:
    """For the `doorstep` command."""
    cli()
