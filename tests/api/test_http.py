"""GraphQL over HTTP: what is answered to bodies, methods and media types, the hostile ones too."""

import gzip
import json
from hashlib import sha256

import pytest

from doorstep.api.http import encode
from doorstep.api.server import ServerSettings
from tests.api.conftest import client_of

GRAPHQL = "application/graphql-response+json"
POSTED = {"content-type": "application/json"}


async def ask(client, query, headers=None, **more):
    return await client.post("/graphql", json={"query": query, **more}, headers=headers)


def only_code(response):
    (error,) = response.json()["errors"]
    return error["extensions"]["code"]


@pytest.mark.row("P1")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"null", id="null"),
        pytest.param(b"5", id="a number"),
        pytest.param(b'"x"', id="a string"),
        pytest.param(b"true", id="a boolean"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"[1]", id="a batch of a number"),
        pytest.param(b"[[]]", id="a batch of a batch"),
        pytest.param(b'[{"query":"{hello}"}]', id="a batch"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="100,000 lists deep"),
        pytest.param(b'{"a":' * 20_000 + b"1" + b"}" * 20_000, id="20,000 objects deep"),
        pytest.param(b'{"query":"\xff\xfe{hello}"}', id="invalid UTF-8"),
        pytest.param(gzip.compress(b'{"query":"{hello}"}'), id="gzip unannounced"),
        pytest.param(b'{"query":"{hello}","variables":{"n":' + b"9" * 5_000 + b"}}x", id="a tail"),
        pytest.param(b'{"query":"{hello}","variables":{"n":NaN}}', id="NaN"),
        pytest.param(b'{"query":"{hello}","variables":{"s":"\\ud800"}}', id="half a pair"),
        pytest.param(b'{"query":"{hello}","variables":[1]}', id="variables as a list"),
        pytest.param(b'{"query":"{hello}","variables":"x"}', id="variables as a string"),
        pytest.param(b'{"query":"{hello}","extensions":7}', id="extensions as a number"),
        pytest.param(b'{"query":"{hello}","operationName":7}', id="operationName as a number"),
        pytest.param(b'{"query":{"a":1}}', id="a query that is an object"),
        pytest.param(b'{"query":""}', id="an empty query"),
        pytest.param(b"{}", id="no query"),
    ],
)
async def test_a_body_that_is_no_request_is_answered_with_400_and_a_code(client, body):
    response = await client.post("/graphql", content=body, headers=POSTED)

    assert response.status_code == 400
    assert response.headers["content-type"].startswith("application/json")
    assert only_code(response) == "BAD_REQUEST"


async def test_an_integer_of_5000_digits_is_no_server_error(client):
    body = b'{"query":"query($n:Int){hello}","variables":{"n":' + b"9" * 5_000 + b"}}"

    response = await client.post("/graphql", content=body, headers=POSTED)

    assert response.status_code < 500


@pytest.mark.parametrize("depth", [100, 900, 1000, 1020, 1030])
async def test_variables_of_any_depth_are_no_server_error(client, depth):
    nested = "[" * depth + "]" * depth
    body = '{"query":"query($v:JSON!){echoJson(value:$v)}","variables":{"v":' + nested + "}}"

    response = await client.post("/graphql", content=body, headers=POSTED)

    assert response.status_code in (200, 400)


async def test_half_a_surrogate_pair_in_an_answer_is_escaped(client):
    response = await ask(client, "{ halfAPair }")

    assert response.content == b'{"data":{"halfAPair":"\\ud83d"}}'


async def test_half_a_surrogate_pair_in_a_document_is_a_syntax_error(client):
    response = await ask(client, '{ echo(text: "\\ud83d") }')

    assert only_code(response) == "GRAPHQL_PARSE_FAILED"


