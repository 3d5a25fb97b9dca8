"""The scenes of a walk, in the order they are played. Each says what came, or raises.

What one scene leaves for the next is kept in the `Play`; what has to be tidied away, too.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import httpx

from doorstep.simulate import documents
from doorstep.simulate.client import (
    Client,
    Feed,
    Json,
    NotAnswered,
    Unexpected,
    a_moment,
    expect,
    unique,
    yes,
)
from doorstep.simulate.people import Desk, Handheld, WalkCast, item_number, when

_AT_SEA: Final = {"latitude": 36.0, "longitude": 124.5}
_SERVICES: Final = ["PARCEL_PICKUP"]
_DAYS: Final = 7
_SIGN: Final = "doorstep walk"
_BESIDE_DEGREES: Final = 0.0002
_HOLD_TRIES: Final = 40
_OFFER_SECONDS: Final = 8.0
_LOOK_SECONDS: Final = 0.4
_CHANGES_OF_MIND: Final = 3
_COLLECTED_GRAMS: Final = 2150
_LINES: Final = [{"pickup": {"description": "书", "weightGrams": 2000}}]


@dataclass
class Play:
    """How far a walk has come."""

    cast: WalkCast
    http: httpx.AsyncClient
    prompt_seconds: float
    left_open: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    open_ids: list[str] = field(default_factory=list)
    hold_id: str | None = None
    customer: Client = field(init=False)
    other: Client = field(init=False)
    handheld: Handheld = field(init=False)
    desk: Desk = field(init=False)
    address_id: str = field(init=False)
    slots: list[Json] = field(init=False)
    appointment: Json = field(init=False)
    booked_at: float = field(init=False)
    changes: Feed = field(init=False)
    item: str = field(init=False)

    @property
    def id(self) -> str:
        """The appointment's."""
        return str(self.appointment["id"])

    # ------------------------------------------------------------ 1 to 4: to the slots

    async def sign_in(self) -> str:
        everybody = [Client(self.http) for _ in range(4)]
        self.customer, self.other, courier, dispatcher = everybody
        self.left_open += [client.sign_out for client in everybody]
        await self._as(self.customer, self.cast.customer_phone, "CUSTOMER")
        await asyncio.gather(
            self._as(self.other, self.cast.other_customer_phone, "CUSTOMER"),
            self._as(courier, self.cast.courier_phone, "COURIER"),
            self._as(dispatcher, self.cast.dispatcher_phone, "DISPATCHER"),
        )
        self.handheld = await Handheld.of(courier)
        self.desk = Desk(dispatcher, self.handheld.branch_id)
        self.left_open.append(self.handheld.go_home)
        names = (client.name for client in everybody)
        return "customers {} and {}, courier {}, dispatcher {}".format(*names)

    async def _as(self, client: Client, phone: str, role: str) -> None:
        account = await client.sign_in(phone, self.cast.code)
        expect(role in account["roles"], f"{phone} to be a {role.lower()}")

    async def ask_about_the_sea(self) -> str:
        found = await self._check({"line": "海上", "location": _AT_SEA})
        expect(not found["served"] and found["reason"], "an address at sea not to be served")
        expect(found["alternatives"], "to be told where to go instead")
        instead = ", ".join(unit["name"] for unit in found["alternatives"])
        return f"not served: {found['reason']}; instead: {instead}"

    async def _check(self, address: Json) -> Json:
        found: Json = await self.customer.post(
            documents.CHECK_ADDRESS, address=address, services=_SERVICES
        )
        return found

    async def save_address(self) -> str:
        book = await self.customer.post(documents.MY_ADDRESSES)
        served = [each for each in book if each["area"] and each["location"]]
        expect(served, "the customer to have an address that is served")
        home = served[0]
        asked = {"label": _SIGN, "address": await self._beside(home)}
        answer = await self.customer.do(documents.SAVE_ADDRESS, **asked)
        if answer.get("code") == "TOO_MANY_ADDRESSES":
            self.address_id = home["id"]
            return f"the book is full: on with {home['line']}"
        saved: Json = yes(answer, "AddressSaved")["address"]
        self.left_open.append(partial(self._forget_address, saved))
        expect(answer["serviceability"]["served"], "the new address to be served")
        self.address_id = saved["id"]
        return f"{saved['line']}, in {saved['area']['name']}"

    async def _beside(self, home: Json) -> Json:
        """A door a few steps from home, in the same area; home itself, if it stands on the edge."""
        there = {
            axis: degrees + random.uniform(-_BESIDE_DEGREES, _BESIDE_DEGREES)
            for axis, degrees in home["location"].items()
        }
        address = {"divisionCode": home["divisionCode"], "line": home["line"]}
        found = await self._check({**address, "location": there})
        if found["served"] and found["area"]["id"] == home["area"]["id"]:
            return {**address, "location": there}
        return {**address, "location": home["location"]}

    async def look_at_slots(self) -> str:
        self.slots = await self._slots()
        told = all(slot["open"] == (slot["closedBecause"] is None) for slot in self.slots)
        expect(told, "a reason for every closed slot, and none for an open one")
        closed = Counter(slot["closedBecause"] for slot in self.slots if not slot["open"])
        free = len(self.slots) - closed.total()
        expect(free, f"an open slot in {_DAYS} days")
        reasons = ", ".join(f"{count} {reason}" for reason, count in closed.items())
        return f"{free} open, {closed.total()} closed" + (f" ({reasons})" if reasons else "")

    async def _slots(self) -> list[Json]:
        found: list[Json] = await self.customer.post(
            documents.SLOTS, addressId=self.address_id, services=_SERVICES, days=_DAYS
        )
        return found

    # ------------------------------------------------------------ 5 and 6: booked and offered

    async def book(self) -> str:
        waiting = await self.handheld.open({slot["day"]: None for slot in self.slots})
        self.left_open.append(self.handheld.feed.close)
        slot = await self._hold(waiting)
        asked = self._visit_in(slot) | {"holdId": self.hold_id}
        await self._try_booking(asked)
        asked["idempotencyKey"] = unique("key")
        first = yes(await self.customer.ask(documents.BOOK, **asked), "AppointmentBooked")
        self.booked_at = time.monotonic()
        self.appointment, self.hold_id = first["appointment"], None
        self._opened(self.id)
        self.handheld.clock.set(self.appointment["bookedAt"])
        again = yes(await self.customer.ask(documents.BOOK, **asked), "AppointmentBooked")
        expect(again["appointment"]["id"] == self.id, "the same key to answer with the same id")
        await self._watch()
        return f"{self.appointment['reference']}, {when(slot)}"

    async def _hold(self, waiting: dict[tuple[str, str], int]) -> Json:
        """A place in the first open slot, of those where our courier has the least to do.

        Somebody may be faster, or the customer may hold a place already, in another walk.
        """
        wanted = [slot for slot in self.slots if slot["open"]]
        wanted.sort(key=lambda slot: waiting.get((slot["day"], slot["window"]["start"]), 0))
        for _ in range(_HOLD_TRIES):
            slot = wanted[0]
            asked = {**self._visit_in(slot), "services": _SERVICES}
            answer = await self.customer.do(documents.HOLD_SLOT, **asked)
            if answer.get("code") == "TOO_MANY_HOLDS":
                await a_moment()
            elif answer.get("code") in ("SLOT_FULL", "CUTOFF_PASSED") and wanted[1:]:
                del wanted[0]
            else:
                break
        self.hold_id = yes(answer, "SlotHeld")["hold"]["id"]
        self.left_open.append(self._give_back_hold)
        return slot

    def _visit_in(self, slot: Json) -> Json:
        return {"addressId": self.address_id, "slotId": slot["id"], "lines": _LINES}

    async def _try_booking(self, asked: Json) -> None:
        """A dry run: the same judgement, and nothing written."""
        dry = await self.customer.ask(documents.BOOK, **asked, validateOnly=True)
        id = yes(dry, "AppointmentBooked")["appointment"]["id"]
        found = await self.customer.post(documents.APPOINTMENT, id=id)
        expect(found is None, "validateOnly to write nothing")

    async def _watch(self) -> None:
        self.changes = await self.customer.follow(
            documents.APPOINTMENT_CHANGED, after=0, id=self.id
        )
        self.left_open.append(self.changes.close)
        await self._customer_hears("BOOKED", courier=False)

    async def _customer_hears(self, kind: str, *, courier: bool) -> None:
        """The next change of this kind comes, and shows the courier's card or does not."""
        while (change := (await self.changes.next()).body)["event"]["kind"] != kind:
            pass
        card = change["appointment"]["courier"]
        shown = (card or {}).get("id") == self.handheld.id if courier else card is None
        expect(shown, f"the courier's card to be {'there' if courier else 'hidden'} at {kind}")
        told = [heard.sequence for heard in self.changes.heard]
        expect(told == list(range(1, len(told) + 1)), f"nothing lost or doubled, and got {told}")

    async def reach_courier(self) -> str:
        heard = await self.handheld.hears_of(self.id, seconds=self.prompt_seconds)
        if heard is None:
            heard = await self._offered_late()
        if heard is None:
            return await self._assigned()
        took = max(0.0, heard - self.booked_at)
        late = f"the stop within {self.prompt_seconds:g} s, and it took {took:.1f} s"
        expect(took <= self.prompt_seconds, late)
        return f"offered to {self.handheld.name}, {1000 * took:.0f} ms after the booking"

    async def _offered_late(self) -> float | None:
        """When our courier was asked at last; None: somebody else is being asked."""
        day = self.appointment["slot"]["day"]
        while time.monotonic() < self.booked_at + _OFFER_SECONDS:
            waits = await self.desk.waits_for_courier(self.id, day)
            if not waits and not await self.handheld.has(self.id, day):
                return None
            if heard := await self.handheld.hears_of(self.id, seconds=_LOOK_SECONDS):
                return heard
        raise Unexpected("expected a courier to be asked: does a worker run?")

    async def _assigned(self) -> str:
        """The house asked a nearer courier: the dispatcher names ours."""
        began = time.monotonic()
        await self.desk.assign(self.id, self.appointment["version"], self.handheld.id)
        heard = await self.handheld.hears_of(self.id, seconds=self.prompt_seconds)
        expect(heard, f"the assigned stop within {self.prompt_seconds:g} s")
        took = 1000 * (time.monotonic() - began)
        return f"offered to another courier; the dispatcher assigned ours, {took:.0f} ms"

    # ------------------------------------------------------------ 7 to 10: to the door and back

    def _command(self, what: str, **fields: Any) -> Json:
        return self.handheld.command(what, appointmentId=self.id, **fields)

    async def set_out(self) -> str:
        await self.handheld.on_duty(self._command("acceptStop"))
        await self._customer_hears("ACCEPTED", courier=True)
        await self.handheld.on_duty(self._command("setOut"))
        await self._customer_hears("SET_OUT", courier=True)
        return f"the customer sees each step, and who comes: {self.handheld.name}"

    async def break_and_resume(self) -> str:
        had = self.changes.after
        await self.changes.cut()
        await self.handheld.send(self._command("arrive"))
        await self.changes.resume()
        await self._customer_hears("ARRIVED", courier=True)
        return (
            f"cut after change {had}, the courier arrived meanwhile: nothing lost, nothing doubled"
        )

    async def collect(self) -> str:
        self.item = item_number()
        (line,) = self.appointment["lines"]
        done = {
            "lineId": line["id"],
            "outcome": "COLLECTED",
            "weightGrams": _COLLECTED_GRAMS,
            "itemIds": [self.item],
            "proof": {"signedBy": self.customer.name or "收件人"},
        }
        batch = self._command("finishStop", lines=[done])
        (first,) = await self.handheld.send(batch)
        expect(not first["repeated"], "the first sending to be the first")
        (again,) = await self.handheld.send(batch)
        expect(again["repeated"] and again["accepted"], "the same batch to be told as repeated")
        await self._customer_hears("COMPLETED", courier=False)
        self.open_ids.remove(self.id)
        return f"{self.item}, {_COLLECTED_GRAMS} g, signed; sent again: repeated"

    async def look_back(self) -> str:
        node = await self.desk.completed(self.id, self.appointment["slot"]["day"])
        phone = node["contact"]["phone"]
        masked = node["contact"]["masked"] and phone != self.cast.customer_phone
        expect(masked, "the contact to be masked from the dispatcher")
        mine = await self.customer.post(documents.APPOINTMENT, id=self.id)
        expect(mine["lines"][0]["itemIds"] == [self.item], "the item number on the line")
        watched = [heard.body["event"] for heard in self.changes.heard]
        expect(mine["history"] == watched, f"the history to read as it was watched: {watched}")
        return f"contact {phone}; " + " → ".join(event["kind"] for event in watched)

    # ------------------------------------------------------------ 11 and 12: besides

    async def change_mind(self) -> str:
        for _ in range(_CHANGES_OF_MIND):
            if said := await self._there_and_back():
                return said
        raise Unexpected("expected the cancelled appointment's place to be free again")

    async def _there_and_back(self) -> str | None:
        """None: others were at the same slot, so that its places tell nothing."""
        free = [slot for slot in await self._slots() if slot["open"]]
        expect(len(free) > 1, "two open slots")
        here, there = random.sample(free, 2)
        answer = await self.customer.do(documents.BOOK, **self._visit_in(here))
        self._opened(id := yes(answer, "AppointmentBooked")["appointment"]["id"])
        moved = await self._changed(documents.RESCHEDULE, id, slotId=there["id"])
        slot = yes(moved, "AppointmentRescheduled")["appointment"]["slot"]
        expect(slot["id"] == there["id"], "the appointment to be in the other slot")
        before = (await self.desk.sees(id))["slot"]["taken"]
        await self._cancel(id)
        after = (await self.desk.sees(id))["slot"]["taken"]
        if after != before - 1:
            return None
        return f"{when(here)} → {when(there)}, cancelled; places taken {before} → {after}"

    async def _changed(self, document: str, id: str, **input: Any) -> Json:
        """A change at the version as it is; told that it is stale, the app reads and asks again."""
        for _ in range(_CHANGES_OF_MIND):
            mine = await self.customer.post(documents.APPOINTMENT, id=id)
            asked = {"id": id, "expectedVersion": mine["version"], **input}
            answer: Json = await self.customer.do(document, **asked)
            if answer.get("code") != "STALE_VERSION":
                break
        return answer

    async def _cancel(self, id: str) -> None:
        answer = await self._changed(documents.CANCEL, id, reason=_SIGN)
        cancelled = yes(answer, "AppointmentCancelled")["appointment"]
        expect(cancelled["status"] == "CANCELLED", "the appointment to be cancelled")
        self.open_ids.remove(id)

    async def ask_for_anothers(self) -> str:
        asked = (documents.APPOINTMENT, documents.NODE)
        seen = [await self.other.post(document, id=self.id) for document in asked]
        expect(seen == [None, None], "someone else's appointment to look like none")
        return f"{self.other.name} sees null"

    # ------------------------------------------------------------ the end

    async def tidy(self) -> str:
        """Whatever else failed, nothing is left open behind."""
        problems = [await _problem_with(close()) for close in reversed(self.left_open)]
        left = "; ".join(filter(None, problems))
        expect(not left, f"nothing to be left open, but: {left}")
        return "no hold, no appointment, no address, no session"

    async def _give_back_hold(self) -> None:
        if self.hold_id:
            yes(await self.customer.do(documents.RELEASE_HOLD, holdId=self.hold_id), "HoldReleased")

    def _opened(self, id: str) -> None:
        self.open_ids.append(id)
        self.left_open.append(partial(self._close_appointment, id))

    async def _close_appointment(self, id: str) -> None:
        if id not in self.open_ids:
            return
        mine = await self.customer.post(documents.APPOINTMENT, id=id)
        if mine["status"] in ("EN_ROUTE", "ARRIVED"):
            await self._give_up(mine)
        elif mine["status"] in ("BOOKED", "ASSIGNED"):
            await self._cancel(id)

    async def _give_up(self, appointment: Json) -> None:
        """The courier is on the way already: only at the door can it come to an end."""
        (line,) = appointment["lines"]
        failed = {"lineId": line["id"], "outcome": "CUSTOMER_CANCELLED"}
        arrive, finish = self._command("arrive"), self._command("finishStop", lines=[failed])
        outcomes = await self.handheld.send_whatever(arrive, finish)
        expect(outcomes[-1]["accepted"], "the courier to end the visit")

    async def _forget_address(self, saved: Json) -> None:
        asked = {"id": saved["id"], "expectedVersion": saved["version"]}
        yes(await self.customer.do(documents.DELETE_ADDRESS, **asked), "AddressDeleted")


async def _problem_with(part: Awaitable[None]) -> str | None:
    try:
        await part
    except (Unexpected, NotAnswered, httpx.HTTPError) as error:
        return str(error)
    return None
