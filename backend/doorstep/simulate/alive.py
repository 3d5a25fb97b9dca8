"""The demo city at work: couriers walk their rounds, and now and then a customer books.

Bounds   at most `SEATS` couriers are signed in at once, and one customer, who books every few
         seconds at most; the first courier has a seat of their own, the others take turns
Pace     a demo's day is shorter than ours: nobody waits for a window to open, but everybody takes
         some seconds for each step
Failure  whatever the server says no to is left alone; a server that is away is waited for
Units    seconds
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final

import httpx

from doorstep.simulate import documents
from doorstep.simulate.client import Client, Json, http_client, wait_ready
from doorstep.simulate.people import Handheld, item_number

log = logging.getLogger(__name__)

SEATS: Final = 8
READY_SECONDS: Final = 120.0

_ROUND: Final = """query { myRound { sequence day stops { ...on_stop } } }"""
_STOP: Final = """
fragment on_stop on Stop {
  id state
  appointment { id lines { __typename id ... on DeliveryLine { itemId } } }
}"""
_FEED: Final = """subscription ($after: Int) {
  roundFeed(after: $after) { sequence resync round { day stops { ...on_stop } } }
}"""
_DECLINED: Final = "这个时段走不开"
_WAITING_STATES: Final = ("ARRIVED", "EN_ROUTE", "ACCEPTED", "OFFERED")
"""In this order: who is at a door finishes there first."""


@dataclass(frozen=True)
class AliveCast:
    """Who may be played: phones in E.164, and the code that all of them are sent."""

    courier_phones: tuple[str, ...]
    customer_phones: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class Pace:
    """How long things take, from and to, and how often they go wrong."""

    step: tuple[float, float] = (4.0, 14.0)
    between_bookings: tuple[float, float] = (6.0, 20.0)
    idle: float = 45.0
    turn: float = 240.0
    rest: float = 5.0
    declines: float = 0.08
    fails: float = 0.1


async def live(
    url: str, people: AliveCast, *, seed: int, pace: Pace | None = None, seats: int = SEATS
) -> None:
    """Play until cancelled."""
    await wait_ready(url, READY_SECONDS)
    chosen = pace or Pace()
    first, *others = people.courier_phones
    async with http_client(url) as http, asyncio.TaskGroup() as group:
        group.create_task(_Seat(http, people.code, chosen, Random(f"{seed}/1")).take((first,)))
        for seat in range(1, min(seats, len(people.courier_phones))):
            random = Random(f"{seed}/{seat + 1}")
            theirs = others[seat - 1 :: seats - 1]
            group.create_task(_Seat(http, people.code, chosen, random).take(theirs))
        group.create_task(_book_now_and_then(http, people, chosen, Random(f"{seed}/customers")))


# ------------------------------------------------------------ couriers


@dataclass
class _Seat:
    """A handheld that couriers pass on to each other."""

    http: httpx.AsyncClient
    code: str
    pace: Pace
    random: Random
    rounds: dict[str, list[Json]] = field(default_factory=dict)

    async def take(self, phones: Sequence[str]) -> None:
        """One courier after the other, for ever."""
        for turn in count():
            client = Client(self.http)
            try:
                await self._work(client, phones[turn % len(phones)])
            except Exception as error:  # nothing that goes wrong here may end the demo
                log.info("a courier's turn ended: %s: %s", type(error).__name__, error)
            await asyncio.sleep(self.pace.rest)

    async def _work(self, client: Client, phone: str) -> None:
        """Until the turn is over, or nothing has come for a while."""
        await client.sign_in(phone, self.code)
        handheld = await Handheld.of(client)
        round = await client.post(_ROUND + _STOP)
        self.rounds = {round["day"]: round["stops"]}
        handheld.feed = await client.follow(_FEED + _STOP, after=round["sequence"] or None)
        try:
            await self._follow(handheld)
        finally:
            await handheld.feed.close()
            await client.sign_out()

    async def _follow(self, handheld: Handheld) -> None:
        over = time.monotonic() + self.pace.turn
        refused: set[tuple[str, str]] = set()
        while time.monotonic() < over:
            stop = _next_stop(self.rounds, refused)
            if stop is None:
                if not await self._hear(handheld, self.pace.idle):
                    return
                continue
            await asyncio.sleep(self.random.uniform(*self.pace.step))
            if not await self._step(handheld, stop):
                refused.add((stop["id"], stop["state"]))
            await self._hear(handheld, self.pace.step[1])

    async def _hear(self, handheld: Handheld, seconds: float) -> bool:
        """Take in what the feed tells next. False: it told nothing."""
        heard = await handheld.feed.until(lambda change: True, seconds=seconds)
        if heard is None:
            return False
        round = heard.body["round"]
        self.rounds[round["day"]] = round["stops"]
        return True

    async def _step(self, handheld: Handheld, stop: Json) -> bool:
        """Do what comes next at this stop. False: it was refused."""
        commands = (handheld.command("startDuty"), self._command(handheld, stop))
        return bool((await handheld.send_whatever(*commands))[-1]["accepted"])

    def _command(self, handheld: Handheld, stop: Json) -> Json:
        about: dict[str, Any] = {"appointmentId": stop["appointment"]["id"]}
        match stop["state"]:
            case "OFFERED" if self.random.random() < self.pace.declines:
                return handheld.command("declineStop", reason=_DECLINED, **about)
            case "OFFERED":
                return handheld.command("acceptStop", **about)
            case "ACCEPTED":
                return handheld.command("setOut", **about)
            case "EN_ROUTE":
                return handheld.command("arrive", **about)
        failed = self.random.random() < self.pace.fails
        lines = [_report(line, failed=failed) for line in stop["appointment"]["lines"]]
        return handheld.command("finishStop", lines=lines, **about)


def _next_stop(rounds: dict[str, list[Json]], refused: set[tuple[str, str]]) -> Json | None:
    """What to do next: offers are answered only when nobody is waiting at a door."""
    stops = [stop for day in sorted(rounds) for stop in rounds[day] if stop["appointment"]]
    for state in _WAITING_STATES:
        for stop in stops:
            if stop["state"] == state and (stop["id"], state) not in refused:
                return stop
    return None


def _report(line: Json, *, failed: bool) -> Json:
    if failed:
        return {"lineId": line["id"], "outcome": "NOT_HOME"}
    proof = {"signedBy": "本人"}
    match line["__typename"]:
        case "PickupLine":
            done = {"outcome": "COLLECTED", "weightGrams": 1500, "itemIds": [item_number()]}
        case "DeliveryLine":
            done = {"outcome": "DELIVERED", "itemIds": [line["itemId"]]}
        case _:
            done = {"outcome": "TAKEN"}
    return {"lineId": line["id"], "proof": proof, **done}


# ------------------------------------------------------------ customers


async def _book_now_and_then(
    http: httpx.AsyncClient, people: AliveCast, pace: Pace, random: Random
) -> None:
    while True:
        await asyncio.sleep(random.uniform(*pace.between_bookings))
        client = Client(http)
        try:
            await client.sign_in(random.choice(people.customer_phones), people.code)
            await _book(client, random)
            await client.sign_out()
        except Exception as error:
            log.info("a customer gave up: %s: %s", type(error).__name__, error)


async def _book(client: Client, random: Random) -> None:
    """A pickup at home, in one of the next windows that are open."""
    homes = [home for home in await client.post(documents.MY_ADDRESSES) if home["area"]]
    if not homes:
        return
    home = random.choice(homes)
    asked = {"addressId": home["id"], "services": ["PARCEL_PICKUP"], "days": 2}
    free = [slot for slot in await client.post(documents.SLOTS, **asked) if slot["open"]]
    if free:
        await client.do(
            documents.BOOK,
            addressId=home["id"],
            slotId=random.choice(free[:3])["id"],
            lines=[{"pickup": {"description": "书", "weightGrams": 1500}}],
        )
