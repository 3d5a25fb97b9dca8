"""Asking the rule table."""

import csv
from collections.abc import Sequence
from datetime import date
from importlib.resources import files

from doorstep.kit.remembered import Remembered
from doorstep.rulebook.model import RuleRow, in_force
from doorstep.rulebook.store import RuleStore


class UnknownRule(LookupError):
    """No row of the table holds on that day: the table is incomplete."""


class Rulebook:
    def __init__(self, rows: RuleStore) -> None:
        self._store = rows
        self._rows = Remembered(rows.all)

    async def number(self, key: str, on: date) -> int:
        """The number that holds on `on`, in its row's unit. Raises UnknownRule."""
        row = in_force(await self._rows.get(), key, on)
        if row is None:
            raise UnknownRule(f"no rule {key!r} holds on {on}")
        return row.value

    async def put(self, rows: Sequence[RuleRow]) -> None:
        await self._store.put(rows)
        self._rows.forget()

    async def put_ours(self) -> None:
        """The rows that come with the house. A bureau's own rows have ids of their own."""
        text = files("doorstep.rulebook").joinpath("rules.csv").read_text("utf-8")
        await self.put(
            [
                RuleRow.model_validate({name: value or None for name, value in row.items()})
                for row in csv.DictReader(text.splitlines())
            ]
        )
