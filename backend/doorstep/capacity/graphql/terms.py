"""The terms of booking, for those who set them."""

import re
from datetime import date, datetime, time
from typing import Annotated, Self

import strawberry

from doorstep.accounts.model import STAFF, SUPERVISORS
from doorstep.accounts.permissions import mutation, query
from doorstep.capacity import model
from doorstep.capacity.actions import Agreement
from doorstep.capacity.graphql.published import capacity_of
from doorstep.capacity.rules import Bounds
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Refused,
    argument,
    asking,
    at_most,
    given,
    invalid,
    parsed,
    public,
    shown,
)
from doorstep.kit.ids import new_id
from doorstep.kit.once import Keyed, attempt_of, said_no
from doorstep.kit.windows import local_day

_FIGURES = (
    *("notice_minutes", "cutoff_days", "cancel_minutes", "horizon_days"),
    *("buffer_minutes", "workdays_only", "valid_from", "valid_to", "note"),
)
_MOST_CHARACTERS = 200


@public("What is asked of bookings for a service, in an area, or both.")
class BookingTerms:
    id: strawberry.ID = shown("Names these terms.")
    version: int = shown("Counts their changes.")
    service: ServiceKind | None = shown("For which service; null: for all.")
    area_id: strawberry.ID | None = shown("In which area; null: in all.")
    notice_minutes: int | None = shown("How long before a window it can still be booked.")
    cutoff_time: str | None = shown("Until which time on the clock: 17:00.")
    cutoff_days: int = shown("How many days before the window's day that is.")
    cancel_minutes: int | None = shown("How long before a window it can still be changed.")
    horizon_days: int | None = shown("How many days ahead it can be booked.")
    buffer_minutes: int | None = shown("Kept free around each visit.")
    workdays_only: bool | None = shown("Whether only on working days.")
    valid_from: date | None = shown("The first day they hold; null: always did.")
    valid_to: date | None = shown("The last day they hold; null: until further notice.")
    changed_at: datetime | None = shown("When somebody last changed them.")
    changed_by: strawberry.ID | None = shown("Whose word they are; null: the bureau's folder's.")
    note: str | None = shown("What they said about it.")

    @classmethod
    def of(cls, terms: model.Terms) -> Self:
        return cls(
            id=strawberry.ID(terms.id),
            version=terms.version,
            service=terms.service,
            area_id=_id(terms.area_id),
            cutoff_time=f"{terms.cutoff_time:%H:%M}" if terms.cutoff_time else None,
            changed_at=terms.changed_at,
            changed_by=_id(terms.changed_by),
            **{name: getattr(terms, name) for name in _FIGURES},
        )


def _id(id: str | None) -> strawberry.ID | None:
    return strawberry.ID(id) if id else None


@public("A time on the clock, some days before.")
class Cutoff:
    days: int = shown("How many days before the window's day.")
    time: str = shown("The time on the clock: 17:00.")


@public("What all terms together ask of bookings for one service.")
class BookingBounds:
    service: ServiceKind = shown("Which service.")
    notice_minutes: int = shown("How long before a window it can still be booked.")
    cutoffs: list[Cutoff] = shown("Until when on the clock it can be booked; all of them hold.")
    cancel_minutes: int = shown("How long before a window it can still be changed.")
    horizon_days: int = shown("How many days ahead it can be booked.")
    buffer_minutes: int = shown("Kept free around each visit.")
    workdays_only: bool = shown("Whether only on working days.")

    @classmethod
    def of(cls, service: ServiceKind, bounds: Bounds) -> Self:
        return cls(
            service=service,
            notice_minutes=int(bounds.notice.total_seconds()) // 60,
            cutoffs=[Cutoff(days=d, time=f"{at:%H:%M}") for d, at in sorted(bounds.cutoffs)],
            cancel_minutes=int(bounds.cancel_before.total_seconds()) // 60,
            horizon_days=bounds.horizon_days,
            buffer_minutes=bounds.buffer_minutes,
            workdays_only=bounds.workdays_only,
        )


@public("Which terms speak of an area, and what they come to.")
class AreaTerms:
    rows: list[BookingTerms] = shown("The area's own, and those of all areas.")
    bounds: list[BookingBounds] = shown("What they come to, for each service of the area.")

    @classmethod
    def of(cls, agreement: Agreement) -> Self:
        return cls(
            rows=[BookingTerms.of(row) for row in agreement.rows],
            bounds=[BookingBounds.of(kind, each) for kind, each in agreement.bounds.items()],
        )


@public("Terms hold.")
class TermsPut:
    terms: BookingTerms = shown("The terms.")


@public("Terms hold no longer.")
class TermsDropped:
    id: strawberry.ID = shown("Which ones.")


@public("Terms were not changed.")
class TermsRefused(Refused):
    code: model.CapacityRefusal = shown("Why.")
    current: BookingTerms | None = shown("How they stand.")


