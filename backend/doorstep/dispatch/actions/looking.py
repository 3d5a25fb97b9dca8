"""Where couriers are, and what follows from it for those who wait for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from doorstep.couriers.model import (
    Courier,
    Position,
    PositionRefusal,
    PositionRefused,
    Sharing,
)
from doorstep.dispatch import rules
from doorstep.dispatch.actions.foreseeing import Foreseeing, Foresight
from doorstep.dispatch.actions.travelling import Travelling
from doorstep.dispatch.model import Round
from doorstep.kit.mongo.transactions import Attempt, Repeated, Reused, Tx
from doorstep.kit.windows import local_day

_LOOKED_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class Looking(Foreseeing, Travelling):
    """Only the latest position is kept, of who agreed to it, while they are on duty."""

    async def share_position(
        self, account_id: str, attempt: Attempt, *, on: bool
    ) -> Sharing | PositionRefused | None:
        """Let it be known where the courier is, or not any more. None: they are no courier."""
        courier = await self.couriers.of_account(account_id)
        if courier is None:
            return None

        async def body(tx: Tx) -> Sharing | PositionRefused:
            return await self.couriers.share_position(courier, on=on, at=attempt.at, tx=tx)

        return await self._shared(await self.mongo.once(attempt, body))

    async def report_position(
        self, account_id: str, position: Position, attempt: Attempt
    ) -> Sharing | PositionRefused | None:
        """Keep where the courier is, and tell whoever it concerns. None: they are no courier."""
        courier = await self.couriers.of_account(account_id)
        if courier is None:
            return None

        async def body(tx: Tx) -> Sharing | PositionRefused:
            # Read again in the transaction: they may have gone home in the same moment.
            now = await self.couriers.of_account(account_id, tx=tx)
            kept = await self.couriers.keep_position(
                now or courier,
                position,
                now=attempt.at,
                clock_ahead=self.policy.clock_ahead,
                tx=tx,
            )
            return kept if isinstance(kept, Sharing) else PositionRefused(code=kept)

        outcome = await self.mongo.once(attempt, body)
        if isinstance(outcome, Sharing) and not attempt.dry:
            round = await self.rounds.get(courier.id, courier.branch_id, local_day(attempt.at))
            await self.look_ahead(round, at=attempt.at)
        return await self._shared(outcome)

    async def _shared(
        self, outcome: Sharing | PositionRefused | Repeated | Reused
    ) -> Sharing | PositionRefused:
        match outcome:
            case Repeated():
                return (await self.couriers.positions.get_many([outcome.id]))[outcome.id]
            case Reused():
                code = PositionRefusal.IDEMPOTENCY_KEY_REUSED
                return PositionRefused(code=code, path=("idempotencyKey",))
            case _:
                return outcome

    async def look_ahead(self, round: Round, *, at: datetime) -> bool:
        """Write when each stop of the round will be reached, if that is news to anybody.

        Judged first on what is read outside any transaction: most positions change nothing.
        """
        if not rules.ahead(round):
            return False
        await self._learn_of(round)
        if not _is_news(round, await self._foresee(round, round, {}, at=at)):
            return False

        async def body(tx: Tx) -> bool:
            now = (await self.rounds.get_many([round.id], tx=tx)).get(round.id)
            foresight = await self._foresee(now, now, {}, at=at, tx=tx) if now else None
            if now is None or foresight is None or not _is_news(now, foresight):
                return False
            await self._tell_foreseen([foresight], at=at, tx=tx)
            if foresight.round != now:
                await self.rounds.save([(now, foresight.round)], at=at, tx=tx)
            return True

        async with self.turns.of(round.courier_id):
            return await self.mongo.transact(body)

    async def _learn_of(self, round: Round) -> None:
        """The ways that the round still has; nothing is read where no router would be asked."""
        courier = await self.couriers.get(round.courier_id) if self.learned.router else None
        if courier is None:
            return
        found = await self._appointments_of(round, {}, None)
        now = self.clock.now()
        around = await self._surroundings(courier, found, now, None)
        doors = [around.calls.get(stop.appointment_id) for stop in rules.ahead(round)]
        start = rules.outset(round, around, now).where
        await self.learn([start, *(door.where for door in doors if door)], around.vehicle)

    async def look_after_the_silent(self) -> int:
        """Rounds whose courier should have been at a door by now and is not, as far as we know:
        what does that mean for the doors after it? How many had news.
        """
        now = self.clock.now()
        due = await self.rounds.overdue(local_day(now), now, _LOOKED_AT_ONCE)
        return sum([await self.look_ahead(round, at=now) for round in due])

    async def where_are(self, branch_id: str) -> list[tuple[Courier, Position]]:
        """The couriers of a branch who let it be known, and where they were last."""
        couriers = await self.couriers.of_branch(branch_id, on_duty=True)
        found = await self.couriers.positions_of([courier.id for courier in couriers])
        return [(courier, found[courier.id]) for courier in couriers if courier.id in found]


def _is_news(before: Round, foresight: Foresight) -> bool:
    return foresight.round != before or bool(foresight.others)
