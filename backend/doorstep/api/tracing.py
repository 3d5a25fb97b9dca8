"""OpenTelemetry: one span an operation, where the usual environment variables ask for it.

Needs    the extra `doorstep[otel]`; without it, or without the variables, nothing is traced
Told     name, kind, outcome, and a hash of the document that its literals do not change
Not here a span for each field: it would make a list three times slower
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Any, Final, Protocol, Self

from graphql import GraphQLError, Lexer, Source, TokenKind

from doorstep.kit.remembered import Latest

_ASKED_BY: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_TRACES_EXPORTER",
)
_LITERALS: Final = {TokenKind.STRING, TokenKind.BLOCK_STRING, TokenKind.INT, TokenKind.FLOAT}
_HASHES_KEPT: Final = 1_000
_FINE: Final = ("ok", "refused", "cancelled")


class Span(Protocol):
    def end(self, name: str, kind: str, outcome: str, document: str | None) -> None:
        """The operation is over. `name` may be told; `document` is told by its hash."""


class Tracer(Protocol):
    def begin(self, headers: Mapping[str, str]) -> Span: ...


class Untraced:
    """Where nobody asked: costs nothing."""

    def begin(self, headers: Mapping[str, str]) -> Self:
        return self

    def end(self, name: str, kind: str, outcome: str, document: str | None) -> None:
        pass


def tracer_from(environ: Mapping[str, str] = os.environ) -> Tracer:
    """A tracer that exports as the environment says, or one that does nothing."""
    wanted = any(environ.get(name) for name in _ASKED_BY)
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    chosen = environ.get("OTEL_TRACES_EXPORTER") or "otlp"
    if not wanted or off or chosen == "none":
        return Untraced()
    try:
        return OpenTelemetry.exporting(chosen)
    except ImportError:
        return Untraced()


class OpenTelemetry:
    """Spans by OpenTelemetry's SDK; `provider` is its TracerProvider."""

    def __init__(self, provider: Any) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("doorstep")
        self._propagator = TraceContextTextMapPropagator()
        self._hashes: Latest[str, str] = Latest(_HASHES_KEPT)

    @classmethod
    def exporting(cls, exporter: str) -> Self:
        """To the OTLP endpoint, or to the terminal for OTEL_TRACES_EXPORTER=console."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

        name = os.environ.get("OTEL_SERVICE_NAME", "doorstep")
        provider = TracerProvider(resource=Resource.create({"service.name": name}))
        sink: Any = ConsoleSpanExporter() if exporter == "console" else OTLPSpanExporter()
        provider.add_span_processor(BatchSpanProcessor(sink))
        return cls(provider)

    def begin(self, headers: Mapping[str, str]) -> Span:
        """A span, the caller's `traceparent` its parent where one was sent."""
        from opentelemetry.trace import SpanKind

        context = self._propagator.extract(headers)
        span = self._tracer.start_span("operation", context=context, kind=SpanKind.SERVER)
        return _Traced(span, self._hash)

    def _hash(self, document: str) -> str:
        known = self._hashes.get(document)
        return known if known is not None else self._hashes.keep(document, signature(document))


class _Traced:
    def __init__(self, span: Any, hash_of: Any) -> None:
        self._span = span
        self._hash_of = hash_of

    def end(self, name: str, kind: str, outcome: str, document: str | None) -> None:
        from opentelemetry.trace import StatusCode

        self._span.update_name(f"{kind} {name}")
        self._span.set_attribute("graphql.operation.name", name)
        self._span.set_attribute("graphql.operation.type", kind)
        self._span.set_attribute("doorstep.outcome", outcome)
        if document:
            self._span.set_attribute("doorstep.document_hash", self._hash_of(document))
        if outcome not in _FINE:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def signature(document: str) -> str:
    """A hash that tells documents apart and literals not: a phone written into one stays secret."""
    lexer, words = Lexer(Source(document)), []
    try:
        while (token := lexer.advance()).kind is not TokenKind.EOF:
            words.append("0" if token.kind in _LITERALS else token.value or token.kind.value)
    except GraphQLError:
        words.append("…")
    return hashlib.sha256(" ".join(words).encode(errors="replace")).hexdigest()
