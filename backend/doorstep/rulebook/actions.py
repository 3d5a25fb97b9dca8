"""Asking the rule table."""

import csv
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from typing import Final

from doorstep.kit.remembered import Remembered
from doorstep.rulebook.model import RuleRow, RuleTable
from doorstep.rulebook.store import RuleStore

OURS: Final = ("rules.csv", "costs.csv", "depths.csv", "deadlines.csv")


class Rulebook:
    def __init__(self, rows: RuleStore) -> None:
        self._store = rows
        self._table = Remembered(self._read)

    async def table(self) -> RuleTable:
        """The table as it was a few seconds ago."""
        return await self._table.get()

    async def number(self, key: str, on: date) -> int:
        """The number that holds on `on`, in its row's unit. Raises UnknownRule."""
        return (await self.table()).number(key, on)

    async def put(self, rows: Sequence[RuleRow]) -> None:
        await self._store.put(rows)
        self._table.forget()

    async def put_ours(self) -> None:
        """The rows that come with the house. A bureau's own rows have ids of their own."""
        await self.put([row for name in OURS for row in _rows(name)])

    async def _read(self) -> RuleTable:
        return RuleTable.of(await self._store.all())


def _rows(name: str) -> list[RuleRow]:
    text = files("doorstep.rulebook").joinpath(name).read_text("utf-8")
    return [
        RuleRow.model_validate({name: value or None for name, value in row.items()})
        for row in csv.DictReader(text.splitlines())
    ]
