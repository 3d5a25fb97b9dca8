"""A courier drops out: what they had goes to others, or to a person's attention, in one go."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from doorstep.accounts.model import Role
from doorstep.appointments.events import AppointmentMoved
from doorstep.appointments.model import Appointment, EventKind, Status
from doorstep.appointments.rules import moved, noted
from doorstep.couriers.model import Courier, Leave
from doorstep.dispatch import rules
from doorstep.dispatch.actions.assigning import Assigning
from doorstep.dispatch.actions.tools import freed, lies_in
from doorstep.dispatch.events import StopFlagged
from doorstep.dispatch.model import (
    OPEN_STOPS,
    UNDER_WAY,
    Assignment,
    DropOut,
    DropOutRefusal,
    DropOutRefused,
    Ending,
    Flag,
    Flagged,
    Rehomed,
    Round,
    Stop,
    round_id,
)
from doorstep.dispatch.rules import Choice, Line, LineKey, Loose, Picture
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx
from doorstep.kit.windows import day_span, local_day

_LONGEST: Final = timedelta(days=14)


@dataclass(frozen=True)
class Absence:
    """Who does not come any more, from when on, and why."""

    courier: Courier
    since: datetime
    until: datetime
    reason: str
    by: str
    """Whose word it was: an account."""
    by_role: Role
    with_under_way: bool = False

    def leave(self, drop_out_id: str, now: datetime) -> Leave:
        return Leave(
            id=f"lea_{drop_out_id.removeprefix('dro_')}",
            courier_id=self.courier.id,
            branch_id=self.courier.branch_id,
            start=self.since,
            end=self.until,
            reason=self.reason,
            by=self.by,
            at=now,
        )


@dataclass(frozen=True)
class Had:
    """One of their stops: how the appointment stood, and how it stands without them."""

    stop: Stop
    assignment: Assignment
    before: Appointment
    after: Appointment


@dataclass
class Branch:
    """The lines that their stops may join, as far as they have been looked up."""

    lines: dict[LineKey, Line] = field(default_factory=dict)
    loose: list[Loose] = field(default_factory=list)


@dataclass(frozen=True)
class Dropping(Assigning):
    """Each stop goes to somebody by the dispatcher's word, not as an offer: there is no time to
    ask one after another, and a customer is to know who comes. Who cannot after all declines it.
    """

    async def drop_out(
        self,
        courier_id: str,
        attempt: Attempt,
        *,
        since: datetime,
        until: datetime | None,
        reason: str,
        with_under_way: bool,
        may: Collection[str] | None,
        by: str,
        by_role: Role,
    ) -> DropOut | DropOutRefused:
        id = new_id("dro")
        over = until or day_span(local_day(since)).end

        async def body(tx: Tx) -> DropOut | DropOutRefused:
            courier = await self.couriers.get(courier_id)
            if courier is None or not lies_in(courier.branch_path, may):
                return DropOutRefused(code=DropOutRefusal.NOT_FOUND, path=("courierId",))
            absence = Absence(courier, since, over, reason, by, by_role, with_under_way)
            return await self.drop_out_of(id, absence, now=attempt.at, tx=tx)

        outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Repeated):
            found = await self.drop_outs.get(outcome.id)
            assert found
            return found
        if isinstance(outcome, Reused):
            code = DropOutRefusal.IDEMPOTENCY_KEY_REUSED
            return DropOutRefused(code=code, path=("idempotencyKey",))
        return outcome

    async def drop_out_of(
        self, id: str, absence: Absence, *, now: datetime, tx: Tx
    ) -> DropOut | DropOutRefused:
        """All of their stops at once: the stops of the day are one problem, not fourteen."""
        since, until, courier = absence.since, absence.until, absence.courier
        if not max(since, now) < until <= since + _LONGEST or since < now - timedelta(days=1):
            return DropOutRefused(code=DropOutRefusal.NOT_ALLOWED_NOW, path=("from",))
        await self.rounds.hold(courier.id, tx=tx)
        theirs = await self._rounds_between(absence, tx)
        had = await self._had(theirs, absence, now, tx)
        staying = [each for each in had if _stays(each, absence)]
        going = [each for each in had if each not in staying]
        branch = Branch()
        deadlines = await self.capacity.catalogue.deadlines(local_day(now))
        loose = [each.after for each in going]
        for each in rules.first_things_first(loose, now=now, deadlines=deadlines):
            await self._look_around(branch, each, courier.id, now, tx)
        # Beside the event loop: other requests are served while it is thought over.
        picture = await asyncio.to_thread(rules.rehome, branch.lines, branch.loose)
        rehomed = await self._hand_out(picture, branch, theirs, going, absence, now, tx)
        flagged = [*_left_over(picture, going), *_under_way(staying)]
        self._raise_flags(flagged, had, courier.id, now, tx)
        await self.couriers.stop_work(courier, absence.leave(id, now), at=now, tx=tx)
        drop_out = DropOut(
            id=id,
            courier_id=courier.id,
            branch_id=courier.branch_id,
            branch_path=courier.branch_path,
            since=since,
            until=until,
            reason=absence.reason,
            by_role=absence.by_role,
            at=now,
            rehomed=tuple(rehomed),
            flagged=tuple(flagged),
        )
        self.drop_outs.add(drop_out, tx=tx)
        return drop_out

    # ------------------------------------------------------------ what they had

    async def _rounds_between(self, absence: Absence, tx: Tx) -> list[Round]:
        first, last = local_day(absence.since), local_day(absence.until)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        found = await self.rounds.get_many(
            [round_id(absence.courier.id, day) for day in days], tx=tx
        )
        return list(found.values())

    async def _had(
        self, theirs: Sequence[Round], absence: Absence, now: datetime, tx: Tx
    ) -> list[Had]:
        """What is open and not over by then; if they are gone already, also what is overdue."""
        stops = {
            stop.appointment_id: stop
            for round in theirs
            for stop in round.stops
            if stop.state in OPEN_STOPS and stop.window.start < absence.until
            if stop.window.end > absence.since or absence.since <= now
        }
        appointments = await self.appointments.load(stops.keys(), tx=tx)
        active = await self.assignments.active_for(stops.keys(), tx=tx)
        return [
            Had(stop, active[id], before, _without_courier(before, absence, now))
            for id, stop in stops.items()
            if (before := appointments.get(id)) and id in active
            if active[id].courier_id == absence.courier.id and rules.is_for(active[id], before)
        ]

    async def _look_around(
        self, branch: Branch, appointment: Appointment, without: str, now: datetime, tx: Tx
    ) -> None:
        """Whose lines it may join. Each line is looked up once, whatever may join it. Who was asked
        before and said no is told now: they are not asked.
        """
        considered = await self.considered(appointment, now, tx)
        if considered is None:
            return
        survey, wanted = considered[0], replace(considered[1], asked_before=frozenset())
        lines = {
            (line.courier_id, appointment.day, line.shift.start, line.ashore): line
            for line in survey.lines
            if line.courier_id != without
        }
        branch.lines |= {key: line for key, line in lines.items() if key not in branch.lines}
        passed = tuple(each for each in survey.passed if each.courier_id != without)
        branch.loose.append(Loose(wanted, tuple(lines), passed))

    # ------------------------------------------------------------ what becomes of it

    async def _hand_out(
        self,
        picture: Picture,
        branch: Branch,
        theirs: Sequence[Round],
        going: Sequence[Had],
        absence: Absence,
        now: datetime,
        tx: Tx,
    ) -> list[Rehomed]:
        """Assignments, promises and rounds: all of it in one commit, the rounds last."""
        ids = {each.before.id for each in going}
        for each in going:
            await self.assignments.end(
                each.assignment.id, Ending.DROPPED_OUT, at=now, tx=tx, reason=absence.reason
            )
        await self._overtake(ids, now, tx)
        homes = {id: (key[0], choice) for id, (key, choice) in picture.homes.items()}
        people = await self.couriers.get_many({courier_id for courier_id, _ in homes.values()})
        steps = [(each.before, _given(each.after, homes, absence, now)) for each in going]
        await self.appointments.save([s for s in steps if _told(*s)], AppointmentMoved, tx=tx)
        await self.appointments.save([s for s in steps if not _told(*s)], None, tx=tx)
        given = {after.id: after for _, after in steps if after.id in homes}
        for id, (courier_id, choice) in homes.items():
            word = rules.offer(
                new_id("asg"),
                given[id],
                people[courier_id],
                at=now,
                answer_by=None,
                by_role=absence.by_role,
                found=choice,
                most_explained=self.policy.most_explained,
            )
            self.assignments.add(word, tx=tx)
        changed = picture.changed_from(branch.lines)
        rounds = await self._rearranged(changed, given, people, now, tx)
        emptied = [(round, rules.without(round, ids)) for round in theirs]
        await self.rounds.save([*rounds, *(s for s in emptied if s[0] != s[1])], at=now, tx=tx)
        return _told_where(picture, rounds)

    async def _rearranged(
        self,
        changed: Mapping[LineKey, Line],
        given: Mapping[str, Appointment],
        people: Mapping[str, Courier],
        now: datetime,
        tx: Tx,
    ) -> list[tuple[Round, Round]]:
        """The rounds of those who got something, or whose stops changed their order."""
        rounds: dict[tuple[str, date], tuple[Round, Round]] = {}
        known = {**people, **await self.couriers.get_many({k[0] for k in changed} - people.keys())}
        for (courier_id, day, *_), line in changed.items():
            courier = known[courier_id]
            read = await self.rounds.get(courier_id, courier.branch_id, day, tx=tx)
            before, after = rounds.get((courier_id, day), (read, read))
            fresh = {
                call.id: rules.new_stop(new_id("stp"), given[call.id])
                for call in line.calls
                if call.id in given and after.stop_for(call.id) is None
            }
            rounds[courier_id, day] = before, rules.arranged(after, line, fresh)
        found = []
        for (courier_id, _), (before, after) in rounds.items():
            here = [given[s.appointment_id] for s in after.stops if s.appointment_id in given]
            timed = await self.timed(after, known[courier_id], here, now=now, tx=tx)
            found.append((before, timed))
        return found

    def _raise_flags(
        self,
        flagged: Sequence[Flagged],
        had: Sequence[Had],
        courier_id: str,
        now: datetime,
        tx: Tx,
    ) -> None:
        stood = {each.before.id: each for each in had}
        for each in flagged:
            under_way = each.because is Flag.UNDER_WAY
            of = stood[each.appointment_id]
            tx.record(
                StopFlagged(
                    aggregate=each.appointment_id,
                    sequence=(of.before if under_way else of.after).sequence,
                    at=now,
                    courier_id=courier_id,
                    under_way=under_way,
                )
            )


def _stays(had: Had, absence: Absence) -> bool:
    """Somebody is on the road with it: it is not moved behind their back."""
    return had.stop.state in UNDER_WAY and not absence.with_under_way


def _without_courier(before: Appointment, absence: Absence, now: datetime) -> Appointment:
    """As it stands when nobody has it: an offer is nobody's news."""
    if before.status is Status.BOOKED:
        return before.model_copy(update={"offered_to": None})
    if before.status in (Status.EN_ROUTE, Status.ARRIVED):
        before = noted(
            before,
            EventKind.UNDONE,
            at=now,
            recorded_at=now,
            by_role=absence.by_role,
            status=Status.ASSIGNED,
        )
    return freed(before, now, absence.by_role, absence.reason)


