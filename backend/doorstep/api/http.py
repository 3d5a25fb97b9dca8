"""GraphQL over HTTP: Strawberry's router, with all that the specification and hostile bodies ask.

Source   GraphQL over HTTP, draft of 6 August 2026; graphql-http's server audits prove it
Not here uploads, batches, @defer and @stream, server-sent events: each is refused in plain words
"""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.exceptions import MissingQueryError
from strawberry.fastapi import BaseContext, GraphQLRouter
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData, process_result
from strawberry.http.types import QueryParams
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET

from doorstep.api.callers import Identify, MakeContext, NotRecognisedError, recognise
from doorstep.api.errors import (
    BAD_REQUEST,
    INTERNAL,
    OPERATION_RESOLUTION,
    PERSISTED_NOT_FOUND,
    TOO_COMPLEX,
    UNAUTHENTICATED,
    Schema,
    all_presentable,
    record,
    shortened,
)
from doorstep.api.media import GRAPHQL, answer_type
from doorstep.api.visit import TERMS, Terms, request_id_of
from doorstep.api.websocket import INIT_TIMEOUT, OPERATIONS_A_SOCKET, Socket, TextFrames

FAILED_EARLY: Final = "doorstep.failed_before_execution"
HEADERS: Final = {"cache-control": "no-store", "vary": "Accept, Authorization, Accept-Language"}


class Refusal(HTTPException):
    """A request that is not executed, with the code and the status it is told."""

    def __init__(self, status: int, message: str, code: str = BAD_REQUEST) -> None:
        super().__init__(status, message)
        self.code = code


def encode(data: object) -> bytes:
    """orjson, and the standard library for what it refuses: lone surrogates, long integers."""
    try:
        return orjson.dumps(data)
    except TypeError:
        return json.dumps(data, separators=(",", ":")).encode()


def decode(data: str | bytes) -> object:
    """orjson raises one error, a ValueError, for all that makes the standard library raise others.

    These are nesting of over 1,024, invalid UTF-8, lone surrogates and integers of 5,000 digits.
    """
    return orjson.loads(data)


def error_body(message: str, code: str, request_id: str | None = None) -> bytes:
    extensions = {"code": code} | ({"requestId": request_id} if request_id else {})
    return encode({"errors": [{"message": shortened(message), "extensions": extensions}]})


def request_data(body: object) -> GraphQLRequestData:
    """The four fields of a GraphQL request, each of its own type.

    Raises:
        Refusal: the body is no object, or a field of it is of a wrong type.
    """
    if isinstance(body, list):
        raise Refusal(400, "Batching is not enabled: send one operation in a request.")
    if not isinstance(body, Mapping):
        raise Refusal(400, "The body must be a JSON object.")
    return GraphQLRequestData(
        query=_typed(body, "query", str, "a string"),
        variables=_typed(body, "variables", dict, "an object"),
        operation_name=_typed(body, "operationName", str, "a string") or None,
        extensions=_typed(body, "extensions", dict, "an object"),
    )


def _typed(body: Mapping[str, Any], name: str, wanted: type, said: str) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, wanted):
        raise Refusal(400, f"`{name}` must be {said} or null.")
    return value


def require_json(request: AsyncHTTPRequestAdapter) -> None:
    """Anything but JSON is refused, and so a form on a foreign page can never run a mutation."""
    kind = (request.content_type or "").split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        raise Refusal(415, "Uploads are not supported: send application/json.")
    if kind != "application/json":
        raise Refusal(415, "Unsupported content type: send application/json.")
    encodings = {name.lower(): value for name, value in request.headers.items()}
    if encodings.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "Unsupported content encoding: send the body as it is.")


def failed_before_execution(result: ExecutionResult) -> bool:
    """No data, and no error that points at a field: parsing, validation or a variable failed."""
    errors = result.errors or []
    return result.data is None and bool(errors) and not any(error.path for error in errors)


def told_with_200(errors: list[GraphQLError]) -> bool:
    """An unknown hash is the normal first step of a persisted query, not a client's mistake."""
    return any((error.extensions or {}).get("code") == PERSISTED_NOT_FOUND for error in errors)


