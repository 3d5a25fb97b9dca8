"""Moving house, as the outside world sees it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from doorstep.accounts.model import AGENT, CUSTOMER, CUSTOMER_OR_AGENT, Role
from doorstep.accounts.permissions import mutation, query
from doorstep.addresses.actions import Addresses
from doorstep.addresses.graphql import Address, AddressCandidate, AddressInput
from doorstep.addresses.model import Address as StoredAddress
from doorstep.addresses.model import AddressAsked
from doorstep.appointments.graphql.behalf import Behalf
from doorstep.appointments.graphql.inputs import OnBehalfOfInput
from doorstep.appointments.graphql.mutations import changing, door_out_of_reach
from doorstep.appointments.graphql.queries import addresses_shown, is_staff
from doorstep.capacity.actions import SlotView
from doorstep.capacity.graphql import Slot
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Node,
    Refused,
    argument,
    asking,
    asks_for,
    explain,
    given,
    invalid,
    public,
    shown,
)
from doorstep.kit.once import Keyed, attempt_of, said_no
from doorstep.relocation import model
from doorstep.relocation.actions import MoveAsked, Relocated, Relocation

explain(
    model.Subject,
    "What can be bound to an address.",
    {
        model.Subject.ADDRESS: "The entry in the address book.",
        model.Subject.APPOINTMENT: "A visit.",
    },
    name="MoveSubject",
)
explain(
    model.Outcome,
    "What became of one thing that was bound to the old address.",
    {
        model.Outcome.MOVED: "It has followed.",
        model.Outcome.PENDING: "It follows once a courier has agreed.",
        model.Outcome.NEEDS_CHOICE: "It can follow in another slot: choose one.",
        model.Outcome.NOT_SERVED: "We cannot do that at the new address; it stays at the old one.",
        model.Outcome.KEPT: "It stays as it is.",
        model.Outcome.REFUSED: "It could not follow.",
    },
    name="MoveOutcome",
)
explain(model.Why, "Why that became of it.", model.WHY_WORDS, name="MoveOutcomeReason")
explain(model.RelocationRefusal, "Why a move is refused.", model.RELOCATION_WORDS)

_ALTERNATIVES = frozenset({"alternatives"})


@public("One thing that was bound to the old address, and what became of it.")
class Followed:
    what: model.Subject = shown("What it is.")
    id: strawberry.ID = shown("Which.")
    outcome: model.Outcome | None = shown("What became of it; null: it is yet to follow.")
    code: model.Why | None = shown("Why.")
    message: str | None = shown("The same, fit to show.")
    alternatives: list[Slot] = shown("Slots at the new address, where one is to be chosen.")


@public("A customer moves house.")
class HouseMove(Node):
    from_: date = shown("From which day on they are at the new address.", name="from")
    old_address: Address | None = shown("From where; null once it is out of the book.")
    new_address: Address | None = shown("Where to; null if it was deleted since.")
    moved_at: datetime = shown("When they said so.")
    done: bool = shown("Whether everything has an outcome.")
    followed: list[Followed] = shown("Everything that was bound to the old address.")


@public("The move is written down, and everything has followed that could.")
class HouseMoved:
    move: HouseMove = shown("The move.")


@public("A move was refused.")
class RelocationRefused(Refused):
    code: model.RelocationRefusal = shown("Why.")
    candidates: list[AddressCandidate] = shown("What the new address may have meant.")
    current: Address | None = shown("How the old address stands.")


MoveHouseResult = Annotated[
    HouseMoved | RelocationRefused | InvalidInput,
    strawberry.union("MoveHouseResult", description="What came of moving house."),
]


@asking("Move house. Say where to with `to` or with `toAddressId`.")
class MoveHouseInput(Keyed):
    from_address_id: strawberry.ID = given("The old address.")
    expected_version: int = given("The version the old address was read at.")
    to: AddressInput | None = given("The new address as it was typed.", default=None)
    to_address_id: strawberry.ID | None = given(
        "The new address, if it is in the book already.", default=None
    )
    from_: date = given("From which day on.", name="from")
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


def _relocation(info: Info) -> Relocation:
    found: Relocation = info.context.house.relocation
    return found


def _to(input: MoveHouseInput) -> str | AddressAsked:
    if (input.to is None) is (input.to_address_id is None):
        raise invalid(
            "to", zh="请填写 to 或 toAddressId 之一。", en="Give either to or toAddressId."
        )
    return input.to.parsed(under=("to",)) if input.to else str(input.to_address_id)


@strawberry.type
class RelocationQuery:
    @query("My moves, the latest first.", to=CUSTOMER)
    async def my_moves(self, info: Info) -> list[HouseMove]:
        found = await _relocation(info).of_customer(info.context.caller.id)
        return [await move_shown(each, info) for each in found]


@strawberry.type
class RelocationMutation:
    @mutation(
        "Move house once: what is bound to the old address on the day or later follows, each with "
        "an outcome of its own.",
        to=CUSTOMER_OR_AGENT,
    )
    async def move_house(
        self, info: Info, input: Annotated[MoveHouseInput, argument("From where, to where, when.")]
    ) -> MoveHouseResult:
        rooms, to = _relocation(info), _to(input)
        attempt = attempt_of(info, input, "moveHouse", rooms.clock.now())
        behalf = await changing(info, input.on_behalf_of, dry=attempt.dry)
        if refused := await _out_of_reach(info, behalf, input.from_address_id, to):
            return await _refused(refused, info)
        asked = MoveAsked(
            customer_id=behalf.customer_id,
            from_address_id=input.from_address_id,
            to=to,
            day=input.from_,
            expected_version=input.expected_version,
            by_role=behalf.role,
        )
        outcome = await rooms.move_house(asked, attempt)
        if isinstance(outcome, model.RelocationRefused):
            return await _refused(outcome, info)
        return HouseMoved(move=await move_shown(outcome, info))


async def _out_of_reach(
    info: Info, behalf: Behalf, from_id: str, to: str | AddressAsked
) -> model.RelocationRefused | None:
    """Whether an agent would act at a door that lies in another part of the bureau."""
    if behalf.role is not Role.AGENT:
        return None
    addresses: Addresses = info.context.house.addresses
    old = await addresses.of_owner(from_id, behalf.customer_id)
    if old is None or await door_out_of_reach(info, behalf, from_id):
        return _not_found("fromAddressId")
    if isinstance(to, str):
        return _not_found("toAddressId") if await door_out_of_reach(info, behalf, to) else None
    area = (await addresses.locate(to)).area
    here = area is None or info.context.caller.may(AGENT, area.branch_path)
    return None if here else _not_found("to")


def _not_found(path: str) -> model.RelocationRefused:
    return model.RelocationRefused(code=model.RelocationRefusal.NOT_FOUND, path=(path,))


async def _refused(refused: model.RelocationRefused, info: Info) -> RelocationRefused:
    current = refused.current
    own = bool(current and current.owner_id == info.context.caller.id)
    shown = await addresses_shown([current], info, own=own) if current else []
    return RelocationRefused(
        **said_no(refused, model.RELOCATION_WORDS, info),
        candidates=[AddressCandidate.of(each) for each in refused.candidates],
        current=shown[0] if shown else None,
    )


async def move_shown(relocated: Relocated, info: Info) -> HouseMove:
    move = relocated.move
    own = move.customer_id == info.context.caller.id
    old = await info.context.house.addresses.of_owner(move.from_address_id, move.customer_id)
    return HouseMove(
        id=strawberry.ID(move.id),
        from_=move.day,
        old_address=await _address(old, info, own=own),
        new_address=await _address(relocated.to, info, own=own),
        moved_at=move.at,
        done=move.done,
        followed=[await _followed(relocated, each, info) for each in move.followed],
    )


async def _address(found: StoredAddress | None, info: Info, *, own: bool) -> Address | None:
    return (await addresses_shown([found], info, own=own))[0] if found else None


async def _followed(relocated: Relocated, one: model.Followed, info: Info) -> Followed:
    views: Sequence[SlotView] = ()
    if asks_for(info, _ALTERNATIVES):
        views = await _relocation(info).instead(relocated, one)
    return Followed(
        what=one.what,
        id=strawberry.ID(one.id),
        outcome=one.outcome,
        code=one.code,
        message=model.WHY_WORDS[one.code].spoken(info.context.locale) if one.code else None,
        alternatives=[Slot.of(view, staff=is_staff(info)) for view in views],
    )
