"""How much one document may ask for, and what it costs us to say no."""

import time

import pytest
from graphql import get_introspection_query, parse

from doorstep.api.documents import CHARACTERS_KEPT, TEXTS_KEPT, Bounded, Shelf
from doorstep.api.limits import Limits, verdict, weigh
from doorstep.api.server import ServerSettings
from tests.api.conftest import client_of
from tests.api.test_http import ask, only_code

pytestmark = pytest.mark.row("P4")


def nested(depth):
    return "{ box " * (depth - 1) + "{ name }" + " }" * (depth - 1)


def bomb(fragments):
    """Each fragment spreads the next one twice: 2 ** fragments fields in a few hundred bytes."""
    spread = " ".join(
        f"fragment F{i} on Box {{ ...F{i + 1} ...F{i + 1} }}" for i in range(fragments)
    )
    return f"{{ box {{ ...F0 }} }} {spread} fragment F{fragments} on Box {{ name }}"


def aliases(count):
    return "{ box { " + " ".join(f"a{i}: name" for i in range(count)) + " } }"


def directives(count):
    return "{ hello " + "@include(if: true) " * count + "}"


def roots(count):
    return "{ " + "hello " * count + "}"


def side_by_side(count):
    return "{ box { " + "name " * count + "} }"


@pytest.mark.parametrize(
    ("most", "too_much"),
    [
        pytest.param(nested(12), nested(13), id="depth"),
        pytest.param(aliases(30), aliases(31), id="aliases"),
        pytest.param(directives(8), directives(9), id="directives"),
        pytest.param(roots(25), roots(26), id="root fields"),
        pytest.param(side_by_side(200), side_by_side(201), id="fields side by side"),
    ],
)
def test_a_document_may_reach_its_limit_and_not_pass_it(most, too_much):
    assert verdict(weigh(parse(most)), Limits()) is None
    assert verdict(weigh(parse(too_much)), Limits()) is not None


def test_what_a_fragment_holds_counts_wherever_it_is_spread():
    document = parse(
        "query @skip(if: false) { box { ...F box { ...F } } }"
        " fragment F on Box @a { x: name ... on Box @b { name } }"
    )

    weight = weigh(document)

    assert (weight.depth, weight.aliases, weight.directives) == (3, 2, 5)
    assert (weight.fields, weight.here, weight.widest) == (6, 1, 3)


def test_introspection_has_a_depth_of_its_own():
    weight = weigh(parse("{ __schema { types { name } } box { name } }"))

    assert (weight.depth, weight.introspection_depth) == (2, 3)


def test_the_introspection_that_tools_send_fits():
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
    )

    assert verdict(weigh(parse(query)), Limits()) is None


def test_the_heaviest_of_several_operations_counts():
    assert weigh(parse("query A { box { box { name } } } query B { a: hello }"))[:3] == (3, 0, 1)


def test_fragments_in_a_circle_are_weighed_once_and_left_to_validation():
    weight = weigh(
        parse("{ ...F } fragment F on Query { hello ...G } fragment G on Query { ...F }")
    )

    assert weight.fields == 1


@pytest.mark.parametrize("fragments", [20, 300])
async def test_an_exponential_document_is_refused_in_under_250_ms(client, fragments):
    """The quickest of five, each of another text: what the document costs, not who else is busy."""
    await ask(client, "{ hello }")
    took = []
    for attempt in range(5):
        document = f"{bomb(fragments)} # {attempt}"
        began = time.perf_counter()
        response = await ask(client, document)
        took.append(time.perf_counter() - began)
        assert only_code(response) == "QUERY_TOO_COMPLEX"

    assert min(took) < 0.25


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("{ hello } # " + "x" * 100_000, id="bytes"),
        pytest.param("{ hello } # " + "件" * 34_000, id="bytes of Chinese"),
        pytest.param("{ box { " + "name " * 5_000 + "} }", id="tokens"),
        pytest.param(nested(2_000), id="nesting that exhausts the parser"),
        pytest.param("{ echoJson(value: " + "[" * 2_000 + "]" * 2_000 + ") }", id="a deep literal"),
        pytest.param(nested(13), id="depth"),
    ],
)
async def test_a_document_too_large_to_read_is_refused_as_too_complex(client, query):
    response = await ask(client, query, operationName="AnyName")

    assert only_code(response) == "QUERY_TOO_COMPLEX"


@pytest.mark.parametrize("length", [100, 300, 600])
async def test_a_long_chain_of_fragments_is_no_server_error(client, length):
    chain = " ".join(f"fragment F{i} on Box {{ ...F{i + 1} }}" for i in range(length))
    query = f"{{ box {{ ...F0 }} }} {chain} fragment F{length} on Box {{ name }}"

    response = await ask(client, query)

    assert response.status_code == 200
    assert "INTERNAL_SERVER_ERROR" not in response.text


async def test_limits_belong_to_the_server_and_not_to_the_schema():
    async with client_of(ServerSettings(limits=Limits(depth=2))) as strict:
        refused = await ask(strict, nested(3))
    async with client_of(ServerSettings()) as normal:
        answered = await ask(normal, nested(3))

    assert only_code(refused) == "QUERY_TOO_COMPLEX"
    assert answered.json() == {"data": {"box": {"box": {"name": "box"}}}}


async def test_a_body_over_the_ceiling_is_413_announced_or_chunked(client):
    async def chunks():
        for _ in range(40):
            yield b" " * 65_536

    headers = {"content-type": "application/json"}
    announced = await client.post("/graphql", content=b" " * 2_200_000, headers=headers)
    chunked = await client.post("/graphql", content=chunks(), headers=headers)

    for response in (announced, chunked):
        assert (response.status_code, only_code(response)) == (413, "PAYLOAD_TOO_LARGE")


def test_a_text_is_read_once():
    shelf = Shelf()

    assert shelf.entry("{ hello }", Limits()) is shelf.entry("{ hello }", Limits())


def test_what_was_used_longest_ago_is_forgotten_first():
    kept: Bounded[int] = Bounded()
    for number in range(TEXTS_KEPT):
        kept.put(str(number), number, 10)
    kept.get("0")

    kept.put("one more", 1, 10)

    assert kept.get("0") == 0
    assert kept.get("1") is None
    assert kept.characters == 10 * TEXTS_KEPT


def test_long_texts_push_out_others_by_their_length():
    kept: Bounded[int] = Bounded()
    for number in range(4):
        kept.put(str(number), number, CHARACTERS_KEPT // 3)

    assert [kept.get(str(number)) for number in range(4)] == [None, 1, 2, 3]
