"""Visits that went well, in part, or not at all."""

from dataclasses import replace
from typing import Any, Final

from doorstep.accounts.model import Role
from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import (
    AccessNotes,
    Appointment,
    DeliveryAsked,
    LineAsked,
    PickupAsked,
    RemainderAsked,
    Status,
    SubscriptionAsked,
)
from doorstep.capacity.model import SlotRef
from doorstep.catalogue.model import Channel, LineOutcome, ServiceKind
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import local_day
from doorstep.wiring import House
from tests import given
from tests.given import ADA

MIXED: Final[tuple[LineAsked, ...]] = (
    given.parcel(),
    PickupAsked(kind=ServiceKind.BULKY_PICKUP, description="校刊", quantity=40, weight_grams=5000),
    DeliveryAsked(kind=ServiceKind.PARCEL_DELIVERY, item_id="RR473124829GB"),
    SubscriptionAsked(distribution_code="1-1"),
)
KINDS: Final = frozenset(line.kind for line in MIXED)


def at(hour: int, **more: Any) -> SlotRef:
    return given.slot(hour, services=KINDS, **more)


async def visited(house: House, *outcomes: LineOutcome) -> Appointment:
    """A mixed visit of Ada's with one outcome for each of its first lines."""
    promise = await given.booked(
        house,
        slot=at(10),
        lines=MIXED[: len(outcomes)],
        access_notes=AccessNotes(gate_code="1234#", floor=5, has_lift=False),
    )
    return await came_to(house, promise, *outcomes)


async def visited_in_vain(house: House, customer_id: str) -> None:
    """A parcel of this customer's was not ready."""
    home = (await house.addresses.all_of(customer_id))[0]
    views = await house.appointments.slots(home, given.PARCEL, local_day(house.clock.now()), 7)
    request = given.request(
        replace(ADA, account_id=customer_id, address_id=home.id),
        slot=next(view.ref for view in views if not view.closed),
    )
    promise = await house.appointments.book(request, given.attempt(house))
    assert isinstance(promise, Appointment), promise
    await came_to(house, promise, LineOutcome.NOT_READY)


async def came_to(house: House, promise: Appointment, *outcomes: LineOutcome) -> Appointment:
    """How the promise stands once each of its lines came to that."""
    promise = (await house.appointments.load([promise.id]))[promise.id]
    done = [each in (LineOutcome.COLLECTED, LineOutcome.DELIVERED) for each in outcomes]
    status = Status.COMPLETED if all(done) else Status.PARTLY_COMPLETED
    lines = tuple(
        line.model_copy(update={"outcome": outcome})
        for line, outcome in zip(promise.lines, outcomes, strict=True)
    )
    after = promise.model_copy(
        update={"status": status if any(done) else Status.FAILED, "lines": lines}
    )

    async def body(tx: Tx) -> None:
        await house.appointments.save([(promise, after)], AppointmentMoved, tx=tx)

    await house.mongo.transact(body)
    return after


def remainder(visit: Appointment, slot: SlotRef, *line_ids: str) -> RemainderAsked:
    return RemainderAsked(
        appointment_id=visit.id,
        customer_id=ADA.account_id,
        booked_by=ADA.account_id,
        booked_by_role=Role.CUSTOMER,
        channel=Channel.APP,
        slot=slot,
        line_ids=line_ids or None,
    )
