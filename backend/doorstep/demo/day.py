"""A day of the large demo city: some four hundred appointments, each as far as the hour allows.

Made    through the rooms' own verbs, by people who may: nothing is written past a rule
When    everything was booked and planned the day before; what has happened at doors has happened
        in its window, and nothing later than now
Again   every try has a key of its own: a day that was broken off is completed by repeating it
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from doorstep.accounts.model import Role
from doorstep.appointments.model import AccessNotes, Appointment, BookingRequest, Contact
from doorstep.capacity.model import SlotRef
from doorstep.catalogue.model import FAILURES, PROOF_POLICY, Channel, LineOutcome
from doorstep.couriers.model import Courier
from doorstep.couriers.rules import Roster
from doorstep.demo import cast, names
from doorstep.demo.cast import player
from doorstep.demo.city import SEED
from doorstep.demo.importer import Progress, quiet
from doorstep.demo.scale import Size
from doorstep.demo.script import (
    FINISHED,
    GONE_OUT,
    TAKEN,
    Fate,
    Visit,
    item_number,
    visits,
)
from doorstep.dispatch.actions import Dispatch
from doorstep.handheld.actions import Handheld
from doorstep.handheld.model import Act, Command, LineReport, ProofShown
from doorstep.kit.clock import StoppedClock
from doorstep.kit.documents import Document
from doorstep.kit.mongo.transactions import OUTBOX, Attempt
from doorstep.kit.windows import TimeWindow, at_local, day_span, local_day
from doorstep.wiring import House

_AT_ONCE: Final = 6
"""Branches that are played at the same time."""
_BOOKED, _PLANNED, _ACCEPTED = time(5, 30), time(20, 30), time(21)
"""On the day before: in the morning, since an island wants to know a day ahead."""
_CALLED_OFF: Final = "家里有事，改天再约"
_DECLINED: Final = "车辆故障"
_MOST_ASKED: Final = 12
_WITHOUT_LIFT: Final = 6


async def live_a_day(house: House, *, seed: int = SEED, progress: Progress = quiet) -> None:
    """Make the day, today as the house's clock has it, and tell its events to who waits for them.

    Slots and shifts of today and tomorrow are made, if they are not there.
    """
    now = house.clock.now()
    today = local_day(now)
    await house.couriers.fill_shifts(today - timedelta(days=1), 4)
    await house.calendar.fill_sailings(today, 3)
    await house.capacity.fill_slots(today, 3)
    branches: dict[int, list[Visit]] = defaultdict(list)
    for visit in visits(now, seed):
        branches[visit.branch].append(visit)
    done, of = 0, sum(map(len, branches.values()))
    progress("a day of appointments", done, of)
    people, turn = _people(seed), asyncio.Semaphore(_AT_ONCE)
    playing = [_play(house, those, now, people, turn) for those in branches.values()]
    for played in asyncio.as_completed(playing):
        done += await played
        progress("a day of appointments", done, of)
    progress("what follows from it", 0, 1)
    await _tell_in_bulk(house)
    await _bells(house)
    await house.relay(house.leases()).sweep()


async def _tell_in_bulk(house: House) -> None:
    """What the relay would tell one by one, branch beside branch: thousands wait, nobody looks on.

    An event is marked when all of its branch were told; the relay sweeps up the rest.
    """
    rows = house.mongo[OUTBOX].find({"sent": False}).sort([("aggregate", 1), ("sequence", 1)])
    branches: dict[str, list[Document]] = defaultdict(list)
    async for row in rows:
        branches[row["body"].get("branch_id", "")].append(row)
    turn = asyncio.Semaphore(_AT_ONCE)
    await asyncio.gather(*(_tell(house, those, turn) for those in branches.values()))


async def _tell(house: House, rows: Sequence[Document], turn: asyncio.Semaphore) -> None:
    answers = {kind.__name__: (kind, heard) for kind, heard in house.reactions().items()}
    async with turn:
        for row in rows:
            if row["kind"] in answers:
                kind, heard = answers[row["kind"]]
                for answer in heard:
                    await answer(kind.model_validate(row["body"]))
        told = {"_id": {"$in": [row["_id"] for row in rows]}}
        sent = {"sent": True, "sent_at": house.clock.now()}
        await house.mongo[OUTBOX].update_many(told, {"$set": sent})


async def _bells(house: House) -> None:
    """What only rings a bell: nobody reacts to it, so it needs no telling."""
    heard = {kind.__name__ for kind in house.reactions()}
    rings = {"sent": False, "kind": {"$nin": sorted(heard)}}
    sent = {"sent": True, "sent_at": house.clock.now()}
    await house.mongo[OUTBOX].update_many(rings, {"$set": sent})


async def _play(
    house: House,
    those: Sequence[Visit],
    now: datetime,
    people: Sequence[str],
    turn: asyncio.Semaphore,
) -> int:
    async with turn:
        await _Branch.of(house, those[0].branch, now, people).play(those)
    return len(those)


def _people(seed: int) -> list[str]:
    """The customers' names, as the folder has them."""
    random = Random(f"{seed}/customers")
    return [names.person(random) for _ in range(cast.players(Role.CUSTOMER, Size.CITY))]


