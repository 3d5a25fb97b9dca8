"""Moving house once: everything that is bound to the old address follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from doorstep.accounts.model import Role
from doorstep.addresses.actions import Addresses
from doorstep.addresses.model import Address, AddressAsked, AddressRefused
from doorstep.appointments.actions import Appointments, DoorAsked
from doorstep.appointments.model import AccessNotes, ChangeRefusal, ChangeRefused
from doorstep.capacity.actions import SlotView
from doorstep.kit.clock import Clock
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Mongo, Repeated, Reused, Tx
from doorstep.kit.pii import Vault
from doorstep.kit.windows import local_day
from doorstep.relocation import rules
from doorstep.relocation.model import (
    Followed,
    HouseMove,
    Outcome,
    RelocationPolicy,
    RelocationRefusal,
    RelocationRefused,
    Subject,
    Why,
)
from doorstep.relocation.outside import Follows
from doorstep.relocation.store import MoveStore

_REUSED: Final = RelocationRefused(
    code=RelocationRefusal.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",)
)
_SWEPT_AT_ONCE: Final = 200


@dataclass(frozen=True)
class MoveAsked:
    """Who moves from where to where, and on which day. `to` names an address, or is a new one."""

    customer_id: str
    from_address_id: str
    to: str | AddressAsked
    day: date
    expected_version: int
    by_role: Role


@dataclass(frozen=True)
class Relocated:
    """A move, with the new address. None: it has been deleted since."""

    move: HouseMove
    to: Address | None


@dataclass(frozen=True)
class AppointmentsFollow:
    """Visits go to the new door as any change of address does: judged again, each by itself."""

    appointments: Appointments
    most_tries: int
    what: Subject = Subject.APPOINTMENT

    async def bound(self, move: HouseMove) -> list[str]:
        return await self.appointments.bound_for(move.from_address_id, move.customer_id, move.day)

    async def follow_move(
        self, move: HouseMove, to: Address, id: str, attempt: Attempt
    ) -> Followed:
        asked = DoorAsked(address=to, by_role=move.by_role, access=AccessNotes())
        said = Followed(what=self.what, id=id, outcome=Outcome.REFUSED, code=Why.KEEPS_CHANGING)
        for _ in range(self.most_tries):
            visit = (await self.appointments.load([id])).get(id)
            if settled := rules.settled(id, visit, move):
                return settled
            assert visit is not None
            outcome = await self.appointments.redirect(
                id, move.customer_id, asked, attempt, expected_version=visit.version
            )
            said = rules.followed(id, outcome)
            stale = ChangeRefusal.STALE_VERSION
            if not (isinstance(outcome, ChangeRefused) and outcome.code is stale):
                break
        return said

    async def instead(self, to: Address, id: str) -> Sequence[SlotView]:
        visit = (await self.appointments.load([id])).get(id)
        if visit is None:
            return []
        asked = DoorAsked(address=to, by_role=visit.booked_by_role, access=AccessNotes())
        return await self.appointments.places_at(visit, asked)


@dataclass(frozen=True)
class Relocation:
    mongo: Mongo
    store: MoveStore
    addresses: Addresses
    appointments: Appointments
    vault: Vault
    follows: tuple[Follows, ...]
    policy: RelocationPolicy
    clock: Clock

    async def move_house(self, asked: MoveAsked, attempt: Attempt) -> Relocated | RelocationRefused:
        """Write the move down, and let everything follow that can."""
        outcome = await self._moved_before(attempt) or await self._move(asked, attempt)
        if isinstance(outcome, RelocationRefused):
            # What stands in the way may be what this very request did when it was sent before.
            return await self._moved_before(attempt) or outcome
        return outcome

    async def _moved_before(self, attempt: Attempt) -> Relocated | RelocationRefused | None:
        told = await self.mongo.answered(attempt)
        if isinstance(told, Repeated):
            return await self.finish(told.id)
        return _REUSED if told else None

    async def _move(self, asked: MoveAsked, attempt: Attempt) -> Relocated | RelocationRefused:
        to = await self._new_door(asked)
        if isinstance(to, AddressRefused):
            return rules.refused_by_book(to)
        refused = rules.judge_move(
            asked.from_address_id, to, asked.day, today=local_day(attempt.at)
        )
        if refused:
            return refused
        assert to is not None
        if not attempt.dry:
            await self.vault.key(asked.customer_id)
        move = _written(asked, to, attempt)

        async def body(tx: Tx) -> HouseMove | RelocationRefused:
            refused = await self._enter(asked, to, attempt, tx)
            if refused is None:
                self.store.add(move, tx=tx)
            return refused or move

        outcome = await self.mongo.once(attempt, body)
        match outcome:
            case RelocationRefused():
                return outcome
            case Reused():
                return _REUSED
            case Repeated(id):
                return await self.finish(id)
        if attempt.dry:
            return await self._judged(move, to, attempt)
        return await self.finish(move.id)

    async def _new_door(self, asked: MoveAsked) -> Address | AddressRefused | None:
        if isinstance(asked.to, str):
            return await self.addresses.of_owner(asked.to, asked.customer_id)
        return await self.addresses.drafted(asked.customer_id, asked.to)

    async def _enter(
        self, asked: MoveAsked, to: Address, attempt: Attempt, tx: Tx
    ) -> RelocationRefused | None:
        """The new address into the book, if it is new, and the old one pointing to it."""
        old = await self.addresses.of_owner(asked.from_address_id, asked.customer_id, tx=tx)
        if old and old.moved_to:
            return RelocationRefused(
                code=RelocationRefusal.ALREADY_MOVED, path=("fromAddressId",), current=old
            )
        after = await self.addresses.point_on(
            asked.from_address_id,
            asked.customer_id,
            to.id,
            asked.day,
            expected_version=asked.expected_version,
            at=attempt.at,
            tx=tx,
        )
        if isinstance(after, Address) and not isinstance(asked.to, str):
            after = await self.addresses.enter(to, dry=attempt.dry, tx=tx)
        return rules.refused_by_book(after) if isinstance(after, AddressRefused) else None

    async def _judged(self, move: HouseMove, to: Address, attempt: Attempt) -> Relocated:
        """What would become of everything, without anything becoming of it."""
        followed = [
            await each.follow_move(move, to, id, attempt)
            for each in self.follows
            for id in await each.bound(move)
        ]
        after = move.model_copy(update={"followed": (*move.followed, *followed), "done": True})
        return Relocated(after, to)

    # ------------------------------------------------------------ following

    async def finish(self, id: str) -> Relocated:
        """Let follow what has not yet. Harmless when repeated, also by several at once."""
        move = await self._listed(await self._move_of(id))
        to = await self.addresses.of_owner(move.to_address_id, move.customer_id)
        if move.done:
            return Relocated(move, to)
        rooms = {each.what: each for each in self.follows}
        for one in move.followed:
            if one.outcome is None and one.what in rooms:
                said = await self._follow(rooms[one.what], move, to, one)
                await self.mongo.transact(lambda tx, s=said: self.store.settle(id, s, tx=tx))  # type: ignore[misc]
        await self.mongo.transact(lambda tx: self.store.finish(id, tx=tx))
        return Relocated(await self._move_of(id), to)

    async def _listed(self, move: HouseMove) -> HouseMove:
        if move.listed:
            return move
        found = [
            Followed(what=each.what, id=id)
            for each in self.follows
            for id in await each.bound(move)
        ]
        await self.mongo.transact(lambda tx: self.store.note(move.id, found, tx=tx))
        return await self._move_of(move.id)

    async def _follow(
        self, room: Follows, move: HouseMove, to: Address | None, one: Followed
    ) -> Followed:
        if to is None:
            gone = {"outcome": Outcome.REFUSED, "code": Why.NO_ADDRESS}
            return one.model_copy(update=gone)
        return await room.follow_move(move, to, one.id, Attempt(at=self.clock.now()))

    async def _move_of(self, id: str) -> HouseMove:
        found = await self.store.get(id)
        assert found, "a move is never deleted"
        return found

    async def finish_left(self) -> int:
        """Moves that whoever began them left half done. How many there were."""
        ids = await self.store.left(self.clock.now() - self.policy.resume_after, _SWEPT_AT_ONCE)
        for id in ids:
            await self.finish(id)
        return len(ids)

    async def retire_old_addresses(self) -> int:
        """From the day on, an old address goes out of the book once no visit goes there any more.
        How many did.
        """
        now = self.clock.now()
        moves = await self.store.to_retire(local_day(now), _SWEPT_AT_ONCE)
        empty = [
            move
            for move in moves
            if not await self.appointments.in_use(move.from_address_id, move.customer_id)
        ]
        for move in empty:

            async def body(tx: Tx, move: HouseMove = move) -> None:
                await self.addresses.retire(move.from_address_id, move.customer_id, at=now, tx=tx)
                await self.store.retire(move.id, tx=tx)

            await self.mongo.transact(body)
        return len(empty)

    # ------------------------------------------------------------ reading

    async def of_customer(self, customer_id: str) -> list[Relocated]:
        moves = await self.store.of_customer(customer_id, self.policy.most_shown)
        return [await self._with_door(move) for move in moves]

    async def get(self, id: str, customer_id: str) -> Relocated | None:
        """The move, if it is theirs. Someone else's looks exactly like none."""
        move = await self.store.get(id)
        return await self._with_door(move) if move and move.customer_id == customer_id else None

    async def _with_door(self, move: HouseMove) -> Relocated:
        to = await self.addresses.of_owner(move.to_address_id, move.customer_id)
        return Relocated(move, to)

    async def instead(self, relocated: Relocated, one: Followed) -> Sequence[SlotView]:
        """What can be chosen for something that needs a choice."""
        room = next((each for each in self.follows if each.what is one.what), None)
        if one.outcome is not Outcome.NEEDS_CHOICE or room is None or relocated.to is None:
            return []
        return await room.instead(relocated.to, one.id)


def _written(asked: MoveAsked, to: Address, attempt: Attempt) -> HouseMove:
    move = HouseMove(
        id=new_id("mov"),
        customer_id=asked.customer_id,
        from_address_id=asked.from_address_id,
        to_address_id=to.id,
        day=asked.day,
        at=attempt.at,
        by_role=asked.by_role,
    )
    return move.model_copy(update={"followed": (rules.points_on(move),)})
