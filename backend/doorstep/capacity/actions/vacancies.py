"""Looking ahead for where nobody will come."""

from dataclasses import dataclass
from datetime import date, timedelta

from doorstep.capacity import rules
from doorstep.capacity.actions.publishing import Publishing
from doorstep.capacity.rules import Vacancy
from doorstep.kit.windows import day_span


@dataclass(frozen=True)
class Reporting(Publishing):
    """Nothing here changes anything."""

    async def vacancies(self, branch_id: str, first: date, days: int) -> list[Vacancy]:
        """Where nobody of the branch will come; what the calendar shuts is not missed."""
        patterns = [each for each in await self.slots.patterns() if each.branch_id == branch_id]
        force = await self._force(branch_id, patterns, first, days)
        almanac = await self.calendar.almanac(day_span(first, days))
        slots = [
            slot
            for slot in await self.slots.of_branch(branch_id, first, days)
            if not almanac.shut(slot.window, slot.day, slot.branch_path, slot.area_id)
        ]
        wanted = (first + timedelta(days=offset) for offset in range(days))
        return rules.vacancies(wanted, slots, force)