PutBookingTermsResult = Annotated[
    TermsPut | TermsRefused | InvalidInput,
    strawberry.union("PutBookingTermsResult", description="What came of setting terms."),
]
DropBookingTermsResult = Annotated[
    TermsDropped | TermsRefused | InvalidInput,
    strawberry.union("DropBookingTermsResult", description="What came of dropping terms."),
]


@asking("Set terms of booking. A figure left out is said by other terms, or by the house.")
class PutBookingTermsInput(Keyed):
    id: strawberry.ID | None = given("Which to change; null: new ones.", default=None)
    expected_version: int | None = given("The version they were read at.", default=None)
    service: ServiceKind | None = given("For which service; null: for all.", default=None)
    area_id: strawberry.ID | None = given("In which area; null: in all.", default=None)
    notice_minutes: int | None = given("How long before a window.", default=None)
    cutoff_time: str | None = given("Until which time on the clock: 17:00.", default=None)
    cutoff_days: int = given("How many days before the window's day that is.", default=0)
    cancel_minutes: int | None = given("How long before a window.", default=None)
    horizon_days: int | None = given("How many days ahead.", default=None)
    buffer_minutes: int | None = given("Kept free around each visit.", default=None)
    workdays_only: bool | None = given("Whether only on working days.", default=None)
    valid_from: date | None = given("The first day they hold.", default=None)
    valid_to: date | None = given("The last day they hold.", default=None)
    note: str | None = given("Why.", default=None)

    def parsed(self) -> model.Terms:
        if (self.id is None) is not (self.expected_version is None):
            raise invalid(
                "expectedVersion",
                zh="修改已有条款须注明读到的版本，新条款则不填。",
                en="Name the version to change terms; new ones have none.",
            )
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise invalid("validTo", zh="不能早于起始日。", en="Not before the first day.")
        return parsed(
            model.Terms,
            id=self.id or new_id("trm"),
            service=self.service,
            area_id=self.area_id,
            cutoff_time=_clock_time(self.cutoff_time),
            **{name: getattr(self, name) for name in _FIGURES if name != "note"},
            note=note_in(self.note),
        )


def _clock_time(text: str | None) -> time | None:
    if text is None:
        return None
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise invalid("cutoffTime", zh="格式应为 17:00。", en="A time like 17:00.")
    return time.fromisoformat(text)


@asking("Drop terms of booking.")
class DropBookingTermsInput(Keyed):
    id: strawberry.ID = given("Which ones.")
    expected_version: int = given("The version they were read at.")


def note_in(note: str | None) -> str | None:
    return at_most(note, _MOST_CHARACTERS, "note")


@strawberry.type
class TermsQuery:
    @query(
        "Until when, how far ahead and with what room around it each service of an area can be "
        "booked. An area that is not yours is null.",
        to=STAFF,
    )
    async def booking_terms(
        self,
        info: Info,
        area_id: Annotated[strawberry.ID, argument("Which area.")],
        on: Annotated[date | None, argument("For windows on this day; null: today.")] = None,
    ) -> AreaTerms | None:
        rooms = capacity_of(info)
        day = on or local_day(rooms.clock.now())
        found = await rooms.agreement(area_id, day, info.context.caller, STAFF)
        return AreaTerms.of(found) if found else None


@strawberry.type
class TermsMutation:
    @mutation("Set terms of booking; what is promised already stays.", to=SUPERVISORS)
    async def put_booking_terms(
        self, info: Info, input: Annotated[PutBookingTermsInput, argument("The terms.")]
    ) -> PutBookingTermsResult:
        rooms, context = capacity_of(info), info.context
        attempt = attempt_of(info, input, "putBookingTerms", rooms.clock.now())
        outcome = await rooms.put_terms(
            input.parsed(), attempt, expected_version=input.expected_version, by=context.caller
        )
        if isinstance(outcome, model.TermsRefused):
            return _refused(outcome, info)
        return TermsPut(terms=BookingTerms.of(outcome))

    @mutation("Drop terms of booking; what is promised already stays.", to=SUPERVISORS)
    async def drop_booking_terms(
        self, info: Info, input: Annotated[DropBookingTermsInput, argument("Which ones.")]
    ) -> DropBookingTermsResult:
        rooms, context = capacity_of(info), info.context
        attempt = attempt_of(info, input, "dropBookingTerms", rooms.clock.now())
        outcome = await rooms.drop_terms(
            input.id, attempt, expected_version=input.expected_version, by=context.caller
        )
        if isinstance(outcome, model.TermsRefused):
            return _refused(outcome, info)
        return TermsDropped(id=strawberry.ID(outcome.id))


def _refused(refused: model.TermsRefused, info: Info) -> TermsRefused:
    return TermsRefused(
        **said_no(refused, model.CAPACITY_WORDS, info),
        current=BookingTerms.of(refused.current) if refused.current else None,
    )
