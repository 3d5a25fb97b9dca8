"""Telling dispatchers what happens in their branch, and what should worry them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date

from doorstep.appointments.actions import Appointments
from doorstep.appointments.events import (
    AppointmentEvent,
    AppointmentForeseen,
    AppointmentReofferLapsed,
)
from doorstep.appointments.model import Appointment, Status
from doorstep.capacity.events import CapacityChanged
from doorstep.couriers.actions import Couriers
from doorstep.couriers.events import DutyEnded
from doorstep.desk import rules
from doorstep.desk.model import UNVISITED, Alarm, DeskPolicy, Entry
from doorstep.desk.store import DeskStore
from doorstep.dispatch.actions import Dispatch
from doorstep.dispatch.events import LatenessForeseen, OfferUntaken, StopFlagged
from doorstep.kit.clock import Clock
from doorstep.kit.mongo.hub import Hub
from doorstep.kit.mongo.transactions import Mongo, Tx
from doorstep.kit.windows import local_day


@dataclass(frozen=True)
class Told:
    """A line of a branch's feed with what it is about, as that stands now."""

    sequence: int
    entry: Entry | None
    appointment: Appointment | None
    alarm: Alarm | None


@dataclass(frozen=True)
class Desk:
    mongo: Mongo
    store: DeskStore
    appointments: Appointments
    couriers: Couriers
    dispatch: Dispatch
    hub: Hub
    policy: DeskPolicy
    clock: Clock

    # ------------------------------------------------------------ what happened

    async def tell(self, event: AppointmentEvent) -> None:
        """One line for one step of an appointment. Harmless when repeated."""
        entry = Entry(
            id=f"{event.aggregate}|{event.sequence}",
            branch_id=event.branch_id,
            sequence=0,
            at=event.at,
            appointment_id=event.aggregate,
            appointment_sequence=event.sequence,
        )
        await self._add(entry)

    async def tell_eta(self, event: AppointmentForeseen) -> None:
        """One line for each ETA that is another by enough. Harmless when repeated."""
        entry = Entry(
            id=f"{event.aggregate}|eta|{int(event.at.timestamp() * 1000)}",
            branch_id=event.branch_id,
            sequence=0,
            at=event.at,
            appointment_id=event.aggregate,
        )
        await self._add(entry)

    async def _add(self, entry: Entry) -> None:
        async def body(tx: Tx) -> None:
            if not await self.store.knows(entry.id, tx=tx):
                await self.store.add(entry, tx=tx)

        await self.mongo.transact(body)

    async def sound(self, alarm: Alarm) -> bool:
        """Raise the alarm, with a line in the feed. False: it was raised before."""
        entry = Entry(
            id=alarm.id, branch_id=alarm.branch_id, sequence=0, at=alarm.at, alarm_id=alarm.id
        )

        async def body(tx: Tx) -> bool:
            if await self.store.raised(alarm.id, tx=tx):
                return False
            self.store.raise_alarm(alarm, tx=tx)
            await self.store.add(entry, tx=tx)
            return True

        return await self.mongo.transact(body)

    # ------------------------------------------------------------ what should worry somebody

    async def heed_untaken(self, event: OfferUntaken) -> None:
        """Nobody is left to ask: if it is still so, say it."""
        found = await self.appointments.load([event.aggregate])
        appointment = found.get(event.aggregate)
        if appointment and appointment.status is Status.BOOKED and not appointment.offered_to:
            await self.sound(rules.untaken(appointment, at=event.at))

    async def heed_flagged(self, event: StopFlagged) -> None:
        """A courier dropped out, and a person is to see to this one: if it is still so, say it."""
        appointment = (await self.appointments.load([event.aggregate])).get(event.aggregate)
        if appointment is None:
            return
        courier_id, under_way = event.courier_id, event.under_way
        alarm = rules.flagged(appointment, courier_id, under_way=under_way, at=event.at)
        if rules.is_flagged(alarm, appointment):
            await self.sound(alarm)

    async def heed_reoffer_lapsed(self, event: AppointmentReofferLapsed) -> None:
        """A customer whose promise cannot be kept has not answered: somebody should call them."""
        await self.tell(event)
        appointment = (await self.appointments.load([event.aggregate])).get(event.aggregate)
        if appointment and rules.is_unanswered(appointment, event.sequence):
            await self.sound(rules.unanswered(appointment, at=event.at))

    async def heed_lateness(self, event: LatenessForeseen) -> None:
        """A courier will be late: if it is still so, say it."""
        appointment = (await self.appointments.load([event.aggregate])).get(event.aggregate)
        if appointment and rules.runs_late(appointment, event.courier_id, self.dispatch.policy):
            await self.sound(rules.running_late(appointment, at=event.at))

    async def heed_duty_ended(self, event: DutyEnded) -> None:
        """A courier went home: are there stops left today?"""
        courier, day = await self.couriers.get(event.aggregate), local_day(event.at)
        if courier is None or courier.on_duty:
            return
        round = await self.dispatch.round_of(courier, day)
        if rules.has_open_stops(round):
            await self.sound(rules.gone_home(courier, day, at=event.at))

    async def heed_capacity(self, event: CapacityChanged) -> None:
        """There is more to give, or less: is there still room for all that was promised?"""
        found = await self.appointments.shortage(event.aggregate)
        if found and event.at < found.slot.window.end:
            await self.sound(rules.short(found.slot, at=event.at))

    async def warn_of_passing_windows(self) -> int:
        """Windows about to end with nobody on the way. How many were new."""
        now = self.clock.now()
        found = await self.appointments.ending_between(
            now, now + self.policy.warn_before_end, UNVISITED
        )
        sounded = [await self.sound(rules.passing(each, at=now)) for each in found]
        return sum(sounded)

    # ------------------------------------------------------------ reading

    async def open_alarms(self, branch_id: str, day: date) -> list[Alarm]:
        """The alarms of a day whose reason still lasts."""
        alarms = await self.store.alarms_of(branch_id, day)
        appointments = await self.appointments.load(
            {alarm.appointment_id for alarm in alarms if alarm.appointment_id}
        )
        couriers = await self.couriers.get_many(
            {alarm.courier_id for alarm in alarms if alarm.courier_id}
        )
        rounds = {id: await self.dispatch.round_of(each, day) for id, each in couriers.items()}
        slots = {alarm.slot_key for alarm in alarms if alarm.slot_key}
        short = {key: found for key in slots if (found := await self.appointments.shortage(key))}
        lasting = [
            alarm
            for alarm in alarms
            if rules.lasts(
                alarm,
                appointments.get(alarm.appointment_id or ""),
                couriers.get(alarm.courier_id or ""),
                rounds.get(alarm.courier_id or ""),
                short=alarm.slot_key in short,
                policy=self.dispatch.policy,
            )
        ]
        return rules.newest_of_each(lasting)

    async def follow(self, branch_id: str, *, after: int | None) -> AsyncIterator[Told]:
        """Every line past `after`: the missed ones in order, then each new one. Whoever missed more
        than is kept, or claims to know more than there is, is told once to start over.
        """
        with self.hub.listen(branch_id) as bell:
            head = await self.store.head(branch_id)
            told = head if after is None else after
            if told > head or await self._too_old(branch_id, told, head):
                told = head
                yield Told(head, None, None, None)
            while True:
                entries = await self.store.entries(
                    branch_id, after=told, most=self.policy.most_replayed
                )
                for line in await self._lines(entries):
                    told = line.sequence
                    yield line
                if not entries:
                    await bell.heard()

    async def _too_old(self, branch_id: str, told: int, head: int) -> bool:
        if told >= head:
            return False
        first = await self.store.entries(branch_id, after=told, most=1)
        return not first or first[0].sequence > told + 1

    async def _lines(self, entries: Sequence[Entry]) -> list[Told]:
        alarms = await self.store.known_alarms({e.alarm_id for e in entries if e.alarm_id})
        about = {e.appointment_id for e in entries if e.appointment_id}
        about |= {alarm.appointment_id for alarm in alarms.values() if alarm.appointment_id}
        found = await self.appointments.load(about)
        return [_line(entry, alarms, found) for entry in entries]


def _line(entry: Entry, alarms: dict[str, Alarm], found: dict[str, Appointment]) -> Told:
    alarm = alarms.get(entry.alarm_id or "")
    id = entry.appointment_id or (alarm.appointment_id if alarm else None)
    return Told(entry.sequence, entry, found.get(id or ""), alarm)
