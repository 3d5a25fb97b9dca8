"""Laws that hold over the wire need a house that is served."""

from tests.journeys.conftest import address, app

__all__ = ["address", "app"]