def _given(
    free: Appointment,
    homes: Mapping[str, tuple[str, Choice]],
    absence: Absence,
    now: datetime,
) -> Appointment:
    if free.id not in homes:
        return free
    after = moved(
        free,
        EventKind.ASSIGNED,
        at=now,
        recorded_at=now,
        by_role=absence.by_role,
        courier_id=homes[free.id][0],
        offered_to=None,
    )
    assert after is not None, "what is free is booked"
    return after


def _told(before: Appointment, after: Appointment) -> bool:
    return before.sequence != after.sequence


def _told_where(picture: Picture, rounds: Sequence[tuple[Round, Round]]) -> list[Rehomed]:
    arrivals = {
        (round.courier_id, stop.appointment_id): stop.planned_arrival
        for _, round in rounds
        for stop in round.stops
        if stop.state in OPEN_STOPS
    }
    return [
        Rehomed(
            appointment_id=id,
            courier_id=key[0],
            arrival=arrivals[key[0], id],
            detour_seconds=choice.place.detour.seconds,
            detour_metres=choice.place.detour.metres,
        )
        for id, (key, choice) in picture.homes.items()
        if choice.place
    ]


def _left_over(picture: Picture, going: Sequence[Had]) -> list[Flagged]:
    found = []
    for each in going:
        id = each.before.id
        if id in picture.homes:
            continue
        because = Flag.NO_PLACE if id in picture.left else Flag.PLACE_UNKNOWN
        passed = picture.left.get(id, ())
        found.append(Flagged(appointment_id=id, because=because, passed=passed))
    return found


def _under_way(staying: Sequence[Had]) -> list[Flagged]:
    return [Flagged(appointment_id=e.before.id, because=Flag.UNDER_WAY) for e in staying]
