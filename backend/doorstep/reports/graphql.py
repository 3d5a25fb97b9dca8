"""A branch's figures as dispatchers see them: each ratio with what it is made of."""

from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import query
from doorstep.catalogue.model import ServiceKind
from doorstep.couriers.graphql import Courier, cards
from doorstep.kit.gql import Info, argument, explain, invalid, public, shown
from doorstep.organisation.graphql import OrgUnit
from doorstep.reports import model
from doorstep.reports.actions import Reports

explain(
    model.Grouping,
    "What figures are told apart by.",
    {
        model.Grouping.DAY: "By the local day of the window.",
        model.Grouping.COURIER: "By who was at the door, or should have been.",
        model.Grouping.SERVICE: "By kind of service. A visit for several counts for each of them.",
    },
    name="KpiGrouping",
)


@public("So many of so many.")
class KpiShare:
    value: float | None = shown("`part` / `whole`; null where `whole` is 0.")
    part: int = shown("The numerator.")
    whole: int = shown("The denominator.")

    @classmethod
    def of(cls, share: model.Share) -> Self:
        return cls(value=share.value, part=share.part, whole=share.whole)


@public("So much in so many stops.")
class KpiMean:
    value: float | None = shown("`total` / `stops`; null where there are no stops.")
    total: float = shown("The numerator, in the unit that the field names.")
    stops: int = shown("The denominator.")

    @classmethod
    def of(cls, mean: model.Mean) -> Self:
        return cls(value=mean.value, total=mean.total, stops=mean.stops)


@public("How long it took, in whole minutes: by nearest rank, so that each value is one that was.")
class KpiSpread:
    median: int | None = shown("Half took no longer; null where there are none.")
    p90: int | None = shown("Nine of ten took no longer; null where there are none.")
    count: int = shown("Of how many.")

    @classmethod
    def of(cls, spread: model.Spread) -> Self:
        return cls(median=spread.median, p90=spread.p90, count=spread.count)


@public("Figures, each with what it is made of. An instant at a door is that of the handheld.")
class Kpis:
    visits: int = shown("Visits at which a courier was at the door; what was undone is none.")
    early: int = shown("Visits that came before their window began.")
    late: int = shown("Visits that came when their window had ended, or later.")
    missed: int = shown(
        "Promises, not cancelled, whose window has ended, and nobody has been at the door."
    )
    on_time: KpiShare = shown(
        "Visits that came within the window last agreed, of all visits and `missed`."
    )
    first_attempt: KpiShare = shown(
        "首次妥投: errands (lines) that were done when first tried, of those that were tried for "
        "the first time. Refused ones count as not done."
    )
    repeat_attempts: KpiShare = shown("Errands that had been tried before, of all that were tried.")
    minutes_to_done: KpiSpread = shown(
        "From the first booking until everything was done. Of a remainder: from the booking of the "
        "first visit. Visits that left something undone have no part in it."
    )
    minutes_per_stop: KpiMean = shown(
        "Minutes at the door, from arriving until finished, of visits that are finished."
    )
    kilometres_per_stop: KpiMean = shown(
        "Kilometres from door to door in the order of arrival, beginning at the courier's station: "
        "straight lines, lengthened by the bureau's detour, since no track is kept. The way home "
        "does not count, nor do doors that are forgotten."
    )
    utilisation: KpiShare = shown(
        "Seconds from setting out until finished, of the seconds of shifts so far; what overlaps "
        "counts once. More than 1: work outside the shifts. Null by service: a shift is for all."
    )

    @classmethod
    def of(cls, figures: model.Figures) -> Self:
        tally = figures.tally
        return cls(
            visits=tally.visits,
            early=tally.early,
            late=tally.late,
            missed=tally.missed,
            on_time=KpiShare.of(figures.on_time),
            first_attempt=KpiShare.of(figures.first_attempt),
            repeat_attempts=KpiShare.of(figures.repeat_attempts),
            minutes_to_done=KpiSpread.of(figures.minutes_to_done),
            minutes_per_stop=KpiMean.of(figures.minutes_per_stop),
            kilometres_per_stop=KpiMean.of(figures.kilometres_per_stop),
            utilisation=KpiShare.of(figures.utilisation),
        )


@public("The figures of one day, courier or service.")
class KpiGroup:
    day: date | None = shown("Which day, if they are told apart by day.")
    courier: Courier | None = shown(
        "Which courier, if they are told apart by courier; null: nobody had these promises."
    )
    service: ServiceKind | None = shown("Which service, if they are told apart by service.")
    kpis: Kpis = shown("Its figures.")


@public("A branch's figures over a range of days.")
class KpiReport:
    branch: OrgUnit = shown("Of which branch.")
    first: date = shown("The first day.", name="from")
    last: date = shown("The last day, included.", name="to")
    at: datetime = shown("As of when: what has not ended by then is not missed, nor worked.")
    whole: Kpis = shown("All of it together.")
    groups: list[KpiGroup] = shown("The same, told apart; in order.")


@strawberry.type
class ReportQuery:
    @query(
        "How a branch has kept its promises, told apart by day, courier or service. A branch that "
        "is not yours has no figures.",
        to=DISPATCH,
    )
    async def kpis(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        first: Annotated[date, argument("The first local day.", name="from")],
        last: Annotated[date, argument("The last, included; 92 days at most.", name="to")],
        by: Annotated[model.Grouping, argument("What to tell apart.")] = model.Grouping.DAY,
    ) -> KpiReport | None:
        house = info.context.house
        reports: Reports = house.reports
        _check(first, last, reports.policy)
        if not await house.organisation.in_reach(branch_id, info.context.caller, DISPATCH):
            return None
        found = await reports.report(branch_id, first, last, by)
        tree = await house.organisation.tree()
        return KpiReport(
            branch=OrgUnit.of(tree.units[branch_id], tree),
            first=first,
            last=last,
            at=found.at,
            whole=Kpis.of(found.whole),
            groups=await _groups(found, info),
        )


def _check(first: date, last: date, policy: model.ReportPolicy) -> None:
    if not 0 <= (last - first).days < policy.most_days:
        raise invalid(
            "to",
            zh=f"须为 from 当日或之后，最多 {policy.most_days} 天。",
            en=f"Not before `from`, and at most {policy.most_days} days.",
        )


async def _groups(report: model.Report, info: Info) -> list[KpiGroup]:
    couriers = await cards((each.courier_id for each in report.groups if each.courier_id), info)
    return [
        KpiGroup(
            day=group.day,
            courier=couriers.get(group.courier_id or ""),
            service=group.service,
            kpis=Kpis.of(group.figures),
        )
        for group in report.groups
    ]
