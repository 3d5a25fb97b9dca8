"""Doors, areas and what an address may have meant, as the outside world sees them.

Masking  the owner and the courier who has the task see the whole door; staff see it without room
         and unit
"""

from datetime import date, datetime
from typing import Annotated, Self

import strawberry
from pydantic import BaseModel

from doorstep.accounts.model import DISPATCH, STAFF
from doorstep.accounts.permissions import mutation, query
from doorstep.addresses import model
from doorstep.addresses.actions import Addresses
from doorstep.addresses.rules import AreaMap
from doorstep.kit.gql import (
    Coordinates,
    CoordinatesInput,
    Info,
    InvalidInput,
    Node,
    Refused,
    argument,
    asking,
    computed,
    explain,
    given,
    parsed,
    public,
    shown,
)
from doorstep.kit.once import Keyed, attempt_of
from doorstep.kit.refusals import Locale
from doorstep.organisation.graphql import OrgUnit
from doorstep.organisation.model import Tree

explain(
    model.DeliveryDepth,
    "How far in a delivery comes.",
    {
        model.DeliveryDepth.HOUSEHOLD: "到户: to the flat's door.",
        model.DeliveryDepth.LETTER_BOX: "信报箱: to the letter box.",
        model.DeliveryDepth.MAIL_ROOM: "收发室: to the mail room.",
        model.DeliveryDepth.COURTYARD_GATE: "院门: to the courtyard's gate.",
        model.DeliveryDepth.VILLAGE_POINT: "村邮站: to the village's point.",
    },
)
explain(
    model.ItemClass,
    "How an item is handed over (邮政法 Art 84).",
    {
        model.ItemClass.RECEIPTED: "给据邮件: it is signed for.",
        model.ItemClass.ORDINARY: "平常邮件: it is not.",
    },
)
explain(model.AddressRefusal, "Why an address is refused.", model.ADDRESS_WORDS)


@public("A part of the map that one branch serves.")
class ServiceArea(Node):
    name: str = shown("What it is called.")
    branch: OrgUnit = shown("The branch that serves it.")

    @classmethod
    def of(cls, area: model.ServiceArea, tree: Tree) -> Self:
        return cls(
            id=strawberry.ID(area.id),
            name=area.name,
            branch=OrgUnit.of(tree.units[area.branch_id], tree),
        )


@public("How far in the law has us come.")
class LegalDepth:
    depth: model.DeliveryDepth = shown("How far in, by law or by the bureau's own rule.")
    added_service: bool = shown(
        "Whether what is wished for goes farther in: by agreement, and it may be charged."
    )
    citation: str = shown("Who says so.")


@public("A door.")
class Address(Node):
    division_code: str = shown("GB/T 2260 division code, six digits or more.")
    line: str = shown("Street and number, or village and house.")
    building: str | None = shown("Building.")
    unit: str | None = shown("Entrance of the building; hidden from who need not know.")
    room: str | None = shown("Room or flat; hidden from who need not know.")
    postcode: str | None = shown("Six digits.")
    location: Coordinates | None = shown("Where it is.")
    delivery_depth: model.DeliveryDepth = shown("How far in a delivery comes.")
    area: ServiceArea | None = shown("The area it lies in; null outside all of them.")
    label: str | None = shown("What its owner calls it; only they see it.")
    version: int = shown("Counts its changes.")
    moved_to: strawberry.ID | None = shown("The address its owner has moved to; only they see it.")
    moved_on: date | None = shown("From which day on they live there; only they see it.")
    stored: strawberry.Private[model.Address]

    @computed("How far in the law has us bring an item there, and whether your wish goes farther.")
    async def legal_depth(
        self,
        info: Info,
        item_class: Annotated[
            model.ItemClass, argument("Of which class.")
        ] = model.ItemClass.RECEIPTED,
    ) -> LegalDepth:
        addresses: Addresses = info.context.house.addresses
        judged = await addresses.depth(self.stored, item_class)
        return LegalDepth(
            depth=judged.legal, added_service=judged.added_service, citation=judged.citation
        )

    @classmethod
    def of(
        cls, address: model.Address, areas: AreaMap, tree: Tree, *, whole: bool, own: bool
    ) -> Self:
        """`whole`: unit and room are needed. `own`: it is the owner who asks."""
        door, area = address.door, areas.get(address.area_id)
        return cls(
            id=strawberry.ID(address.id),
            division_code=address.division_code,
            line=door.line,
            building=door.building,
            unit=door.unit if whole else None,
            room=door.room if whole else None,
            postcode=door.postcode,
            location=Coordinates.of(door.location) if door.location else None,
            delivery_depth=address.delivery_depth,
            area=ServiceArea.of(area, tree) if area else None,
            label=door.label if own else None,
            moved_to=strawberry.ID(address.moved_to) if own and address.moved_to else None,
            moved_on=address.moved_on if own else None,
            version=address.version,
            stored=address,
        )


