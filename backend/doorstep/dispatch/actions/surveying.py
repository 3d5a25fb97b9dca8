"""A branch's rounds as they stand, as lines that one more stop may be put into.

Kept     what hangs on a round is kept in this process beside the round's sequence, and read again
         when that has moved: a large branch's day is hundreds of sealed doors
Judged   nothing that decides a race rests on it: an assignment is one by its index, a round is
         written only over the round that was read, and a slot's budget is what is sold
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from doorstep.appointments.model import Appointment
from doorstep.calendar.model import Sailing
from doorstep.calendar.rules import Almanac
from doorstep.couriers.model import Courier, Shift
from doorstep.couriers.rules import Garage, Roster
from doorstep.dispatch import rules
from doorstep.dispatch.actions.known import Hung
from doorstep.dispatch.actions.tools import Tools
from doorstep.dispatch.model import (
    OPEN_STOPS,
    Assignment,
    Passed,
    PassedOver,
    Round,
    StopState,
)
from doorstep.dispatch.rules import Call, Choice, Hand, Line, Made, Wanted
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import TimeWindow, day_span

_NOTHING: Final[Mapping[str, Appointment]] = MappingProxyType({})
_HANGING: Final = OPEN_STOPS | {StopState.DONE, StopState.FAILED}


@dataclass(frozen=True)
class Survey:
    """Who can be asked to come in a window, and who cannot, each with the reason."""

    lines: tuple[Line, ...]
    passed: tuple[Passed, ...]
    kept: Mapping[str, str]
    """For which dedication couriers are kept then, if it is not for this, by courier."""

    def choose(self, wanted: Wanted, worth_seconds: int) -> Choice:
        found = rules.cheapest(self.lines, wanted, worth_seconds=worth_seconds)
        return Choice(found.place, (*found.passed, *self.passed))

    def named(self, courier_id: str, wanted: Wanted) -> Choice:
        """The place in the round of who was named; a DETOUR below zero is a way that is shorter."""
        theirs = rules.cheapest(
            [line for line in self.lines if line.courier_id == courier_id], wanted
        )
        others = [line for line in self.lines if line.courier_id != courier_id]
        metres = theirs.place.detour.metres if theirs.place else 0
        beside = [rules.beside(line, wanted, metres) for line in others]
        rest = [each for each in self.passed if each.courier_id != courier_id]
        return Choice(theirs.place, (*theirs.passed, *beside, *rest))


@dataclass(frozen=True)
class Surveying(Tools):
    """Nothing here changes anything."""

    async def considered(
        self, appointment: Appointment, now: datetime, tx: Tx
    ) -> tuple[Survey, Wanted] | None:
        """Who may come to it, and what of it matters to them. None: nobody knows where it is."""
        call = rules.call_of(appointment)
        if call is None:
            return None
        boat = await self.boat_to(appointment)
        asked = await self.unwilling([appointment], tx=tx)
        survey = await self.survey(call, appointment.branch_id, boat, now=now, tx=tx)
        return survey, Wanted(
            call,
            asked_before=asked.get(appointment.id, frozenset()),
            usual_courier=await self.appointments.last_courier(appointment.customer_id),
            dedicated=survey.kept,
            boat=boat.id if boat else None,
        )

    async def survey(
        self, call: Call, branch_id: str, boat: Sailing | None, *, now: datetime, tx: Tx | None
    ) -> Survey:
        """The lines of all who work in the call's window, in the branch."""
        roster = await self.couriers.roster(branch_id, call.window)
        hands = await self._hands(roster, call.window)
        day = call.window.day
        rounds = await self.rounds.of_branch(branch_id, day, tx=tx)
        made = await self._made(rounds, day, tx)
        about = {"customer_id": call.customer_id, "area_id": call.area_id}
        kept = {
            id: found.id
            for id in hands
            if (found := roster.dedicated_elsewhere(id, call.window, **about))
        }
        lines: list[Line] = []
        passed = [
            Passed(courier_id=courier.id, code=PassedOver.OFF_DUTY)
            for courier in roster.couriers
            if courier.id not in hands
        ]
        for id, hand in hands.items():
            line = self._line(hand, made.get(id, ()), boat, call, now)
            if line is None:
                code = PassedOver.DEDICATED_ELSEWHERE if id in kept else PassedOver.ISLAND
                passed.append(Passed(courier_id=id, code=code))
            else:
                lines.append(line)
        return Survey(tuple(lines), tuple(passed), kept)

    def _line(
        self, hand: Hand, made: Sequence[Made], boat: Sailing | None, call: Call, now: datetime
    ) -> Line | None:
        if boat:
            return rules.island(hand, made, boat, call.where, ways=self.ways)
        return rules.mainland(hand, made, now=now, ways=self.ways)

    async def _hands(self, roster: Roster, window: TimeWindow) -> dict[str, Hand]:
        garage = await self.couriers.garage(roster.couriers, window)
        return {
            courier.id: self.hand(courier, shift, garage, window)
            for courier in roster.couriers
            if (shift := roster.shift_around(courier.id, window))
        }

    def hand(self, courier: Courier, shift: Shift, garage: Garage, window: TimeWindow) -> Hand:
        """With what they drive in that window of their shift."""
        return Hand(
            courier=courier,
            shift=shift,
            vehicle=garage.driven_by(courier, window),
            most_in_window=self.policy.most_stops_in_window,
            on_foot=self.capacity.policy,
        )

    async def timed(
        self, round: Round, courier: Courier, fresh: Sequence[Appointment], *, now: datetime, tx: Tx
    ) -> Round:
        """The round with arrivals, where the `fresh` appointments are not written yet."""
        given = {appointment.id: appointment for appointment in fresh}
        made = (await self._made([round], round.day, tx, given))[courier.id]
        boats = {each.boat.id: each.boat for each in made if each.boat}
        shifts = await self._shifts(courier, round.day)
        garage = await self.couriers.garage([courier], _span(shifts, round.day))
        lines = []
        for shift in shifts:
            hand = self.hand(courier, shift, garage, shift.window)
            lines.append(rules.mainland(hand, made, now=now, ways=self.ways))
            for boat in boats.values():
                there = rules.island(hand, made, boat, courier.station, ways=self.ways)
                lines += [there] if there else []
        return rules.timed(round, *lines)

    async def _shifts(self, courier: Courier, day: date) -> list[Shift]:
        span = day_span(day)
        ahead = await self.couriers.next_shifts(courier.id, span.start)
        return [shift for shift in ahead if shift.start < span.end]

    async def put_on_round(
        self,
        assignment: Assignment,
        appointment: Appointment,
        courier: Courier,
        now: datetime,
        tx: Tx,
        *,
        before: str | None,
    ) -> None:
        """A stop for the assignment, OFFERED until its courier accepts it; `before` the open stop
        for that appointment, or last.
        """
        self.assignments.add(assignment, tx=tx)
        round = await self.rounds.get(courier.id, courier.branch_id, appointment.day, tx=tx)
        stop = rules.new_stop(new_id("stp"), appointment)
        longer = rules.with_stop(round, stop, before)
        after = await self.timed(longer, courier, [appointment], now=now, tx=tx)
        await self.rounds.save([(round, after)], at=now, tx=tx)

    # ------------------------------------------------------------ what hangs on rounds

    async def _made(
        self,
        rounds: Collection[Round],
        day: date,
        tx: Tx | None,
        given: Mapping[str, Appointment] = _NOTHING,
    ) -> dict[str, tuple[Made, ...]]:
        """By courier, in order. What hangs on a round that is not written yet is not kept."""
        known = {} if given else {r.courier_id: hung for r in rounds if (hung := self.known.of(r))}
        fresh = [round for round in rounds if round.courier_id not in known]
        if fresh:
            known |= await self._hung(fresh, given, tx)
        almanac = await self.calendar.almanac(day_span(day))
        found = {}
        for id, hung in known.items():
            made = [(each, _boat(each, almanac)) for each in hung]
            found[id] = tuple(
                Made(each.stop, each.call, boat) for each, boat in made if boat or not each.route_id
            )
        return found

    async def _hung(
        self, rounds: Collection[Round], given: Mapping[str, Appointment], tx: Tx | None
    ) -> dict[str, tuple[Hung, ...]]:
        ids = {s.appointment_id for r in rounds for s in r.stops if s.state in _HANGING}
        appointments = {**await self.appointments.load(ids - given.keys(), tx=tx), **given}
        slots = await self.capacity.get_many(sorted({a.slot.key for a in appointments.values()}))
        found = {}
        for round in rounds:
            hung = []
            for stop in round.stops:
                appointment = appointments.get(stop.appointment_id)
                call = rules.call_of(appointment) if appointment else None
                if appointment and call and stop.state in _HANGING:
                    slot = slots.get(appointment.slot.key)
                    hung.append(Hung(stop, call, slot.route_id if slot else None))
            found[round.courier_id] = tuple(hung)
            if not given:
                self.known.keep(round, tuple(hung))
        return found

    async def boat_to(self, appointment: Appointment) -> Sailing | None:
        """The boat by which a door is come to. None: no boat is needed, or none goes."""
        slots = await self.capacity.get_many([appointment.slot.key])
        slot = slots.get(appointment.slot.key)
        if slot is None or slot.route_id is None:
            return None
        almanac = await self.calendar.almanac(day_span(appointment.day))
        return almanac.sailing_for(slot.route_id, appointment.window)


def _span(shifts: Iterable[Shift], day: date) -> TimeWindow:
    """The day, and whatever of the shifts lies beside it."""
    whole = day_span(day)
    return TimeWindow(
        start=min([whole.start, *(shift.start for shift in shifts)]),
        end=max([whole.end, *(shift.end for shift in shifts)]),
    )


def _boat(hung: Hung, almanac: Almanac) -> Sailing | None:
    return almanac.sailing_for(hung.route_id, hung.call.window) if hung.route_id else None
