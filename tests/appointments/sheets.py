"""Lists of visits, as a station's agent sends them."""

from collections.abc import Iterable, Sequence
from typing import Any

from doorstep.accounts.model import Role
from doorstep.appointments.actions.bulk import Outcome, Row
from doorstep.appointments.model import AccessNotes, Appointment, Contact, RowAsked, VisitAsked
from doorstep.capacity.model import SlotRef
from doorstep.catalogue.model import Channel
from doorstep.kit.windows import TimeWindow
from doorstep.wiring import House
from tests import given
from tests.given import GU, Person


def visit(who: Person, **changed: Any) -> VisitAsked:
    fields: dict[str, Any] = {
        "customer_id": who.account_id,
        "booked_by": GU.account_id,
        "booked_by_role": Role.AGENT,
        "channel": Channel.COMMUNITY_STATION,
        "address_id": who.address_id,
        "contact": Contact(name=who.name, phone=who.phone),
        "lines": (given.parcel(),),
        "access_notes": AccessNotes(),
    }
    return VisitAsked(**{**fields, **changed})


def rows_of(who: Iterable[Person], whens: Sequence[SlotRef | TimeWindow]) -> dict[int, Row]:
    """One visit for each of them, the whens in turn."""
    return {
        number: RowAsked(visit(each), whens[number % len(whens)]) for number, each in enumerate(who)
    }


def told(outcomes: dict[int, Outcome]) -> list[str]:
    """What each row came to, in order: the hour it is booked for, or the code."""
    return [
        f"{each.slot.start.hour + 8}:00" if isinstance(each, Appointment) else str(each.code)
        for each in outcomes.values()
    ]


async def promises(house: House) -> int:
    return await house.mongo["appointments"].count_documents({})
