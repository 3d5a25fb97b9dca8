"""The terms of booking: which there are, and who may change them where."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from doorstep.accounts.model import SUPERVISORS, Caller, Roles
from doorstep.addresses.model import ServiceArea
from doorstep.capacity import rules
from doorstep.capacity.actions.tools import Tools
from doorstep.capacity.model import CapacityRefusal, Terms, TermsRefused
from doorstep.capacity.rules import Bounds
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx

_NO_TERMS: Final = TermsRefused(code=CapacityRefusal.NOT_FOUND, path=("id",))
_NO_AREA: Final = TermsRefused(code=CapacityRefusal.NOT_FOUND, path=("areaId",))
_REUSED: Final = TermsRefused(code=CapacityRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",))

Body = Callable[[Tx], Awaitable[Terms | TermsRefused]]


@dataclass(frozen=True)
class Agreement:
    """Which terms speak of an area, and what they come to for each of its services."""

    area: ServiceArea
    rows: tuple[Terms, ...]
    bounds: dict[ServiceKind, Bounds]


@dataclass(frozen=True)
class Agreeing(Tools):
    """Terms of an area are its supervisors'; those of all areas, theirs who have all of them."""

    async def bounds(self, services: Iterable[ServiceKind], area_id: str, day: date) -> Bounds:
        """The terms of booking these services there on that day."""
        terms = await self.known_terms.get()
        return rules.bounds_of(terms, services, area_id, day, self.policy)

    async def farthest_days(self) -> int:
        """How many days ahead the most generous terms reach: so far there have to be slots."""
        terms = await self.known_terms.get()
        return max([self.policy.horizon_days, *(row.horizon_days or 0 for row in terms)])

    async def agreement(
        self, area_id: str, day: date, caller: Caller, roles: Roles
    ) -> Agreement | None:
        """None: there is no such area, or it is not theirs."""
        area = await self.addresses.area(area_id)
        if area is None or not caller.may(roles, area.branch_path):
            return None
        terms = await self.terms.all()
        return Agreement(
            area=area,
            rows=tuple(row for row in terms if row.area_id in (None, area_id)),
            bounds={
                kind: rules.bounds_of(terms, [kind], area_id, day, self.policy)
                for kind in area.services
            },
        )

    async def put_terms(
        self, terms: Terms, attempt: Attempt, *, expected_version: int | None, by: Caller
    ) -> Terms | TermsRefused:
        """New terms; or, with the version they were read at, others in place of those."""
        signed = terms.model_copy(update={"changed_at": attempt.at, "changed_by": by.id})

        async def body(tx: Tx) -> Terms | TermsRefused:
            if not await self._theirs(signed, by):
                return _NO_AREA
            if expected_version is None:
                self.terms.add([signed], tx=tx)
                return signed
            return await self._replace_terms(signed, expected_version, by, tx)

        return await self._agreed(attempt, body)

    async def drop_terms(
        self, id: str, attempt: Attempt, *, expected_version: int, by: Caller
    ) -> Terms | TermsRefused:
        """They hold no longer. What was promised on them stays as it was promised."""

        async def body(tx: Tx) -> Terms | TermsRefused:
            before = await self.terms.get(id, tx=tx)
            if before is None:
                return _NO_TERMS
            signed = {"changed_at": attempt.at, "changed_by": by.id, "dropped": True}
            after = before.model_copy(update=signed)
            return await self._replace_terms(after, expected_version, by, tx)

        return await self._agreed(attempt, body)

    async def _replace_terms(
        self, after: Terms, expected_version: int, by: Caller, tx: Tx
    ) -> Terms | TermsRefused:
        before = await self.terms.get(after.id, tx=tx)
        if before is None or before.dropped or not await self._theirs(before, by):
            return _NO_TERMS
        numbered = after.model_copy(update={"version": before.version + 1})
        if before.version != expected_version or not await self.terms.replace(
            before, numbered, tx=tx
        ):
            return TermsRefused(
                code=CapacityRefusal.STALE_VERSION, path=("expectedVersion",), current=before
            )
        return numbered

    async def _theirs(self, terms: Terms, caller: Caller) -> bool:
        areas = await self.addresses.city.areas()
        concerned = areas.areas if terms.area_id is None else [areas.get(terms.area_id)]
        return all(area and caller.may(SUPERVISORS, area.branch_path) for area in concerned)

    async def _agreed(self, attempt: Attempt, body: Body) -> Terms | TermsRefused:
        outcome = await self.mongo.once(attempt, body)
        self.known_terms.forget()
        if isinstance(outcome, Repeated):
            return await self.terms.get(outcome.id) or _NO_TERMS
        return _REUSED if isinstance(outcome, Reused) else outcome

    def add_terms(self, terms: Iterable[Terms], *, tx: Tx) -> None:
        self.terms.add(terms, tx=tx)
        self.known_terms.forget()
