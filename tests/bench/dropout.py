"""A courier drops out at ten with fourteen stops: how long it takes, and which promises are broken.

    python -m tests.bench.dropout [COURIERS] [VISITS]

Stops are offered by the house and accepted; the courier with the most drops out. Whatever is
flagged is held against every place in every round that is left, with arithmetic of its own.
"""

import asyncio
import sys
import time
from collections import Counter
from datetime import timedelta
from random import Random

from doorstep.accounts.model import Role
from doorstep.appointments.model import Appointment
from doorstep.dispatch.actions.surveying import Survey
from doorstep.dispatch.model import OPEN_STOPS, DropOut, Flag
from doorstep.dispatch.rules import Wanted
from doorstep.handheld.model import Act, Command
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.bench.branch import a_house, book, hire, sweep
from tests.dispatch.plans import fits_somewhere
from tests.given import BRANCH, Person

TEN = given.window(10).start


async def accept_all(house: House, people: list[Person]) -> None:
    """Everybody says yes to all they were offered."""
    for who in people:
        round = await house.dispatch.rounds.get(who.courier_id, "org_branch", given.TOMORROW)
        yes = [
            Command(
                id=f"yes_{stop.appointment_id}",
                act=Act.ACCEPT,
                captured_at=house.clock.now(),
                appointment_id=stop.appointment_id,
            )
            for stop in round.stops
            if stop.state in OPEN_STOPS
        ]
        for outcome in await house.handheld.carry_out(who.account_id, yes):
            assert outcome.accepted, outcome


async def busiest(house: House) -> str:
    rounds = await house.dispatch.rounds.of_branch("org_branch", given.TOMORROW)
    held = Counter({r.courier_id: sum(s.state in OPEN_STOPS for s in r.stops) for r in rounds})
    return held.most_common(1)[0][0]


async def wrongly_flagged(house: House, done: DropOut) -> int:
    """How many of them would fit into some round as it is now, all the same."""
    wrong = 0
    for each in done.flagged:
        if each.because is not Flag.NO_PLACE:
            continue
        (kept,) = (await house.appointments.load([each.appointment_id])).values()

        async def look(tx: Tx, kept: Appointment = kept) -> tuple[Survey, Wanted] | None:
            return await house.dispatch.considered(kept, house.clock.now(), tx)

        found = await house.mongo.transact(look)
        assert found
        survey, wanted = found
        wrong += fits_somewhere(survey.lines, wanted.call)
    return wrong


async def main(couriers: int = 20, visits: int = 240) -> None:
    random, clock = Random("dropout"), StoppedClock(given.NOW)
    async with a_house(clock) as house:
        people = await hire(house, couriers, random)
        await book(house, visits, random)
        await sweep(house)
        await accept_all(house, people)
        gone = await busiest(house)
        clock.set(TEN)
        began = time.perf_counter()
        done = await house.dispatch.drop_out(
            gone,
            given.attempt(house),
            since=TEN,
            until=TEN + timedelta(hours=9),
            reason="发烧",
            with_under_way=False,
            may=[BRANCH],
            by="acc_dan",
            by_role=Role.DISPATCHER,
        )
        took = time.perf_counter() - began
        assert isinstance(done, DropOut), done
        wrong = await wrongly_flagged(house, done)
    nearest = Counter(str(each.passed[0].code) for each in done.flagged if each.passed)
    lost = len(done.rehomed) + len(done.flagged)
    sys.stdout.write(
        f"{couriers} couriers, {visits} visits; {lost} stops lost\n"
        f"{took * 1000:.0f} ms; re-homed {len(done.rehomed)} with "
        f"{len({each.courier_id for each in done.rehomed})} others, flagged {len(done.flagged)}, "
        f"each with its nearest miss: {dict(nearest)}\n"
        f"{wrong} of those flagged would fit somewhere after all\n"
    )
    assert not wrong


if __name__ == "__main__":
    asyncio.run(main(*(int(number) for number in sys.argv[1:])))
