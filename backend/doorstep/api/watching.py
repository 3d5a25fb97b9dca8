"""What an operation came to: counted, traced, and said in one line of the log.

One extension with hooks around the operation as a whole. Never one around each field: that makes a
list three times slower.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from graphql import get_operation_ast
from starlette.datastructures import Headers
from strawberry.extensions import SchemaExtension

from doorstep.api.metrics import Metrics, Names
from doorstep.api.tracing import Span, Tracer, Untraced
from doorstep.api.visit import TOLD, WATCH, scope_of
from doorstep.kit.gql import InvalidInput, Refused
from doorstep.kit.log import facts

LOG: Final = logging.getLogger("doorstep.request")
OK: Final = "ok"
REFUSED: Final = "refused"
CANCELLED: Final = "cancelled"
INVALID: Final = "invalid"
UNREAD: Final = "unread"
REFUSALS_TOLD: Final = 20


@dataclass(frozen=True)
class Watch:
    """Who is told what happens on one server."""

    metrics: Metrics | None = None
    tracer: Tracer = field(default_factory=Untraced)
    names: Names = field(default_factory=Names)


@dataclass
class Running:
    """One operation, as far as it is known."""

    outcome: str | None = None
    refusals: list[tuple[str, str]] = field(default_factory=list)

    def note(self, errors: Sequence[Any] | None) -> None:
        """The first error is the operation's; each has its code by now."""
        if errors and self.outcome is None:
            code = (errors[0].extensions or {}).get("code")
            self.outcome = code if isinstance(code, str) else "error"

    @property
    def told(self) -> str:
        return self.outcome or (REFUSED if self.refusals else OK)


RUNNING: Final[ContextVar[Running | None]] = ContextVar("doorstep.operation", default=None)


def saw(answer: object) -> None:
    """A mutation answered this. Kept if it is a refusal, or a list of outcomes that hold some."""
    running = RUNNING.get()
    if running is None:
        return
    for each in answer if isinstance(answer, list) else (answer,):
        refused = each if isinstance(each, Refused) else getattr(each, "refusal", None)
        if isinstance(refused, Refused):
            running.refusals.append((type(refused).__name__, _code(refused)))


def _code(refused: Refused) -> str:
    if isinstance(refused, InvalidInput):
        return "INVALID_INPUT"
    return str(getattr(refused, "code", "NONE"))


class Watched(SchemaExtension):
    """Has to be the first extension: then it hears of a result when nothing changes it any more."""

    watch: Watch | None = None
    running: Running
    operation: "Operation | None" = None
    goes_on = False

    def on_operation(self) -> Iterator[None]:
        scope = scope_of(self.execution_context.context)
        watch = scope.get(WATCH)
        if isinstance(watch, Watch):
            self.watch, self.running = watch, Running()
            RUNNING.set(self.running)
            yield from self._watched(watch, scope)
        else:
            yield

    def on_execute(self) -> Iterator[None]:
        """Only what is valid gets here. Strawberry marks later errors as it does invalid ones."""
        self.operation = self._operation()
        self.goes_on = self.operation.kind == "subscription"
        if self.goes_on and self.watch and self.watch.metrics:
            self.watch.metrics.subscriptions.inc()
        yield

    def on_stream_result(self, result: object) -> Iterator[None]:
        if self.watch:
            self.running.note(getattr(result, "errors", None))
        yield

    def _watched(self, watch: Watch, scope: Mapping[str, Any]) -> Iterator[None]:
        began, span = time.perf_counter(), watch.tracer.begin(_headers(scope))
        try:
            yield
            self.running.note(getattr(self.execution_context.result, "errors", None))
        except (GeneratorExit, asyncio.CancelledError):
            self.running.outcome = CANCELLED
            raise
        except BaseException:
            self.running.outcome = UNREAD
            raise
        finally:
            self._tell(watch, scope, span, time.perf_counter() - began)

    def _operation(self) -> "Operation":
        """Its name and kind, as the document has them."""
        context = self.execution_context
        if context.graphql_document is None:
            return UNKNOWN
        given = context._provided_operation_name  # noqa: SLF001 - kept nowhere else
        found = get_operation_ast(context.graphql_document, given)
        if found is None:
            return UNKNOWN
        return Operation(found.name.value if found.name else None, found.operation.value)

    def _tell(self, watch: Watch, scope: Mapping[str, Any], span: Span, seconds: float) -> None:
        operation, outcome = self.operation or UNKNOWN, self.running.told
        known = operation is not UNKNOWN
        name = watch.names.spoken(operation.name) if known else INVALID
        document = self.execution_context.query if known else None
        span.end(name, operation.kind, outcome, document)
        if watch.metrics:
            self._count(watch.metrics, name, operation.kind, seconds)
        if LOG.isEnabledFor(logging.INFO):
            roles = sorted(
                getattr(getattr(self.execution_context.context, "caller", None), "roles", ())
            )
            told = facts(
                operation=name,
                kind=operation.kind,
                outcome=outcome,
                refusals=[code for _, code in self.running.refusals[:REFUSALS_TOLD]],
                roles=roles,
                ms=round(seconds * 1000, 1),
            )
            _say(scope, told)

    def _count(self, metrics: Metrics, name: str, kind: str, seconds: float) -> None:
        metrics.requests.labels(name, kind, self.running.told).inc()
        for refusal in self.running.refusals:
            metrics.refusals.labels(*refusal).inc()
        if self.goes_on:
            metrics.subscriptions.dec()
        else:
            metrics.seconds.labels(name).observe(seconds)


class Operation(NamedTuple):
    """One operation of a document."""

    name: str | None
    kind: str


UNKNOWN: Final = Operation(None, "unknown")


def _headers(scope: Mapping[str, Any]) -> Mapping[str, str]:
    return Headers(raw=scope.get("headers", []))


def _say(scope: Mapping[str, Any], told: dict[str, dict[str, object]]) -> None:
    """Over HTTP the edge says the line, which knows the status; on a socket nobody else will."""
    said = scope.get(TOLD)
    if scope.get("type") == "http" and isinstance(said, dict):
        said.update(told["facts"])
    else:
        LOG.info("operation", extra=told)