def test_an_integer_over_64_bits_can_be_answered():
    assert encode({"n": 2**70}) == b'{"n":1180591620717411303424}'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"content-type": "text/plain"}, 415, id="text"),
        pytest.param({"content-type": "multipart/form-data; boundary=x"}, 415, id="an upload"),
        pytest.param({"content-type": "application/x-www-form-urlencoded"}, 415, id="a form"),
        pytest.param({"content-type": "x/application/json"}, 415, id="something like JSON"),
        pytest.param({}, 415, id="nothing said"),
        pytest.param({**POSTED, "content-encoding": "gzip"}, 415, id="gzip announced"),
    ],
)
async def test_what_is_not_json_is_refused_in_json(client, headers, status):
    response = await client.post("/graphql", content=b'{"query":"{hello}"}', headers=headers)

    assert response.status_code == status
    assert only_code(response) == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (GRAPHQL, GRAPHQL),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        (f"{GRAPHQL};q=0.5, application/json", "application/json"),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0", "application/json"),
        (f"{GRAPHQL}, application/json, text/event-stream, multipart/mixed", GRAPHQL),
        ("text/event-stream", "application/json"),
        ("nonsense;q=x;;,", "application/json"),
    ],
)
async def test_the_answer_comes_in_the_media_type_asked_for(client, accept, answered):
    response = await ask(client, "{ hello }", {"accept": accept})

    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.json() == {"data": {"hello": "hello"}}


@pytest.mark.row("P1")
@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", None, "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query($p: PointInput!) { measure(point: $p) }", {"p": {"x": "a"}}, "BAD_USER_INPUT"),
        ("query($t: DateTime!) { year(at: $t) }", {"t": "soon"}, "BAD_USER_INPUT"),
    ],
)
async def test_what_fails_before_execution_is_400_and_has_no_data(client, query, variables, code):
    modern = await ask(client, query, {"accept": GRAPHQL}, variables=variables)
    classic = await ask(client, query, {"accept": "application/json"}, variables=variables)

    assert (modern.status_code, classic.status_code) == (400, 200)
    assert modern.json() == classic.json()
    assert "data" not in modern.json()
    assert only_code(modern) == code


@pytest.mark.row("P1")
async def test_an_error_in_a_field_leaves_the_others_their_data(client):
    response = await ask(client, "{ hello forbidden }", {"accept": GRAPHQL})

    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "hello", "forbidden": None}
    assert only_code(response) == "FORBIDDEN"


@pytest.mark.row("P1")
async def test_one_of_several_operations_must_be_named(client):
    query = "query A { hello } query B { caller }"

    unnamed = await ask(client, query, {"accept": GRAPHQL})
    named = await ask(client, query, operationName="A")
    unknown = await ask(client, query, operationName="C")

    assert (unnamed.status_code, only_code(unnamed)) == (400, "OPERATION_RESOLUTION_FAILURE")
    assert named.json() == {"data": {"hello": "hello"}}
    assert (unknown.status_code, only_code(unknown)) == (400, "OPERATION_RESOLUTION_FAILURE")


async def test_a_document_without_an_operation_is_refused(client):
    response = await ask(client, "fragment F on Query { hello }")

    assert (response.status_code, only_code(response)) == (400, "OPERATION_RESOLUTION_FAILURE")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_is_refused_over_http(client, method):
    query = {"query": "subscription { count }"}
    sent = {"params": query} if method == "GET" else {"json": query}

    response = await client.request(method, "/graphql", **sent)

    assert response.status_code == (405 if method == "GET" else 400)
    assert "subscriptions are not allowed" in response.json()["errors"][0]["message"]


async def test_a_mutation_by_get_is_405(client):
    response = await client.get("/graphql", params={"query": 'mutation { rename(to: "x") }'})

    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_empty_parameters_of_a_get_are_like_none(client):
    response = await client.get("/graphql?query={hello}&variables=&extensions=&operationName=")

    assert response.json() == {"data": {"hello": "hello"}}


@pytest.mark.parametrize(
    "parameters", ["", "?query=", "?variables={}", "?query={hello}&variables=["]
)
async def test_a_get_without_a_readable_request_is_400(client, parameters):
    response = await client.get(f"/graphql{parameters}", headers={"accept": "text/html"})

    assert (response.status_code, only_code(response)) == (400, "BAD_REQUEST")


