"""Numbers from laws and standards: dated rows with their source, never constants in code."""

from collections.abc import Iterable
from datetime import date

from doorstep.kit.documents import Stored
from doorstep.kit.windows import Day


class RuleRow(Stored):
    """One number, from when to when it holds, and who says so.

    `value` is a whole number of `unit` (g, mm, s, count). `valid_to` is the last day it holds.
    """

    key: str
    value: int
    unit: str
    valid_from: Day
    valid_to: Day | None = None
    citation: str


def in_force(rows: Iterable[RuleRow], key: str, on: date) -> RuleRow | None:
    """The row of `key` that holds on `on`; of several, the latest to begin."""
    candidates = [
        row
        for row in rows
        if row.key == key and row.valid_from <= on and (row.valid_to is None or on <= row.valid_to)
    ]
    return max(candidates, key=lambda row: row.valid_from, default=None)
