"""Keeping the ferry's boats: those of the timetable, extra ones, cancelled ones."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from doorstep.calendar.actions.tools import Tools, lies_in, refuse, stale
from doorstep.calendar.events import SailingAdded, SailingCancelled
from doorstep.calendar.model import CalendarRefusal, CalendarRefused, Sailing, sailing
from doorstep.kit.mongo.transactions import Attempt, Tx
from doorstep.kit.windows import local_day


@dataclass(frozen=True)
class Sailings(Tools):
    """Boats there and back."""

    async def add_sailing(
        self,
        route_id: str,
        departs_at: datetime,
        returns_at: datetime,
        attempt: Attempt,
        *,
        may: Collection[str],
    ) -> Sailing | CalendarRefused:
        """An extra boat; or one that was cancelled goes after all."""
        route = (await self.known_routes.get()).get(route_id)

        async def body(tx: Tx) -> Sailing | CalendarRefused:
            if route is None or not lies_in(route.path, may):
                return refuse(CalendarRefusal.NOT_FOUND, "routeId")
            if departs_at <= attempt.at:
                return refuse(CalendarRefusal.IN_THE_PAST, "departsAt")
            extra = sailing(route, local_day(departs_at), departs_at, returns_at)
            if extra.returns_at < extra.arrives_at:
                return refuse(CalendarRefusal.RETURNS_TOO_SOON, "returnsAt")
            before = await self.ferries.sailing(extra.id, tx=tx)
            if before and not before.cancelled_at:
                return refuse(CalendarRefusal.ALREADY_SAILS, "departsAt", before)
            if before:
                again = {"pattern_id": before.pattern_id, "version": before.version + 1}
                extra = extra.model_copy(update=again)
            await self.ferries.put_sailing(before, extra, tx=tx)
            tx.record(
                SailingAdded(
                    aggregate=extra.id,
                    sequence=extra.version,
                    at=attempt.at,
                    route_id=extra.route_id,
                    arrives_at=extra.arrives_at,
                    returns_at=extra.returns_at,
                )
            )
            return extra

        return await self._done(attempt, body, self.ferries.sailing)

    async def cancel_sailing(
        self,
        id: str,
        reason: str,
        attempt: Attempt,
        *,
        expected_version: int,
        may: Collection[str],
    ) -> Sailing | CalendarRefused:
        """The boat does not go."""
        routes = await self.known_routes.get()

        async def body(tx: Tx) -> Sailing | CalendarRefused:
            before = await self.ferries.sailing(id, tx=tx)
            route = routes.get(before.route_id) if before else None
            if before is None or route is None or not lies_in(route.path, may):
                return refuse(CalendarRefusal.NOT_FOUND, "id")
            if before.version != expected_version:
                return stale(before)
            if before.cancelled_at:
                return refuse(CalendarRefusal.ALREADY_CANCELLED, "id", before)
            after = before.model_copy(
                update={
                    "cancelled_at": attempt.at,
                    "cancel_reason": reason,
                    "version": before.version + 1,
                }
            )
            await self.ferries.put_sailing(before, after, tx=tx)
            tx.record(
                SailingCancelled(
                    aggregate=after.id,
                    sequence=after.version,
                    at=attempt.at,
                    route_id=after.route_id,
                    arrives_at=after.arrives_at,
                    returns_at=after.returns_at,
                )
            )
            return after

        return await self._done(attempt, body, self.ferries.sailing)

    async def fill_sailings(self, first: date, days: int) -> int:
        """Make the sailings that the timetables foresee. Harmless when repeated; how many were new.

        What was made stays when its timetable changes, since promises may rest on it.
        """
        patterns, routes = await self.ferries.patterns(), await self.ferries.routes()
        wanted = [
            found
            for pattern in patterns
            if (route := routes.get(pattern.route_id))
            for offset in range(days)
            if (found := pattern.on(first + timedelta(days=offset), route))
        ]
        known = await self.ferries.known(wanted)
        made = await self.ferries.add_sailings([s for s in wanted if s.id not in known])
        if made:
            self.known.forget()
        return made
