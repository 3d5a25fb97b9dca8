"""What shows the house at work: the walk."""

import asyncio
from typing import Annotated, Final

import typer
from rich.markup import escape

from doorstep.accounts.model import Role
from doorstep.cli.terminal import REFUSED, fail, said
from doorstep.demo.cast import DEMO_CODE, player
from doorstep.simulate.client import wait_ready
from doorstep.simulate.walk import Step, WalkCast, walk

cli: Final = typer.Typer()

READY_SECONDS: Final = 10.0


@cli.command("walk")
def walk_through(
    url: Annotated[str, typer.Argument(help="Where it serves, like http://127.0.0.1:8000.")],
) -> None:
    """Play the main job against a running demo, as three real clients would.

    Over HTTP and WebSocket, from sign-in and booking to the courier at the door; each step with
    its time. Exit code 1 if one fails.
    """
    if not asyncio.run(_walk(url.rstrip("/"))):
        fail("a step went wrong", REFUSED)


async def _walk(url: str) -> bool:
    if not await wait_ready(url, READY_SECONDS):
        fail(f"{url} is not ready: is `make demo` running there?", REFUSED)
    cast = WalkCast(
        customer_phone=player(Role.CUSTOMER, 1).phone,
        other_customer_phone=player(Role.CUSTOMER, 2).phone,
        courier_phone=player(Role.COURIER, 1).phone,
        dispatcher_phone=player(Role.DISPATCHER, 1).phone,
        code=DEMO_CODE,
    )
    return await walk(url, cast, _tell)


def _tell(step: Step) -> None:
    """One line a step, as it happens."""
    mark = "[green]✓[/]" if step.ok else "[red]✗[/]"
    said.print(f"{mark} {step.number:>2}  {step.milliseconds:>5} ms  [bold]{escape(step.title)}[/]")
    if step.detail:
        said.print(f"                {escape(step.detail)}", style="dim", soft_wrap=True)
