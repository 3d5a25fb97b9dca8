"""Who is affected when a way is shut, and offering them something else."""

from datetime import date
from typing import Annotated

import strawberry

from doorstep.accounts.model import AGENT, CUSTOMER_OR_AGENT, DISPATCH, Caller, Role
from doorstep.accounts.permissions import mutation, query
from doorstep.appointments import model
from doorstep.appointments.graphql.behalf import Behalf
from doorstep.appointments.graphql.inputs import OnBehalfOfInput, slot_in
from doorstep.appointments.graphql.mutations import as_served, changing
from doorstep.appointments.graphql.offers import Reoffer
from doorstep.appointments.graphql.queries import appointments_of, page_of, shown_to, viewer_of
from doorstep.appointments.graphql.results import AppointmentCancelled, AppointmentRescheduled
from doorstep.appointments.graphql.types import Appointment
from doorstep.capacity.graphql import Slot
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    PageInfo,
    Refused,
    argument,
    asking,
    explain,
    given,
    invalid,
    public,
    shown,
    worded,
)
from doorstep.kit.once import Keyed, attempt_of, said_no
from doorstep.kit.pages import Page, keyed
from doorstep.kit.windows import local_day

_MOST_DAYS = 31
_MOST_TOLD = 200

explain(model.ReofferRefusal, "Why an offer cannot be made or answered.", model.REOFFER_WORDS)
explain(
    model.ReofferCode,
    "What came of offering something else, for one appointment.",
    {
        model.ReofferCode.REOFFERED: "Other slots were offered, and the customer was told.",
        model.ReofferCode.NO_SLOT_LEFT: "There is nothing to offer. Ask again when there is more.",
        model.ReofferCode.ALREADY_REOFFERED: "Something was offered before; nobody is told twice.",
        model.ReofferCode.NO_LONGER_AFFECTED: "Nothing is in the way; or it is not yours to move.",
    },
)


@public("An appointment that cannot be kept as it is.")
class Affected:
    appointment: Appointment = shown("Which one.")
    because: model.AffectedBecause = shown("Why it cannot be kept.")
    cause_id: strawberry.ID = shown("What is in the way: a closure, block, sailing, area or slot.")


@public("One affected appointment of a page.")
class AffectedEdge:
    node: Affected = shown("The appointment, and what is in its way.")
    cursor: str = shown("Where it stands in the list.")


@public("A page of affected appointments.")
class AffectedConnection:
    edges: list[AffectedEdge] = shown("The appointments, the first window first.")
    page_info: PageInfo = shown("Where the page begins and ends.")
    total_count: int = shown("How many there are in all.")


@public("What came of offering something else, for one appointment.")
class ReofferOutcome:
    appointment_id: strawberry.ID = shown("Which appointment.")
    code: model.ReofferCode = shown("What came of it.")
    reoffer: Reoffer | None = shown("What was offered; null in a dry run.")


@public("Everybody affected was offered something else, as far as there is something.")
class AppointmentsReoffered:
    outcomes: list[ReofferOutcome] = shown("One for each affected or named appointment.")
    reoffered: int = shown("How many were offered something by this command.")
    without_slot: int = shown("How many there was nothing left for.")


@public("An offer cannot be made or answered.")
class ReofferRefused(Refused):
    code: model.ReofferRefusal = shown("Why.")
    current: Reoffer | None = shown("How the offer stands.")
    alternatives: list[Slot] = shown("Slots that can be chosen instead.")


ReofferAppointmentsResult = Annotated[
    AppointmentsReoffered | ReofferRefused | InvalidInput,
    strawberry.union(
        "ReofferAppointmentsResult", description="What came of offering something else."
    ),
]
AcceptReofferResult = Annotated[
    AppointmentRescheduled | ReofferRefused | InvalidInput,
    strawberry.union("AcceptReofferResult", description="What came of accepting."),
]
DeclineReofferResult = Annotated[
    AppointmentCancelled | ReofferRefused | InvalidInput,
    strawberry.union("DeclineReofferResult", description="What came of declining."),
]


