"""Moving house once: everything that is bound to the old address follows, or says why not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.addresses.model import Address, AddressAsked, Door
from doorstep.appointments.model import Appointment, Status
from doorstep.capacity.actions import SlotView
from doorstep.handheld.model import Act
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Attempt
from doorstep.relocation.actions import MoveAsked, Relocated
from doorstep.relocation.model import Followed, HouseMove, RelocationRefused, Subject
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, budgets_add_up, codes, fingerprint
from tests.dispatch.test_races import now, relay, say, whole
from tests.given import ADA, BO, EAST, TOMORROW
from tests.moving.doors import FAR_AWAY, IN_THE_EAST, NEXT_DOOR, NOWHERE, accepted, build
from tests.moving.test_another_door import cancel

OVERMORROW = TOMORROW + timedelta(days=1)
NEW = AddressAsked(door=Door(line="海滨小区8号", room="101室"))


@pytest.fixture
async def house(house: House) -> House:
    await build(house)
    return house


async def move(
    house: House, to: Any = IN_THE_EAST, day: date = TOMORROW, key: str | None = None, **more: Any
) -> Relocated | RelocationRefused:
    dry = more.pop("dry", False)
    fields: dict[str, Any] = {
        "customer_id": ADA.account_id,
        "from_address_id": ADA.address_id,
        "to": to,
        "day": day,
        "expected_version": 1,
        "by_role": Role.CUSTOMER,
    }
    asked = MoveAsked(**{**fields, **more})
    return await house.relocation.move_house(asked, given.attempt(house, key, dry=dry))


def told(outcome: Relocated | RelocationRefused) -> dict[str, str]:
    """What became of each visit."""
    assert isinstance(outcome, Relocated), outcome
    return {
        each.id: f"{each.outcome}: {each.code}"
        for each in outcome.move.followed
        if each.what is Subject.APPOINTMENT
    }


@pytest.mark.row("C8")
async def test_what_is_bound_to_the_old_address_from_the_day_on_follows_each_by_itself(
    house: House,
):
    before = await given.booked(house, slot=given.slot(16))
    on_the_way = await accepted(house, slot=given.slot(10, day=OVERMORROW))
    await say(house, BO, Act.START_DUTY, on_the_way)
    assert (await say(house, BO, Act.SET_OUT, on_the_way)).accepted
    with_bo = await accepted(house, slot=given.slot(12, day=OVERMORROW))
    free = await given.booked(house, slot=given.slot(14, day=OVERMORROW))
    crowded = await given.booked(house, slot=given.slot(16, day=OVERMORROW))
    full = given.slot(16, day=OVERMORROW, area_id=EAST)
    await house.mongo["slots"].update_one({"_id": full.key}, {"$set": {"cap.visits": 0}})
    trace = await fingerprint(house)

    tried = await move(house, day=OVERMORROW, dry=True)
    assert await fingerprint(house) == trace
    moved = await move(house, day=OVERMORROW)

    assert (
        told(moved)
        == told(tried)
        == {
            on_the_way.id: "KEPT: UNDER_WAY",
            with_bo.id: "PENDING: COURIER_IS_ASKED",
            free.id: "MOVED: GOES_THERE",
            crowded.id: "NEEDS_CHOICE: NO_PLACE",
        }
    )
    assert isinstance(moved, Relocated)
    choice = next(each for each in moved.move.followed if each.id == crowded.id)
    views = await house.relocation.instead(moved, choice)
    assert {view.slot.area_id for view in views} == {EAST}
    assert (await now(house, free)).address_id == IN_THE_EAST
    assert (await now(house, before)).address_id == ADA.address_id
    assert (await now(house, crowded)).address_id == ADA.address_id
    assert await budgets_add_up(house)
    await relay(house)
    for each in (before, free, with_bo):
        await whole(house, each)
    assert [each.move for each in await house.relocation.of_customer(ADA.account_id)] == [
        moved.move
    ]


@pytest.mark.row("C8")
async def test_a_new_address_is_put_into_the_book_and_the_old_one_points_to_it_until_the_day(
    house: House, clock: StoppedClock
):
    last = await given.booked(house, slot=given.slot(10))
    moved = await move(house, NEW, day=OVERMORROW)
    assert isinstance(moved, Relocated)
    assert moved.to
    assert moved.to.area_id == given.WEST
    old = await house.addresses.of_owner(ADA.address_id, ADA.account_id)
    assert old
    assert (old.moved_to, old.moved_on, old.version) == (moved.to.id, OVERMORROW, 2)
    assert (await now(house, last)).address_id == ADA.address_id

    assert await house.relocation.retire_old_addresses() == 0
    clock.advance(timedelta(days=2))
    assert await house.relocation.retire_old_addresses() == 0, "a visit goes there still"
    await house.mongo["appointments"].update_one(
        {"_id": last.id}, {"$set": {"status": Status.COMPLETED}}
    )
    assert await house.relocation.retire_old_addresses() == 1
    assert await house.relocation.retire_old_addresses() == 0
    assert await house.addresses.of_owner(ADA.address_id, ADA.account_id) is None


@pytest.mark.row("C8")
async def test_a_move_that_cannot_be_is_refused_with_its_reason_and_changes_nothing(house: House):
    before = await fingerprint(house)
    wanted: list[tuple[str, dict[str, Any]]] = [
        ("STALE_VERSION", {"expected_version": 7}),
        ("NOT_FOUND", {"from_address_id": given.EVE.address_id}),
        ("NOT_FOUND", {"to": given.EVE.address_id}),
        ("SAME_ADDRESS", {"to": ADA.address_id}),
        ("DAY_PASSED", {"day": given.TODAY - timedelta(days=1)}),
        ("AMBIGUOUS", {"to": AddressAsked(door=Door(line="某处"))}),
    ]
    for code, changed in wanted:
        assert codes([await move(house, **changed)]) == {code: 1}, changed
    assert await fingerprint(house) == before
    assert isinstance(await move(house), Relocated)
    assert codes([await move(house, NEXT_DOOR, expected_version=2)]) == {"ALREADY_MOVED": 1}


@pytest.mark.row("C8", "C4")
async def test_where_we_do_not_come_visits_stay_and_say_so(house: House):
    promise = await given.booked(house)
    moved = await move(house, NOWHERE)
    assert told(moved) == {promise.id: "NOT_SERVED: OUT_OF_AREA"}
    assert (await now(house, promise)).address_id == ADA.address_id


@dataclass(frozen=True)
class Mortal:
    """A room that dies when it is asked for the second time."""

    living: Any
    asked: list[str]

    @property
    def what(self) -> Subject:
        return Subject.APPOINTMENT

    async def bound(self, move: HouseMove) -> list[str]:
        found: list[str] = await self.living.bound(move)
        return found

    async def follow_move(
        self, move: HouseMove, to: Address, id: str, attempt: Attempt
    ) -> Followed:
        self.asked.append(id)
        said: Followed = await self.living.follow_move(move, to, id, attempt)
        if len(self.asked) == 2:
            raise ConnectionError("killed after it took effect, before it was written down")
        return said

    async def instead(self, to: Address, id: str) -> Sequence[SlotView]:
        return []


@pytest.mark.row("C8")
async def test_a_move_that_was_cut_off_is_finished_by_the_worker_and_nothing_follows_twice(
    house: House, clock: StoppedClock
):
    promises = [await given.booked(house, slot=given.slot(hour)) for hour in (10, 12, 14)]
    (living,) = house.relocation.follows
    dying = replace(house.relocation, follows=(Mortal(living, []),))
    with pytest.raises(ConnectionError):
        await move(replace(house, relocation=dying), key="k")
    (half,) = await house.relocation.of_customer(ADA.account_id)
    assert [each.outcome for each in half.move.followed].count(None) == 2

    assert await house.relocation.finish_left() == 0, "whoever began it may be at it still"
    clock.advance(timedelta(minutes=1))
    assert await house.relocation.finish_left() == 1
    assert await house.relocation.finish_left() == 0

    again = await move(house, key="k")
    assert told(again) == {promise.id: "MOVED: GOES_THERE" for promise in promises}
    for promise in promises:
        kinds = [entry.kind for entry in (await now(house, promise)).history]
        assert kinds == ["BOOKED", "ADDRESS_CHANGED"]
    assert await budgets_add_up(house)


@pytest.mark.row("C8", "A5")
async def test_of_three_moves_at_once_one_is_made_whatever_else_happens_to_the_visits(house: House):
    promises = [await given.booked(house, slot=given.slot(hour)) for hour in (10, 12)]
    *moves, _ = await at_once(
        [
            *(move(house, to) for to in (IN_THE_EAST, FAR_AWAY, NEXT_DOOR)),
            cancel(house, promises[0]),
        ]
    )
    assert sum(isinstance(each, Relocated) for each in moves) == 1
    assert set(codes(moves)) <= {"OK", "STALE_VERSION", "ALREADY_MOVED"}
    (kept,) = await house.relocation.of_customer(ADA.account_id)
    assert kept.move.done
    for promise in promises:
        after: Appointment = await now(house, promise)
        there = after.address_id == kept.move.to_address_id
        assert there or after.status is Status.CANCELLED
    assert await budgets_add_up(house)
