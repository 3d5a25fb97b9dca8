"""The ASGI application: the GraphQL endpoint and the few plain routes beside it.

It is handed everything it needs to know of the house (the schema, who is calling, what a resolver
sees, whether we are ready) and imports no room.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from doorstep.api import explorer, landing, metrics
from doorstep.api.callers import Identify, MakeContext
from doorstep.api.edge import BODY_BYTES, BodyLimit, Envelope
from doorstep.api.errors import BAD_REQUEST, INTERNAL, Schema, record
from doorstep.api.http import Router, error_body
from doorstep.api.limits import Limits
from doorstep.api.metrics import Metrics
from doorstep.api.visit import Terms, request_id_of
from doorstep.api.watching import Watch

Ready: TypeAlias = Callable[[], Awaitable[Mapping[str, bool]]]
"""Named checks of what we cannot serve without, each true when it is well."""

CODES: Mapping[int, str] = {404: "NOT_FOUND", 405: BAD_REQUEST}


@dataclass(frozen=True)
class ServerSettings:
    """What may differ between servers. Origins are those of web pages; apps send none."""

    explorer: bool = True
    introspection: bool = True
    allowed_origins: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    body_bytes: int = BODY_BYTES
    metrics_token: str = field(default="", repr=False)

    @property
    def terms(self) -> Terms:
        return Terms(self.limits, self.introspection)


def build_app(
    *,
    schema: Schema,
    identify: Identify,
    make_context: MakeContext,
    ready: Ready,
    settings: ServerSettings | None = None,
    lifespan: Lifespan[FastAPI] | None = None,
    guests: Sequence[landing.Guest] = (),
    more: Sequence[BaseRoute] = (),
    watch: Watch | None = None,
) -> FastAPI:
    """The whole server, ready for uvicorn (which bounds a socket's message: --ws-max-size).

    `guests` are the people of a demo, whom its visitors may play; `more` are routes it needs.
    `watch` hears what happens; /metrics is there if it counts.
    """
    settings = settings or ServerSettings()
    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    router = Router(
        schema,
        identify=identify,
        make_context=make_context,
        terms=settings.terms,
        allowed_origins=settings.allowed_origins,
    )
    app.include_router(router, prefix="/graphql")
    app.router.routes.extend(more)
    _serve_health(app, ready)
    _serve_landing(app, landing.Landing(settings.explorer, settings.introspection, guests))
    if settings.introspection:
        _serve_schema(app, schema)
    if settings.explorer:
        _serve_explorer(app, explorer.Explorer(demo=bool(guests)))
    watch = watch or Watch()
    if watch.metrics:
        _serve_metrics(app, watch.metrics, settings.metrics_token)
    _wrap(app, settings, watch)
    return app


def _wrap(app: FastAPI, settings: ServerSettings, watch: Watch) -> None:
    """From the inside out: the last one added is the first to see a request."""
    app.add_exception_handler(HTTPException, _plain_refusal)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(BodyLimit, limit=settings.body_bytes)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "x-request-id"],
            expose_headers=["x-request-id"],
        )
    app.add_middleware(Envelope, watch=watch)


def _serve_health(app: FastAPI, ready: Ready) -> None:
    @app.get("/health/live")
    async def live() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/health/ready")
    async def readiness() -> Response:
        checks = dict(await ready())
        well = all(checks.values())
        content = {"status": "ok" if well else "unavailable", "checks": checks}
        return JSONResponse(content, 200 if well else 503)


def _serve_metrics(app: FastAPI, counted: Metrics, token: str) -> None:
    @app.get("/metrics")
    async def numbers(request: Request) -> Response:
        return await metrics.answer(request, counted, token)


def _serve_schema(app: FastAPI, schema: Schema) -> None:
    sdl = schema.as_str() + "\n"

    @app.get("/schema.graphql")
    async def schema_text() -> Response:
        return PlainTextResponse(sdl)


def _serve_landing(app: FastAPI, page: landing.Landing) -> None:
    files = landing.files()

    @app.get("/")
    async def landing_page() -> Response:
        return page.page()

    @app.get("/pages/{name}")
    async def landing_file(name: str) -> Response:
        if name not in files:
            raise HTTPException(404)
        return FileResponse(files[name], headers={"cache-control": "public, max-age=3600"})


def _serve_explorer(app: FastAPI, shown: explorer.Explorer) -> None:
    @app.get("/explorer")
    async def explorer_page() -> Response:
        return shown.page()

    @app.get("/map")
    async def map_page() -> Response:
        return shown.page(explorer.MAP)

    @app.get("/explorer/operations.json")
    async def explorer_operations() -> Response:
        return explorer.operations()

    @app.get("/explorer/assets/{name}")
    async def explorer_file(request: Request, name: str) -> Response:
        return shown.asset(name, accepted=request.headers.get("accept-encoding", ""))


async def _plain_refusal(request: Request, error: Exception) -> Response:
    """A path or a method we do not have, told as every other refusal is."""
    assert isinstance(error, HTTPException)
    body = error_body(error.detail, CODES.get(error.status_code, BAD_REQUEST))
    return Response(body, error.status_code, error.headers, "application/json")


async def _unexpected(request: Request, error: Exception) -> Response:
    request_id = request_id_of(request.scope)
    record(error, request_id, request.url.path)
    body = error_body("Internal server error", INTERNAL, request_id)
    return Response(body, 500, media_type="application/json")
