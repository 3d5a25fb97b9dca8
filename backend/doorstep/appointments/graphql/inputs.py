"""What is asked of appointments. Shape only: rules are the model's and the rooms'."""

from enum import StrEnum

import strawberry

from doorstep.accounts.graphql import phone_in
from doorstep.addresses.graphql import AddressInput
from doorstep.appointments import model
from doorstep.capacity.model import SlotRef
from doorstep.catalogue.model import Channel, ServiceKind
from doorstep.items.rules import normal
from doorstep.kit.gql import asking, at_most, explain, given, invalid, parsed
from doorstep.kit.once import Keyed


class PickupKind(StrEnum):
    PARCEL_PICKUP = "PARCEL_PICKUP"
    BULKY_PICKUP = "BULKY_PICKUP"


class DeliveryKind(StrEnum):
    PARCEL_DELIVERY = "PARCEL_DELIVERY"
    BULKY_DELIVERY = "BULKY_DELIVERY"
    ID_CARD_DELIVERY = "ID_CARD_DELIVERY"
    LEGAL_DOCUMENT_DELIVERY = "LEGAL_DOCUMENT_DELIVERY"
    FARM_SUPPLY_DELIVERY = "FARM_SUPPLY_DELIVERY"


explain(
    PickupKind,
    "The services that collect something.",
    {
        PickupKind.PARCEL_PICKUP: "A parcel is collected.",
        PickupKind.BULKY_PICKUP: "A bulky print run is collected.",
    },
)
explain(
    DeliveryKind,
    "The services that hand something over.",
    {
        DeliveryKind.PARCEL_DELIVERY: "A parcel is delivered.",
        DeliveryKind.BULKY_DELIVERY: "Bulky printed matter is carried up.",
        DeliveryKind.ID_CARD_DELIVERY: "An ID card is handed over.",
        DeliveryKind.LEGAL_DOCUMENT_DELIVERY: "A court document is served.",
        DeliveryKind.FARM_SUPPLY_DELIVERY: "Farm supplies are delivered.",
    },
)


@asking("Whom to call.")
class ContactInput:
    name: str = given("Their name.")
    phone: str = given("Their phone.")

    def parsed(self) -> model.Contact:
        phone = phone_in(self.phone, "contact", "phone")
        return parsed(model.Contact, under=("contact",), name=self.name, phone=phone)


@asking("How to get in, and what waits there.")
class AccessNotesInput:
    gate_code: str | None = given(
        "Opens the gate; only the assigned courier sees it.", default=None
    )
    floor: int | None = given("On which floor.", default=None)
    has_lift: bool | None = given("Whether there is a lift.", default=None)
    dog: bool | None = given("Whether there is a dog.", default=None)
    where_the_goods_are: str | None = given("Where to find the goods.", default=None)

    def parsed(self, under: str = "accessNotes") -> model.AccessNotes:
        return parsed(
            model.AccessNotes,
            under=(under,),
            gate_code=self.gate_code,
            floor=self.floor,
            has_lift=self.has_lift,
            dog=self.dog,
            where_the_goods_are=self.where_the_goods_are,
        )


@asking("For whom an agent acts, and that they agreed.")
class OnBehalfOfInput:
    phone: str = given("The customer's phone.")
    name: str = given("The customer's name.")
    consent_given: bool = given("That the customer agreed, in so many words.")
    channel: Channel = given("How the customer reached the agent.")


@asking("Something to collect.")
class PickupLineInput:
    kind: PickupKind = given("Which service.", default=PickupKind.PARCEL_PICKUP)
    description: str = given("What it is.")
    quantity: int = given("How many pieces.", default=1)
    weight_grams: int | None = given("Grams, of one piece.", default=None)
    length_millimetres: int | None = given("Millimetres, of one piece.", default=None)
    width_millimetres: int | None = given("Millimetres, of one piece.", default=None)
    height_millimetres: int | None = given("Millimetres, of one piece.", default=None)

    def parsed(self, under: tuple[str, ...]) -> model.LineAsked:
        return parsed(
            model.PickupAsked,
            under=(*under, "pickup"),
            kind=ServiceKind(self.kind),
            description=self.description,
            quantity=self.quantity,
            weight_grams=self.weight_grams,
            length_millimetres=self.length_millimetres,
            width_millimetres=self.width_millimetres,
            height_millimetres=self.height_millimetres,
        )