class Router(GraphQLRouter[BaseContext, None]):
    """One path for POST, GET and graphql-transport-ws."""

    graphql_transport_ws_handler_class = Socket
    websocket_adapter_class = TextFrames
    schema: Schema

    def __init__(
        self,
        schema: Schema,
        *,
        identify: Identify,
        make_context: MakeContext,
        terms: Terms,
        allowed_origins: tuple[str, ...] = (),
    ) -> None:
        super().__init__(
            schema,
            context_getter=BaseContext,
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=INIT_TIMEOUT,
            max_subscriptions_per_connection=OPERATIONS_A_SOCKET,
            allowed_origins=allowed_origins,
            include_in_schema=False,
        )
        self.identify = identify
        self.make_context = make_context
        self.terms = terms

    async def run(  # type: ignore[override]  # one method for the two overloads
        self,
        request: Request | WebSocket,
        context: BaseContext = UNSET,
        root_value: None = UNSET,
    ) -> Response | WebSocket:
        request.scope[TERMS] = self.terms
        if self.is_websocket_request(request):
            return await super().run(request, context, root_value)
        request = cast("Request", request)
        media = answer_type(request.headers.get("accept"))
        response = await self._answer(request, context)
        if request.scope.get(FAILED_EARLY) and media == GRAPHQL:
            response.status_code = 400
        response.headers["content-type"] = f"{media}; charset=utf-8"
        response.headers.update(HEADERS)
        return response

    async def _answer(self, request: Request, given: BaseContext) -> Response:
        """The answer, or the refusal; whatever happens, it is JSON."""
        request_id = request_id_of(request.scope)
        try:
            context = await self.admit(request, request.headers.get("authorization"), given)
            return await super().run(request, context, None)
        except NotRecognisedError:
            body = error_body("The access token is invalid or has expired.", UNAUTHENTICATED)
            return Response(body, 401, {"www-authenticate": "Bearer"})
        except HTTPException as refusal:
            return _refused(refusal)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is left to read it
        except RecursionError:
            return Response(error_body("The request is nested too deeply.", TOO_COMPLEX), 400)
        except Exception as error:
            record(error, request_id)
            return Response(error_body("Internal server error", INTERNAL, request_id), 500)

    async def admit(
        self,
        connection: Request | WebSocket,
        authorization: str | None,
        given: BaseContext,
        locale: str | None = None,
    ) -> BaseContext:
        """The context of whoever is calling, with what FastAPI gave us for the connection."""
        caller = await recognise(authorization, self.identify)
        spoken = locale or connection.headers.get("accept-language")
        request_id = request_id_of(connection.scope) or ""
        context = self.make_context(caller, request_id, spoken)
        context.request = connection
        context.response = given.response
        context.background_tasks = given.background_tasks
        return context

    async def get_sub_response(self, request: Request) -> Response:
        """Unused: stock keeps one on the router, where the requests in flight overwrite it."""
        return Response()

    def create_response(
        self,
        response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse],
        sub_response: Response,
    ) -> Response:
        return Response(self.encode_json(response_data))

    def should_render_graphql_ide(self, request: object) -> bool:
        return False

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        if request.method == "GET":
            return request_data(self.parse_query_params(request.query_params))
        require_json(request)
        return request_data(self.parse_json(await request.get_body()))

    def parse_query_params(self, params: QueryParams) -> dict[str, Any]:
        """An empty parameter is like none: some clients send `variables=&extensions=`."""
        given: dict[str, Any] = {name: value for name, value in dict(params).items() if value}
        for name in ("variables", "extensions"):
            if name in given:
                given[name] = self.parse_json(given[name])
        return given

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: BaseContext,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """As in Strawberry, but a subscription needs a socket, and a refusal has its code."""
        method = request_adapter.method
        try:
            return await self.schema.execute(
                request_data.query,
                variable_values=request_data.variables,
                context_value=context,
                operation_name=request_data.operation_name,
                operation_extensions=request_data.extensions,
                allowed_operation_types=OperationType.from_http(method)
                - {OperationType.SUBSCRIPTION},
            )
        except CannotGetOperationTypeError as error:
            raise Refusal(400, error.as_http_error_reason(), OPERATION_RESOLUTION) from error
        except InvalidOperationTypeError as error:
            status = 405 if method == "GET" else 400
            raise Refusal(status, error.as_http_error_reason(method)) from error
        except MissingQueryError as error:
            raise Refusal(400, "No GraphQL query found in the request.") from error

    async def process_result(
        self, request: Request, result: ExecutionResult
    ) -> GraphQLHTTPResponse:
        """Catches errors no extension saw, and drops `data` where nothing was executed."""
        if not result.errors:
            return process_result(result)
        shown = self.terms.limits.errors_shown
        result.errors = all_presentable(result.errors, request_id_of(request.scope), shown)
        answer = process_result(result)
        if failed_before_execution(result):
            del answer["data"]
            request.scope[FAILED_EARLY] = not told_with_200(result.errors)
        return answer

    def encode_json(self, data: object) -> bytes:
        return encode(data)

    def decode_json(self, data: str | bytes) -> object:
        return decode(data)


def _refused(refusal: HTTPException) -> Response:
    code = refusal.code if isinstance(refusal, Refusal) else BAD_REQUEST
    allow = {"allow": "POST"} if refusal.status_code == 405 else None
    return Response(error_body(refusal.reason, code), refusal.status_code, allow)
