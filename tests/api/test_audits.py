"""Other people's audits and clients, unmodified, against a real port."""

import json

import pytest

from tests.api.conftest import run_node


@pytest.mark.row("P1")
async def test_all_61_audits_of_graphql_over_http_pass(address):
    results = json.loads(await run_node("audits.mjs", f"http://{address}/graphql"))

    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61


async def test_a_graphql_ws_client_hears_three_values_and_the_end(address):
    query = "subscription { count(to: 3) }"

    heard = json.loads(await run_node("subscribe.mjs", f"ws://{address}/graphql", query))

    assert [result["data"]["count"] for result in heard] == [1, 2, 3]


async def test_a_graphql_ws_client_with_a_token_is_known(address):
    url, query = f"ws://{address}/graphql", "{ caller }"

    heard = json.loads(await run_node("subscribe.mjs", url, query, "good-token"))

    assert heard == [{"data": {"caller": "cou_bo"}}]
