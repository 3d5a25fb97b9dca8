"""Who is at the door: a bearer token becomes whatever the injected `identify` makes of it.

No Authorization at all is an anonymous caller, and nothing is asked of anyone: fields decide what
such a caller may see. A token that is there and is not good is refused before anything is read.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from strawberry.fastapi import BaseContext

Identify: TypeAlias = Callable[[str], Awaitable[object | None]]
"""A bearer token to a caller, or None when it is invalid or expired."""

MakeContext: TypeAlias = Callable[[object | None, str, str | None], BaseContext]
"""(caller or None, request id, Accept-Language or None) to the context the resolvers see."""

LONGEST_TOKEN: Final = 8_192


class NotRecognisedError(Exception):
    """An Authorization was sent, and it is nobody's."""


def bearer_token(authorization: str) -> str:
    """The token of "Bearer <token>"; the scheme is matched in any case (RFC 7235)."""
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
        raise NotRecognisedError
    return token


async def recognise(authorization: str | None, identify: Identify) -> object | None:
    """The caller; None without an Authorization.

    Raises:
        NotRecognisedError: the token is malformed, unknown or expired.
    """
    if not authorization:
        return None
    caller = await identify(bearer_token(authorization))
    if caller is None:
        raise NotRecognisedError
    return caller


def said_at_connection(params: Mapping[str, object], *names: str) -> str | None:
    """A text from a socket's connection params: clients put it on top or under `headers`."""
    headers = params.get("headers")
    for place in (params, headers if isinstance(headers, Mapping) else {}):
        for key, value in place.items():
            if isinstance(key, str) and isinstance(value, str) and key.lower() in names and value:
                return value
    return None
