"""Whatever happens in whatever order: budgets are the sum of what is booked, and an offer holds."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    OPEN,
    Appointment,
    SubscriptionAsked,
    WaitlistEntry,
    WaitState,
)
from doorstep.capacity.model import Cap, Demand, Hold, SlotRef, Taken
from doorstep.catalogue.model import Channel, ServiceKind
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
from doorstep.kit.windows import TimeWindow
from doorstep.wiring import House
from tests import given
from tests.appointments import lists
from tests.crowd import crowd
from tests.given import Person
from tests.reoffering.victims import typhoon

KINDS = frozenset({ServiceKind.PARCEL_PICKUP, ServiceKind.SUBSCRIPTION_VISIT})
LINES = (
    (given.parcel(),),
    (given.parcel(weight_grams=30_000, quantity=3),),
    (given.parcel(weight_grams=45_000),),
    (given.parcel(), SubscriptionAsked(distribution_code="1-1")),
)
HOURS = (10, 12)
PEOPLE = st.integers(0, 7)
HOUR = st.sampled_from(HOURS)
WHAT = st.sampled_from(LINES)


class Town(RuleBasedStateMachine):
    """Two small slots of one area, eight customers, and everything they and we can do to them."""

    house: House
    clock: StoppedClock
    loop: asyncio.AbstractEventLoop
    everybody: list[Person]

    promises = Bundle("promises")
    holds = Bundle("holds")
    entries = Bundle("entries")
    blocks: list[str]
    """Those that stand, by every machine: the next one begins with none."""

    def run_in_town(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self.loop).result(20)

    @initialize()
    def a_morning(self):
        """Nothing is booked yet, and there is little to book."""
        self.run_in_town(self._begin())

    async def _begin(self) -> None:
        self.clock.set(given.NOW)
        await self.house.mongo["appointments"].delete_many({})
        await self.house.mongo["hold_claims"].delete_many({})
        await self.house.mongo["waitlist"].delete_many({})
        await self._open_all()
        slots = [self.slot(hour).key for hour in HOURS]
        empty = Taken().model_dump()
        budget: dict[str, Any] = {
            "booked": empty,
            "holds": [],
            "cap.visits": None,
            "budget.hands.$[].minutes": 60,
            "budget.hands.$[].grams": 200_000,
            "budget.pairs": 1,
        }
        await self.house.mongo["slots"].update_many({"_id": {"$in": slots}}, {"$set": budget})

    def slot(self, hour: int) -> SlotRef:
        return given.slot(hour, services=KINDS)

    # -------------------------------------------------------- what customers do

    @rule(target=promises, who=PEOPLE, hour=HOUR, lines=WHAT)
    def book(self, who: int, hour: int, lines: Any):
        return self._kept(self.run_in_town(self._book(self.everybody[who], hour, lines)))

    async def _book(self, who: Person, hour: int, lines: Any) -> Any:
        view = await self.house.capacity.view(
            self.slot(hour), given.wish(lines), at=self.clock.now()
        )
        asked = given.request(who, slot=self.slot(hour), lines=lines)
        outcome = await self.house.appointments.book(asked, given.attempt(self.house))
        assert isinstance(outcome, Appointment) is (view.closed is None), (view.closed, outcome)
        return outcome

    @rule(target=holds, who=PEOPLE, hour=HOUR)
    def hold(self, who: int, hour: int):
        person = self.everybody[who]
        asked = given.asked(person, self.slot(hour))
        outcome = self.run_in_town(
            self.house.appointments.hold(person.account_id, asked, given.attempt(self.house))
        )
        return (person, hour, outcome) if isinstance(outcome, Hold) else multiple()

    @rule(target=promises, held=consumes(holds), lines=WHAT)
    def book_what_is_held(self, held: Any, lines: Any):
        who, hour, hold = held
        asked = given.request(who, slot=self.slot(hour), lines=lines, hold_id=hold.id)
        outcome = self.run_in_town(self.house.appointments.book(asked, given.attempt(self.house)))
        live = self.clock.now() < hold.expires_at
        if live and lines == LINES[0] and not self.blocks:
            assert isinstance(outcome, Appointment), "what is held can be booked"
        return self._kept(outcome)

    @rule(held=consumes(holds))
    def release(self, held: Any):
        who, _, hold = held
        self.run_in_town(
            self.house.appointments.release(hold.id, who.account_id, given.attempt(self.house))
        )

    @rule(target=promises, promise=consumes(promises), hour=HOUR)
    def reschedule(self, promise: str, hour: int):
        return self.run_in_town(self._reschedule(promise, hour))

    async def _reschedule(self, promise: str, hour: int) -> str:
        before = (await self.house.appointments.load([promise]))[promise]
        await self.house.appointments.reschedule(
            promise,
            before.customer_id,
            self.slot(hour),
            given.attempt(self.house),
            expected_version=before.version,
            by_role=Role.CUSTOMER,
            reason=None,
        )
        return promise

    @rule(promise=consumes(promises))
    def cancel(self, promise: str):
        self.run_in_town(self._cancel(promise))

    async def _cancel(self, promise: str) -> None:
        before = (await self.house.appointments.load([promise]))[promise]
        await self.house.appointments.cancel(
            promise,
            before.customer_id,
            given.attempt(self.house),
            expected_version=before.version,
            by_role=Role.CUSTOMER,
            reason=None,
        )

    @rule(target=entries, who=PEOPLE, hour=HOUR, lines=WHAT)
    def wait(self, who: int, hour: int, lines: Any):
        """For an hour in which nothing more is given away."""
        self.run_in_town(self._cap(hour, 0))
        wish = lists.wish(self.everybody[who], self.slot(hour), lines=lines)
        entry = self.run_in_town(self.house.appointments.join(wish, given.attempt(self.house)))
        return entry if isinstance(entry, WaitlistEntry) else multiple()

    @rule(target=promises, entry=entries)
    def take_what_is_offered(self, entry: WaitlistEntry):
        return self._kept(self.run_in_town(self._take(entry)))

    async def _take(self, entry: WaitlistEntry) -> Any:
        now = await lists.entry_of(self.house, entry.id)
        outcome = await self.house.appointments.accept(
            entry.id,
            entry.customer_id,
            given.attempt(self.house),
            by=entry.customer_id,
            by_role=Role.CUSTOMER,
            channel=Channel.APP,
        )
        good = now.offer is not None and self.clock.now() < now.offer.until
        if now.state is WaitState.OFFERED and good and not self.blocks:
            assert isinstance(outcome, Appointment), "what is offered can be taken"
        if now.state is not WaitState.OFFERED:
            assert not isinstance(outcome, Appointment), "what is not offered cannot"
        return outcome

    @rule(entry=consumes(entries))
    def leave(self, entry: WaitlistEntry):
        self.run_in_town(self._leave(entry))

    async def _leave(self, entry: WaitlistEntry) -> None:
        now = await lists.entry_of(self.house, entry.id)
        await self.house.appointments.leave(
            entry.id, entry.customer_id, given.attempt(self.house), expected_version=now.version
        )

    def _kept(self, outcome: Any) -> Any:
        return outcome.id if isinstance(outcome, Appointment) else multiple()

    # -------------------------------------------------------- what time and the bureau do

    @rule(minutes=st.sampled_from((1, 4, 5, 30)))
    def time_passes(self, minutes: int):
        self.clock.set(self.clock.now() + timedelta(minutes=minutes))

    @rule(hour=HOUR)
    def there_is_more_again(self, hour: int):
        """And the worker looks who waits for it."""
        self.run_in_town(self._cap(hour, None))
        self.run_in_town(self._look())

    @rule()
    def the_worker_looks(self):
        self.run_in_town(self._look())

    async def _look(self) -> None:
        await self.house.appointments.pass_places_on()
        await self.house.appointments.look_again()

    @rule(hour=HOUR)
    def shut(self, hour: int):
        self.run_in_town(self._shut(hour))

    async def _shut(self, hour: int) -> None:
        start = self.slot(hour).start
        span = TimeWindow(start=start, end=start + timedelta(hours=2))
        block = await typhoon(self.house, span)
        self.blocks.append(block.id)

    @precondition(lambda self: self.blocks)
    @rule()
    def open_all(self):
        self.run_in_town(self._open_all())

    async def _open_all(self) -> None:
        while self.blocks:
            attempt, may = given.attempt(self.house), [given.BRANCH]
            await self.house.calendar.lift_block(
                self.blocks.pop(), attempt, expected_version=1, may=may
            )

    @rule(hour=HOUR, visits=st.sampled_from((None, 0, 2, 4)))
    def cap(self, hour: int, visits: int | None):
        self.run_in_town(self._cap(hour, visits))

    async def _cap(self, hour: int, visits: int | None) -> None:
        slot = await self.house.capacity.slots.get(self.slot(hour).key)
        assert slot
        at = self.clock.now()

        async def body(tx: Tx) -> None:
            cap = Cap(visits=visits)
            await self.house.capacity.cap(slot, cap, at=at, by="acc_dan", note="", tx=tx)

        await self.house.mongo.transact(body)

    @invariant()
    def budgets_are_the_sum_of_what_is_booked(self):
        self.run_in_town(self._check())

    async def _check(self) -> None:
        counted = {hour: Taken() for hour in HOURS}
        async for row in self.house.mongo["appointments"].find({}):
            if row["status"] in OPEN:
                hour = next(h for h in HOURS if self.slot(h).start == row["slot"]["start"])
                counted[hour] = counted[hour].plus(Demand.model_validate(row["takes"]))
        for hour, sum_of_promises in counted.items():
            slot = await self.house.capacity.slots.get(self.slot(hour).key)
            assert slot
            assert (slot.booked.visits, slot.booked.load) == (
                sum_of_promises.visits,
                sum_of_promises.load,
            )
            assert sum(slot.booked.needs.values()) == slot.booked.load.minutes
            whole = slot.budget.load
            assert all(0 <= amount <= getattr(whole, name) for name, amount in slot.booked.load)


@pytest.mark.row("A3", "A14", "B3", "B4", "B8")
async def test_in_every_history_budgets_are_the_sum_of_what_is_booked(
    house: House, clock: StoppedClock
):
    await given.real_costs(house)
    Town.house, Town.clock, Town.loop = house, clock, asyncio.get_running_loop()
    Town.blocks = []
    Town.everybody = await crowd(house, 8)
    chosen = settings(max_examples=20, stateful_step_count=25, deadline=None, database=None)

    await asyncio.to_thread(run_state_machine_as_test, Town, settings=chosen)
