"""One click, and the explorer's visitor is somebody of the demo city.

Only where the data folder is marked as a demo's; only for the cast; and only for a page of this
very server on a loopback address, so that no page from elsewhere can fetch a token with a visitor's
browser (nor by giving its own name our address).
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from doorstep.accounts.model import Caller, Role
from doorstep.accounts.rules import Tokens
from doorstep.api.landing import Guest
from doorstep.demo.cast import DEMO_CODE, Player, player

ROLES: Final = (Role.CUSTOMER, Role.COURIER, Role.AGENT, Role.DISPATCHER)
TOKEN_LASTS: Final = timedelta(hours=12)
_OPERATIONS_OF: Final = {Role.DISPATCHER: "staff"}
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_NO_STORE: Final = {"cache-control": "no-store"}


def token_of(who: Player, tokens: Tokens, at: datetime) -> str:
    """An access token that speaks for somebody of the cast."""
    caller = Caller(id=who.account_id, grants=who.grants)
    return tokens.made(caller, at=at, lasts=TOKEN_LASTS)


def routes(tokens: Tokens, now: Callable[[], datetime]) -> tuple[BaseRoute, ...]:
    """`GET /demo/cast.json`: who there is to become. `POST /demo/become/{role}`: their token."""

    async def become(request: Request) -> Response:
        if not _is_our_own_page(request):
            raise HTTPException(403, "Only this server's own pages may become somebody.")
        role = _role_named(request.path_params["role"])
        token = token_of(player(role, 1), tokens, now())
        return JSONResponse({"token": token}, headers=_NO_STORE)

    async def show_cast(request: Request) -> Response:
        return JSONResponse(cast_list(), headers=_NO_STORE)

    return (
        Route("/demo/cast.json", show_cast),
        Route("/demo/become/{role}", become, methods=["POST"]),
    )


def guests() -> tuple[Guest, ...]:
    """The same people, for the landing page."""
    people = [player(role, 1) for role in ROLES]
    return tuple(Guest(who.role.value.lower(), who.phone, DEMO_CODE) for who in people)


def cast_list() -> dict[str, Any]:
    """The people a visitor may become, the tabs that open for each, and the examples."""
    told = examples()
    people = [
        {
            "role": role.value.lower(),
            "phone": player(role, 1).phone,
            "app": _OPERATIONS_OF.get(role, role.value.lower()),
            "tabs": told["tabs"][role.value.lower()],
        }
        for role in ROLES
    ]
    return {"people": people, "examples": told["variables"]}


@cache
def examples() -> dict[str, Any]:
    """`tabs`: what opens for each role. `variables`: of each operation, words in braces left."""
    text = Path(__file__).with_name("examples.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    return told


def _role_named(name: str) -> Role:
    found = next((role for role in ROLES if role.value.lower() == name), None)
    if found is None:
        raise HTTPException(404)
    return found


def _is_our_own_page(request: Request) -> bool:
    """Browsers name a POST's origin always, and a page cannot make them say another."""
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    same_site = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    return same_site and origin == f"http://{host}" and urlsplit(origin).hostname in _LOOPBACK
