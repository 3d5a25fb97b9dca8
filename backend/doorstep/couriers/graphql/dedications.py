"""专人专车 as dispatchers see and set it."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Final

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import mutation, query
from doorstep.couriers import model
from doorstep.couriers.graphql.people import Courier, cards, couriers_of, reach
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Node,
    Refused,
    argument,
    asking,
    explain,
    given,
    invalid,
    parsed,
    public,
    shown,
)
from doorstep.kit.ids import new_id
from doorstep.kit.once import Keyed, attempt_of, said_no

explain(model.DedicationRefusal, "Why a dedication is not changed.", model.DEDICATION_WORDS)
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"


@public("That a courier, or the first substitute who is at work, is kept for somebody or a place.")
class DedicatedAssignment(Node):
    version: int = shown("Goes up with every change.")
    branch_id: strawberry.ID = shown("Whose couriers they are.")
    courier: Courier = shown("Who is kept.")
    substitutes: list[Courier] = shown("Who stands in, in this order.")
    customer_id: strawberry.ID | None = shown("For which customer.")
    area_id: strawberry.ID | None = shown("For which area, or for a beat of which.")
    beat_id: strawberry.ID | None = shown("For which beat.")
    weekdays: list[int] = shown("On which days: Monday is 1.")
    start_time: str = shown("From which time on the clock: 08:00.")
    end_time: str = shown("Until which time; 00:00 is the day's end.")
    valid_from: date | None = shown("The first day it holds.")
    valid_to: date | None = shown("The last day it holds.")
    ended_at: datetime | None = shown("When it was ended; null: it was not.")


@public("A dedication was not changed.")
class DedicationRefused(Refused):
    code: model.DedicationRefusal = shown("Why.")
    current: DedicatedAssignment | None = shown("How it stands.")


@public("They are kept for it.")
class DedicationPut:
    dedication: DedicatedAssignment = shown("How it stands now.")


@public("Nobody is kept for it any more.")
class DedicationEnded:
    dedication: DedicatedAssignment = shown("What was ended.")


PutDedicationResult = Annotated[
    DedicationPut | DedicationRefused | InvalidInput,
    strawberry.union("PutDedicationResult", description="What came of dedicating a courier."),
]
EndDedicationResult = Annotated[
    DedicationEnded | DedicationRefused | InvalidInput,
    strawberry.union("EndDedicationResult", description="What came of ending a dedication."),
]


@asking("Keep a courier for a customer, an area or a beat. A change says all of it again.")
class PutDedicationInput(Keyed):
    id: strawberry.ID | None = given("Which to change; null: a new one.", default=None)
    expected_version: int | None = given("The version it was read at.", default=None)
    branch_id: strawberry.ID = given("Whose couriers they are.")
    courier_id: strawberry.ID = given("Who is kept.")
    substitute_ids: list[strawberry.ID] = given("Who stands in, in this order.", default=[])
    customer_id: strawberry.ID | None = given("For which customer; or a place.", default=None)
    area_id: strawberry.ID | None = given("For which area of the branch.", default=None)
    beat_id: strawberry.ID | None = given("For which beat; names its area too.", default=None)
    weekdays: list[int] = given("On which days: Monday is 1.")
    start_time: str = given("From which time on the clock: 08:00.")
    end_time: str = given("Until which time; 00:00 is the day's end.")
    valid_from: date | None = given("The first day it holds.", default=None)
    valid_to: date | None = given("The last day it holds.", default=None)

    async def parsed(self, info: Info) -> model.Dedication:
        if (self.id is None) is not (self.expected_version is None):
            raise invalid(
                "expectedVersion",
                zh="修改时须注明读到的版本，新增则不填。",
                en="Name the version to change one; a new one has none.",
            )
        return parsed(
            model.Dedication,
            id=self.id or new_id("ded"),
            branch_id=self.branch_id,
            courier_id=self.courier_id,
            substitute_ids=tuple(self.substitute_ids),
            customer_id=self.customer_id,
            area_id=await self._area(info),
            beat_id=self.beat_id,
            weekdays=tuple(sorted(set(self.weekdays))),
            start_time=_clock_time(self.start_time, "startTime"),
            end_time=_clock_time(self.end_time, "endTime"),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )

    async def _area(self, info: Info) -> str | None:
        """The area, or that of the beat. Raises InvalidAsk where the branch has none such."""
        addresses = info.context.house.addresses
        if self.beat_id:
            beats = {each.id: each for each in await addresses.beats.of_branch(self.branch_id)}
            beat = beats.get(self.beat_id)
            if beat is None or self.area_id not in (None, beat.area_id):
                raise invalid(
                    "beatId", zh="该支局没有这个段道。", en="The branch has no such beat."
                )
            return str(beat.area_id)
        area = await addresses.area(self.area_id) if self.area_id else None
        if self.area_id and (area is None or area.branch_id != self.branch_id):
            raise invalid("areaId", zh="该支局没有这个区域。", en="The branch has no such area.")
        return self.area_id


@asking("Let nobody be kept for it any more.")
class EndDedicationInput(Keyed):
    id: strawberry.ID = given("Which.")
    expected_version: int = given("The version it was read at.")


def _clock_time(text: str, path: str) -> time:
    if not re.fullmatch(_CLOCK, text):
        raise invalid(path, zh="格式应为 17:00。", en="A time like 17:00.")
    return time.fromisoformat(text)


def _id(id: str | None) -> strawberry.ID | None:
    return strawberry.ID(id) if id else None


async def dedications_shown(
    dedications: Sequence[model.Dedication], info: Info
) -> list[DedicatedAssignment]:
    people = await cards((id for each in dedications for id in each.courier_ids), info)
    return [
        DedicatedAssignment(
            id=strawberry.ID(each.id),
            version=each.version,
            branch_id=strawberry.ID(each.branch_id),
            courier=people[each.courier_id],
            substitutes=[people[id] for id in each.substitute_ids],
            customer_id=_id(each.customer_id),
            area_id=_id(each.area_id),
            beat_id=_id(each.beat_id),
            weekdays=list(each.weekdays),
            start_time=f"{each.start_time:%H:%M}",
            end_time=f"{each.end_time:%H:%M}",
            valid_from=each.valid_from,
            valid_to=each.valid_to,
            ended_at=each.ended_at,
        )
        for each in dedications
    ]


async def _refused(refused: model.DedicationRefused, info: Info) -> DedicationRefused:
    current = [refused.current] if refused.current else []
    return DedicationRefused(
        **said_no(refused, model.DEDICATION_WORDS, info),
        current=next(iter(await dedications_shown(current, info)), None),
    )


@strawberry.type
class DedicationQuery:
    @query("Who of a branch is kept for what. A branch that is not yours has none.", to=DISPATCH)
    async def dedications(
        self, info: Info, branch_id: Annotated[strawberry.ID, argument("Which branch.")]
    ) -> list[DedicatedAssignment]:
        if not (await reach(info))(branch_id):
            return []
        return await dedications_shown(await couriers_of(info).dedications(branch_id), info)


@strawberry.type
class DedicationMutation:
    @mutation("Keep a courier for a customer, an area or a beat, with substitutes.", to=DISPATCH)
    async def put_dedication(
        self, info: Info, input: Annotated[PutDedicationInput, argument("Who, and for what.")]
    ) -> PutDedicationResult:
        attempt = attempt_of(info, input, "putDedication", info.context.house.clock.now())
        outcome = await couriers_of(info).put_dedication(
            await input.parsed(info),
            attempt,
            expected_version=input.expected_version,
            within=await reach(info),
        )
        if isinstance(outcome, model.DedicationRefused):
            return await _refused(outcome, info)
        return DedicationPut(dedication=(await dedications_shown([outcome], info))[0])

    @mutation("Nobody is kept for it any more.", to=DISPATCH)
    async def end_dedication(
        self, info: Info, input: Annotated[EndDedicationInput, argument("Which.")]
    ) -> EndDedicationResult:
        attempt = attempt_of(info, input, "endDedication", info.context.house.clock.now())
        outcome = await couriers_of(info).end_dedication(
            input.id,
            attempt,
            expected_version=input.expected_version,
            within=await reach(info),
        )
        if isinstance(outcome, model.DedicationRefused):
            return await _refused(outcome, info)
        return DedicationEnded(dedication=(await dedications_shown([outcome], info))[0])