@public("What the parser made of an address that is not stored.")
class AddressCandidate:
    division_code: str = shown("GB/T 2260 division code.")
    line: str = shown("Street and number.")
    building: str | None = shown("Building.")
    unit: str | None = shown("Entrance.")
    room: str | None = shown("Room or flat.")
    location: Coordinates | None = shown("Where it may be.")
    confidence: float = shown("From 0 to 1.")

    @classmethod
    def of(cls, candidate: model.Candidate) -> Self:
        door = candidate.door
        return cls(
            division_code=candidate.division_code,
            line=door.line,
            building=door.building,
            unit=door.unit,
            room=door.room,
            location=Coordinates.of(door.location) if door.location else None,
            confidence=candidate.confidence,
        )


@asking("An address as it was typed.")
class AddressInput:
    division_code: str | None = given("GB/T 2260 division code, if known.", default=None)
    line: str = given("Street and number, or village and house.")
    building: str | None = given("Building.", default=None)
    unit: str | None = given("Entrance.", default=None)
    room: str | None = given("Room or flat.", default=None)
    postcode: str | None = given("Six digits.", default=None)
    location: CoordinatesInput | None = given("Where it was marked on the map.", default=None)
    delivery_depth: model.DeliveryDepth | None = given(
        "How far in a delivery should come.", default=None
    )

    def parsed(
        self, label: str | None = None, under: tuple[str, ...] = ("address",)
    ) -> model.AddressAsked:
        door = parsed(
            model.Door,
            under=under,
            line=self.line,
            building=self.building,
            unit=self.unit,
            room=self.room,
            postcode=self.postcode,
            location=self.location.parsed((*under, "location")) if self.location else None,
            label=label,
        )
        return parsed(
            model.AddressAsked,
            under=under,
            division_code=self.division_code,
            door=door,
            delivery_depth=self.delivery_depth,
        )


@public("An address was refused.")
class AddressRefused(Refused):
    code: model.AddressRefusal = shown("Why.")
    candidates: list[AddressCandidate] = shown("What it may have meant.")
    current: Address | None = shown("How it stands, when it has changed meanwhile.")

    @classmethod
    def of(cls, refused: model.AddressRefused, locale: Locale, areas: AreaMap, tree: Tree) -> Self:
        current = refused.current
        return cls(
            message=model.ADDRESS_WORDS[refused.code].spoken(locale),
            path=list(refused.path) or None,
            code=refused.code,
            candidates=[AddressCandidate.of(candidate) for candidate in refused.candidates],
            current=Address.of(current, areas, tree, whole=True, own=True) if current else None,
        )


@public("An address was deleted.")
class AddressDeleted:
    id: strawberry.ID = shown("Which one.")


# ------------------------------------------------------------------ beats

explain(
    model.BeatRule,
    "By which rule a beat was found, the strongest first.",
    {
        model.BeatRule.CORRECTION: "A dispatcher said so.",
        model.BeatRule.KEYWORD: "The line names a road or a community of the beat.",
        model.BeatRule.POLYGON: "The door lies within the beat's outline.",
        model.BeatRule.HISTORY: "Doors of the same place were found on it before.",
    },
)
explain(model.BeatRefusal, "Why a correction was refused.", model.BEAT_WORDS)


@public("段道: a part of an area that one courier knows by heart.")
class Beat:
    id: strawberry.ID = shown("Which one.")
    name: str = shown("What it is called.")
    area_id: strawberry.ID = shown("The area it is a part of.")
    keywords: list[str] = shown("Roads and communities that lie in it.")

    @classmethod
    def of(cls, beat: model.Beat) -> Self:
        return cls(
            id=strawberry.ID(beat.id),
            name=beat.name,
            area_id=strawberry.ID(beat.area_id),
            keywords=list(beat.keywords),
        )


@public("The beat of a door, and why it is that one.")
class BeatMatch:
    beat: Beat = shown("The beat.")
    rule: model.BeatRule = shown("By which rule it was found.")
    detail: str = shown("What the rule went by: the word, the outline, the place.")

    @classmethod
    def of(cls, match: model.BeatMatch) -> Self:
        return cls(beat=Beat.of(match.beat), rule=match.rule, detail=match.detail)


@public("What a dispatcher taught us of a place's beat.")
class BeatCorrection:
    id: strawberry.ID = shown("Which one.")
    place_id: strawberry.ID = shown("The doors of this place…")
    beat_id: strawberry.ID = shown("…are on that beat.")
    reason: str = shown("Why.")
    at: datetime = shown("Since when.")
    withdrawn_at: datetime | None = shown("When it was taken back, if it was.")
    version: int = shown("Counts its changes.")

    @classmethod
    def of(cls, correction: model.BeatCorrection) -> Self:
        return cls(
            id=strawberry.ID(correction.id),
            place_id=strawberry.ID(correction.place_id),
            beat_id=strawberry.ID(correction.beat_id),
            reason=correction.reason,
            at=correction.at,
            withdrawn_at=correction.withdrawn_at,
            version=correction.version,
        )