@dataclass
class _Branch:
    """One branch's day, with a clock of its own for what happened before now."""

    house: House
    dispatch: Dispatch
    handheld: Handheld
    clock: StoppedClock
    now: datetime
    people: Sequence[str]
    number: int
    roster: Roster | None = None
    stops: Counter[tuple[str, datetime]] = field(default_factory=Counter)

    @classmethod
    def of(cls, house: House, number: int, now: datetime, people: Sequence[str]) -> "_Branch":
        clock = StoppedClock(now)
        dispatch = replace(house.dispatch, clock=clock)
        handheld = replace(house.handheld, dispatch=dispatch, clock=clock)
        return cls(house, dispatch, handheld, clock, now, people, number)

    @property
    def today(self) -> date:
        return local_day(self.now)

    def _day_before(self, at: time) -> datetime:
        return at_local(self.today - timedelta(days=1), at)

    async def play(self, those: Sequence[Visit]) -> None:
        """Book all of it, plan it, then let it happen in the order in which it did."""
        span = day_span(self.today - timedelta(days=1), 4)
        self.roster = await self.house.couriers.roster(cast.branch_id(self.number), span)
        made = [(visit, found) for visit in those if (found := await self._booked(visit))]
        taken: list[tuple[Visit, Appointment, Courier]] = []
        for visit, appointment in made:
            if visit.fate in TAKEN and (courier := await self._assigned(visit, appointment)):
                taken.append((visit, appointment, courier))
        await self._accepted(taken)
        for visit, appointment, courier in sorted(taken, key=lambda each: each[0].at(2, self.now)):
            if visit.fate in GONE_OUT:
                await self._gone_out(visit, appointment, courier)
        await self._home(courier for visit, _, courier in taken if visit.fate in GONE_OUT)
        self.clock.set(self.now)
        for visit, appointment in made:
            await self._left_open(visit, appointment)

    # ------------------------------------------------------------ the day before

    async def _booked(self, visit: Visit) -> Appointment | None:
        customer = player(Role.CUSTOMER, visit.customer, Size.CITY)
        window = self._first_window(visit)
        by_agent, floor = visit.fate is Fate.ON_BEHALF, visit.number % 18 + 1
        request = BookingRequest(
            customer_id=customer.account_id,
            booked_by=player(Role.AGENT, 1).account_id if by_agent else customer.account_id,
            booked_by_role=Role.AGENT if by_agent else Role.CUSTOMER,
            channel=Channel.HOTLINE_11185 if by_agent else Channel.APP,
            address_id=cast.address_id(visit.customer),
            slot=self._slot(visit, window),
            hold_id=None,
            contact=Contact(name=self.people[visit.customer - 1], phone=customer.phone),
            lines=visit.lines,
            access_notes=AccessNotes(floor=floor, has_lift=floor > _WITHOUT_LIFT),
        )
        at = self._day_before(_BOOKED) + timedelta(seconds=20 * visit.number)
        booked = await self.house.appointments.book(request, self._attempt(visit, "book", at))
        if not isinstance(booked, Appointment):
            return None
        return await self._changed(visit, booked)

    async def _changed(self, visit: Visit, booked: Appointment) -> Appointment | None:
        """As the customer left it: moved, called off, or as it was."""
        at = self._day_before(_PLANNED)
        asked = (booked.id, booked.customer_id)
        if visit.fate is Fate.RESCHEDULED:
            moved = await self.house.appointments.reschedule(
                *asked,
                self._slot(visit, visit.window),
                self._attempt(visit, "move", at),
                expected_version=booked.version,
                by_role=Role.CUSTOMER,
                reason=_CALLED_OFF,
            )
            return moved if isinstance(moved, Appointment) else booked
        if visit.fate is Fate.CANCELLED:
            await self.house.appointments.cancel(
                *asked,
                self._attempt(visit, "cancel", at),
                expected_version=booked.version,
                by_role=Role.CUSTOMER,
                reason=_CALLED_OFF,
            )
        return booked

    def _first_window(self, visit: Visit) -> TimeWindow:
        """What was rescheduled was to be a week-day later."""
        if visit.fate is not Fate.RESCHEDULED:
            return visit.window
        later = timedelta(days=2 if local_day(visit.window.start).isoweekday() == 6 else 1)
        return TimeWindow(start=visit.window.start + later, end=visit.window.end + later)

    def _slot(self, visit: Visit, window: TimeWindow) -> SlotRef:
        services = frozenset(line.kind for line in visit.lines)
        return SlotRef(area_id=cast.area_id(visit.area), start=window.start, services=services)

    def _attempt(self, visit: Visit, what: str, at: datetime) -> Attempt:
        return Attempt(at=at, key=f"demo|{self.today}|{visit.number}|{what}")

    async def _assigned(self, visit: Visit, appointment: Appointment) -> Courier | None:
        """To whoever has least to do in the window. None: nobody can, and it stays open."""
        assert self.roster
        able = self.roster.able(visit.window, appointment.services)
        others = [courier for courier in able if courier.id != cast.courier_id(1)]
        start = visit.window.start
        if not others:
            return None
        courier = min(others, key=lambda each: (self.stops[each.id, start], each.id))
        self.stops[courier.id, start] += 1
        assigned = await self.dispatch.assign(
            appointment.id,
            courier.id,
            self._attempt(visit, "assign", self._day_before(_PLANNED)),
            expected_version=appointment.version,
            may=None,
            by_role=Role.DISPATCHER,
        )
        return courier if isinstance(assigned, Appointment) else None

    async def _accepted(self, taken: Sequence[tuple[Visit, Appointment, Courier]]) -> None:
        """Each courier accepts all of theirs at once."""
        rounds: dict[str, list[Command]] = defaultdict(list)
        at = self._day_before(_ACCEPTED)
        for visit, appointment, courier in taken:
            accept = self._command(visit, Act.ACCEPT, at, appointment)
            rounds[courier.account_id].append(accept)
        self.clock.set(at)
        for account_id, commands in rounds.items():
            await self.handheld.carry_out(account_id, commands)

    # ------------------------------------------------------------ at the doors

    async def _gone_out(self, visit: Visit, appointment: Appointment, courier: Courier) -> None:
        """What the courier did, told when the last of it was done."""
        turns = [visit.at(turn, self.now) for turn in range(3)]
        commands = [
            self._duty(courier, visit),
            self._command(visit, Act.SET_OUT, turns[0], appointment),
        ]
        if visit.fate is not Fate.EN_ROUTE:
            commands.append(self._command(visit, Act.ARRIVE, turns[1], appointment))
        if visit.fate in FINISHED:
            reports = tuple(self._reports(visit, appointment))
            finish = self._command(visit, Act.FINISH, turns[2], appointment)
            commands.append(finish.model_copy(update={"lines": reports}))
        self.clock.set(commands[-1].captured_at)
        await self.handheld.carry_out(courier.account_id, commands)

    def _duty(self, courier: Courier, visit: Visit) -> Command:
        """At work since the shift began in which the visit falls."""
        assert self.roster
        shift = self.roster.shift_around(courier.id, visit.window)
        assert shift
        return Command(
            id=f"demo|{shift.id}|{Act.START_DUTY}", act=Act.START_DUTY, captured_at=shift.start
        )

    async def _home(self, couriers: Iterator[Courier]) -> None:
        """Whose shift is over has gone home, when the shift ended."""
        assert self.roster
        for courier in {each.id: each for each in couriers}.values():
            shifts = [s for s in self.roster.shifts if s.courier_id == courier.id]
            over = max((s for s in shifts if s.start <= self.now), key=lambda s: s.end)
            if over.end <= self.now:
                self.clock.set(over.end)
                ended = Command(
                    id=f"demo|{over.id}|{Act.END_DUTY}", act=Act.END_DUTY, captured_at=over.end
                )
                await self.handheld.carry_out(courier.account_id, [ended])

    def _reports(self, visit: Visit, appointment: Appointment) -> Iterator[LineReport]:
        """The first line works out, unless nothing does; of a part, the others do not."""
        for index, line in enumerate(appointment.lines):
            outcome = PROOF_POLICY[line.kind].success
            if visit.fate is Fate.FAILED:
                outcome = LineOutcome.NOT_HOME
            elif visit.fate is Fate.PARTLY_COMPLETED and index:
                outcome = LineOutcome.REFUSED
            if outcome in FAILURES:
                yield LineReport(line_id=line.id, outcome=outcome)
                continue
            item = getattr(line, "item_id", None) or item_number(visit.number, index)
            signed_by = ProofShown(signed_by=appointment.private.contact.name)
            yield LineReport(
                line_id=line.id,
                outcome=outcome,
                weight_grams=getattr(line, "weight_grams", None),
                item_ids=(item,),
                proof=signed_by,
            )

    def _command(self, visit: Visit, act: Act, at: datetime, appointment: Appointment) -> Command:
        return Command(
            id=f"demo|{self.today}|{visit.number}|{act}",
            act=act,
            captured_at=at,
            appointment_id=appointment.id,
        )

    # ------------------------------------------------------------ now

    async def _left_open(self, visit: Visit, appointment: Appointment) -> None:
        """Somebody is being asked; or everybody was, and nobody can."""
        if visit.fate is Fate.OFFERED:
            await self.dispatch.offer_next(appointment.id)
        if visit.fate is Fate.DECLINED:
            for asked in range(_MOST_ASKED):
                if not await self._asked_in_vain(visit, appointment, asked):
                    return

    async def _asked_in_vain(self, visit: Visit, appointment: Appointment, asked: int) -> bool:
        """One more who declines. False: nobody is left to ask."""
        offer = await self.dispatch.offer_next(appointment.id)
        if offer is None:
            return False
        (courier,) = (await self.house.couriers.get_many([offer.courier_id])).values()
        no = self._command(visit, Act.DECLINE, self.now, appointment)
        said = no.model_copy(update={"id": f"{no.id}|{asked}", "reason": _DECLINED})
        await self.handheld.carry_out(courier.account_id, [said])
        return True
