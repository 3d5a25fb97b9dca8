"""Asking for many visits at once."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import strawberry

from doorstep.accounts.model import CUSTOMER_OR_AGENT, Role
from doorstep.accounts.permissions import mutation
from doorstep.appointments import model
from doorstep.appointments.actions.bulk import Outcome, Row
from doorstep.appointments.graphql.behalf import NoConsent, behalf_of
from doorstep.appointments.graphql.inputs import (
    AccessNotesInput,
    AppointmentLineInput,
    ContactInput,
    OnBehalfOfInput,
    lines_in,
    slot_in,
)
from doorstep.appointments.graphql.mutations import (
    NO_ADDRESS,
    NO_CONSENT,
    contact_of,
    door_out_of_reach,
    judge_items,
)
from doorstep.appointments.graphql.queries import appointments_of, shown_to, viewer_of
from doorstep.appointments.graphql.results import (
    AppointmentBooked,
    BookAppointmentResult,
    BookingRefused,
)
from doorstep.appointments.graphql.types import Appointment
from doorstep.capacity.model import SlotRef
from doorstep.kit.batches import batched
from doorstep.kit.gql import (
    Info,
    InvalidAsk,
    InvalidInput,
    Refused,
    argument,
    asking,
    explain,
    given,
    invalid,
    public,
    shown,
)
from doorstep.kit.once import Keyed, attempt_of
from doorstep.kit.refusals import Invalid
from doorstep.kit.windows import TimeWindow

_LONGEST_SPAN: Final = timedelta(days=7)
_READ_AT_ONCE: Final = 32

explain(
    model.BulkMode,
    "What becomes of the good rows when others are refused.",
    {
        model.BulkMode.ALL_OR_NOTHING: "Nothing is booked unless every row can be.",
        model.BulkMode.VALID_ROWS: "Every row that can be booked is.",
    },
)
explain(model.BulkRefusal, "Why nothing of a list was booked.", model.BULK_WORDS)


@asking("From `start` up to, not including, `end`.")
class TimeWindowInput:
    start: datetime = given("The first instant.")
    end: datetime = given("The first instant after it.")

    def parsed(self, *under: str) -> TimeWindow:
        if not self.start < self.end <= self.start + _LONGEST_SPAN:
            days = _LONGEST_SPAN.days
            raise invalid(
                *under,
                zh=f"结束须晚于开始，最长 {days} 天。",
                en=f"Ends later; at most {days} days.",
            )
        return TimeWindow(start=self.start, end=self.end)


@asking("When to come.", one_of=True)
class RowWhenInput:
    slot_id: strawberry.ID | None = given("In this slot.", default=strawberry.UNSET)
    within: TimeWindowInput | None = given(
        "In the first slot that lies in this span, at most 7 days, and has room.",
        default=strawberry.UNSET,
    )

    def parsed(self) -> SlotRef | TimeWindow | None:
        """None: there is no such slot."""
        if self.within:
            return self.within.parsed("when", "within")
        return slot_in(self.slot_id or "")


@asking("One visit of many.")
class BookingRowInput:
    address_id: strawberry.ID = given("Where to.")
    when: RowWhenInput = given("When.")
    contact: ContactInput | None = given("Whom to call; null: the customer.", default=None)
    lines: list[AppointmentLineInput] = given("The errands.")
    access_notes: AccessNotesInput | None = given("How to get in.", default=None)
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent books.", default=None)


@asking("Book many visits in one call.")
class BookAppointmentsInput(Keyed):
    mode: model.BulkMode = given("What becomes of the good rows when others are refused.")
    rows: list[BookingRowInput] = given(
        "The visits; those further up come first to a slot. At most 1000 of an agent, 20 of a "
        "customer, unless the bureau chose otherwise."
    )


@public("What came of one row.")
class BookedRow:
    row: int = shown("Which one, from 0.")
    answer: BookAppointmentResult = shown(
        "What `bookAppointment` would have answered, without alternatives. Paths begin with "
        '["rows", "17"].'
    )


@public("A list was gone through.")
class AppointmentsBooked:
    results: list[BookedRow] = shown("One for each row, in order.")
    booked: int = shown("How many were booked.")
    refused: int = shown("How many were not.")


@public("Nothing of a list was booked.")
class BulkBookingRefused(Refused):
    code: model.BulkRefusal = shown("Why.")
    rows: list[BookedRow] = shown("Those that stand in the way.")


BookAppointmentsResult = Annotated[
    AppointmentsBooked | BulkBookingRefused | InvalidInput,
    strawberry.union("BookAppointmentsResult", description="What came of booking by the list."),
]


@strawberry.type
class BulkMutation:
    @mutation(
        "Ask for many visits. Under one key a list is gone through once: sent again, also after a "
        "crash in the middle, each row answers what it came to, and what was not done yet is.",
        to=CUSTOMER_OR_AGENT,
    )
    async def book_appointments(
        self, info: Info, input: Annotated[BookAppointmentsInput, argument("The visits.")]
    ) -> BookAppointmentsResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "bookAppointments", rooms.clock.now())
        _judge_length(info, len(input.rows))
        read = await _rows_of(info, input.rows)
        bad = {number: row for number, row in read.items() if isinstance(row, Invalid)}
        good = {number: row for number, row in read.items() if not isinstance(row, Invalid)}
        all_wanted = input.mode is model.BulkMode.ALL_OR_NOTHING
        if bad and all_wanted:
            attempt = replace(attempt, dry=True)
        outcome = await rooms.book_many(good, input.mode, attempt)
        if isinstance(outcome, model.BulkRefused):
            bad = bad if outcome.rows else {}
            return _refused(info, outcome.code, {**bad, **outcome.rows}, outcome.path)
        if bad and all_wanted:
            return _refused(info, model.BulkRefusal.ROWS_REFUSED, bad)
        booked = sum(isinstance(each, model.Appointment) for each in outcome.values())
        return AppointmentsBooked(
            results=await _shown({**bad, **outcome}, info),
            booked=booked,
            refused=len(input.rows) - booked,
        )


def _judge_length(info: Info, count: int) -> None:
    policy = appointments_of(info).policy
    agent = Role.AGENT in info.context.caller.roles
    most = policy.most_rows if agent else policy.most_own_rows
    if not 1 <= count <= most:
        raise invalid("rows", zh=f"须有 1 到 {most} 行。", en=f"From 1 to {most} of them.")


async def _rows_of(info: Info, asked: list[BookingRowInput]) -> dict[int, Row | Invalid]:
    read: list[Row | Invalid] = []
    for some in batched(asked, _READ_AT_ONCE):
        read += await asyncio.gather(*(_row(info, row) for row in some))
    return dict(enumerate(read))


async def _row(info: Info, asked: BookingRowInput) -> Row | Invalid:
    """A row makes sense or not by itself; one that does not spoils no other."""
    try:
        return await _row_asked(info, asked)
    except InvalidAsk as ask:
        return ask.invalid


async def _row_asked(info: Info, asked: BookingRowInput) -> Row:
    lines = lines_in(asked.lines, appointments_of(info).policy.most_lines)
    judge_items(info, lines)
    when = asked.when.parsed()
    notes = asked.access_notes.parsed() if asked.access_notes else model.AccessNotes()
    try:
        # Whoever has an address in the book has an account: a list makes none.
        behalf = await behalf_of(info, asked.on_behalf_of, dry=True)
    except NoConsent:
        return NO_CONSENT
    if when is None:
        path = ("when", "slotId")
        return model.BookingRefused(code=model.BookingRefusal.NOT_OFFERED, path=path)
    if await door_out_of_reach(info, behalf, asked.address_id):
        return NO_ADDRESS
    visit = model.VisitAsked(
        customer_id=behalf.customer_id,
        booked_by=behalf.caller_id,
        booked_by_role=behalf.role,
        channel=behalf.channel,
        address_id=asked.address_id,
        contact=await contact_of(info, asked.contact, behalf),
        lines=lines,
        access_notes=notes,
    )
    return model.RowAsked(visit, when)


def _refused(
    info: Info,
    code: model.BulkRefusal,
    rows: Mapping[int, model.BookingRefused | Invalid],
    path: tuple[str, ...] = (),
) -> BulkBookingRefused:
    """It points at the first row that stands in the way, if one does."""
    answers = {number: _no(number, rows[number], info) for number in sorted(rows)}
    first = next(iter(answers.values()), None)
    return BulkBookingRefused(
        message=model.BULK_WORDS[code].spoken(info.context.locale),
        path=first.path if first else list(path),
        code=code,
        rows=[BookedRow(row=number, answer=answer) for number, answer in answers.items()],
    )


def _no(
    number: int, row: model.BookingRefused | Invalid, info: Info
) -> BookingRefused | InvalidInput:
    under = ("rows", str(number))
    if isinstance(row, Invalid):
        problems = tuple(
            problem.model_copy(update={"path": (*under, *problem.path)}) for problem in row.problems
        )
        return InvalidInput.of(Invalid(problems=problems), info.context.locale)
    placed = row.model_copy(update={"path": (*under, *row.path)})
    return BookingRefused.of(placed, info.context.locale, [])


async def _shown(outcomes: dict[int, Outcome | Invalid], info: Info) -> list[BookedRow]:
    promises = [each for each in outcomes.values() if isinstance(each, model.Appointment)]
    seen = await shown_to(await viewer_of(info), promises, info)
    by_id: dict[str, Appointment] = {str(each.id): each for each in seen}

    def answer(number: int) -> Any:
        each = outcomes[number]
        if isinstance(each, model.Appointment):
            return AppointmentBooked(appointment=by_id[each.id])
        return _no(number, each, info)

    return [BookedRow(row=number, answer=answer(number)) for number in sorted(outcomes)]
