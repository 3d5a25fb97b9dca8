"""What every verb of appointments works with."""

from dataclasses import dataclass, field

from doorstep.addresses.actions import Addresses
from doorstep.appointments.model import (
    AccessNotes,
    Appointment,
    BookingPolicy,
    BookingRequest,
    ConductPolicy,
    LineAsked,
    ReofferPolicy,
    WaitlistPolicy,
)
from doorstep.appointments.store import (
    AppointmentStore,
    MarkStore,
    PromiseStore,
    ReofferStore,
    RunStore,
    WaitlistStore,
)
from doorstep.calendar.actions import Calendar
from doorstep.capacity.actions import Capacity
from doorstep.capacity.model import SlotRef
from doorstep.catalogue.actions import Catalogue
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.clock import Clock
from doorstep.kit.mongo.hub import Hub
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.notes.actions import Notes


class NotReadableYet(RuntimeError):
    """What was promised cannot be read in this moment."""


@dataclass(frozen=True)
class Asked:
    """Which place is asked for, and what for."""

    address_id: str
    slot: SlotRef
    services: frozenset[ServiceKind]
    lines: tuple[LineAsked, ...] = ()
    access: AccessNotes = field(default_factory=AccessNotes)

    @classmethod
    def of(cls, request: BookingRequest) -> "Asked":
        return cls(
            address_id=request.address_id,
            slot=request.slot,
            services=frozenset(line.kind for line in request.lines),
            lines=request.lines,
            access=request.access_notes,
        )


@dataclass(frozen=True)
class Tools:
    """The rooms below, the store, and the clock."""

    mongo: Mongo
    store: AppointmentStore
    addresses: Addresses
    notes: Notes
    capacity: Capacity
    catalogue: Catalogue
    hub: Hub
    policy: BookingPolicy
    clock: Clock
    waitlist: WaitlistStore
    waiting: WaitlistPolicy
    marks: MarkStore
    conduct: ConductPolicy
    calendar: Calendar
    promises: PromiseStore
    reoffers: ReofferStore
    runs: RunStore
    reoffering: ReofferPolicy

    async def _of_customer(
        self, id: str, customer_id: str, *, tx: Tx | None = None
    ) -> Appointment | None:
        found = await self.store.get(id, tx=tx)
        return found if found and found.customer_id == customer_id else None

    async def _promised(self, id: str) -> Appointment:
        """The appointment that a repeat was told of: it is there, for promises are never deleted.

        Raises NotReadableYet while a new primary has not caught up: the client sends it again.
        """
        if found := await self.store.get(id):
            return found
        raise NotReadableYet(id)
