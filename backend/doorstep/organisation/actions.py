"""Asking after the bureau's tree."""

from collections.abc import Iterable
from typing import Self

from doorstep.accounts.model import Caller, Roles
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.remembered import Remembered
from doorstep.organisation.model import OrgUnit, Tree
from doorstep.organisation.store import UnitStore


class Organisation:
    """The tree as it was a few seconds ago: it changes by decree, not by the minute."""

    def __init__(self, units: UnitStore) -> None:
        self._units = units
        self._tree = Remembered(self._read)

    async def tree(self) -> Tree:
        return await self._tree.get()

    async def unit(self, id: str) -> OrgUnit | None:
        return (await self.tree()).units.get(id)

    async def in_reach(self, id: str, caller: Caller, roles: Roles) -> bool:
        """Whether one of `roles` is the caller's in the unit. What is not theirs is like none."""
        unit = await self.unit(id)
        return unit is not None and caller.may(roles, unit.path)

    def add(self, units: Iterable[OrgUnit], *, tx: Tx) -> Self:
        self._units.add(units, tx=tx)
        self._tree.forget()
        return self

    async def _read(self) -> Tree:
        return Tree.of(await self._units.all())
