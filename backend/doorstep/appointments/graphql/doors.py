"""Keeping an address book."""

from typing import Annotated

import strawberry

from doorstep.accounts.model import CUSTOMER_OR_AGENT
from doorstep.accounts.permissions import mutation
from doorstep.addresses.actions import Located
from doorstep.addresses.graphql import Address, AddressDeleted, AddressRefused
from doorstep.addresses.model import Address as StoredAddress
from doorstep.addresses.model import AddressRefusal, Candidate
from doorstep.addresses.model import AddressRefused as AddressRefusedValue
from doorstep.appointments.graphql.behalf import Named, NoConsent, behalf_of
from doorstep.appointments.graphql.inputs import (
    DeleteAddressInput,
    SaveAddressInput,
)
from doorstep.appointments.graphql.queries import (
    appointments_of,
    serviceability_shown,
)
from doorstep.appointments.graphql.results import (
    AddressSaved,
    DeleteAddressResult,
    SaveAddressResult,
)
from doorstep.kit.gql import Info, argument, parsed
from doorstep.kit.once import attempt_of


@strawberry.type
class DoorMutation:
    @mutation(
        "Put an address into the book, or change one; and be told whether we come there.",
        to=CUSTOMER_OR_AGENT,
    )
    async def save_address(
        self, info: Info, input: Annotated[SaveAddressInput, argument("The address.")]
    ) -> SaveAddressResult:
        rooms, house = appointments_of(info), info.context.house
        if input.label is not None:
            parsed(Named, label=input.label)
        asked = input.address.parsed(input.label)
        try:
            behalf = await behalf_of(info, input.on_behalf_of, dry=input.validate_only)
        except NoConsent:
            refused = AddressRefusedValue(
                code=AddressRefusal.NO_CONSENT, path=("onBehalfOf", "consentGiven")
            )
            return await _address_refused(refused, info)
        outcome = await house.addresses.save(
            behalf.customer_id,
            asked,
            attempt_of(info, input, "saveAddress", rooms.clock.now()),
            id=input.id,
            expected_version=input.expected_version,
        )
        if isinstance(outcome, AddressRefusedValue):
            return await _address_refused(outcome, info)
        found = await rooms.offers(await _located(outcome, info), None)
        return AddressSaved(
            address=await _address(outcome, info),
            serviceability=await serviceability_shown(found, info),
        )

    @mutation("Take an address out of the book.", to=CUSTOMER_OR_AGENT)
    async def delete_address(
        self, info: Info, input: Annotated[DeleteAddressInput, argument("Which one.")]
    ) -> DeleteAddressResult:
        rooms, mine = appointments_of(info), info.context.caller.id
        outcome = await info.context.house.addresses.delete(
            input.id,
            mine,
            input.expected_version,
            attempt_of(info, input, "deleteAddress", rooms.clock.now()),
            in_use=await rooms.in_use(input.id, mine),
        )
        if isinstance(outcome, AddressRefusedValue):
            return await _address_refused(outcome, info)
        return AddressDeleted(id=strawberry.ID(outcome.id))


async def _address(address: StoredAddress, info: Info) -> Address:
    house = info.context.house
    own = address.owner_id == info.context.caller.id
    areas, tree = await house.addresses.city.areas(), await house.organisation.tree()
    return Address.of(address, areas, tree, whole=own, own=own)


async def _address_refused(refused: AddressRefusedValue, info: Info) -> AddressRefused:
    house = info.context.house
    areas, tree = await house.addresses.city.areas(), await house.organisation.tree()
    return AddressRefused.of(refused, info.context.locale, areas, tree)


async def _located(address: StoredAddress, info: Info) -> Located:
    """A stored address, as serviceability wants it."""
    candidate = Candidate(division_code=address.division_code, door=address.door, confidence=1.0)
    return Located((candidate,), await info.context.house.addresses.area(address.area_id))
