"""Doors, the areas they lie in, and the bureau's own table of places.

Areas  polygons in WGS 84; each belongs to one branch and is served from it
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from unicodedata import normalize

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from doorstep.catalogue.model import ServiceKind
from doorstep.kit.documents import Stored
from doorstep.kit.geo import Point
from doorstep.kit.refusals import Refusal, WordedError, Words
from doorstep.kit.windows import Day


class DeliveryDepth(StrEnum):
    HOUSEHOLD = "HOUSEHOLD"
    LETTER_BOX = "LETTER_BOX"
    MAIL_ROOM = "MAIL_ROOM"
    COURTYARD_GATE = "COURTYARD_GATE"
    VILLAGE_POINT = "VILLAGE_POINT"


DEPTHS: Final = tuple(DeliveryDepth)
"""The deepest first: the rule table counts them from 1."""


class ItemClass(StrEnum):
    """给据邮件 is signed for, 平常邮件 is not (邮政法 Art 84)."""

    RECEIPTED = "RECEIPTED"
    ORDINARY = "ORDINARY"


class DoorKind(StrEnum):
    """What kind of door it is, as far as the law on delivery goes."""

    FLAT = "FLAT"
    VILLAGE = "VILLAGE"
    INSTITUTION = "INSTITUTION"
    HOUSE = "HOUSE"


def _printable(text: str) -> str:
    if any(not (character.isprintable() or character in "\n\t") for character in text):
        raise WordedError("含有无法显示的字符。", "It holds characters that cannot be shown.")
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
]
Short = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    AfterValidator(_printable),
]


class Door(BaseModel):
    """Where exactly: personal data, kept sealed."""

    model_config = ConfigDict(frozen=True)

    line: Text
    building: Short | None = None
    unit: Short | None = None
    room: Short | None = None
    postcode: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None
    location: Point | None = None
    label: Short | None = None


ERASED: Final = Door(line="(已删除)")
"""What is left of a door whose owner was erased."""


class AddressAsked(BaseModel):
    """An address as it was typed."""

    model_config = ConfigDict(frozen=True)

    division_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6,12}$")] | None = None
    door: Door
    delivery_depth: DeliveryDepth | None = None


class Candidate(BaseModel):
    """What an address may have meant. `confidence` runs from 0 to 1."""

    model_config = ConfigDict(frozen=True)

    division_code: str
    door: Door
    confidence: float = Field(ge=0, le=1)


class Address(Stored):
    """A door in somebody's address book."""

    owner_id: str
    division_code: str
    door: Door
    delivery_depth: DeliveryDepth = DeliveryDepth.HOUSEHOLD
    area_id: str | None
    version: int = 1
    moved_to: str | None = None
    """The address its owner has moved to."""
    moved_on: Day | None = None
    """From which day on they live there; until then visits come here."""
    deleted_at: datetime | None = None

    @property
    def key(self) -> str:
        """What makes it this door and no other, however it was spaced and written."""
        door = self.door
        parts = (self.division_code[:6], door.line, door.building, door.unit, door.room)
        return "|".join("".join(normalize("NFKC", part or "").split()).lower() for part in parts)


class DepthJudged(BaseModel):
    """How far in the law has us come, and whether what is wished for goes farther."""

    model_config = ConfigDict(frozen=True)

    legal: DeliveryDepth
    added_service: bool
    """Farther in than the law asks: by agreement, and it may be charged (山东省邮政条例 Art 21)."""
    citation: str


class Gone(BaseModel):
    """An address that was taken out of the book."""

    model_config = ConfigDict(frozen=True)

    id: str