async def test_methods_we_do_not_have_are_refused_in_json(client):
    response = await client.put("/graphql", json={"query": "{ hello }"})

    assert (response.status_code, only_code(response)) == (405, "BAD_REQUEST")


async def test_incremental_delivery_is_not_offered(client):
    response = await ask(client, "{ ... @defer { hello } }", {"accept": "multipart/mixed"})

    assert only_code(response) == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.row("P1")
@pytest.mark.parametrize(
    "authorization",
    ["Bearer stale-token", "Bearer", "Basic YTpi", "nonsense", "Bearer " + "x" * 9000],
)
async def test_a_token_that_is_no_good_is_401_before_anything_is_read(client, authorization):
    headers = {**POSTED, "authorization": authorization}

    response = await client.post("/graphql", content=b"not even JSON", headers=headers)

    assert (response.status_code, only_code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_good_token_and_the_language_reach_the_fields(client):
    headers = {"authorization": "bearer good-token", "accept-language": "zh-CN"}

    response = await ask(client, "{ caller locale }", headers)

    assert response.json()["data"] == {"caller": "cou_bo", "locale": "zh-CN"}


async def test_nobody_is_asked_about_a_caller_without_a_token(client):
    response = await ask(client, "{ caller }")

    assert response.json()["data"] == {"caller": None}


async def test_answers_are_not_stored_and_name_their_request(client):
    given = await ask(client, "{ requestId }", {"x-request-id": "handheld-0042"})
    unfit = await ask(client, "{ requestId }", {"x-request-id": "a b\tc"})

    assert given.headers["cache-control"] == "no-store"
    assert "Accept" in given.headers["vary"]
    assert given.headers["x-request-id"] == "handheld-0042"
    assert given.json()["data"]["requestId"] == "handheld-0042"
    assert len(unfit.headers["x-request-id"]) == 32


def persisted(query, digest=None):
    digest = digest or sha256(query.encode()).hexdigest()
    return {"persistedQuery": {"version": 1, "sha256Hash": digest}}


async def by_hash(client, extensions, **more):
    body = {"extensions": extensions, **more}
    return await client.post("/graphql", json=body, headers={"accept": GRAPHQL})


async def test_a_persisted_query_is_learnt_and_then_known_by_its_hash(client):
    query = "query Learnt { hello }"

    unknown = await by_hash(client, persisted(query), operationName="Learnt")
    learnt = await by_hash(client, persisted(query), query=query, operationName="Learnt")
    known = await by_hash(client, persisted(query), operationName="Learnt")
    params = {"extensions": json.dumps(persisted(query))}
    by_get = await client.get("/graphql", params=params)

    assert (unknown.status_code, only_code(unknown)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert learnt.json() == known.json() == by_get.json() == {"data": {"hello": "hello"}}


async def test_a_text_under_a_foreign_hash_is_not_executed(client):
    response = await by_hash(client, persisted("{ hello }", "0" * 64), query="{ hello }")

    assert (response.status_code, only_code(response)) == (400, "BAD_REQUEST")


async def test_a_persisted_query_of_another_version_is_refused(client):
    response = await by_hash(client, {"persistedQuery": {"version": 2, "sha256Hash": 7}})

    assert only_code(response) == "BAD_REQUEST"


async def test_introspection_can_be_off_without_another_schema():
    query = '{ __type(name: "Query") { name } }'
    async with client_of(ServerSettings(introspection=False)) as closed:
        refused = await ask(closed, query)
        sdl = await closed.get("/schema.graphql")
    async with client_of(ServerSettings()) as opened:
        answered = await ask(opened, query)

    assert only_code(refused) == "GRAPHQL_VALIDATION_FAILED"
    assert sdl.status_code == 404
    assert answered.json()["data"]["__type"]["name"] == "Query"
