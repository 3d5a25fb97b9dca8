"""Where nobody will come: purposes whose people are all away, and areas nobody works for. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from doorstep.capacity.model import Slot
from doorstep.capacity.rules.budgets import Force
from doorstep.couriers.model import Dedication
from doorstep.couriers.rules import beside
from doorstep.kit.windows import TimeWindow


class VacancyKind(StrEnum):
    """What is left alone."""

    DEDICATION = "DEDICATION"
    AREA = "AREA"


@dataclass(frozen=True)
class Vacancy:
    """A span in which something has nobody. Of a dedication that is for a customer, no area."""

    kind: VacancyKind
    window: TimeWindow
    area_id: str | None
    dedication: Dedication | None = None

    @property
    def day(self) -> date:
        return self.window.day


def vacancies(days: Iterable[date], slots: Iterable[Slot], force: Force) -> list[Vacancy]:
    """The gaps of these days, in order of time; dedications first, since somebody was promised."""
    kept = [each for day in days for each in _without_substitute(day, force)]
    alone: list[Vacancy] = []
    for slot in sorted(slots, key=lambda each: (each.area_id, each.window.start)):
        working, served = force.roster.working(slot.window), force.served(slot)
        theirs = (each for each in force.roster.couriers if each.id in working)
        if not any(force.shares(each, slot, served) for each in theirs):
            alone = _joined(alone, Vacancy(VacancyKind.AREA, slot.window, slot.area_id))
    return sorted([*kept, *alone], key=lambda each: (each.window.start, each.kind != "DEDICATION"))


def _without_substitute(day: date, force: Force) -> list[Vacancy]:
    found = []
    for each in force.roster.dedications:
        if span := each.on(day):
            theirs = [s.window for s in force.roster.shifts if s.courier_id in each.courier_ids]
            found += [
                Vacancy(VacancyKind.DEDICATION, gap, each.area_id, each)
                for gap in beside(span, theirs)
            ]
    return found


def _joined(before: list[Vacancy], fresh: Vacancy) -> list[Vacancy]:
    """One window after the other in one area is one gap."""
    last = before[-1] if before else None
    if last and last.area_id == fresh.area_id and last.window.end == fresh.window.start:
        longer = TimeWindow(start=last.window.start, end=fresh.window.end)
        return [*before[:-1], replace(last, window=longer)]
    return [*before, fresh]
