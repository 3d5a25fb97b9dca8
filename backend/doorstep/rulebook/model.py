"""Numbers from laws and standards: dated rows with their source, never constants in code.

What no source says stands here too, as the bureau's own, so that it has a date and can be changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from doorstep.kit.documents import Stored
from doorstep.kit.windows import Day


class UnknownRule(LookupError):
    """No row of the table holds on that day: the table is incomplete."""


class RuleRow(Stored):
    """One number, from when to when it holds, and who says so.

    `value` is a whole number of `unit` (g, mm, ml, s, count; depth: 1 is the deepest). `valid_to`
    is the last day it holds.
    """

    key: str
    value: int
    unit: str
    valid_from: Day
    valid_to: Day | None = None
    citation: str

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class RuleTable:
    """All rows, found by their key."""

    rows: Mapping[str, tuple[RuleRow, ...]]

    @classmethod
    def of(cls, rows: Iterable[RuleRow]) -> Self:
        by_key: dict[str, list[RuleRow]] = defaultdict(list)
        for row in rows:
            by_key[row.key].append(row)
        return cls({key: tuple(found) for key, found in by_key.items()})

    def in_force(self, key: str, on: date) -> RuleRow | None:
        """The row of `key` that holds on `on`; of several, the latest to begin."""
        held = [row for row in self.rows.get(key, ()) if row.holds_on(on)]
        return max(held, key=lambda row: (row.valid_from, row.id), default=None)

    def all_in_force(self, beginning: str, on: date) -> list[RuleRow]:
        """The rows that hold on `on` of all keys that begin so, by their keys."""
        found = (self.in_force(key, on) for key in sorted(self.rows) if key.startswith(beginning))
        return [row for row in found if row]

    def row(self, key: str, on: date) -> RuleRow:
        """Raises UnknownRule."""
        row = self.in_force(key, on)
        if row is None:
            raise UnknownRule(f"no rule {key!r} holds on {on}")
        return row

    def number(self, key: str, on: date) -> int:
        """In its row's unit. Raises UnknownRule."""
        return self.row(key, on).value
