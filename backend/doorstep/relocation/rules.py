"""What a refused or granted change of address means to somebody who moves house. Pure."""

from datetime import date
from typing import Final

from doorstep.addresses.model import Address, AddressRefusal, AddressRefused
from doorstep.appointments.model import OPEN, Appointment, ChangeRefusal, ChangeRefused
from doorstep.relocation.model import (
    Followed,
    HouseMove,
    Outcome,
    RelocationRefusal,
    RelocationRefused,
    Subject,
    Why,
)


def judge_move(
    from_address_id: str, to: Address | None, day: date, *, today: date
) -> RelocationRefused | None:
    """What can be said before the old address is looked at."""
    if day < today:
        return RelocationRefused(code=RelocationRefusal.DAY_PASSED, path=("from",))
    if to is None:
        return RelocationRefused(code=RelocationRefusal.NOT_FOUND, path=("toAddressId",))
    if to.id == from_address_id:
        return RelocationRefused(code=RelocationRefusal.SAME_ADDRESS, path=("toAddressId",))
    return None


_OF_BOOK: Final = {
    AddressRefusal.AMBIGUOUS: (RelocationRefusal.AMBIGUOUS, ("to", "line")),
    AddressRefusal.TOO_MANY_ADDRESSES: (RelocationRefusal.TOO_MANY_ADDRESSES, ("to",)),
    AddressRefusal.NOT_FOUND: (RelocationRefusal.NOT_FOUND, ("fromAddressId",)),
    AddressRefusal.STALE_VERSION: (RelocationRefusal.STALE_VERSION, ("expectedVersion",)),
}


def refused_by_book(refused: AddressRefused) -> RelocationRefused:
    """What the address book said no to."""
    code, path = _OF_BOOK[refused.code]
    return RelocationRefused(
        code=code, path=path, candidates=refused.candidates, current=refused.current
    )


def points_on(move: HouseMove) -> Followed:
    """What became of the old entry in the book."""
    return Followed(
        what=Subject.ADDRESS,
        id=move.from_address_id,
        outcome=Outcome.MOVED,
        code=Why.POINTS_ON,
    )


# ------------------------------------------------------------------ appointments


def _said(id: str, outcome: Outcome, code: Why) -> Followed:
    return Followed(what=Subject.APPOINTMENT, id=id, outcome=outcome, code=code)


def settled(id: str, visit: Appointment | None, move: HouseMove) -> Followed | None:
    """What a visit has come to without our doing. None: it is bound to the old address still."""
    if visit is None or visit.status not in OPEN:
        return _said(id, Outcome.KEPT, Why.NOT_BOUND)
    pending = visit.pending_change
    if pending and pending.address_id == move.to_address_id:
        return _said(id, Outcome.PENDING, Why.COURIER_IS_ASKED)
    if visit.address_id == move.to_address_id:
        return _said(id, Outcome.MOVED, Why.GOES_THERE)
    if visit.address_id != move.from_address_id:
        return _said(id, Outcome.KEPT, Why.NOT_BOUND)
    return None


_REFUSED: Final = {
    ChangeRefusal.ADDRESS_NOT_SERVED: (Outcome.NOT_SERVED, Why.OUT_OF_AREA),
    ChangeRefusal.SERVICE_NOT_OFFERED: (Outcome.NOT_SERVED, Why.NOT_OFFERED_THERE),
    ChangeRefusal.NOT_ALLOWED_NOW: (Outcome.KEPT, Why.UNDER_WAY),
    ChangeRefusal.CUTOFF_PASSED: (Outcome.KEPT, Why.TOO_LATE),
    ChangeRefusal.CHANGE_PENDING: (Outcome.REFUSED, Why.OTHER_CHANGE_PENDING),
    ChangeRefusal.NOT_FOUND: (Outcome.KEPT, Why.NOT_BOUND),
}


def followed(id: str, outcome: Appointment | ChangeRefused) -> Followed:
    """What came of sending the visit to the new door."""
    if isinstance(outcome, Appointment):
        if outcome.pending_change:
            return _said(id, Outcome.PENDING, Why.COURIER_IS_ASKED)
        return _said(id, Outcome.MOVED, Why.GOES_THERE)
    if outcome.path == ("slotId",):
        return _said(id, Outcome.NEEDS_CHOICE, Why.NO_PLACE)
    return _said(id, *_REFUSED.get(outcome.code, (Outcome.REFUSED, Why.KEEPS_CHANGING)))
