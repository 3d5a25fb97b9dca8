"""Pages by keyset: a cursor says after which row, never how many rows to skip."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class BadCursor(ValueError):
    """What came as a cursor is none of ours."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, in order, and whether more follow."""

    rows: tuple[T, ...]
    more: bool
    after: str | None = None


@dataclass(frozen=True)
class Ask:
    """How many rows, after which one. `after` is the key that a cursor carried."""

    first: int
    after: str | None = None

    @classmethod
    def of(cls, first: int, after: str | None, *, most: int = 100) -> "Ask":
        """Raises BadCursor for a cursor that is none, and for a size out of bounds."""
        if not 0 <= first <= most:
            raise BadCursor(f"first must be between 0 and {most}")
        return cls(first=first, after=opened(after) if after is not None else None)


def cursor(key: str) -> str:
    """`key`, made opaque."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def opened(text: str) -> str:
    """The key that a cursor carries."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise BadCursor("not a valid cursor") from error


def cut(rows: Sequence[T], ask: Ask) -> Page[T]:
    """One row more was read than was asked for, to know whether more follow."""
    return Page(rows=tuple(rows[: ask.first]), more=len(rows) > ask.first, after=ask.after)


def keyed(page: Page[T], key: Callable[[T], str]) -> list[tuple[str, T]]:
    """Each row with its cursor."""
    return [(cursor(key(row)), row) for row in page.rows]