@asking("Something to hand over.")
class DeliveryLineInput:
    kind: DeliveryKind = given("Which service.", default=DeliveryKind.PARCEL_DELIVERY)
    item_id: str = given("The item's number.")

    def parsed(self, under: tuple[str, ...]) -> model.LineAsked:
        return parsed(
            model.DeliveryAsked,
            under=(*under, "delivery"),
            kind=ServiceKind(self.kind),
            item_id=normal(self.item_id[:40]),
        )


@asking("A newspaper to subscribe to at the door.")
class SubscriptionLineInput:
    distribution_code: str = given("邮发代号, like 1-1 or 28-1234.")
    copies: int = given("How many copies.", default=1)
    term_months: int = given("For how many months.", default=12)

    def parsed(self, under: tuple[str, ...]) -> model.LineAsked:
        return parsed(
            model.SubscriptionAsked,
            under=(*under, "subscription"),
            distribution_code=self.distribution_code,
            copies=self.copies,
            term_months=self.term_months,
        )


@asking("One errand of a visit.", one_of=True)
class AppointmentLineInput:
    pickup: PickupLineInput | None = given("Something to collect.", default=strawberry.UNSET)
    delivery: DeliveryLineInput | None = given("Something to hand over.", default=strawberry.UNSET)
    subscription: SubscriptionLineInput | None = given(
        "A newspaper to subscribe to.", default=strawberry.UNSET
    )

    def parsed(self, index: int) -> model.LineAsked:
        line = self.pickup or self.delivery or self.subscription
        assert line, "a @oneOf input has one field"
        return line.parsed(("lines", str(index)))


def lines_in(lines: list[AppointmentLineInput], most: int) -> tuple[model.LineAsked, ...]:
    """The lines, parsed. Raises InvalidAsk for none, and for too many."""
    if not 1 <= len(lines) <= most:
        raise invalid("lines", zh=f"须有 1 到 {most} 项。", en=f"From 1 to {most} of them.")
    return tuple(line.parsed(index) for index, line in enumerate(lines))


def slot_in(id: str) -> SlotRef | None:
    return SlotRef.read(id)


def reason_in(reason: str | None) -> str | None:
    return at_most(reason, 200, "reason")


@asking("Book a visit.")
class BookAppointmentInput(Keyed):
    address_id: strawberry.ID = given("Where to.")
    slot_id: strawberry.ID = given("When.")
    hold_id: strawberry.ID | None = given("The hold to use up.", default=None)
    contact: ContactInput | None = given("Whom to call; null: the customer.", default=None)
    lines: list[AppointmentLineInput] = given("The errands.")
    access_notes: AccessNotesInput | None = given("How to get in.", default=None)
    on_behalf_of: OnBehalfOfInput | None = given(
        "A hotline or station agent books for someone; their spoken consent is recorded.",
        default=None,
    )


@asking("Move an appointment to another window.")
class RescheduleAppointmentInput(Keyed):
    id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    slot_id: strawberry.ID = given("When instead.")
    reason: str | None = given("Why.", default=None)
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Send a visit to another door.")
class RequestAddressChangeInput(Keyed):
    appointment_id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    address_id: strawberry.ID = given("Where to instead.")
    slot_id: strawberry.ID | None = given("When instead; null: in the same window.", default=None)
    access_notes: AccessNotesInput | None = given(
        "How to get in there; null: as it was at the same door, unknown at another.", default=None
    )
    reason: str | None = given("Why.", default=None)
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Ask for another door no longer.")
class WithdrawAddressChangeInput(Keyed):
    appointment_id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Take an appointment back.")
class CancelAppointmentInput(Keyed):
    id: strawberry.ID = given("Which appointment.")
    expected_version: int = given("The version it was read at.")
    reason: str | None = given("Why.", default=None)
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Keep a place for a few minutes.")
class HoldSlotInput(Keyed):
    address_id: strawberry.ID = given("Where to.")
    slot_id: strawberry.ID = given("When.")
    services: list[ServiceKind] = given("For what.")
    lines: list[AppointmentLineInput] | None = given("The errands, if known.", default=None)
    access: AccessNotesInput | None = given("How to get in, if known.", default=None)
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Give a held place back.")
class ReleaseHoldInput(Keyed):
    hold_id: strawberry.ID = given("Which hold.")


@asking("Put an address into the book, or change one.")
class SaveAddressInput(Keyed):
    id: strawberry.ID | None = given("Which to change; null: a new one.", default=None)
    expected_version: int | None = given("The version it was read at.", default=None)
    label: str | None = given("What to call it.", default=None)
    address: AddressInput = given("The address as it was typed.")
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Take an address out of the book.")
class DeleteAddressInput(Keyed):
    id: strawberry.ID = given("Which address.")
    expected_version: int = given("The version it was read at.")
