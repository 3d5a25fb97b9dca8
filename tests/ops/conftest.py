"""The served house of the journeys, and an ear on everything that it logs."""

import io
import logging
from collections.abc import Iterator

import pytest

from doorstep.kit.log import formatter
from tests.journeys.conftest import address, app

__all__ = ["address", "app"]


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that every logger says, from DEBUG on, in the form it leaves us in."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(formatter(coloured=False))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for talkative in ("websockets", "pymongo", "httpx", "httpcore"):
        logging.getLogger(talkative).setLevel(logging.WARNING)  # as set_up has them
    yield heard
    root.setLevel(before)
    root.removeHandler(handler)
