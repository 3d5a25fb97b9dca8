"""What happens to an address book."""

from doorstep.kit.events import Event


class AddressSaved(Event):
    owner_id: str


class AddressDeleted(Event):
    owner_id: str
