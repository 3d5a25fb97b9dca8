"""What is shown and asked of those who wait for a place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from doorstep.addresses.graphql import Address
from doorstep.appointments import model, rules
from doorstep.appointments.graphql.inputs import (
    AccessNotesInput,
    AppointmentLineInput,
    ContactInput,
    OnBehalfOfInput,
)
from doorstep.appointments.graphql.queries import is_staff
from doorstep.appointments.graphql.types import AppointmentLine, Contact, line_of
from doorstep.capacity.graphql import Slot
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Node,
    PageInfo,
    Refused,
    asking,
    explain,
    given,
    public,
    shown,
)
from doorstep.kit.once import Keyed, said_no

explain(
    model.WaitState,
    "How far somebody who waits has come.",
    {
        model.WaitState.WAITING: "Nothing is free yet.",
        model.WaitState.OFFERED: "A place is kept for them: see `offer`.",
        model.WaitState.TAKEN: "They have an appointment.",
        model.WaitState.LAPSED: "A place was offered and not taken in time.",
        model.WaitState.LEFT: "They wait no longer.",
        model.WaitState.PASSED: "It is too late for every window they waited for.",
    },
    name="WaitlistState",
)
explain(model.WaitlistRefusal, "Why waiting is refused.", model.WAITLIST_WORDS)


@public("A place that is kept for somebody whose turn it is.")
class WaitlistOffer:
    slot: Slot = shown("In which window.")
    hold_id: strawberry.ID = shown(
        "What keeps it: `bookAppointment` takes it, as `acceptWaitlistOffer` does."
    )
    offered_at: datetime = shown("When it was offered.")
    until: datetime = shown("Until when it is kept; from then on it is the next one's.")


@public("Somebody who waits for a place in a window that is full.")
class WaitlistEntry(Node):
    state: model.WaitState = shown("How far they have come.")
    version: int = shown("Counts what happened to the entry, from 1.")
    joined_at: datetime = shown("When they began to wait: it is by this that turns are taken.")
    ended_at: datetime | None = shown("When they no longer waited.")
    slots: list[Slot] = shown("The windows that would do, of those that are not over.")
    offer: WaitlistOffer | None = shown("What was offered last.")
    address: Address | None = shown("Where to; null once it was deleted.")
    contact: Contact | None = shown("Whom to call, masked from who need not know it.")
    lines: list[AppointmentLine] = shown("The errands of the visit.")
    appointment_id: strawberry.ID | None = shown("What came of it.")


@public("One thing that happened to an entry, and how it stands now.")
class WaitlistChange:
    sequence: int = shown("Ask again `after` the last one you had.")
    state: model.WaitState | None = shown("What it became then; null with `resync`.")
    at: datetime | None = shown("When; null with `resync`.")
    entry: WaitlistEntry = shown("How it stands now.")
    resync: bool = shown("Start over: read the entry afresh.")


@public("One entry of a page.")
class WaitlistEdge:
    node: WaitlistEntry = shown("The entry.")
    cursor: str = shown("Where it stands in the list.")


@public("A page of a wait-list.")
class WaitlistConnection:
    edges: list[WaitlistEdge] = shown("The entries, in their turn.")
    page_info: PageInfo = shown("Where the page begins and ends.")
    total_count: int | None = shown("How many there are in all; counted only when asked for.")


@public("Waiting was refused.")
class WaitlistRefused(Refused):
    code: model.WaitlistRefusal = shown("Why.")
    current: WaitlistEntry | None = shown("The entry that stands in the way, or as it is now.")
    until: datetime | None = shown(
        "With TOO_MANY_NO_SHOWS and TOO_MANY_OPEN: until when. See `myConduct`, and `appealMark`."
    )


@public("Somebody waits.")
class WaitlistJoined:
    entry: WaitlistEntry = shown("The entry.")


@public("Somebody waits no longer.")
class WaitlistLeft:
    entry: WaitlistEntry = shown("The entry as it ended.")


JoinWaitlistResult = Annotated[
    WaitlistJoined | WaitlistRefused | InvalidInput,
    strawberry.union("JoinWaitlistResult", description="What came of joining a wait-list."),
]
LeaveWaitlistResult = Annotated[
    WaitlistLeft | WaitlistRefused | InvalidInput,
    strawberry.union("LeaveWaitlistResult", description="What came of leaving a wait-list."),
]


@asking("Wait for a place in a window that is full.")
class JoinWaitlistInput(Keyed):
    address_id: strawberry.ID = given("Where to.")
    slot_ids: list[strawberry.ID] = given("When: any of these would do, and each is full.")
    contact: ContactInput | None = given("Whom to call; null: the customer.", default=None)
    lines: list[AppointmentLineInput] = given("The errands.")
    access_notes: AccessNotesInput | None = given("How to get in.", default=None)
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Wait no longer, or decline what was offered.")
class LeaveWaitlistInput(Keyed):
    id: strawberry.ID = given("Which entry.")
    expected_version: int = given("The version it was read at.")
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Book what was offered.")
class AcceptWaitlistOfferInput(Keyed):
    id: strawberry.ID = given("Which entry.")
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


async def refused_shown(refused: model.WaitlistRefused, info: Info) -> WaitlistRefused:
    current = refused.current
    shown = await entries_shown([current], info) if current else []
    return WaitlistRefused(
        **said_no(refused, model.WAITLIST_WORDS, info),
        current=shown[0] if shown else None,
        until=refused.until,
    )


async def entries_shown(entries: Sequence[model.WaitlistEntry], info: Info) -> list[WaitlistEntry]:
    """Entries with what hangs on them, masked from who is not their customer."""
    house, caller = info.context.house, info.context.caller
    capacity, staff = house.capacity, is_staff(info)
    refs = [slot.ref for entry in entries for slot in entry.slots]
    views = await capacity.presented(refs, at=capacity.clock.now())
    slots = {text: Slot.of(view, staff=staff) for text, view in views.items()}
    areas, tree = await house.addresses.city.areas(), await house.organisation.tree()
    addresses = await house.addresses.get_many({entry.address_id for entry in entries})
    shown = []
    for entry in entries:
        own, private, offer = entry.customer_id == caller.id, entry.private, entry.offer
        address = addresses.get(entry.address_id)
        kept = slots.get(offer.slot.text) if offer else None
        shown.append(
            WaitlistEntry(
                id=strawberry.ID(entry.id),
                state=entry.state,
                version=entry.version,
                joined_at=entry.joined_at,
                ended_at=entry.ended_at,
                slots=[slots[s.ref.text] for s in entry.slots if s.ref.text in slots],
                offer=WaitlistOffer(
                    slot=kept,
                    hold_id=strawberry.ID(offer.hold_id),
                    offered_at=offer.at,
                    until=offer.until,
                )
                if offer and kept
                else None,
                address=Address.of(address, areas, tree, whole=own, own=own) if address else None,
                contact=Contact.of(private.contact, masked=not own) if private else None,
                lines=[line_of(line) for line in rules.lines_of(entry.lines)],
                appointment_id=strawberry.ID(entry.appointment_id)
                if entry.appointment_id
                else None,
            )
        )
    return shown
