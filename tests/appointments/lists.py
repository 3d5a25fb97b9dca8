"""Full windows and those who wait for them, and marks that somebody has."""

from datetime import timedelta
from typing import Any, Final

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    Appointment,
    ChangeRefused,
    ConductMark,
    Contact,
    MarkKind,
    WaitlistEntry,
    WaitlistRefused,
    WaitRequest,
    WaitState,
)
from doorstep.capacity.model import SlotRef
from doorstep.catalogue.model import Channel
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.given import ADA, EVE, Person

MS: Final = timedelta(milliseconds=1)


async def only(house: House, slot: SlotRef, places: int) -> None:
    """Make the slot that small."""
    await house.mongo["slots"].update_one({"_id": slot.key}, {"$set": {"cap.visits": places}})


async def no_more(house: House, slot: SlotRef) -> None:
    """Give the slot exactly the minutes that are taken of it."""
    kept = await house.capacity.slots.get(slot.key)
    assert kept
    cap = {"cap.visits": None, "cap.minutes": kept.booked.load.minutes}
    await house.mongo["slots"].update_one({"_id": slot.key}, {"$set": cap})


async def full(house: House, slot: SlotRef, who: Person = EVE) -> Appointment:
    """A slot whose one place is somebody's."""
    await only(house, slot, 1)
    return await given.booked(house, who, slot=slot)


def wish(who: Person = ADA, *slots: SlotRef, **changed: Any) -> WaitRequest:
    fields: dict[str, Any] = {
        "customer_id": who.account_id,
        "joined_by": who.account_id,
        "joined_by_role": Role.CUSTOMER,
        "channel": Channel.APP,
        "address_id": who.address_id,
        "slots": slots or (given.slot(),),
        "contact": Contact(name=who.name, phone=who.phone),
        "lines": (given.parcel(),),
        "access_notes": given.request(who).access_notes,
    }
    return WaitRequest(**{**fields, **changed})


async def join(
    house: House, who: Person = ADA, *slots: SlotRef, **changed: Any
) -> WaitlistEntry | WaitlistRefused:
    return await house.appointments.join(wish(who, *slots, **changed), given.attempt(house))


async def waiting(house: House, who: Person = ADA, *slots: SlotRef, **changed: Any) -> str:
    """The id of an entry that was made."""
    entry = await join(house, who, *slots, **changed)
    assert isinstance(entry, WaitlistEntry), entry
    return entry.id


async def entry_of(house: House, id: str) -> WaitlistEntry:
    entry = await house.appointments.entry(id)
    assert entry
    return entry


async def state(house: House, id: str) -> WaitState:
    return (await entry_of(house, id)).state


async def cancel(house: House, promise: Appointment, **changed: Any) -> Appointment | ChangeRefused:
    fields: dict[str, Any] = {
        "expected_version": promise.version,
        "by_role": Role.CUSTOMER,
        "reason": None,
    }
    return await house.appointments.cancel(
        promise.id, promise.customer_id, given.attempt(house), **{**fields, **changed}
    )


async def accept(house: House, who: Person, id: str, key: str | None = None) -> Any:
    return await house.appointments.accept(
        id,
        who.account_id,
        given.attempt(house, key),
        by=who.account_id,
        by_role=Role.CUSTOMER,
        channel=Channel.APP,
    )


async def book(house: House, who: Person, slot: SlotRef, **changed: Any) -> Any:
    return await house.appointments.book(
        given.request(who, slot=slot, **changed), given.attempt(house)
    )


async def states(house: House) -> dict[str, int]:
    """How many entries there are in each state."""
    counted: dict[str, int] = {}
    async for row in house.mongo["waitlist"].find({}, {"state": 1}):
        counted[row["state"]] = counted.get(row["state"], 0) + 1
    return counted


async def marked(house: House, who: Person = ADA, number: int = 1) -> str:
    """The id of a mark that somebody has."""
    now = house.clock.now()
    mark = ConductMark(
        id=f"mrk_{who.name.lower()}{number}",
        customer_id=who.account_id,
        appointment_id=f"apt_{number}",
        branch_id="org_branch",
        branch_path=given.BRANCH,
        kind=MarkKind.NO_SHOW,
        at=now,
        expires_at=now + house.appointments.conduct.mark_lasts,
    )

    async def write(tx: Tx) -> None:
        await house.appointments.marks.add(mark, tx=tx)

    await house.mongo.transact(write)
    return mark.id
