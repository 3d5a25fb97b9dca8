"""Long lists, a part at a time."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def batched(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """All of them in their order, `size` at a time. Python 3.12 has it in itertools."""
    for start in range(0, len(things), size):
        yield things[start : start + size]
