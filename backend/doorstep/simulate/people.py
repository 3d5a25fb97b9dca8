"""Who plays in a walk; the courier with a handheld, the dispatcher at a desk.

Units  grams; instants as the server writes them, UTC with milliseconds
"""

import random
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from doorstep.simulate import documents
from doorstep.simulate.client import Client, Feed, Json, Unexpected, expect, unique, yes

_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
_SERIALS: Final = 10**8
_LOCAL: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class WalkCast:
    """Who plays: phones in E.164, and the sign-in code that all of them are sent."""

    customer_phone: str
    other_customer_phone: str
    courier_phone: str
    dispatcher_phone: str
    code: str


def when(slot: Json) -> str:
    """Day and hour of a slot, as the customer reads them."""
    start = datetime.fromisoformat(slot["window"]["start"])
    return f"{start.astimezone(_LOCAL):%m-%d %H:%M}"


def item_number() -> str:
    """A parcel's number after UPU S10, with a serial that nobody has and a digit that adds up."""
    serial = f"{random.randrange(_SERIALS):08}"
    remainder = sum(int(d) * w for d, w in zip(serial, _S10_WEIGHTS, strict=True)) % 11
    digit = {10: 0, 11: 5}.get(11 - remainder, 11 - remainder)
    return f"CP{serial}{digit}CN"


@dataclass
class ServersClock:
    """What time it is at the server, reckoned from an instant it told: ours may differ."""

    _told: datetime = field(default_factory=lambda: datetime.now(UTC))
    _told_at: float = field(default_factory=time.monotonic)

    def set(self, instant: str) -> None:
        self._told, self._told_at = datetime.fromisoformat(instant), time.monotonic()

    def now(self) -> str:
        instant = self._told + timedelta(seconds=time.monotonic() - self._told_at)
        return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Handheld:
    """A courier's device: its duty, its rounds, and the feed that keeps them."""

    client: Client
    clock: ServersClock
    id: str
    name: str
    branch_id: str
    found_on_duty: bool
    feed: Feed = field(init=False)
    started_duty: bool = False

    @classmethod
    async def of(cls, client: Client) -> "Handheld":
        me = await client.post(documents.MY_COURIER)
        branch = me["branch"]["id"]
        return cls(client, ServersClock(), me["id"], me["displayName"], branch, me["onDuty"])

    async def open(self, days: Collection[str]) -> dict[tuple[str, str], int]:
        """Read the rounds of these days, then follow past what they hold.

        How many stops wait in each window of them, by day and start.
        """
        waiting: dict[tuple[str, str], int] = {}
        last = 0
        for day in days:
            round = await self.client.post(documents.MY_ROUND, day=day)
            last = max(last, round["sequence"])
            for stop in round["stops"]:
                if stop["appointment"] and stop["state"] not in ("DONE", "FAILED"):
                    key = (day, stop["appointment"]["window"]["start"])
                    waiting[key] = waiting.get(key, 0) + 1
        self.feed = await self.client.follow(documents.ROUND_FEED, after=last or None)
        return waiting

    async def hears_of(self, appointment_id: str, *, seconds: float) -> float | None:
        """When a stop for the appointment came over the feed; None: not in time."""
        heard = await self.feed.until(
            lambda change: _has_stop(change["round"], appointment_id), seconds=seconds
        )
        return heard.at if heard else None

    async def has(self, appointment_id: str, day: str) -> bool:
        return _has_stop(await self.client.post(documents.MY_ROUND, day=day), appointment_id)

    def command(self, what: str, **fields: Any) -> Json:
        """One command as the handheld records it."""
        return {what: {"commandId": unique("cmd"), "capturedAt": self.clock.now(), **fields}}

    async def send(self, *commands: Json) -> list[Json]:
        """The outbox, sent. Raises Unexpected if one command is refused."""
        outcomes = await self.send_whatever(*commands)
        for refusal in filter(None, (outcome["refusal"] for outcome in outcomes)):
            raise Unexpected(f"a command was refused: {refusal['code']}: {refusal['message']}")
        return outcomes

    async def send_whatever(self, *commands: Json) -> list[Json]:
        outcomes: list[Json] = await self.client.post(documents.CARRY_OUT, commands=list(commands))
        return outcomes

    async def on_duty(self, *commands: Json) -> list[Json]:
        """Commands that need duty, with its start before them in one batch.

        A start is harmless when repeated, and another walk may end the same courier's duty.
        """
        self.started_duty = not self.found_on_duty
        return await self.send(self.command("startDuty"), *commands)

    async def go_home(self) -> None:
        """End the duty, if it was we who started it."""
        if self.started_duty:
            await self.send(self.command("endDuty"))
            self.started_duty = False


def _has_stop(round: Json, appointment_id: str) -> bool:
    return any((stop["appointment"] or {}).get("id") == appointment_id for stop in round["stops"])


@dataclass(frozen=True)
class Desk:
    """A dispatcher, who sees a branch."""

    client: Client
    branch_id: str

    async def sees(self, appointment_id: str) -> Json:
        found: Json = await self.client.post(documents.APPOINTMENT, id=appointment_id)
        expect(found, "the dispatcher to see the appointment")
        return found

    async def completed(self, appointment_id: str, day: str) -> Json:
        """The appointment in the branch's day, among the completed ones."""
        async for node in self._nodes(documents.BRANCH_DAY, day=day, status=["COMPLETED"]):
            if node["id"] == appointment_id:
                return node
        raise Unexpected("expected the appointment among the branch's completed ones")

    async def waits_for_courier(self, appointment_id: str, day: str) -> bool:
        """Whether no courier is even being asked."""
        nodes = self._nodes(documents.UNASSIGNED, day=day)
        return any([node["id"] == appointment_id async for node in nodes])

    async def assign(self, appointment_id: str, version: int, courier_id: str) -> None:
        answer = await self.client.do(
            documents.ASSIGN,
            appointmentId=appointment_id,
            expectedVersion=version,
            courierId=courier_id,
        )
        yes(answer, "AppointmentAssigned")

    async def _nodes(self, document: str, **asked: Any) -> AsyncIterator[Json]:
        """Every node of a list, page by page."""
        after: str | None = None
        while True:
            page = await self.client.post(document, branchId=self.branch_id, after=after, **asked)
            for edge in page["edges"]:
                yield edge["node"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]
