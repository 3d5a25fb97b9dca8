"""Appointments as the outside world sees them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Self

import strawberry

from doorstep.accounts.model import Caller, Role, masked_name, masked_phone
from doorstep.addresses.actions import Addresses
from doorstep.addresses.graphql import (
    Address,
)
from doorstep.addresses.rules import AreaMap
from doorstep.appointments import model
from doorstep.appointments.actions import Appointments
from doorstep.appointments.graphql.offers import Reoffer
from doorstep.appointments.rules import Sight, Viewer, followed_by_customer, page_key, sight_of
from doorstep.capacity import model as capacity_model
from doorstep.capacity.actions import Capacity, SlotView
from doorstep.capacity.graphql import Slot
from doorstep.catalogue.model import Channel, LineOutcome, ServiceKind
from doorstep.couriers.actions import Couriers
from doorstep.couriers.graphql import CourierCard, CourierPosition
from doorstep.couriers.model import Courier, Vehicle
from doorstep.kit.gql import (
    Info,
    Node,
    PageInfo,
    TimeWindow,
    asks_for,
    computed,
    explain,
    public,
    shown,
)
from doorstep.kit.pages import Page, keyed
from doorstep.notes.actions import Notes
from doorstep.notes.graphql import DoorNote
from doorstep.notes.model import Subject
from doorstep.organisation.model import Tree

explain(
    model.Status,
    "How far an appointment has come.",
    {
        model.Status.BOOKED: "Promised; no courier has taken it yet.",
        model.Status.ASSIGNED: "A courier has it.",
        model.Status.EN_ROUTE: "The courier has set out.",
        model.Status.ARRIVED: "The courier is at the door.",
        model.Status.COMPLETED: "Every line was done.",
        model.Status.PARTLY_COMPLETED: "Some lines were done.",
        model.Status.FAILED: "No line was done.",
        model.Status.CANCELLED: "Its customer took it back.",
    },
    name="AppointmentStatus",
)
explain(
    model.EventKind,
    "What can happen to an appointment.",
    {
        model.EventKind.BOOKED: "It was promised.",
        model.EventKind.RESCHEDULED: "It moved to another window.",
        model.EventKind.CONTACT_CHANGED: "Another person is to be called.",
        model.EventKind.ADDRESS_CHANGED: "It goes to another door.",
        model.EventKind.ADDRESS_CHANGE_ASKED: "Another door was asked for; its courier is asked.",
        model.EventKind.ADDRESS_CHANGE_ENDED: "What was asked came to nothing: the door stays.",
        model.EventKind.ASSIGNED: "A dispatcher named its courier.",
        model.EventKind.UNASSIGNED: "It was taken off its courier.",
        model.EventKind.ACCEPTED: "Its courier said yes.",
        model.EventKind.DECLINED: "Its courier said no.",
        model.EventKind.TRANSFERRED: "Its courier passed it on to a colleague, who said yes.",
        model.EventKind.SET_OUT: "Its courier set out.",
        model.EventKind.ARRIVED: "Its courier is at the door.",
        model.EventKind.COMPLETED: "Every line was done.",
        model.EventKind.PARTLY_COMPLETED: "Some lines were done.",
        model.EventKind.FAILED: "No line was done.",
        model.EventKind.CANCELLED: "Its customer took it back.",
        model.EventKind.UNDONE: "Its courier took the last step back.",
        model.EventKind.NOTED: "Somebody wrote something down.",
        model.EventKind.REOFFERED: "We cannot keep it: other slots were offered. See `reoffer`.",
        model.EventKind.REOFFER_LAPSED: "Nobody answered our offer in time.",
        model.EventKind.REOFFER_WITHDRAWN: "We can keep it after all.",
    },
    name="AppointmentEventKind",
)
explain(model.BookingRefusal, "Why a booking or a hold is refused.", model.BOOKING_WORDS)
explain(model.ChangeRefusal, "Why a change is refused.", model.CHANGE_WORDS)

_REOFFER = frozenset({"reoffer"})
_LIVE_SLOT_FIELDS = frozenset({"open", "closedBecause", "places", "taken"})


@public("Whom to call.")
class Contact:
    name: str = shown("Their name, masked from who need not know it.")
    phone: str = shown("Their phone, masked from who need not know it.")
    masked: bool = shown("Whether name and phone are masked.")

    @classmethod
    def of(cls, contact: model.Contact, *, masked: bool) -> Self:
        if not masked:
            return cls(name=contact.name, phone=contact.phone, masked=False)
        return cls(name=masked_name(contact.name), phone=masked_phone(contact.phone), masked=True)


@public("How to get in, and what waits there.")
class AccessNotes:
    gate_code: str | None = shown("Opens the gate.")
    floor: int | None = shown("On which floor.")
    has_lift: bool | None = shown("Whether there is a lift.")
    dog: bool | None = shown("Whether there is a dog.")
    where_the_goods_are: str | None = shown("Where to find what is to be collected.")

    @classmethod
    def of(cls, notes: model.AccessNotes) -> Self:
        return cls(**notes.model_dump())


@public("One thing that happened to an appointment.")
class AppointmentEvent:
    sequence: int = shown("Counts what happened to this appointment, from 1.")
    kind: model.EventKind = shown("What happened.")
    at: datetime = shown("When it was done, by the clock of who did it.")
    recorded_at: datetime = shown("When we learned of it.")
    by_role: Role | None = shown("Who did it; null: the house itself.")
    note: str | None = shown("What was said about it.")

    @classmethod
    def of(cls, entry: model.HistoryEntry) -> Self:
        return cls(**entry.model_dump())


@public("One errand of a visit.", interface=True)
class AppointmentLine:
    id: strawberry.ID = shown("Names the line within its appointment.")
    kind: ServiceKind = shown("What is to be done.")
    outcome: LineOutcome | None = shown("What came of it; null until it is done.")
    rebooked_as: strawberry.ID | None = shown("The appointment in which it is tried again.")


@public("Something to collect. Sizes and weight are of one piece.")
class PickupLine(AppointmentLine):
    description: str = shown("What it is.")
    quantity: int = shown("How many pieces.")
    weight_grams: int | None = shown("Grams; after collection, as weighed at the door.")
    length_millimetres: int | None = shown("Millimetres.")
    width_millimetres: int | None = shown("Millimetres.")
    height_millimetres: int | None = shown("Millimetres.")
    item_ids: list[str] = shown("The item numbers given at the door.")


@public("Something to hand over.")
class DeliveryLine(AppointmentLine):
    item_id: str = shown("The item's number: UPU S10, or the bureau's own pattern.")
    attempt_no: int = shown("Which attempt this is, from 1.")


@public("A newspaper to subscribe to at the door.")
class SubscriptionLine(AppointmentLine):
    distribution_code: str = shown("邮发代号: the publication's postal distribution code.")
    copies: int = shown("How many copies.")


def line_of(line: model.Line) -> AppointmentLine:
    """A line as its own kind of line."""
    common: dict[str, Any] = {
        "id": strawberry.ID(line.id),
        "kind": line.kind,
        "outcome": line.outcome,
        "rebooked_as": line.rebooked_as,
    }
    match line:
        case model.PickupLine():
            return PickupLine(
                **common,
                description=line.description,
                quantity=line.quantity,
                weight_grams=line.weight_grams,
                length_millimetres=line.length_millimetres,
                width_millimetres=line.width_millimetres,
                height_millimetres=line.height_millimetres,
                item_ids=list(line.item_ids),
            )
        case model.DeliveryLine():
            return DeliveryLine(**common, item_id=line.item_id, attempt_no=line.attempt_no)
        case model.SubscriptionLine():
            return SubscriptionLine(
                **common, distribution_code=line.distribution_code, copies=line.copies
            )


@public(
    "Another door that was asked for, until the courier who has the visit agrees. The visit goes "
    "to the old one until then; both places are kept."
)
class PendingAddressChange:
    sequence: int = shown("What a courier agrees to with `acknowledgeChange`.")
    address: Address = shown("Where to instead.")
    window: TimeWindow = shown("Between when and when we would come there.")
    asked_at: datetime = shown("When it was asked for.")
    answer_by: datetime = shown("Until when the courier is asked; then another one is.")

    @classmethod
    def of(
        cls, appointment: model.Appointment, sight: Sight, areas: AreaMap, tree: Tree
    ) -> Self | None:
        pending, going_to = appointment.pending_change, appointment.private.going_to
        if pending is None or going_to is None:
            return None
        return cls(
            sequence=pending.sequence,
            address=Address.of(
                going_to.address, areas, tree, whole=sight.whole_address, own=sight.own
            ),
            window=TimeWindow.of(pending.window),
            asked_at=pending.asked_at,
            answer_by=pending.answer_by,
        )


@public("A promise to be at a door.")
class Appointment(Node):
    reference: str = shown("What people read out on the phone.")
    status: model.Status = shown("How far it has come.")
    version: int = shown(
        "Counts changes of status, slot, lines, address, contact, access notes or courier, and of "
        "what is asked of its address."
    )
    slot: Slot = shown("The slot it took its place in.")
    window: TimeWindow = shown("Between when and when we come.")
    address: Address = shown("Where to, as it was when it was booked or last changed.")
    pending_change: PendingAddressChange | None = shown(
        "Another door that was asked for and not agreed to yet."
    )
    contact: Contact = shown("Whom to call.")
    lines: list[AppointmentLine] = shown("The errands of this visit.")
    channel: Channel = shown("How it reached us.")
    cancellable_until: datetime = shown("Until when it can be rescheduled or cancelled.")
    booked_at: datetime = shown("When it was promised.")
    courier: CourierCard | None = shown("Who comes; null until assigned, and once it is over.")
    eta: datetime | None = shown("When the courier should be there.")
    history: list[AppointmentEvent] = shown("Everything that happened to it, in order.")
    access_notes: AccessNotes | None = shown(
        "Null unless it is yours to see: the customer's, or the assigned courier's on the day."
    )
    pickup_code: str | None = shown(
        "The customer alone sees it, and tells it where the proof policy asks for it."
    )
    booked_by_role: Role = shown("Who booked it.")
    reoffer: Reoffer | None = shown(
        "What was offered last because this could not be kept as it was; the customer and staff "
        "see it."
    )
    cancel_reason: str | None = shown("Why it was cancelled, if it was.")
    watched: strawberry.Private[Subject | None]
    """What there may be notes on, for those who may read them."""

    @computed("What to beware of there: for staff, and for the assigned courier on the day.")
    async def hazards(self, info: Info) -> list[DoorNote]:
        if self.watched is None:
            return []
        notes: Notes = info.context.house.notes
        found = await notes.concerning(
            self.watched.owner_id, self.watched.door, at=notes.clock.now()
        )
        return [DoorNote.of(note) for note in found]

    followed: strawberry.Private[str | None] = None
    """The courier whose position may be seen."""

    @computed(
        "Where the courier is: for the customer, from an hour before the window until the work is "
        "done, if the courier lets it be known."
    )
    async def courier_position(self, info: Info) -> CourierPosition | None:
        if self.followed is None:
            return None
        couriers: Couriers = info.context.house.couriers
        found = await couriers.position_of(self.followed)
        return CourierPosition.of(found) if found else None

    linked_ids: strawberry.Private[tuple[str | None, tuple[str, ...]]] = (None, ())

    @computed("The appointment that left these lines undone, if it is yours to see.")
    async def remainder_of(self, info: Info) -> "Appointment | None":
        before, _ = self.linked_ids
        return next(iter(await _linked([before] if before else [], info)), None)

    @computed("The appointments in which lines of this one are tried again.")
    async def rebooked_as(self, info: Info) -> "list[Appointment]":
        _, after = self.linked_ids
        return await _linked(after, info)

    @classmethod
    def of(
        cls,
        appointment: model.Appointment,
        sight: Sight,
        slot: Slot,
        courier: CourierCard | None,
        areas: AreaMap,
        tree: Tree,
        reoffer: Reoffer | None = None,
        followed: str | None = None,
    ) -> Self:
        private = appointment.private
        return cls(
            id=strawberry.ID(appointment.id),
            reference=appointment.reference,
            status=appointment.status,
            version=appointment.version,
            slot=slot,
            window=TimeWindow.of(appointment.window),
            address=Address.of(
                private.address, areas, tree, whole=sight.whole_address, own=sight.own
            ),
            pending_change=PendingAddressChange.of(appointment, sight, areas, tree),
            contact=Contact.of(private.contact, masked=not sight.contact),
            lines=[line_of(line) for line in appointment.lines],
            channel=appointment.channel,
            cancellable_until=appointment.cancellable_until,
            booked_at=appointment.booked_at,
            courier=courier if sight.courier else None,
            eta=appointment.eta if sight.courier else None,
            history=[AppointmentEvent.of(entry) for entry in appointment.history],
            access_notes=AccessNotes.of(private.access_notes) if sight.access_notes else None,
            pickup_code=private.pickup_code if sight.pickup_code else None,
            booked_by_role=appointment.booked_by_role,
            cancel_reason=appointment.cancel_reason,
            watched=appointment.subject if sight.warned else None,
            linked_ids=(appointment.remainder_of, appointment.rebooked_as),
            reoffer=reoffer,
            followed=followed,
        )


Seen = tuple[model.Appointment, Sight]


async def presented(seen: Sequence[Seen], info: Info) -> list[Appointment]:
    """Appointments with what hangs on them, in a few questions however many they are."""
    house = info.context.house
    rooms: Appointments = house.appointments
    addresses: Addresses = house.addresses
    areas = await addresses.city.areas()
    tree: Tree = await house.organisation.tree()
    cards = await _cards(seen, house.couriers)
    slots = await _slots(seen, info)
    reoffers = await _reoffers(seen, info)
    return [
        Appointment.of(
            appointment,
            sight,
            slots[appointment.slot.text],
            cards.get(appointment.courier_id or ""),
            areas,
            tree,
            reoffers.get(appointment.id),
            followed_by_customer(appointment, sight, rooms.policy, at=rooms.clock.now()),
        )
        for appointment, sight in seen
    ]


async def viewer_of(info: Info) -> Viewer:
    """Who is asking, with the courier they are, if they are one."""
    caller: Caller = info.context.caller
    courier = None
    if Role.COURIER in caller.roles:
        courier = await info.context.house.couriers.of_account(caller.id)
    return Viewer(caller, courier.id if courier else None)


async def shown_to(viewer: Viewer, found: list[model.Appointment], info: Info) -> list[Appointment]:
    """The appointments, as far as `viewer` may see them."""
    now = info.context.house.appointments.clock.now()
    seen = [(a, sight) for a in found if (sight := sight_of(a, viewer, at=now))]
    return await presented(seen, info)


async def shown_by_id(
    viewer: Viewer, found: Mapping[str, model.Appointment], info: Info
) -> dict[str, Appointment]:
    """The same, by id; those that they may not see are missing."""
    return {str(each.id): each for each in await shown_to(viewer, list(found.values()), info)}


async def _linked(ids: Sequence[str], info: Info) -> list[Appointment]:
    """Those of the appointments that whoever asks may see; seldom one has any."""
    if not ids:
        return []
    found: dict[str, model.Appointment] = await info.context.house.appointments.load(ids)
    there = [found[id] for id in ids if id in found]
    return await shown_to(await viewer_of(info), there, info)


async def _reoffers(seen: Sequence[Seen], info: Info) -> dict[str, Reoffer]:
    """What each was offered last; looked up only if somebody asks."""
    if not asks_for(info, _REOFFER):
        return {}
    rooms, at = info.context.house.appointments, info.context.house.appointments.clock.now()
    theirs = {appointment.id for appointment, sight in seen if sight.own or sight.staff}
    found = await rooms.reoffers_of(sorted(theirs))
    return {id: Reoffer.of(reoffer, at=at) for id, reoffer in found.items()}


async def _cards(seen: Sequence[Seen], couriers: Couriers) -> dict[str, CourierCard]:
    ids = {a.courier_id for a, sight in seen if a.courier_id and sight.courier}
    found: dict[str, Courier] = await couriers.get_many(ids)
    vehicles: dict[str, Vehicle] = await couriers.vehicles_of(found.values())
    return {
        id: CourierCard.of(courier, vehicles.get(courier.vehicle_id or ""))
        for id, courier in found.items()
    }


async def _slots(seen: Sequence[Seen], info: Info) -> dict[str, Slot]:
    """The slots; whether they are open still is looked up only if somebody asks."""
    capacity: Capacity = info.context.house.capacity
    views: dict[str, SlotView] = {}
    if asks_for(info, _LIVE_SLOT_FIELDS):
        refs = [appointment.slot for appointment, _ in seen]
        views = await capacity.presented(refs, at=capacity.clock.now())
    return {
        appointment.slot.text: Slot.of(
            views.get(appointment.slot.text) or await _past_slot(appointment, capacity),
            staff=sight.staff,
        )
        for appointment, sight in seen
    }


async def _past_slot(appointment: model.Appointment, capacity: Capacity) -> SlotView:
    """The slot as the appointment remembers it."""
    ref = appointment.slot
    slot = capacity_model.Slot(
        id=ref.key,
        area_id=ref.area_id,
        branch_id=appointment.branch_id,
        branch_path=appointment.branch_path,
        day=appointment.day,
        window=appointment.window,
    )
    bounds = await capacity.bounds(ref.services, ref.area_id, appointment.day)
    return SlotView(
        slot=slot,
        ref=ref,
        closed=capacity_model.SlotClosedReason.CUTOFF_PASSED,
        cutoff_at=bounds.cutoff_of(slot),
        cancellable_until=appointment.cancellable_until,
        demand=appointment.takes,
        too_far=False,
        at=capacity.clock.now(),
    )


@public("One appointment of a page.")
class AppointmentEdge:
    node: Appointment = shown("The appointment.")
    cursor: str = shown("Where it stands in the list.")


@public("A page of appointments.")
class AppointmentConnection:
    edges: list[AppointmentEdge] = shown("The appointments, in order.")
    page_info: PageInfo = shown("Where the page begins and ends.")
    total_count: int | None = shown("How many there are in all; counted only when asked for.")

    @classmethod
    def of(
        cls,
        page: Page[model.Appointment],
        nodes: list[Appointment],
        cursors: list[str],
        total: int | None,
    ) -> Self:
        return cls(
            edges=[
                AppointmentEdge(node=node, cursor=cursor)
                for node, cursor in zip(nodes, cursors, strict=True)
            ],
            page_info=PageInfo.of(cursors, more=page.more, after=page.after),
            total_count=total,
        )


def cursors_of(page: Page[model.Appointment], *, by_window: bool) -> list[str]:
    return [cursor for cursor, _ in keyed(page, page_key if by_window else attrgetter("id"))]


@public("One thing that happened to an appointment, and how it stands now.")
class AppointmentChange:
    sequence: int = shown("The event's; ask again `after` the last one you had.")
    event: AppointmentEvent | None = shown(
        "What happened; null with `resync`, and when nothing did but that the `eta` is another."
    )
    appointment: Appointment = shown("How the appointment stands now.")
    resync: bool = shown("Start over: read the appointment afresh.")
