"""What the bureau does at a door: kinds of service, what they need, what proves them.

A number here that no law names is the bureau's own choice and can be configured.
"""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from doorstep.kit.refusals import Words


class ServiceKind(StrEnum):
    PARCEL_PICKUP = "PARCEL_PICKUP"
    BULKY_PICKUP = "BULKY_PICKUP"
    PARCEL_DELIVERY = "PARCEL_DELIVERY"
    BULKY_DELIVERY = "BULKY_DELIVERY"
    ID_CARD_DELIVERY = "ID_CARD_DELIVERY"
    LEGAL_DOCUMENT_DELIVERY = "LEGAL_DOCUMENT_DELIVERY"
    SUBSCRIPTION_VISIT = "SUBSCRIPTION_VISIT"
    KEY_ACCOUNT_COLLECTION = "KEY_ACCOUNT_COLLECTION"
    COMPLAINT_VISIT = "COMPLAINT_VISIT"
    FARM_SUPPLY_DELIVERY = "FARM_SUPPLY_DELIVERY"


class Channel(StrEnum):
    """How a request reached us."""

    APP = "APP"
    WEB = "WEB"
    HOTLINE_11185 = "HOTLINE_11185"
    GOVERNMENT_HOTLINE = "GOVERNMENT_HOTLINE"
    COUNTER = "COUNTER"
    COMMUNITY_STATION = "COMMUNITY_STATION"
    MOBILE_VAN = "MOBILE_VAN"
    VILLAGE_POINT = "VILLAGE_POINT"
    KEY_ACCOUNT = "KEY_ACCOUNT"


class LineOutcome(StrEnum):
    """What came of one line at the door."""

    COLLECTED = "COLLECTED"
    DELIVERED = "DELIVERED"
    TAKEN = "TAKEN"
    REFUSED = "REFUSED"
    NOT_READY = "NOT_READY"
    NOT_HOME = "NOT_HOME"
    WRONG_ADDRESS = "WRONG_ADDRESS"
    CANNOT_ENTER = "CANNOT_ENTER"
    UNREACHABLE = "UNREACHABLE"
    MOVED = "MOVED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    WEATHER = "WEATHER"
    TRAFFIC = "TRAFFIC"
    CUSTOMER_CANCELLED = "CUSTOMER_CANCELLED"


PICKUPS: Final = frozenset({ServiceKind.PARCEL_PICKUP, ServiceKind.BULKY_PICKUP})
DELIVERIES: Final = frozenset(
    {
        ServiceKind.PARCEL_DELIVERY,
        ServiceKind.BULKY_DELIVERY,
        ServiceKind.ID_CARD_DELIVERY,
        ServiceKind.LEGAL_DOCUMENT_DELIVERY,
        ServiceKind.FARM_SUPPLY_DELIVERY,
    }
)
"""Kinds that hand something over at the door."""

FAILURES: Final = frozenset(LineOutcome) - {
    LineOutcome.COLLECTED,
    LineOutcome.DELIVERED,
    LineOutcome.TAKEN,
}

NO_SHOWS: Final = frozenset({LineOutcome.NOT_HOME, LineOutcome.NOT_READY, LineOutcome.UNREACHABLE})
"""We came as promised, and could do nothing for want of the customer."""

OWED: Final = frozenset(
    {
        ServiceKind.ID_CARD_DELIVERY,
        ServiceKind.LEGAL_DOCUMENT_DELIVERY,
        ServiceKind.COMPLAINT_VISIT,
    }
)
"""What the bureau has to do, however often it was made to come in vain."""


class SizeLimits(BaseModel):
    """The most that one piece may weigh and measure: grams, millimetres. None: no limit known."""

    model_config = ConfigDict(frozen=True)

    weight_grams: int | None = None
    side_millimetres: int | None = None
    sum_millimetres: int | None = None


class Errand(BaseModel):
    """One thing to do at a door, as far as its cost goes. Grams, millimetres and ml: one piece."""

    model_config = ConfigDict(frozen=True)

    kind: ServiceKind
    quantity: int = Field(default=1, ge=1)
    grams: int | None = None
    longest_millimetres: int | None = None
    millilitres: int | None = None


class WayIn(BaseModel):
    """What stands between the gate and the door. None: nobody said."""

    model_config = ConfigDict(frozen=True)

    floor: int | None = None
    has_lift: bool | None = None


class Cost(StrEnum):
    """What time at a door goes into."""

    TRAVEL = "TRAVEL"
    WALK = "WALK"
    STAIRS = "STAIRS"
    LIFT = "LIFT"
    LINE = "LINE"
    PIECES = "PIECES"


COST_WORDS: Final[dict[Cost, Words]] = {
    Cost.TRAVEL: Words("路上", "The way there"),
    Cost.WALK: Words("下车到门口，往返一次", "From the vehicle to the door and back, once"),
    Cost.STAIRS: Words("走楼梯", "The stairs"),
    Cost.LIFT: Words("乘电梯", "The lift"),
    Cost.LINE: Words("这项服务本身", "The service itself"),
    Cost.PIECES: Words("每一件", "Each piece"),
}


class CostPart(BaseModel):
    """One item of the reckoning. `service`: of which line; None: of the visit as a whole."""

    model_config = ConfigDict(frozen=True)

    cost: Cost
    seconds: int
    service: ServiceKind | None = None


class VisitCost(BaseModel):
    """What one visit takes: `parts` of one person's time, and what is carried."""

    model_config = ConfigDict(frozen=True)

    parts: tuple[CostPart, ...]
    people: int
    grams: int
    litres: int

    @property
    def minutes(self) -> int:
        """Of all people together, each one's rounded up."""
        return -(-sum(part.seconds for part in self.parts) // 60) * self.people


class Proof(StrEnum):
    """What can be asked for at the door."""

    WEIGHT = "WEIGHT"
    ITEM = "ITEM"
    SIGNATURE = "SIGNATURE"
    PICKUP_CODE = "PICKUP_CODE"


class Need(BaseModel):
    """Which outcome asks for which proof."""

    model_config = ConfigDict(frozen=True)

    success: LineOutcome
    proofs: tuple[Proof, ...]


_HANDED_OVER: Final = Need(success=LineOutcome.DELIVERED, proofs=(Proof.ITEM, Proof.SIGNATURE))
_COLLECTED: Final = Need(
    success=LineOutcome.COLLECTED, proofs=(Proof.WEIGHT, Proof.ITEM, Proof.SIGNATURE)
)

PROOF_POLICY: Final[dict[ServiceKind, Need]] = {
    ServiceKind.PARCEL_PICKUP: _COLLECTED,
    ServiceKind.BULKY_PICKUP: _COLLECTED,
    ServiceKind.PARCEL_DELIVERY: _HANDED_OVER,
    ServiceKind.BULKY_DELIVERY: _HANDED_OVER,
    ServiceKind.ID_CARD_DELIVERY: _HANDED_OVER,
    ServiceKind.LEGAL_DOCUMENT_DELIVERY: _HANDED_OVER,
    ServiceKind.FARM_SUPPLY_DELIVERY: _HANDED_OVER,
    ServiceKind.SUBSCRIPTION_VISIT: Need(success=LineOutcome.TAKEN, proofs=(Proof.SIGNATURE,)),
    ServiceKind.KEY_ACCOUNT_COLLECTION: Need(
        success=LineOutcome.COLLECTED, proofs=(Proof.SIGNATURE,)
    ),
    ServiceKind.COMPLAINT_VISIT: Need(success=LineOutcome.TAKEN, proofs=()),
}
"""What each service counts as done, and what must then be shown. Failures ask for nothing here."""