class ServiceArea(Stored):
    """A part of the map that one branch serves, from one day to another, both included.

    `geometry` is GeoJSON, [longitude, latitude]. Without days it holds for ever.
    """

    name: str
    branch_id: str
    branch_path: str
    services: tuple[ServiceKind, ...]
    geometry: dict[str, Any]
    valid_from: Day | None = None
    valid_to: Day | None = None
    ferry_route_id: str | None = None
    """An island's: nobody comes without a boat."""

    def holds_on(self, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class Coast(Stored):
    """A piece of land as far as the sea, for maps: where people live and go, areas say.

    `geometry` is GeoJSON, [longitude, latitude].
    """

    name: str
    geometry: dict[str, Any]


class Township(BaseModel):
    """A part of the land that is to have one branch, whoever draws the areas."""

    model_config = ConfigDict(frozen=True)

    name: str
    geometry: dict[str, Any]


class FaultKind(StrEnum):
    """What can be wrong with how areas cover the land."""

    OVERLAP = "OVERLAP"
    GAP = "GAP"
    NO_BRANCH = "NO_BRANCH"
    NO_BRANCH_IN_TOWNSHIP = "NO_BRANCH_IN_TOWNSHIP"
    SEVERAL_BRANCHES_IN_TOWNSHIP = "SEVERAL_BRANCHES_IN_TOWNSHIP"


class Fault(BaseModel):
    """One thing to mend in the map: where it is, and which areas, branches or township it is of."""

    model_config = ConfigDict(frozen=True)

    kind: FaultKind
    names: tuple[str, ...]
    square_metres: int = 0
    at: Point | None = None


class Place(Stored):
    """A name people use in addresses, and where it is: the bureau's table wins over guesses."""

    name: str
    aliases: tuple[str, ...] = ()
    """What else people call it: an old name, a short one."""
    division_code: str
    location: Point


class Beat(Stored):
    """段道: a part of an area that one courier knows by heart. Without days it holds for ever."""

    branch_id: str
    branch_path: str
    area_id: str
    name: str
    keywords: tuple[str, ...] = ()
    """Names of roads and communities that lie in it."""
    geometry: dict[str, Any] | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None

    def holds_on(self, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class BeatRule(StrEnum):
    """By which rule a beat was found, the strongest first."""

    CORRECTION = "CORRECTION"
    KEYWORD = "KEYWORD"
    POLYGON = "POLYGON"
    HISTORY = "HISTORY"


class BeatMatch(BaseModel):
    """The beat of a door, and why it is that one."""

    model_config = ConfigDict(frozen=True)

    beat: Beat
    rule: BeatRule
    detail: str


class BeatCorrection(Stored):
    """What a dispatcher taught us: doors of this place are on that beat."""

    place_id: str
    beat_id: str
    branch_id: str
    branch_path: str
    reason: str
    by: str
    at: datetime
    withdrawn_at: datetime | None = None
    version: int = 1


class BeatSeen(Stored):
    """On which beat an address was found; `id` is the address's. Names no door."""

    place_id: str
    beat_id: str


class BeatRefusal(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    OTHER_AREA = "OTHER_AREA"
    STALE_VERSION = "STALE_VERSION"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


BEAT_WORDS: Final[dict[BeatRefusal, Words]] = {
    BeatRefusal.NOT_FOUND: Words("没有找到。", "Not found."),
    BeatRefusal.OTHER_AREA: Words(
        "该地点不在此段道的服务范围内。", "That place lies in another area."
    ),
    BeatRefusal.STALE_VERSION: Words(
        "刚刚有变化，请核对后再试。", "It has just changed. Please look again."
    ),
    BeatRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class BeatRefused(Refusal):
    code: BeatRefusal
    current: BeatCorrection | None = None


class UnservedReason(StrEnum):
    OUTSIDE_ALL_AREAS = "OUTSIDE_ALL_AREAS"
    AMBIGUOUS_ADDRESS = "AMBIGUOUS_ADDRESS"
    SERVICE_NOT_OFFERED_HERE = "SERVICE_NOT_OFFERED_HERE"
    NO_SAILING = "NO_SAILING"


class AddressRefusal(StrEnum):
    AMBIGUOUS = "AMBIGUOUS"
    STALE_VERSION = "STALE_VERSION"
    TOO_MANY_ADDRESSES = "TOO_MANY_ADDRESSES"
    NOT_FOUND = "NOT_FOUND"
    IN_USE = "IN_USE"
    NO_CONSENT = "NO_CONSENT"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


ADDRESS_WORDS: Final[dict[AddressRefusal, Words]] = {
    AddressRefusal.AMBIGUOUS: Words(
        "无法确定这个地址，请选择或在地图上标出位置。",
        "We are not sure where that is. Choose one, or mark it on the map.",
    ),
    AddressRefusal.STALE_VERSION: Words(
        "地址刚刚被修改过，请核对后再试。", "The address has just changed. Please look again."
    ),
    AddressRefusal.TOO_MANY_ADDRESSES: Words(
        "地址簿已满，请先删除不用的地址。", "Your address book is full. Delete one first."
    ),
    AddressRefusal.NOT_FOUND: Words("没有找到这个地址。", "There is no such address."),
    AddressRefusal.IN_USE: Words(
        "还有预约要到这个地址，不能删除。", "An open appointment goes to this address."
    ),
    AddressRefusal.NO_CONSENT: Words(
        "代客户操作前须取得客户同意。", "The customer has to agree first."
    ),
    AddressRefusal.IDEMPOTENCY_KEY_REUSED: Words(
        "此请求编号已用于另一个请求。", "This idempotency key was used for another request."
    ),
}


class AddressRefused(Refusal):
    code: AddressRefusal
    candidates: tuple[Candidate, ...] = ()
    current: Address | None = None