@asking("Offer other slots to all whom a cause touches, or to appointments by name.")
class ReofferAppointmentsInput(Keyed):
    cause_id: strawberry.ID | None = given(
        "All whom this closure, block, sailing, area or slot touches.", default=None
    )
    appointment_ids: list[strawberry.ID] | None = given(
        "Or these, at most 200, whatever it is that is in their way.", default=None
    )
    note: str | None = given("What to tell their customers about it.", default=None)

    def order(self, caller: Caller, most: int) -> model.ReofferOrder:
        """Raises InvalidAsk unless it names either a cause or appointments."""
        ids = self.appointment_ids or []
        if bool(self.cause_id) == bool(ids):
            raise invalid(
                "causeId", zh="请填写原因或预约，二者取一。", en="Name a cause, or appointments."
            )
        if len(ids) > most:
            raise invalid("appointmentIds", zh=f"最多 {most} 项。", en=f"At most {most} of them.")
        return model.ReofferOrder(
            cause_id=self.cause_id or None,
            appointment_ids=tuple(ids),
            note=None if self.note is None else worded(self.note, _MOST_TOLD, "note"),
            may=caller.paths(DISPATCH),
            by=caller.id,
            by_role=caller.acting_as(DISPATCH),
        )


@asking("Take what was offered instead.")
class AcceptReofferInput(Keyed):
    reoffer_id: strawberry.ID = given("Which offer.")
    slot_id: strawberry.ID | None = given(
        "Another slot; null: the first one offered, whose place is kept.", default=None
    )
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@asking("Take nothing of what was offered: the appointment is cancelled.")
class DeclineReofferInput(Keyed):
    reoffer_id: strawberry.ID = given("Which offer.")
    on_behalf_of: OnBehalfOfInput | None = given("For whom an agent acts.", default=None)


@strawberry.type
class ReofferQuery:
    @query(
        "A branch's appointments that cannot be kept as they are, and what is in their way; those "
        "under way or over are not among them.",
        to=DISPATCH,
    )
    async def affected_appointments(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        from_: Annotated[date | None, argument("The first day; null: today.", name="from")] = None,
        days: Annotated[int, argument("How many days, at most 31.")] = 15,
        first: Annotated[int, argument("How many; at most 100.")] = 50,
        after: Annotated[str | None, argument("The last cursor of the page before.")] = None,
    ) -> AffectedConnection:
        rooms, house = appointments_of(info), info.context.house
        if not 1 <= days <= _MOST_DAYS:
            raise invalid("days", zh="须为 1 到 31 天。", en="From 1 to 31 days.")
        found: list[model.Affected] = []
        if await house.organisation.in_reach(branch_id, info.context.caller, DISPATCH):
            begin = from_ or local_day(rooms.clock.now())
            found = await rooms.affected_in(branch_id, begin, days)
        return await _page(found, first, after, info)

    @query(
        "The appointments that one closure, block, cancelled sailing, area or slot keeps us from "
        "keeping, as far as they lie in the caller's part of the bureau. Ask it after shutting "
        "something: `totalCount` says how many that hits.",
        to=DISPATCH,
    )
    async def affected_by_cause(
        self,
        info: Info,
        cause_id: Annotated[strawberry.ID, argument("What is in the way.")],
        first: Annotated[int, argument("How many; at most 100.")] = 50,
        after: Annotated[str | None, argument("The last cursor of the page before.")] = None,
    ) -> AffectedConnection:
        paths = info.context.caller.paths(DISPATCH)
        found = await appointments_of(info).affected_by_cause(cause_id, paths)
        return await _page(found or [], first, after, info)


async def _page(
    found: list[model.Affected], first: int, after: str | None, info: Info
) -> AffectedConnection:
    """A page of them: only what is on it is loaded whole."""
    ask = page_of(first, after)
    rest = [each for each in found if ask.after is None or _key(each) > ask.after]
    page = Page(tuple(rest[: ask.first]), more=len(rest) > ask.first, after=ask.after)
    whole = await appointments_of(info).load([each.promise.id for each in page.rows])
    shown = await shown_to(await viewer_of(info), list(whole.values()), info)
    by_id = {str(appointment.id): appointment for appointment in shown}
    edges = [
        AffectedEdge(
            node=Affected(
                appointment=by_id[each.promise.id],
                because=each.because,
                cause_id=strawberry.ID(each.cause_id),
            ),
            cursor=cursor,
        )
        for cursor, each in keyed(page, _key)
        if each.promise.id in by_id
    ]
    cursors = [edge.cursor for edge in edges]
    return AffectedConnection(
        edges=edges,
        page_info=PageInfo.of(cursors, more=page.more, after=page.after),
        total_count=len(found),
    )


def _key(affected: model.Affected) -> str:
    """In the order of windows: milliseconds since 1970 have 13 digits until 2286."""
    promise = affected.promise
    return f"{int(promise.window.start.timestamp() * 1000):013}|{promise.id}"


