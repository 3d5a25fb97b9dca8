"""The demo city as a folder, and the parts of the house that an import writes to."""

from pathlib import Path

import pytest

from doorstep.demo.city import write_city
from doorstep.demo.importer import KEPT, Importing
from doorstep.wiring import House


@pytest.fixture(scope="session")
def the_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written once; who wants to change it makes a copy."""
    folder = tmp_path_factory.mktemp("city")
    write_city(folder)
    return folder


@pytest.fixture
async def importing(empty_house: House) -> Importing:
    for kept in KEPT:
        await empty_house.mongo[kept.name].delete_many({})
    return Importing.of(empty_house)
