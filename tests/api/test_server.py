"""The plain routes beside GraphQL, and what stands around all of them."""

import base64
import hashlib
import re

import pytest
from starlette.exceptions import HTTPException

from doorstep.api import explorer
from doorstep.api.server import ServerSettings, build_app
from tests.api.conftest import client_of
from tests.api.sample import identify, make_context, schema

installed = pytest.mark.skipif(
    not explorer.installed(), reason="the explorer's files are not installed: run `make demo`"
)


async def test_the_server_is_live_and_ready(client):
    live = await client.get("/health/live")
    ready = await client.get("/health/ready")

    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ok", "checks": {"mongo": True}},
    )


async def test_a_server_that_lacks_something_is_not_ready():
    async def mongo_is_down():
        return {"mongo": False, "outbox": True}

    app = build_app(
        schema=schema, identify=identify, make_context=make_context, ready=mongo_is_down
    )
    route = next(route for route in app.routes if getattr(route, "path", "") == "/health/ready")
    response = await route.endpoint()  # type: ignore[attr-defined]

    assert response.status_code == 503
    assert b'"unavailable"' in response.body


async def test_the_schema_is_served_as_text(client):
    response = await client.get("/schema.graphql")

    assert response.headers["content-type"].startswith("text/plain")
    assert response.text == schema.as_str() + "\n"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/nothing"])
async def test_paths_we_do_not_have_are_404_in_json(client, path):
    response = await client.get(path)

    assert response.status_code == 404
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_every_answer_has_the_safe_headers(client):
    for path in ("/health/live", "/nothing", "/schema.graphql"):
        headers = (await client.get(path)).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert len(headers["x-request-id"]) == 32


async def test_long_answers_are_compressed_and_short_ones_are_not(client):
    long = await client.post("/graphql", json={"query": "{ long }"})
    short = await client.post("/graphql", json={"query": "{ hello }"})

    assert long.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in short.headers
    assert "Accept-Encoding" in long.headers["vary"]


@pytest.mark.parametrize(
    ("origin", "named"), [("https://office.example", True), ("https://x.example", False)]
)
async def test_only_pages_of_named_origins_may_read_our_answers(origin, named):
    settings = ServerSettings(allowed_origins=("https://office.example",))
    async with client_of(settings) as client:
        response = await client.get("/health/live", headers={"origin": origin})

    assert response.headers.get("access-control-allow-origin") == (origin if named else None)


@installed
async def test_the_explorer_loads_nothing_from_elsewhere(client):
    response = await client.get("/")

    assert response.status_code == 200
    assert re.findall(r'(?:src|href)="(https?:)?//', response.text) == []
    assert "http" not in response.headers["content-security-policy"]
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', response.text):
        assert (await client.get(path)).status_code == 200


@installed
async def test_our_copies_are_the_files_the_page_pins_by_their_hash(client):
    html = (await client.get("/")).text
    pinned = re.findall(r'(?:src|href)="/explorer/([^"]+)"\s+integrity="sha384-([^"]+)"', html)

    assert len(pinned) == len(explorer.FILES) == 7
    for path, digest in pinned:
        content = (explorer.FOLDER / explorer.FILES[path]).read_bytes()
        assert base64.b64encode(hashlib.sha384(content).digest()).decode() == digest


def test_the_one_inline_script_is_allowed_by_its_hash_and_no_other():
    html = explorer.page()
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    policy = explorer.policy(html)

    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "graphql/package.json",
        "react@18.2.0/package.json",
        "../explorer.py",
        "..%2fpackage.json",
        "%2e%2e/package.json",
        "",
    ],
)
async def test_nothing_else_in_node_modules_is_reachable(client, path):
    assert (await client.get(f"/explorer/{path}")).status_code == 404


def test_an_explorer_without_its_files_says_what_to_run(tmp_path):
    response = explorer.page_response(tmp_path)

    assert response.status_code == 503
    assert b"make demo" in response.body
    with pytest.raises(HTTPException):
        explorer.file_response("graphiql@3.8.3/graphiql.min.js", tmp_path)


async def test_the_explorer_can_be_left_out():
    async with client_of(ServerSettings(explorer=False)) as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.get("/explorer/graphiql@3.8.3/graphiql.min.js")).status_code == 404
