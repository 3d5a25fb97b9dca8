"""What a client is told when something goes wrong: always a code, never our own exception text.

Every error leaves with `extensions.code`, over HTTP and over a socket alike. An error that brings
its own code was meant for the client and passes. What nobody foresaw is logged here, under the
request's id and without its variables, and the client is told only that id.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Final

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError, StrawberryInputCoercionError
from strawberry.extensions import SchemaExtension
from strawberry.relay.types import GlobalIDValueError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionContext

from doorstep.api.batches import INDEX, unreadable_command
from doorstep.api.visit import request_id_of, scope_of, terms_of

LOG: Final = logging.getLogger("doorstep.api")

PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
BAD_REQUEST: Final = "BAD_REQUEST"
INTERNAL: Final = "INTERNAL_SERVER_ERROR"
UNAUTHENTICATED: Final = "UNAUTHENTICATED"
RATE_LIMITED: Final = "RATE_LIMITED"
TOO_COMPLEX: Final = "QUERY_TOO_COMPLEX"
OPERATION_RESOLUTION: Final = "OPERATION_RESOLUTION_FAILURE"
PERSISTED_NOT_FOUND: Final = "PERSISTED_QUERY_NOT_FOUND"

# graphql-core repeats the value it could not read; a message is not for carrying that back.
LONGEST_MESSAGE: Final = 300


class Schema(strawberry.Schema):
    """A Strawberry schema that leaves logging to `Errors`.

    The stock one logs every client's typing error, and prints the query's text with its literals.
    """

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        pass


def coded(message: str, code: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


def shortened(message: str) -> str:
    """Both ends of a long message: what was wrong stands at one, why at the other."""
    if len(message) <= LONGEST_MESSAGE:
        return message
    half = (LONGEST_MESSAGE - 3) // 2
    return f"{message[:half]} … {message[-half:]}"


def code_of(error: GraphQLError) -> str | None:
    """Whose fault it is, as a code; None when nobody foresaw it."""
    own = (error.extensions or {}).get("code")
    if isinstance(own, str):
        return own
    cause = error.original_error
    for seen in (error, cause):
        if foreseen := _foreseen(seen):
            return foreseen
    return _of_graphql_itself(error, cause)


def _foreseen(error: BaseException | None) -> str | None:
    match error:
        case GraphQLSyntaxError():
            return PARSE_FAILED
        case StrawberryInputCoercionError() | GlobalIDValueError():
            return BAD_USER_INPUT
        case CannotGetOperationTypeError():
            return OPERATION_RESOLUTION
        case InvalidOperationTypeError() | MissingQueryError():
            return BAD_REQUEST
    return None


def _of_graphql_itself(error: GraphQLError, cause: BaseException | None) -> str | None:
    """graphql-core's own errors are the client's when they point at no field, or into its text.

    Without a path: a variable that could not be read (parsing and validation have their codes by
    then). With a path: an argument, and then the first error carries the node in the document. One
    that carries none is a value of ours that the schema cannot print.
    """
    if isinstance(cause, RecursionError) and error.path is None:
        return TOO_COMPLEX
    if error.path is None:
        return BAD_USER_INPUT if cause is None or isinstance(cause, GraphQLError) else None
    return BAD_USER_INPUT if isinstance(cause, GraphQLError) and cause.nodes else None


def masked(path: Sequence[str | int] | None, request_id: str | None) -> GraphQLError:
    extensions: dict[str, object] = {"code": INTERNAL}
    if request_id:
        extensions["requestId"] = request_id
    return GraphQLError("Internal server error", path=path, extensions=extensions)


def record(error: BaseException, request_id: str | None, where: object = None) -> None:
    """Say in our log what we do not say to the client."""
    cause = error.original_error if isinstance(error, GraphQLError) else error
    LOG.error(
        "unexpected %s at %s in request %s",
        type(cause or error).__name__,
        where or "the door",
        request_id,
        exc_info=cause or error,
    )


def presentable(error: GraphQLError, request_id: str | None) -> GraphQLError:
    """The error as the client may see it. Presenting it twice changes nothing."""
    code = code_of(error)
    if code is None:
        record(error, request_id, error.path)
        return masked(error.path, request_id)
    message = "Not a valid id." if _is_foreign_id(error) else shortened(error.message)
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=error.original_error,
        extensions={**(error.extensions or {}), "code": code},
    )


def _is_foreign_id(error: GraphQLError) -> bool:
    return isinstance(error.original_error, GlobalIDValueError)


def all_presentable(
    errors: Sequence[GraphQLError], request_id: str | None, shown: int
) -> list[GraphQLError]:
    """At most `shown` of them: a hundred mistakes are not read, only paid for."""
    return [presentable(error, request_id) for error in errors[:shown]]


class Errors(SchemaExtension):
    """Makes every error presentable: of an answer, and of each frame of a stream."""

    def on_operation(self) -> Iterator[None]:
        yield
        self._present(self.execution_context.result)

    def on_stream_result(self, result: object) -> Iterator[None]:
        self._present(result)
        yield

    def _present(self, result: object) -> None:
        errors = getattr(result, "errors", None)
        if result is None or not errors:
            return
        scope = scope_of(self.execution_context.context)
        shown = terms_of(scope).limits.errors_shown
        result.errors = self._pointed(all_presentable(errors, request_id_of(scope), shown))  # type: ignore[attr-defined]

    def _pointed(self, errors: list[GraphQLError]) -> list[GraphQLError]:
        """A batch that was not carried out says which of its commands could not be read."""
        context = self.execution_context
        codes = {(error.extensions or {}).get("code") for error in errors}
        if BAD_USER_INPUT not in codes or any(INDEX in (e.extensions or {}) for e in errors):
            return errors
        schema = context.schema._schema  # noqa: SLF001 - Strawberry keeps graphql-core's there
        try:
            index = unreadable_command(schema, context.graphql_document, context.variables)
        except RecursionError:
            index = None
        if index is not None:
            for error in errors:
                error.extensions = {"code": BAD_USER_INPUT, INDEX: index}
        return errors
