"""Customers who each want one visit, and go on asking under the same key until they have it.

Units  seconds, on the monotonic clock
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx

from doorstep.accounts.model import Role
from doorstep.accounts.rules import Tokens
from doorstep.demo.become import token_of
from doorstep.demo.cast import address_id, player
from doorstep.demo.scale import SCALES, Size
from doorstep.kit.clock import WallClock
from doorstep.kit.pii import keyring_in
from doorstep.simulate import documents
from doorstep.simulate.client import Client, Json, NotAnswered, unique

WANTED: Final = 200
AT_ONCE: Final = 16
_AREAS: Final = SCALES[Size.SMALL].areas
_CUSTOMERS_OF_EACH: Final = SCALES[Size.SMALL].customers // _AREAS
_OF_EACH: Final = -(-WANTED // _AREAS)
_SLOTS_OF_EACH: Final = 16
_SERVICES: Final = ["PARCEL_PICKUP"]
_LINES: Final = [{"pickup": {"description": "书", "weightGrams": 2000}}]
_FIRST_WAIT_SECONDS: Final = 0.1
_LONGEST_WAIT_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Wish:
    """One customer's booking, with the key that makes all its attempts one."""

    client: Client
    customer_id: str
    asked: Json


@dataclass
class Tally:
    """What the customers were told."""

    started_at: float = field(default_factory=time.monotonic)
    acknowledged: dict[str, Wish] = field(default_factory=dict)
    """By the appointment's id."""
    told_at: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    longest_wait: float = 0.0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def acknowledge(self, id: str, wish: Wish, waited: float) -> None:
        self.acknowledged[id] = wish
        self.told_at.append(time.monotonic())
        self.longest_wait = max(self.longest_wait, waited)
        self._news.set()

    async def reaches(self, count: int) -> None:
        """Return once so many bookings are acknowledged. One may wait at a time."""
        while len(self.told_at) < count:
            self._news.clear()
            await self._news.wait()

    @property
    def outage(self) -> float:
        """The longest time in which nobody at all was told yes."""
        moments = [self.started_at, *self.told_at]
        return max((after - before for before, after in pairwise(moments)), default=0.0)


async def wishes(address: str, data: Path, http: httpx.AsyncClient, *, crowd: int) -> list[Wish]:
    """200 customers, spread over the areas and their next slots. No two `crowd`s share one."""
    asking = Asking(data, http)
    slots = [await asking.open_slots(area) for area in range(_AREAS)]
    wanted = []
    for turn in range(_OF_EACH):
        for area in range(_AREAS):
            slot = slots[area][turn % len(slots[area])]
            wanted.append(asking.wish(_number(area, crowd * _OF_EACH + turn), slot))
    return wanted[:WANTED]


def _number(area: int, turn: int) -> int:
    assert turn < _CUSTOMERS_OF_EACH, "there are no customers left"
    return area * _CUSTOMERS_OF_EACH + turn + 1


class Asking:
    """Demo customers, with tokens of their own."""

    def __init__(self, data: Path, http: httpx.AsyncClient) -> None:
        keyring = keyring_in(data, create=False)
        assert keyring
        self._http, self._tokens = http, Tokens(keyring.token)

    def client(self, number: int) -> Client:
        who = player(Role.CUSTOMER, number)
        return Client(self._http, token_of(who, self._tokens, WallClock().now()))

    async def open_slots(self, area: int) -> list[str]:
        """The next slots of an area that are not about to close."""
        number = _number(area, 0)
        found = await self.client(number).post(
            documents.SLOTS, addressId=address_id(number), services=_SERVICES, days=14
        )
        ids = [slot["id"] for slot in found if slot["open"]]
        return ids[1 : 1 + _SLOTS_OF_EACH]

    def wish(self, number: int, slot_id: str) -> Wish:
        asked = {"addressId": address_id(number), "slotId": slot_id, "lines": _LINES}
        asked["idempotencyKey"] = unique("key")
        return Wish(self.client(number), player(Role.CUSTOMER, number).account_id, asked)


async def book_all(wanted: Sequence[Wish], tally: Tally, *, pause: float) -> None:
    """Sixteen at a time; whoever has booked pauses before the next one's turn."""
    queue = iter(wanted)
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(_book_some(queue, tally, pause))


async def _book_some(queue: Iterator[Wish], tally: Tally, pause: float) -> None:
    for wish in queue:
        await _book(wish, tally)
        await asyncio.sleep(pause)


async def _book(wish: Wish, tally: Tally) -> None:
    """Ask until there is an answer. There is room for every wish, so a refusal counts as an error
    after which the customer gives up: not everything is acknowledged then.
    """
    began, wait = time.monotonic(), _FIRST_WAIT_SECONDS
    while True:
        try:
            answer = await wish.client.ask(documents.BOOK, **wish.asked)
        except (httpx.HTTPError, NotAnswered) as error:
            tally.errors[_named(error)] += 1
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
            continue
        if answer["__typename"] == "AppointmentBooked":
            waited = time.monotonic() - began
            tally.acknowledge(answer["appointment"]["id"], wish, waited)
        else:
            tally.errors[answer.get("code") or answer["__typename"]] += 1
        return


def _named(error: Exception) -> str:
    """The server's code, or how the connection failed."""
    return str(error).partition(":")[0] if isinstance(error, NotAnswered) else type(error).__name__


async def not_shown(tally: Tally) -> set[str]:
    """Acknowledged appointments that the API does not show to their customers."""
    queue, absent = iter(tally.acknowledged.items()), set[str]()

    async def look() -> None:
        for id, wish in queue:
            if not await wish.client.post(documents.APPOINTMENT, id=id):
                absent.add(id)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(look())
    return absent
