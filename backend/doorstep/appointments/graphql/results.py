"""What comes of asking: serviceability, refusals, and the results of each mutation."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from doorstep.addresses.graphql import (
    Address,
    AddressCandidate,
    AddressDeleted,
    AddressRefused,
    BeatMatch,
    ServiceArea,
)
from doorstep.addresses.model import UnservedReason
from doorstep.appointments import actions, model
from doorstep.appointments.graphql.types import Appointment
from doorstep.calendar.graphql.types import Sailing
from doorstep.capacity.graphql import HoldReleased, Slot, SlotHeld
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.gql import (
    InvalidInput,
    Refused,
    explain,
    public,
    shown,
)
from doorstep.kit.refusals import Locale
from doorstep.organisation.graphql import OrgUnit
from doorstep.organisation.model import Tree


@public("A service, and when we could come for it next.")
class ServiceOffer:
    kind: ServiceKind = shown("Which service.")
    next_slot: Slot | None = shown("The next slot that can be booked; null: none in the horizon.")


explain(
    UnservedReason,
    "Why we do not come.",
    {
        UnservedReason.OUTSIDE_ALL_AREAS: "No branch serves that place.",
        UnservedReason.AMBIGUOUS_ADDRESS: "We are not sure where that is.",
        UnservedReason.SERVICE_NOT_OFFERED_HERE: "Not this service, at this place.",
        UnservedReason.NO_SAILING: "No ferry goes there in the days to come.",
    },
)


@public("Whether we come to a door, and for what.")
class Serviceability:
    served: bool = shown("Whether we come at all.")
    standardized_address: AddressCandidate | None = shown("What we took the address for.")
    area: ServiceArea | None = shown("The area it lies in.")
    beat: BeatMatch | None = shown("The beat it is on, and by which rule.")
    services: list[ServiceOffer] = shown("What we do there.")
    reason: UnservedReason | None = shown("Why not, when not served.")
    alternatives: list[OrgUnit] = shown(
        "When not served, or not with the next boat: where to go instead, the nearest first. Of an "
        "island first what lies on it, then a place on the mainland."
    )
    next_sailing: Sailing | None = shown("Of a door on an island: the next boat that goes there.")

    @classmethod
    def of(
        cls, found: actions.Serviceability, alternatives: list[OrgUnit], tree: Tree, *, staff: bool
    ) -> Self:
        candidate, area = found.located.candidate, found.located.area
        return cls(
            served=found.served,
            standardized_address=AddressCandidate.of(candidate) if candidate else None,
            area=ServiceArea.of(area, tree) if area else None,
            beat=BeatMatch.of(found.beat) if found.beat else None,
            services=[
                ServiceOffer(
                    kind=offer.kind,
                    next_slot=Slot.of(offer.next_slot, staff=staff) if offer.next_slot else None,
                )
                for offer in found.offers
            ],
            reason=found.reason,
            alternatives=alternatives,
            next_sailing=Sailing.of(found.next_sailing) if found.next_sailing else None,
        )


@public("A booking or a hold was refused.")
class BookingRefused(Refused):
    code: model.BookingRefusal = shown("Why.")
    alternatives: list[Slot] = shown("Slots that can be booked instead.")
    cutoff_at: datetime | None = shown("Until when it could have been booked.")
    until: datetime | None = shown(
        "With TOO_MANY_NO_SHOWS and TOO_MANY_OPEN: until when. See `myConduct`, and `appealMark`."
    )

    @classmethod
    def of(cls, refused: model.BookingRefused, locale: Locale, alternatives: list[Slot]) -> Self:
        return cls(
            message=model.BOOKING_WORDS[refused.code].spoken(locale),
            path=list(refused.path) or None,
            code=refused.code,
            alternatives=alternatives,
            cutoff_at=refused.cutoff_at,
            until=refused.until,
        )


@public("A change was refused.")
class ChangeRefused(Refused):
    code: model.ChangeRefusal = shown("Why.")
    current: Appointment | None = shown("How the appointment stands.")
    alternatives: list[Slot] = shown("Slots that can be booked instead.")


@public("An address is in the book.")
class AddressSaved:
    address: Address = shown("The address.")
    serviceability: Serviceability = shown("Whether we come there, and for what.")


@public("A promise was made.")
class AppointmentBooked:
    appointment: Appointment = shown("The promise.")


@public("An appointment has another window.")
class AppointmentRescheduled:
    appointment: Appointment = shown("How it stands now.")


@public("An appointment was taken back.")
class AppointmentCancelled:
    appointment: Appointment = shown("How it stands now.")


def _union(name: str, description: str) -> Any:
    return strawberry.union(name, description=description)


BookAppointmentResult = Annotated[
    AppointmentBooked | BookingRefused | InvalidInput,
    _union("BookAppointmentResult", "What came of booking."),
]
RescheduleAppointmentResult = Annotated[
    AppointmentRescheduled | ChangeRefused | InvalidInput,
    _union("RescheduleAppointmentResult", "What came of rescheduling."),
]
CancelAppointmentResult = Annotated[
    AppointmentCancelled | ChangeRefused | InvalidInput,
    _union("CancelAppointmentResult", "What came of cancelling."),
]
HoldSlotResult = Annotated[
    SlotHeld | BookingRefused | InvalidInput,
    _union("HoldSlotResult", "What came of holding a place."),
]
ReleaseHoldResult = Annotated[
    HoldReleased | BookingRefused | InvalidInput,
    _union("ReleaseHoldResult", "What came of giving a place back."),
]
SaveAddressResult = Annotated[
    AddressSaved | AddressRefused | InvalidInput,
    _union("SaveAddressResult", "What came of saving an address."),
]
DeleteAddressResult = Annotated[
    AddressDeleted | AddressRefused | InvalidInput,
    _union("DeleteAddressResult", "What came of deleting an address."),
]
