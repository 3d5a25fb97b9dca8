"""Keeping address books, and finding the area of a door."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from doorstep.addresses import rules
from doorstep.addresses.actions.beats import Beats
from doorstep.addresses.actions.city import CityMap
from doorstep.addresses.events import AddressDeleted, AddressMoved, AddressSaved
from doorstep.addresses.model import (
    Address,
    AddressAsked,
    AddressRefusal,
    AddressRefused,
    BeatMatch,
    Candidate,
    DeliveryDepth,
    DepthJudged,
    Gone,
    ItemClass,
    Place,
    ServiceArea,
)
from doorstep.addresses.rules import AreaMap
from doorstep.addresses.store import AddressStore
from doorstep.kit.clock import Clock
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Mongo, Repeated, Reused, Tx
from doorstep.kit.pii import Vault
from doorstep.kit.windows import local_day
from doorstep.rulebook.actions import Rulebook

NOT_FOUND: Final = AddressRefused(code=AddressRefusal.NOT_FOUND, path=("id",))
_REUSED: Final = AddressRefused(
    code=AddressRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",)
)


@dataclass(frozen=True)
class Located:
    """Where an address lies, as far as we can tell."""

    found: tuple[Candidate, ...]
    area: ServiceArea | None

    @property
    def candidate(self) -> Candidate | None:
        return rules.certain(self.found)


@dataclass(frozen=True)
class Addresses:
    mongo: Mongo
    store: AddressStore
    city: CityMap
    vault: Vault
    clock: Clock
    most_addresses: int
    rulebook: Rulebook
    beats: Beats

    async def locate(self, asked: AddressAsked) -> Located:
        """Which door this may be, and which area it lies in if that is certain."""
        found = tuple(rules.candidates(asked, await self.city.places()))
        one = rules.certain(found)
        area = None
        if one and one.door.location:
            area = (await self._today()).at(one.door.location)
        return Located(found, area)

    async def placed_on_beat(self, located: Located) -> tuple[Place | None, BeatMatch | None]:
        """The bureau's place of a door that was found, and its beat."""
        one = located.candidate
        if one is None:
            return None, None
        area_id = located.area.id if located.area else None
        return await self.beats.find(one.door, one.division_code, area_id)

    async def area(self, id: str | None) -> ServiceArea | None:
        return (await self.city.areas()).get(id)

    async def of_owner(self, id: str, owner_id: str, *, tx: Tx | None = None) -> Address | None:
        return await self._as_of_today(await self.store.of_owner(id, owner_id, tx=tx))

    async def get(self, id: str) -> Address | None:
        return await self._as_of_today(await self.store.get(id))

    async def get_many(self, ids: Collection[str]) -> dict[str, Address]:
        areas = await self._today()
        found = await self.store.get_many(ids)
        return {address.id: rules.placed(address, areas) for address in found}

    async def placed(self, address: Address) -> Address:
        """The address, in the area it lies in today."""
        return rules.placed(address, await self._today())

    async def all_of(self, owner_id: str) -> list[Address]:
        areas = await self._today()
        return [rules.placed(address, areas) for address in await self.store.all_of(owner_id)]

    async def depth(self, address: Address, item_class: ItemClass) -> DepthJudged:
        """How far in the law has us come there today, and whether the wish goes farther."""
        table, today = await self.rulebook.table(), local_day(self.clock.now())
        return rules.judge_depth(address, item_class, table, today)

    async def _today(self) -> AreaMap:
        return await self.city.areas(local_day(self.clock.now()))

    async def _as_of_today(self, address: Address | None) -> Address | None:
        return rules.placed(address, await self._today()) if address else None

    async def save(
        self,
        owner_id: str,
        asked: AddressAsked,
        attempt: Attempt,
        *,
        id: str | None = None,
        expected_version: int | None = None,
    ) -> Address | AddressRefused:
        """A new address, or a new version of the one named `id`."""
        if not attempt.dry:
            await self.vault.key(owner_id)
        located = await self.locate(asked)
        draft = _draft(new_id("adr"), owner_id, asked, located)
        if isinstance(draft, Address) and asked.delivery_depth is None:
            judged = await self.depth(draft, ItemClass.RECEIPTED)
            draft = draft.model_copy(update={"delivery_depth": judged.legal})

        async def body(tx: Tx) -> Address | AddressRefused:
            if isinstance(draft, AddressRefused):
                return draft
            if id is None:
                return await self._add(draft, tx, dry=attempt.dry)
            return await self._replace(id, expected_version, draft, tx)

        outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Repeated):
            return await self.store.of_owner(outcome.id, owner_id) or NOT_FOUND
        return _REUSED if isinstance(outcome, Reused) else outcome

    async def _add(self, draft: Address, tx: Tx, *, dry: bool) -> Address | AddressRefused:
        """A dry run seals nothing: its owner may not be known yet, and has no key then."""
        if await self.store.count_of(draft.owner_id, tx=tx) >= self.most_addresses:
            return AddressRefused(code=AddressRefusal.TOO_MANY_ADDRESSES)
        if not dry:
            await self.store.add([draft], tx=tx)
            await self.beats.learn(draft, tx=tx)
            self._say_saved(draft, tx)
        return draft

    async def _replace(
        self, id: str, expected_version: int | None, draft: Address, tx: Tx
    ) -> Address | AddressRefused:
        before = await self.store.of_owner(id, draft.owner_id, tx=tx)
        if before is None:
            return NOT_FOUND
        kept = {"moved_to": before.moved_to, "moved_on": before.moved_on}
        after = draft.model_copy(update={"id": id, "version": before.version + 1, **kept})
        if before.version != expected_version or not await self.store.replace(before, after, tx=tx):
            return _stale(before)
        await self.beats.learn(after, tx=tx)
        self._say_saved(after, tx)
        return after

    async def drafted(self, owner_id: str, asked: AddressAsked) -> Address | AddressRefused:
        """The address as it would stand in the book."""
        return _draft(new_id("adr"), owner_id, asked, await self.locate(asked))

    async def enter(self, draft: Address, *, dry: bool, tx: Tx) -> Address | AddressRefused:
        """Put a draft into the book, unless that is full. Its owner has a key already."""
        return await self._add(draft, tx, dry=dry)

    async def point_on(
        self,
        id: str,
        owner_id: str,
        to: str,
        day: date,
        *,
        expected_version: int,
        at: datetime,
        tx: Tx,
    ) -> Address | AddressRefused:
        """Its owner moves away on that day. Until then it stays what it is."""
        before = await self.store.of_owner(id, owner_id, tx=tx)
        if before is None:
            return NOT_FOUND
        after = before.model_copy(
            update={"moved_to": to, "moved_on": day, "version": before.version + 1}
        )
        if before.version != expected_version or not await self.store.replace(before, after, tx=tx):
            return _stale(before)
        told = AddressMoved(aggregate=id, sequence=after.version, at=at, owner_id=owner_id, to=to)
        tx.record(told)
        return after

    async def retire(self, id: str, owner_id: str, *, at: datetime, tx: Tx) -> None:
        """Nobody lives there any more. Harmless when it is gone already."""
        address = await self.store.of_owner(id, owner_id, tx=tx)
        if address is None or not await self.store.delete(address, at=at, tx=tx):
            return
        tx.record(
            AddressDeleted(aggregate=id, sequence=address.version + 1, at=at, owner_id=owner_id)
        )

    def _say_saved(self, address: Address, tx: Tx) -> None:
        tx.record(
            AddressSaved(
                aggregate=address.id,
                sequence=address.version,
                at=self.clock.now(),
                owner_id=address.owner_id,
            )
        )

    async def delete(
        self, id: str, owner_id: str, expected_version: int, attempt: Attempt, *, in_use: bool
    ) -> Gone | AddressRefused:
        """Take an address out of the book. Appointments keep their own copy of it."""
        now = self.clock.now()

        async def body(tx: Tx) -> Gone | AddressRefused:
            address = await self.store.of_owner(id, owner_id, tx=tx)
            if address is None:
                return NOT_FOUND
            if in_use:
                return AddressRefused(code=AddressRefusal.IN_USE, path=("id",), current=address)
            if address.version != expected_version or not await self.store.delete(
                address, at=now, tx=tx
            ):
                return _stale(address)
            tx.record(
                AddressDeleted(
                    aggregate=id, sequence=address.version + 1, at=now, owner_id=owner_id
                )
            )
            return Gone(id=id)

        outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Repeated):
            return Gone(id=outcome.id)
        return _REUSED if isinstance(outcome, Reused) else outcome


def _draft(
    id: str, owner_id: str, asked: AddressAsked, located: Located
) -> Address | AddressRefused:
    candidate = located.candidate
    if candidate is None:
        return AddressRefused(
            code=AddressRefusal.AMBIGUOUS, path=("address", "line"), candidates=located.found
        )
    return Address(
        id=id,
        owner_id=owner_id,
        division_code=candidate.division_code,
        door=candidate.door,
        delivery_depth=asked.delivery_depth or DeliveryDepth.HOUSEHOLD,
        area_id=located.area.id if located.area else None,
    )


def _stale(current: Address) -> AddressRefused:
    return AddressRefused(
        code=AddressRefusal.STALE_VERSION, path=("expectedVersion",), current=current
    )