@strawberry.type
class ReofferMutation:
    @mutation(
        "Offer other slots to all whom a cause touches, or to appointments by name. Each is "
        "offered something once and told once, however often and by whomever this is sent.",
        to=DISPATCH,
    )
    async def reoffer_appointments(
        self, info: Info, input: Annotated[ReofferAppointmentsInput, argument("To whom.")]
    ) -> ReofferAppointmentsResult:
        rooms = appointments_of(info)
        order = input.order(info.context.caller, rooms.reoffering.most_named)
        attempt = attempt_of(info, input, "reofferAppointments", rooms.clock.now())
        outcome = await rooms.reoffer(order, attempt)
        if isinstance(outcome, model.ReofferRefused):
            return await _refused(outcome, info)
        return await _run_shown(outcome, info)

    @mutation(
        "Take what was offered instead of an appointment that cannot be kept: the new place is "
        "taken before the old is freed. It counts against no limit of changes, and no cut-off of "
        "the old slot stands in the way.",
        to=CUSTOMER_OR_AGENT,
    )
    async def accept_reoffer(
        self, info: Info, input: Annotated[AcceptReofferInput, argument("Which offer.")]
    ) -> AcceptReofferResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "acceptReoffer", rooms.clock.now())
        behalf = await changing(info, input.on_behalf_of, dry=attempt.dry)
        if await _out_of_reach(info, behalf, input.reoffer_id):
            return await _refused(_NO_OFFER, info)
        slot = slot_in(input.slot_id) if input.slot_id else None
        if input.slot_id and slot is None:
            code = model.ReofferRefusal.NOT_OFFERED
            return await _refused(model.ReofferRefused(code=code, path=("slotId",)), info)
        outcome = await rooms.accept_reoffer(
            input.reoffer_id, behalf.customer_id, slot, attempt, by_role=behalf.role
        )
        if isinstance(outcome, model.ReofferRefused):
            return await _refused(outcome, info)
        return AppointmentRescheduled(appointment=await as_served(outcome, info))

    @mutation(
        "Take nothing of what was offered: the appointment is cancelled, and nothing is held "
        "against its customer.",
        to=CUSTOMER_OR_AGENT,
    )
    async def decline_reoffer(
        self, info: Info, input: Annotated[DeclineReofferInput, argument("Which offer.")]
    ) -> DeclineReofferResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "declineReoffer", rooms.clock.now())
        behalf = await changing(info, input.on_behalf_of, dry=attempt.dry)
        if await _out_of_reach(info, behalf, input.reoffer_id):
            return await _refused(_NO_OFFER, info)
        outcome = await rooms.decline_reoffer(input.reoffer_id, behalf.customer_id, attempt)
        if isinstance(outcome, model.ReofferRefused):
            return await _refused(outcome, info)
        return AppointmentCancelled(appointment=await as_served(outcome, info))


_NO_OFFER = model.ReofferRefused(code=model.ReofferRefusal.NOT_FOUND, path=("reofferId",))
_WITH_ALTERNATIVES = frozenset(
    {
        model.ReofferRefusal.LAPSED,
        model.ReofferRefusal.SLOT_FULL,
        model.ReofferRefusal.CUTOFF_PASSED,
        model.ReofferRefusal.NOT_OFFERED,
    }
)


async def _out_of_reach(info: Info, behalf: Behalf, id: str) -> bool:
    """Whether an agent would answer an offer of another part of the bureau."""
    if behalf.role is not Role.AGENT:
        return False
    found = await appointments_of(info).reoffer_of(id)
    return found is not None and not info.context.caller.may(AGENT, found.branch_path)


async def _refused(refused: model.ReofferRefused, info: Info) -> ReofferRefused:
    rooms, current = appointments_of(info), refused.current
    alternatives: list[Slot] = []
    if current and refused.code in _WITH_ALTERNATIVES:
        views = await rooms.instead_of(current)
        alternatives = [Slot.of(view, staff=False) for view in views]
    return ReofferRefused(
        **said_no(refused, model.REOFFER_WORDS, info),
        current=Reoffer.of(current, at=rooms.clock.now()) if current else None,
        alternatives=alternatives,
    )


async def _run_shown(run: model.ReofferRun, info: Info) -> AppointmentsReoffered:
    rooms, outcomes = appointments_of(info), run.outcomes or ()
    found = await rooms.offers_of_run(run)
    at = rooms.clock.now()
    offers = {id: Reoffer.of(reoffer, at=at) for id, reoffer in found.items()}
    codes = [outcome.code for outcome in outcomes]
    return AppointmentsReoffered(
        outcomes=[
            ReofferOutcome(
                appointment_id=strawberry.ID(outcome.appointment_id),
                code=outcome.code,
                reoffer=offers.get(outcome.reoffer_id or ""),
            )
            for outcome in outcomes
        ],
        reoffered=codes.count(model.ReofferCode.REOFFERED),
        without_slot=codes.count(model.ReofferCode.NO_SLOT_LEFT),
    )
