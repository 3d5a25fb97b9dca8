"""What couriers did, written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import Appointment, Status
from doorstep.dispatch import rules
from doorstep.dispatch.actions.foreseeing import Foreseeing, Foresight
from doorstep.dispatch.actions.surveying import Surveying
from doorstep.dispatch.model import (
    Assignment,
    Ending,
    Round,
)
from doorstep.kit.mongo.transactions import Tx


@dataclass(frozen=True)
class Working(Foreseeing, Surveying):
    """For the handheld."""

    async def save_work(
        self,
        rounds: Sequence[tuple[Round, Round]],
        steps: Sequence[tuple[Appointment, Appointment]],
        ended: Sequence[tuple[Assignment, Ending, str | None]],
        accepted: Sequence[str],
        *,
        at: datetime,
        tx: Tx,
    ) -> None:
        """Write what a courier did: promises, assignments, and last the rounds."""
        rounds, steps = await self._at_other_doors(rounds, steps, at, tx)
        foresights = await self._foresee_work(rounds, steps, at, tx)
        steps = _with_etas(steps, foresights)
        if steps:
            await self.appointments.save(steps, AppointmentMoved, tx=tx)
        for assignment, ending, reason in ended:
            await self.assignments.end(assignment.id, ending, at=at, tx=tx, reason=reason)
            self.say_offer_ended(assignment, ending, at, tx)
        settled = {assignment.appointment_id for assignment, _, _ in ended}
        settled |= {after.id for _, after in steps if after.status is Status.EN_ROUTE}
        if settled:
            await self._overtake(settled, at, tx)
        if accepted:
            await self.assignments.accept(accepted, tx=tx)
        await self._tell_foreseen(foresights, at=at, tx=tx)
        changed = [(b, f.round) for (b, _), f in zip(rounds, foresights, strict=True)]
        await self.rounds.save([(b, a) for b, a in changed if b != a], at=at, tx=tx)

    async def _foresee_work(
        self,
        rounds: Sequence[tuple[Round, Round]],
        steps: Sequence[tuple[Appointment, Appointment]],
        at: datetime,
        tx: Tx,
    ) -> list[Foresight]:
        """What the work makes of what is still ahead: one for each round."""
        fresh = {after.id: after for _, after in steps}
        return [
            await self._foresee(before, after, fresh, at=at, tx=tx)
            if before != after
            else Foresight(after)
            for before, after in rounds
        ]

    async def _at_other_doors(
        self,
        rounds: Sequence[tuple[Round, Round]],
        steps: Sequence[tuple[Appointment, Appointment]],
        at: datetime,
        tx: Tx,
    ) -> tuple[Sequence[tuple[Round, Round]], Sequence[tuple[Appointment, Appointment]]]:
        """Rounds timed afresh around the doors that their courier has agreed to."""
        agreed = {
            after.id: after
            for before, after in steps
            if after.courier_id and after.door_no != before.door_no
        }
        if not agreed:
            return rounds, steps
        etas: dict[str, datetime | None] = {}
        timed = []
        for before, after in rounds:
            here = [agreed[s.appointment_id] for s in after.stops if s.appointment_id in agreed]
            courier = await self.couriers.get(after.courier_id) if here else None
            if courier:
                for each in here:
                    after = rules.at_other_door(after, each)
                    await self.assignments.follow(each, tx=tx)
                after = await self.timed(after, courier, here, now=at, tx=tx)
                etas |= {stop.appointment_id: stop.eta for stop in after.stops}
            timed.append((before, after))
        return timed, [
            (b, a.model_copy(update={"eta": etas.get(a.id)}) if a.id in agreed else a)
            for b, a in steps
        ]


def _with_etas(
    steps: Sequence[tuple[Appointment, Appointment]], foresights: Sequence[Foresight]
) -> list[tuple[Appointment, Appointment]]:
    etas = {id: eta for foresight in foresights for id, eta in foresight.fresh.items()}
    return [
        (before, after.model_copy(update={"eta": etas[after.id]}) if after.id in etas else after)
        for before, after in steps
    ]
