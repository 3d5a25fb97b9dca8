"""The plain routes beside GraphQL, and what stands around all of them."""

import re

import httpx
import pytest

from doorstep.api.explorer import MAP, PAGE, POLICIES, Explorer
from doorstep.api.landing import Guest
from doorstep.api.server import ServerSettings, build_app
from tests.api.conftest import all_is_well, client_of
from tests.api.sample import identify, make_context, schema

installed = pytest.mark.skipif(
    not Explorer().is_built, reason="the explorer is not built: run `make demo`"
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
@pytest.mark.parametrize(("path", "name"), [("/explorer", PAGE), ("/map", MAP)])
async def test_a_page_loads_nothing_from_elsewhere(client, path: str, name: str):
    response = await client.get(path)

    assert response.status_code == 200
    assert re.findall(r'(?:src|href)="(https?:)?//', response.text) == []
    assert response.headers["content-security-policy"] == POLICIES[name]
    assert not re.search("http|unsafe-eval", POLICIES[name])
    for linked in re.findall(r'(?:src|href)="(/[^"]+)"', response.text):
        assert (await client.get(linked)).status_code == 200


@installed
async def test_the_bundle_comes_packed_to_whoever_can_unpack_it(client):
    page = (await client.get("/explorer")).text
    (script,) = re.findall(r'src="(/[^"]+)"', page)

    packed = await client.get(script, headers={"accept-encoding": "gzip"})
    plain = await client.get(script, headers={"accept-encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert "javascript" in plain.headers["content-type"]
    assert (await client.get(f"{script}.gz")).status_code == 404


@pytest.mark.parametrize(
    "path", ["page.html", "package.json", "../explorer.py", "..%2fpackage.json", "%2e%2e", ""]
)
async def test_nothing_but_the_bundle_is_reachable(client, path):
    assert (await client.get(f"/explorer/assets/{path}")).status_code == 404


def test_an_explorer_without_its_files_says_what_to_run(tmp_path):
    response = Explorer(tmp_path / "built").page()

    assert response.status_code == 503
    assert b"make demo" in response.body


async def test_the_landing_page_links_what_is_there(client):
    page = await client.get("/")

    for path in ("/explorer", "/schema.graphql", "/health/ready"):
        assert f'href="{path}"' in page.text
    assert "make demo" in page.text
    assert "000000" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    for path in ("/pages/landing.css", "/pages/favicon.svg"):
        assert (await client.get(path)).status_code == 200
    assert (await client.get("/pages/landing.html")).status_code == 404


async def test_the_landing_page_of_a_demo_names_its_people():
    app = build_app(
        schema=schema,
        identify=identify,
        make_context=make_context,
        ready=all_is_well,
        guests=(Guest("customer", "+8613900000001", "000000"),),
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://doorstep"
    ) as client:
        page = (await client.get("/")).text

    assert "+8613900000001" in page
    assert "000000" in page


async def test_the_explorer_can_be_left_out():
    async with client_of(ServerSettings(explorer=False)) as client:
        assert (await client.get("/explorer")).status_code == 404
        assert (await client.get("/explorer/operations.json")).status_code == 404
        assert "/explorer" not in (await client.get("/")).text
