"""A branch's day on a map, as dispatchers see it."""

from datetime import date
from typing import Annotated

import strawberry

from doorstep.accounts.model import DISPATCH
from doorstep.accounts.permissions import query
from doorstep.dispatch import rules
from doorstep.dispatch.graphql.room import dispatch_of
from doorstep.dispatch.model import BranchDay, Ground
from doorstep.kit.geo import GeoJson
from doorstep.kit.gql import Info, argument


@strawberry.type
class PictureQuery:
    @query(
        "A branch's day as a FeatureCollection. `properties.layer` says what a feature is: COAST, "
        "AREA, OUTLET; ROUND: a courier's way from the station through the stops, in order; "
        "COURIER: where they were seen last, or their station, with `seen`, `seenAt` and, if their "
        "handheld said so just now, `live`; STOP, with `stopId`, "
        "`appointmentId`, `version`, `courierId`, `position` (from 1), `windowStart`, `windowEnd`, "
        "`state`, `eta` and `lateMinutes`; UNASSIGNED: an appointment on nobody's round. No name, "
        "phone or address of a customer. A branch that is not yours has no features.",
        to=DISPATCH,
    )
    async def rounds_on_map(
        self,
        info: Info,
        branch_id: Annotated[strawberry.ID, argument("Which branch.")],
        day: Annotated[date, argument("Which local day.")],
    ) -> GeoJson:
        house, rooms = info.context.house, dispatch_of(info)
        now = rooms.clock.now()
        if not await house.organisation.in_reach(branch_id, info.context.caller, DISPATCH):
            return rules.picture(BranchDay((), {}, {}, {}), Ground(), now)
        return rules.picture(
            await rooms.branch_day(branch_id, day), await _ground(branch_id, day, info), now
        )


async def _ground(branch_id: str, day: date, info: Info) -> Ground:
    """The coast, and what of the bureau lies in the branch."""
    house = info.context.house
    tree = await house.organisation.tree()
    path = tree.units[branch_id].path
    areas = (await house.addresses.city.areas(day)).areas
    return Ground(
        coasts=await house.addresses.city.coasts(),
        areas=[area for area in areas if area.branch_path.startswith(path)],
        outlets=[unit for unit in tree.outlets() if unit.path.startswith(path)],
    )
