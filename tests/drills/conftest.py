"""The demo city, loaded once for all drills of this process; each has a copy to wreck."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.drills.members import ReplicaSet
from tests.drills.processes import Site, load, new_site


@pytest.fixture(scope="module")
async def the_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = new_site(tmp_path_factory.mktemp("city"))
    await load(site)
    return site.data


@pytest.fixture
def site(tmp_path: Path, the_city: Path) -> Site:
    return new_site(tmp_path / "site", the_city)


@pytest.fixture(scope="module")
async def members(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ReplicaSet]:
    three = ReplicaSet(tmp_path_factory.mktemp("members"))
    try:
        await three.start()
        yield three
    finally:
        three.stop()


@pytest.fixture(scope="module")
async def replicated(tmp_path_factory: pytest.TempPathFactory, members: ReplicaSet) -> Site:
    """A site whose city is kept by the three."""
    site = new_site(tmp_path_factory.mktemp("replicated"))
    await load(site, members.url)
    return site
