"""What the server knows of a request before reading it: its id, and the terms it is served on.

Both travel in the ASGI scope, because that is the one thing that the edge, the router, a WebSocket
and an extension deep inside the schema all hold. A schema run without a request gets the defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from doorstep.api.limits import Limits

REQUEST_ID: Final = "doorstep.request_id"
TERMS: Final = "doorstep.terms"
WATCH: Final = "doorstep.watch"
TOLD: Final = "doorstep.told"
"""What is known of the operation, for the line that the edge says of the request."""


@dataclass(frozen=True)
class Terms:
    """What one server allows of a document. Hashable: cached documents are kept apart by it."""

    limits: Limits = field(default_factory=Limits)
    introspection: bool = True


def scope_of(context: object) -> Mapping[str, Any]:
    """The ASGI scope behind a GraphQL context, or nothing when there was no request."""
    scope: Mapping[str, Any] = getattr(getattr(context, "request", None), "scope", {})
    return scope


def terms_of(scope: Mapping[str, Any]) -> Terms:
    terms = scope.get(TERMS)
    return terms if isinstance(terms, Terms) else Terms()


def request_id_of(scope: Mapping[str, Any]) -> str | None:
    request_id = scope.get(REQUEST_ID)
    return request_id if isinstance(request_id, str) else None
