"""How customers keep their promises, as the outside world sees it."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from doorstep.accounts.model import CUSTOMER, SUPERVISORS
from doorstep.accounts.permissions import mutation, query
from doorstep.appointments import model
from doorstep.appointments.graphql.queries import appointments_of, page_of
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Node,
    PageInfo,
    Refused,
    argument,
    asking,
    asks_for,
    explain,
    given,
    invalid,
    public,
    shown,
)
from doorstep.kit.once import Keyed, attempt_of, said_no
from doorstep.kit.pages import Page, keyed

explain(
    model.MarkKind,
    "What counts against a customer for a while.",
    {
        model.MarkKind.NO_SHOW: "We came, and nobody or nothing was there.",
        model.MarkKind.LATE_CANCEL: "A visit was cancelled shortly before its window.",
        model.MarkKind.REPEATED_CANCEL: "One cancellation more than we take lightly in a month.",
    },
)
explain(
    model.MarkState,
    "Whether a mark stands.",
    {
        model.MarkState.STANDING: "It stands, and counts until it expires.",
        model.MarkState.STRUCK: "An appeal was granted: it counts no more.",
        model.MarkState.WITHDRAWN: "It was a mistake of ours: it counts no more.",
    },
)
explain(
    model.Verdict,
    "What came of an appeal.",
    {
        model.Verdict.UPHELD: "The mark stands.",
        model.Verdict.STRUCK: "The mark is struck.",
    },
    name="AppealVerdict",
)
explain(model.ConductRefusal, "Why an appeal or its decision is refused.", model.CONDUCT_WORDS)

_TOTAL = frozenset({"totalCount"})
_MOST_WORDS = 500


@public("An objection to a mark, and what came of it.")
class MarkAppeal:
    at: datetime = shown("When it was made.")
    reason: str = shown("Why the mark is wrong, in the customer's words.")
    verdict: model.Verdict | None = shown("What was decided; null while it is open.")
    decided_at: datetime | None = shown("When it was decided.")
    decision_reason: str | None = shown("Why it was decided like that.")


@public("One thing that counts against a customer for a while.")
class ConductMark(Node):
    kind: model.MarkKind = shown("What happened.")
    at: datetime = shown("When it happened.")
    expires_at: datetime = shown("From then on it counts no more.")
    state: model.MarkState = shown("Whether it stands.")
    counts: bool = shown("Whether it counts now: it stands, and has not expired.")
    appointment_id: strawberry.ID = shown("The visit it is about.")
    appeal: MarkAppeal | None = shown("The objection to it, if there is one.")

    @classmethod
    def of(cls, mark: model.ConductMark, at: datetime) -> Self:
        appeal = mark.appeal
        return cls(
            id=strawberry.ID(mark.id),
            kind=mark.kind,
            at=mark.at,
            expires_at=mark.expires_at,
            state=mark.state,
            counts=mark.counts(at),
            appointment_id=strawberry.ID(mark.appointment_id),
            appeal=MarkAppeal(
                at=appeal.at,
                reason=mark.private.appeal or "",
                verdict=appeal.verdict,
                decided_at=appeal.decided_at,
                decision_reason=mark.private.decision,
            )
            if appeal
            else None,
        )


@public("How a customer keeps their promises, and what follows.")
class Conduct:
    marks: list[ConductMark] = shown("Every mark, the latest first; struck and expired ones too.")
    counting: int = shown("How many of them count now.")
    limit_at: int = shown("From how many on only `mostOpen` visits may be open at once.")
    most_open: int = shown("How many those are.")
    refuse_at: int = shown("From how many on no visit can be booked.")
    limited_until: datetime | None = shown(
        "Until when open visits are limited; null: they are not."
    )
    refused_until: datetime | None = shown("Until when nothing can be booked; null: it can.")


@public("One mark of a page.")
class ConductMarkEdge:
    node: ConductMark = shown("The mark.")
    cursor: str = shown("Where it stands in the list.")


@public("A page of marks.")
class ConductMarkConnection:
    edges: list[ConductMarkEdge] = shown("The marks, in order.")
    page_info: PageInfo = shown("Where the page begins and ends.")
    total_count: int | None = shown("How many there are in all; counted only when asked for.")


@public("An appeal, or a decision on one, was refused.")
class ConductRefused(Refused):
    code: model.ConductRefusal = shown("Why.")
    current: ConductMark | None = shown("How the mark stands.")


@public("A mark was appealed.")
class MarkAppealed:
    mark: ConductMark = shown("The mark. It counts until the appeal is granted.")


@public("An appeal was decided.")
class AppealDecided:
    mark: ConductMark = shown("The mark as it stands now.")


AppealMarkResult = Annotated[
    MarkAppealed | ConductRefused | InvalidInput,
    strawberry.union("AppealMarkResult", description="What came of appealing."),
]
DecideAppealResult = Annotated[
    AppealDecided | ConductRefused | InvalidInput,
    strawberry.union("DecideAppealResult", description="What came of deciding."),
]


@asking("Object to a mark.")
class AppealMarkInput(Keyed):
    mark_id: strawberry.ID = given("Which mark.")
    reason: str = given("Why it is wrong.")


@asking("Decide an appeal.")
class DecideAppealInput(Keyed):
    mark_id: strawberry.ID = given("The mark that was appealed.")
    verdict: model.Verdict = given("Whether it stands.")
    reason: str = given("Why; the customer reads it.")


def _reason(text: str) -> str:
    if not text.strip() or len(text) > _MOST_WORDS:
        raise invalid(
            "reason",
            zh=f"须为 1 到 {_MOST_WORDS} 个字。",
            en=f"From 1 to {_MOST_WORDS} characters.",
        )
    return text.strip()


@strawberry.type
class ConductQuery:
    @query("How I keep my promises, what follows, and until when.", to=CUSTOMER)
    async def my_conduct(self, info: Info) -> Conduct:
        rooms, mine = appointments_of(info), info.context.caller.id
        now, policy = rooms.clock.now(), rooms.conduct
        standing = await rooms.standing_of(mine, at=now)
        return Conduct(
            marks=[ConductMark.of(mark, now) for mark in await rooms.marks_of(mine)],
            counting=standing.marks,
            limit_at=policy.limit_at,
            most_open=policy.most_open,
            refuse_at=policy.refuse_at,
            limited_until=standing.limited_until,
            refused_until=standing.refused_until,
        )

    @query(
        "Marks whose appeal waits for a decision in your part of the bureau, the longest first.",
        to=SUPERVISORS,
    )
    async def open_appeals(
        self,
        info: Info,
        unit_id: Annotated[strawberry.ID, argument("The unit, and all below it.")],
        first: Annotated[int, argument("How many; at most 100.")] = 50,
        after: Annotated[str | None, argument("The last cursor of the page before.")] = None,
    ) -> ConductMarkConnection:
        rooms, ask = appointments_of(info), page_of(first, after)
        organisation, caller = info.context.house.organisation, info.context.caller
        page: Page[model.ConductMark] = Page((), more=False)
        total = 0
        if await organisation.in_reach(unit_id, caller, SUPERVISORS):
            path = (await organisation.unit(unit_id)).path
            page = await rooms.open_appeals(path, ask)
            total = await rooms.count_open_appeals(path) if asks_for(info, _TOTAL) else 0
        now = rooms.clock.now()
        marked = keyed(page, lambda mark: mark.id)
        return ConductMarkConnection(
            edges=[
                ConductMarkEdge(node=ConductMark.of(mark, now), cursor=cursor)
                for cursor, mark in marked
            ],
            page_info=PageInfo.of(
                [cursor for cursor, _ in marked], more=page.more, after=page.after
            ),
            total_count=total if asks_for(info, _TOTAL) else None,
        )


@strawberry.type
class ConductMutation:
    @mutation("Object to a mark. A supervisor decides, and says why.", to=CUSTOMER)
    async def appeal_mark(
        self, info: Info, input: Annotated[AppealMarkInput, argument("Which mark, and why.")]
    ) -> AppealMarkResult:
        rooms = appointments_of(info)
        attempt = attempt_of(info, input, "appealMark", rooms.clock.now())
        outcome = await rooms.appeal(
            input.mark_id, info.context.caller.id, _reason(input.reason), attempt
        )
        if isinstance(outcome, model.ConductRefused):
            return _refused(outcome, info)
        return MarkAppealed(mark=ConductMark.of(outcome, attempt.at))

    @mutation("Uphold a mark, or strike it; the customer reads the reason.", to=SUPERVISORS)
    async def decide_appeal(
        self, info: Info, input: Annotated[DecideAppealInput, argument("Which, and how.")]
    ) -> DecideAppealResult:
        rooms, caller = appointments_of(info), info.context.caller
        attempt = attempt_of(info, input, "decideAppeal", rooms.clock.now())
        reason = _reason(input.reason)
        mark = await rooms.mark(input.mark_id)
        outcome = await rooms.decide(
            input.mark_id,
            input.verdict,
            reason,
            attempt,
            by=caller.id,
            may=mark is not None and caller.may(SUPERVISORS, mark.branch_path),
        )
        if isinstance(outcome, model.ConductRefused):
            return _refused(outcome, info)
        return AppealDecided(mark=ConductMark.of(outcome, attempt.at))


def _refused(refused: model.ConductRefused, info: Info) -> ConductRefused:
    now = appointments_of(info).clock.now()
    return ConductRefused(
        **said_no(refused, model.CONDUCT_WORDS, info),
        current=ConductMark.of(refused.current, now) if refused.current else None,
    )
