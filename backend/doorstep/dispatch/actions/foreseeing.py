"""What a round comes to as things stand: when each door is reached, and who will be late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from doorstep.appointments.model import Appointment
from doorstep.couriers.model import Courier, VehicleKind
from doorstep.dispatch import rules
from doorstep.dispatch.actions.tools import Tools
from doorstep.dispatch.events import LatenessForeseen
from doorstep.dispatch.model import Round, Stop, StopState
from doorstep.dispatch.rules import Surroundings
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import local_day


@dataclass(frozen=True)
class Foresight:
    """A round with the ETAs that are worth a word, and whom they concern."""

    round: Round
    others: tuple[tuple[Appointment, datetime], ...] = ()
    """Appointments to be told another ETA."""
    late: tuple[tuple[Appointment, Stop], ...] = ()
    """Those that will be late, and would not have been."""
    fresh: Mapping[str, datetime] = field(default_factory=dict)
    """ETAs of appointments that are about to be written anyway."""


@dataclass(frozen=True)
class Foreseeing(Tools):
    """Reckoned on what stands when it is written; nothing is written that nobody would notice."""

    async def _foresee(
        self,
        before: Round,
        after: Round,
        fresh: Mapping[str, Appointment],
        *,
        at: datetime,
        tx: Tx | None = None,
    ) -> Foresight:
        """`after`, as it will come to pass, where the `fresh` appointments are not written yet."""
        courier = await self.couriers.get(after.courier_id)
        if courier is None or after.day != local_day(at) or not rules.ahead(after):
            return Foresight(after)
        found = await self._appointments_of(after, fresh, tx)
        around = await self._surroundings(courier, found, at, tx)
        round = rules.foreseen(after, rules.etas(after, around, at, self.ways), self.policy)
        theirs = {id: a for id, a in found.items() if a.courier_id == courier.id}
        told = {
            stop.appointment_id: stop.eta
            for stop in round.stops
            if stop.state in rules.WATCHED
            and stop.eta
            and stop.appointment_id in theirs
            and theirs[stop.appointment_id].eta != stop.eta
        }
        return Foresight(
            round,
            others=tuple((found[id], eta) for id, eta in told.items() if id not in fresh),
            late=tuple(
                (theirs[stop.appointment_id], stop)
                for stop in rules.newly_late(before, round, self.policy)
                if stop.appointment_id in theirs
            ),
            fresh={id: eta for id, eta in told.items() if id in fresh},
        )

    async def _appointments_of(
        self, round: Round, fresh: Mapping[str, Appointment], tx: Tx | None
    ) -> dict[str, Appointment]:
        ids = {stop.appointment_id for stop in round.stops if stop.state is not StopState.REMOVED}
        known = await self.appointments.load(ids - fresh.keys(), tx=tx)
        return known | {id: each for id, each in fresh.items() if id in ids}

    async def _surroundings(
        self, courier: Courier, found: Mapping[str, Appointment], at: datetime, tx: Tx | None
    ) -> Surroundings:
        vehicle = await self.couriers.vehicle_at(courier, at)
        return Surroundings(
            calls={id: call for id, each in found.items() if (call := rules.call_of(each))},
            steps={id: step for id, each in found.items() if (step := rules.stepped_at(each))},
            seen=await self.couriers.position_of(courier.id, tx=tx),
            station=courier.station,
            vehicle=vehicle.kind if vehicle else VehicleKind.ON_FOOT,
        )

    async def _tell_foreseen(
        self, foresights: Sequence[Foresight], *, at: datetime, tx: Tx
    ) -> None:
        """Everything but the round itself."""
        others = [each for foresight in foresights for each in foresight.others]
        if others:
            await self.appointments.foresee(others, at=at, tx=tx)
        for foresight in foresights:
            for appointment, stop in foresight.late:
                assert stop.eta
                tx.record(
                    LatenessForeseen(
                        aggregate=appointment.id,
                        sequence=appointment.sequence,
                        at=at,
                        courier_id=foresight.round.courier_id,
                        eta=stop.eta,
                    )
                )
