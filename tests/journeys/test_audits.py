"""The server that is served passes what others audit, not only the sample of tests/api."""

import json

import pytest

from tests.api.conftest import run_node


@pytest.mark.row("P1")
async def test_the_served_house_passes_all_61_audits_of_graphql_http(address: str):
    results = json.loads(await run_node("audits.mjs", f"http://{address}/graphql"))

    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61
