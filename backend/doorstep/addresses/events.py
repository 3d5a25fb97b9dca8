"""What happens to an address book."""

from doorstep.kit.events import Event


class AddressSaved(Event):
    owner_id: str


class AddressMoved(Event):
    """Its owner moves away from it: `to` names the other one."""

    owner_id: str
    to: str


class AddressDeleted(Event):
    owner_id: str


class BeatCorrected(Event):
    """A dispatcher said on which beat a place lies, or took that back: `sequence` its version."""

    branch_id: str