@public("A beat was corrected, or a correction taken back.")
class BeatCorrected:
    correction: BeatCorrection = shown("How it stands now.")


@public("A correction was refused.")
class BeatRefused(Refused):
    code: model.BeatRefusal = shown("Why.")
    current: BeatCorrection | None = shown("How it stands, when it has changed meanwhile.")

    @classmethod
    def of(cls, refused: model.BeatRefused, locale: Locale) -> Self:
        current = refused.current
        return cls(
            message=model.BEAT_WORDS[refused.code].spoken(locale),
            path=list(refused.path) or None,
            code=refused.code,
            current=BeatCorrection.of(current) if current else None,
        )


class Reason(BaseModel):
    reason: model.Text


CorrectBeatResult = Annotated[
    BeatCorrected | BeatRefused | InvalidInput,
    strawberry.union("CorrectBeatResult", description="What came of a correction."),
]


@asking("Say on which beat the doors of a place are.")
class CorrectBeatInput(Keyed):
    place_id: strawberry.ID = given("Which place.")
    beat_id: strawberry.ID = given("Which beat of its area.")
    reason: str = given("Why.")


@asking("Take a correction back.")
class WithdrawBeatCorrectionInput(Keyed):
    id: strawberry.ID = given("Which correction.")
    expected_version: int = given("The version it was read at.")


@public("What is known of a door's place and beat.")
class DoorPlaced:
    place_id: strawberry.ID | None = shown("The bureau's place that the door belongs to.")
    place: str | None = shown("What that place is called.")
    match: BeatMatch | None = shown("Its beat, and why; null: no rule finds one.")


def _addresses(info: Info) -> Addresses:
    found: Addresses = info.context.house.addresses
    return found


@strawberry.type
class BeatQuery:
    @query("The beats of a branch. A branch that is not yours has none.", to=DISPATCH)
    async def beats(
        self, info: Info, branch_id: Annotated[strawberry.ID, argument("Which branch.")]
    ) -> list[Beat]:
        house = info.context.house
        if not await house.organisation.in_reach(branch_id, info.context.caller, DISPATCH):
            return []
        return [Beat.of(beat) for beat in await _addresses(info).beats.of_branch(branch_id)]

    @query("On which beat a door is, and by which rule; null: where it is, is not sure.", to=STAFF)
    async def match_beat(
        self, info: Info, address: Annotated[AddressInput, argument("The address as it was typed.")]
    ) -> DoorPlaced | None:
        addresses = _addresses(info)
        located = await addresses.locate(address.parsed())
        if located.candidate is None or located.area is None:
            return None
        place, match = await addresses.placed_on_beat(located)
        return DoorPlaced(
            place_id=strawberry.ID(place.id) if place else None,
            place=place.name if place else None,
            match=BeatMatch.of(match) if match else None,
        )


@strawberry.type
class BeatMutation:
    @mutation("Correct a beat: it is learned, and wins from now on.", to=DISPATCH)
    async def correct_beat(
        self, info: Info, input: Annotated[CorrectBeatInput, argument("Which place, which beat.")]
    ) -> CorrectBeatResult:
        beats, caller = _addresses(info).beats, info.context.caller
        reason = parsed(Reason, reason=input.reason).reason
        outcome = await beats.correct(
            input.place_id,
            input.beat_id,
            reason,
            attempt_of(info, input, "correctBeat", beats.clock.now()),
            by=caller.id,
            may=lambda path: caller.may(DISPATCH, path),
        )
        return _answered(outcome, info)

    @mutation("Take a correction back: the other rules decide again.", to=DISPATCH)
    async def withdraw_beat_correction(
        self, info: Info, input: Annotated[WithdrawBeatCorrectionInput, argument("Which one.")]
    ) -> CorrectBeatResult:
        beats, caller = _addresses(info).beats, info.context.caller
        outcome = await beats.withdraw(
            input.id,
            attempt_of(info, input, "withdrawBeatCorrection", beats.clock.now()),
            expected_version=input.expected_version,
            may=lambda path: caller.may(DISPATCH, path),
        )
        return _answered(outcome, info)


def _answered(
    outcome: model.BeatCorrection | model.BeatRefused, info: Info
) -> BeatCorrected | BeatRefused:
    if isinstance(outcome, model.BeatRefused):
        return BeatRefused.of(outcome, info.context.locale)
    return BeatCorrected(correction=BeatCorrection.of(outcome))
