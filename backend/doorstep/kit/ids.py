"""Names for things: a three-letter kind, then a ULID, so that ids sort by birth."""

from ulid import ULID


def new_id(kind: str) -> str:
    """`apt_01j9…`: 48 bits of milliseconds, then 80 random bits."""
    return f"{kind}_{str(ULID()).lower()}"


def kind_of(id: str) -> str:
    """What an id says it names: `apt_01j9…` names an `apt`."""
    return id.partition("_")[0]
