"""A change of address after booking is a request: area, slot and courier are judged again."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    AccessNotes,
    Appointment,
    ChangeRefused,
    Decision,
    Status,
)
from doorstep.appointments.rules import Viewer, sight_of
from doorstep.dispatch.model import StopState
from doorstep.handheld.model import Act
from doorstep.kit.clock import StoppedClock
from doorstep.wiring import House
from tests import given
from tests.crowd import budgets_add_up, codes, fingerprint
from tests.dispatch.test_races import (
    accept,
    active,
    assign,
    decline,
    feeds_are_whole,
    now,
    relay,
    say,
    stops,
    whole,
)
from tests.given import ADA, BO, BRANCH, CAI, EAST, EVE, WEST
from tests.moving.doors import (
    FAR,
    FAR_AWAY,
    IN_THE_EAST,
    NEXT_DOOR,
    NOWHERE,
    accepted,
    build,
    pending,
    redirect,
)

FIFTH_FLOOR = AccessNotes(floor=5, has_lift=False)
EIGHTH_FLOOR = AccessNotes(floor=8, has_lift=False)
MS = timedelta(milliseconds=1)


@pytest.fixture
async def house(house: House) -> House:
    await build(house)
    return house


async def visits(house: House, *slots: Any) -> list[int]:
    found = await house.capacity.slots.get_many([slot.key for slot in slots])
    return [found[slot.key].booked.visits for slot in slots]


def because(appointment: Appointment | ChangeRefused) -> list[str]:
    assert isinstance(appointment, Appointment), appointment
    assert appointment.door_change
    return [appointment.door_change.decision, *appointment.door_change.because]


async def cancel(house: House, promise: Appointment) -> Appointment | ChangeRefused:
    return await house.appointments.cancel(
        promise.id,
        promise.customer_id,
        given.attempt(house),
        expected_version=promise.version,
        by_role=Role.CUSTOMER,
        reason=None,
    )


async def withdraw(house: House, promise: Appointment) -> Appointment | ChangeRefused:
    return await house.appointments.withdraw(
        promise.id,
        promise.customer_id,
        given.attempt(house),
        expected_version=promise.version,
        by_role=Role.CUSTOMER,
    )


async def agree(house: House, promise: Appointment, **more: Any):
    sequence = promise.pending_change.sequence
    return await say(house, BO, Act.ACKNOWLEDGE, promise, **{"sequence": sequence, **more})


async def set_out(house: House, promise: Appointment) -> None:
    await say(house, BO, Act.START_DUTY, promise)
    assert (await say(house, BO, Act.SET_OUT, promise)).accepted


WAYS_TO_DECIDE: dict[str, Callable[[House, Appointment], Awaitable[Any]]] = {
    "agree": agree,
    "decline": lambda house, promise: decline(house, BO, promise),
    "withdraw": withdraw,
    "cancel": cancel,
    "set out": set_out,
}

# ------------------------------------------------------------------ nobody has it yet


@pytest.mark.row("C7")
async def test_in_the_same_area_it_keeps_its_slot_and_costs_what_the_new_stairs_cost(house: House):
    await given.real_costs(house)
    promise = await given.booked(house)
    await relay(house)
    assert (await now(house, promise)).offered_to == BO.courier_id

    moved = await redirect(house, promise, NEXT_DOOR, access=FIFTH_FLOOR, reason="搬家")

    assert because(moved) == ["KEPT", "SAME_AREA", "SAME_WINDOW", "TAKES_MORE"]
    assert isinstance(moved, Appointment)
    assert moved.takes.load.minutes > promise.takes.load.minutes
    assert (moved.address_id, moved.slot, moved.version, moved.changes) == (
        NEXT_DOOR,
        promise.slot,
        2,
        0,
    )
    assert (moved.history[-1].kind, moved.history[-1].note) == ("ADDRESS_CHANGED", "搬家")
    assert moved.private.access_notes == FIFTH_FLOOR
    assert await visits(house, promise.slot) == [1]
    assert await budgets_add_up(house)

    assert moved.offered_to is None
    assert (await accept(house, BO, promise)).refused.code == "NOT_YOURS"
    await relay(house)
    assert await stops(house, BO, promise) == [StopState.REMOVED, StopState.OFFERED]
    assert (await accept(house, BO, promise)).accepted
    await whole(house, promise)


@pytest.mark.row("C7")
async def test_in_another_area_it_takes_the_same_window_there_and_frees_the_old(house: House):
    promise = await given.booked(house)
    moved = await redirect(house, promise, IN_THE_EAST)

    assert because(moved) == ["REPLACED", "OTHER_AREA", "SAME_WINDOW"]
    assert isinstance(moved, Appointment)
    assert (moved.area_id, moved.window) == (EAST, promise.window)
    assert await visits(house, promise.slot, given.slot(area_id=EAST)) == [0, 1]
    assert moved.private.access_notes == AccessNotes(), "the old gate's code opens no new gate"
    assert await budgets_add_up(house)
    await relay(house)
    assert (await now(house, promise)).offered_to == CAI.courier_id
    await whole(house, promise)


@pytest.mark.row("C7")
async def test_another_branch_takes_all_of_it_with_the_slot_that_was_named(house: House):
    promise = await given.booked(house)
    moved = await redirect(house, promise, FAR_AWAY, slot=given.slot(12, area_id=FAR))

    assert because(moved) == ["REPLACED", "OTHER_BRANCH", "OTHER_WINDOW"]
    assert isinstance(moved, Appointment)
    assert (moved.branch_id, moved.branch_path) == ("org_other", given.OTHER_BRANCH)
    assert moved.cancellable_until == moved.window.start - timedelta(minutes=30)
    assert moved.changes == 1
    await relay(house)
    assert (await now(house, promise)).offered_to == "cou_zhu"
    assert await budgets_add_up(house)


@pytest.mark.row("C7")
async def test_what_cannot_be_is_refused_with_its_reason_and_changes_nothing(
    house: House, clock: StoppedClock
):
    promise = await given.booked(house)
    east, north = given.slot(area_id=EAST), given.slot(8, area_id=FAR)
    await house.mongo["slots"].update_one({"_id": east.key}, {"$set": {"cap.visits": 0}})
    await house.mongo["service_areas"].update_one(
        {"_id": FAR}, {"$set": {"services": ["PARCEL_DELIVERY"]}}
    )
    house.addresses.city._areas.forget()  # noqa: SLF001 - the map is a few seconds old otherwise
    before = await fingerprint(house)

    async def refused(to: str, **more: Any) -> tuple[str, tuple[str, ...]]:
        wet = await redirect(house, promise, to, **more)
        dry = await redirect(house, promise, to, dry=True, **more)
        assert isinstance(wet, ChangeRefused)
        assert isinstance(dry, ChangeRefused)
        assert (wet.code, wet.path) == (dry.code, dry.path)
        return str(wet.code), wet.path

    assert await refused(NOWHERE) == ("ADDRESS_NOT_SERVED", ("addressId",))
    assert await refused(FAR_AWAY) == ("SERVICE_NOT_OFFERED", ("lines",))
    assert await refused(EVE.address_id) == ("NOT_FOUND", ("addressId",))
    assert await refused(IN_THE_EAST) == ("SLOT_FULL", ("slotId",))
    assert await refused(IN_THE_EAST, slot=north) == ("NOT_OFFERED", ("slotId",))
    assert await refused(NEXT_DOOR, version=7) == ("STALE_VERSION", ("expectedVersion",))
    clock.set(promise.cancellable_until)
    assert (await refused(NEXT_DOOR))[0] == "CUTOFF_PASSED"
    assert await fingerprint(house) == before


@pytest.mark.row("C7")
async def test_a_door_that_asks_more_than_is_left_is_refused_in_the_very_slot(house: House):
    await given.real_costs(house)
    promise = await given.booked(house)
    key, minutes = promise.slot.key, promise.takes.load.minutes
    await house.mongo["slots"].update_one({"_id": key}, {"$set": {"cap.minutes": minutes}})

    for dry in (True, False):
        refused = await redirect(house, promise, NEXT_DOOR, access=FIFTH_FLOOR, dry=dry)
        assert codes([refused]) == {"SLOT_FULL": 1}
    assert because(await redirect(house, promise, NEXT_DOOR))[0] == "KEPT"
    assert await budgets_add_up(house)


@pytest.mark.row("C7")
async def test_after_the_cutoff_a_visit_keeps_its_slot_until_it_can_no_longer_be_changed(
    house: House, clock: StoppedClock
):
    promise = await given.booked(house)
    clock.set(promise.cancellable_until - MS)
    assert codes([await redirect(house, promise, IN_THE_EAST)]) == {"CUTOFF_PASSED": 1}
    assert because(await redirect(house, promise, NEXT_DOOR))[0] == "KEPT"


# ------------------------------------------------------------------ a courier has it


@pytest.mark.row("C7", "H8")
async def test_a_courier_who_has_it_agrees_first_and_both_places_are_kept_until_then(house: House):
    promise = await accepted(house)
    head = await house.dispatch.rounds.head(BO.courier_id)
    asked = await redirect(house, promise, IN_THE_EAST)

    assert because(asked) == [
        "PENDING",
        *("OTHER_AREA", "SAME_WINDOW", "COURIER_IS_ASKED", "BOTH_PLACES_KEPT"),
    ]
    assert isinstance(asked, Appointment)
    assert (asked.status, asked.address_id, asked.area_id) == ("ASSIGNED", ADA.address_id, WEST)
    east = given.slot(area_id=EAST)
    assert await visits(house, promise.slot, east) == [1, 1]
    assert await budgets_add_up(house)
    await relay(house)
    assert await house.dispatch.rounds.head(BO.courier_id) == head + 1

    assert (await agree(house, asked, sequence=1)).refused.path == ("sequence",)
    done = await agree(house, asked)
    assert done.accepted
    kept = await now(house, promise)
    assert (kept.status, kept.address_id, kept.area_id) == ("ASSIGNED", IN_THE_EAST, EAST)
    assert (kept.courier_id, kept.pending_change, kept.door_no) == (BO.courier_id, None, 2)
    assert await visits(house, promise.slot, east) == [0, 1]
    assert await budgets_add_up(house)

    assert await stops(house, BO, promise) == [StopState.ACCEPTED]
    await set_out(house, promise)
    assert codes([await redirect(house, await now(house, promise), NEXT_DOOR)]) == {
        "NOT_ALLOWED_NOW": 1
    }
    await relay(house)
    await feeds_are_whole(house)


@pytest.mark.row("C7")
async def test_in_one_slot_a_visit_takes_the_more_of_two_doors_until_it_is_decided(house: House):
    await given.real_costs(house)
    ways = [(way, floor) for way in WAYS_TO_DECIDE for floor in (20, 1)]
    for number, (way, floor) in enumerate(ways):
        day = given.TOMORROW + timedelta(days=number // 5)
        slot = given.slot(8 + 2 * (number % 5), day=day)
        promise = await accepted(house, slot=slot, access_notes=EIGHTH_FLOOR)
        asked = await redirect(
            house, promise, NEXT_DOOR, access=EIGHTH_FLOOR.model_copy(update={"floor": floor})
        )
        assert isinstance(asked, Appointment)
        kept = (await house.capacity.slots.get_many([slot.key]))[slot.key].booked
        old, new = promise.takes.load.minutes, asked.pending_change.takes.load.minutes
        assert (kept.visits, kept.load.minutes, old == new) == (1, max(old, new), False)
        assert await budgets_add_up(house)

        await WAYS_TO_DECIDE[way](house, asked)

        after, there = await now(house, promise), way in ("agree", "decline")
        assert (after.pending_change, after.private.going_to) == (None, None)
        assert after.address_id == (NEXT_DOOR if there else ADA.address_id)
        assert after.takes.load.minutes == (new if there else old)
        assert await budgets_add_up(house)
    await relay(house)
    await feeds_are_whole(house)


@pytest.mark.row("C7", "H8")
async def test_a_courier_who_declines_leaves_the_new_door_to_somebody_else(house: House):
    asked = await pending(house, IN_THE_EAST)
    assert (await decline(house, BO, asked)).accepted
    kept = await now(house, asked)
    kinds = [entry.kind for entry in kept.history[-3:]]
    assert kinds == ["ADDRESS_CHANGE_ASKED", "ADDRESS_CHANGED", "DECLINED"]
    assert (kept.status, kept.address_id, kept.courier_id) == ("BOOKED", IN_THE_EAST, None)
    assert sight_of(kept, Viewer(BO.caller, BO.courier_id), at=given.NOW) is None
    await relay(house)
    assert (await now(house, asked)).offered_to == CAI.courier_id
    assert await budgets_add_up(house)
    await whole(house, asked)


@pytest.mark.row("C7")
async def test_a_courier_who_does_not_answer_is_asked_until_the_millisecond_it_says(
    house: House, clock: StoppedClock
):
    asked = await pending(house, IN_THE_EAST)
    until = asked.pending_change.answer_by
    assert until == given.NOW + timedelta(minutes=15)

    clock.set(until - MS)
    assert await house.dispatch.end_unanswered_changes() == 0
    clock.set(until)
    assert await house.dispatch.end_unanswered_changes() == 1
    assert await house.dispatch.end_unanswered_changes() == 0
    await relay(house)

    kept = await now(house, asked)
    assert (kept.address_id, kept.offered_to) == (IN_THE_EAST, CAI.courier_id)
    assert (await agree(house, asked)).refused.code == "NOT_YOURS"
    assert await stops(house, BO, asked) == [StopState.REMOVED]
    assert await budgets_add_up(house)
    await whole(house, asked)


@pytest.mark.row("C7")
async def test_who_sets_out_before_they_agreed_goes_to_the_old_door(house: House):
    asked = await pending(house, IN_THE_EAST)
    await set_out(house, asked)

    kept = await now(house, asked)
    kinds = [entry.kind for entry in kept.history[-2:]]
    assert kinds == ["ADDRESS_CHANGE_ENDED", "SET_OUT"]
    assert (kept.address_id, kept.pending_change) == (ADA.address_id, None)
    assert await visits(house, asked.slot, given.slot(area_id=EAST)) == [1, 0]
    assert await budgets_add_up(house)


@pytest.mark.row("C7")
async def test_while_it_is_pending_it_can_be_withdrawn_or_cancelled_and_not_moved_again(
    house: House,
):
    asked = await pending(house, IN_THE_EAST)
    moved = await house.appointments.reschedule(
        asked.id,
        ADA.account_id,
        given.slot(14),
        given.attempt(house),
        expected_version=asked.version,
        by_role=Role.CUSTOMER,
        reason=None,
    )
    again = await redirect(house, asked, NEXT_DOOR)
    assert codes([moved, again]) == {"CHANGE_PENDING": 2}

    back = await withdraw(house, asked)
    assert isinstance(back, Appointment)
    assert (back.address_id, back.status) == (ADA.address_id, Status.ASSIGNED)
    assert codes([await withdraw(house, back)]) == {"NO_CHANGE_PENDING": 1}
    once_more = await redirect(house, back, IN_THE_EAST)
    assert isinstance(once_more, Appointment)
    gone = await cancel(house, once_more)
    assert isinstance(gone, Appointment)
    assert await visits(house, asked.slot, given.slot(area_id=EAST)) == [0, 0]
    assert await budgets_add_up(house)


@pytest.mark.row("C7")
async def test_a_courier_who_cannot_come_there_is_free_of_it_and_never_sees_the_new_door(
    house: House,
):
    promise = await accepted(house)
    moved = await redirect(house, promise, FAR_AWAY)

    assert because(moved) == ["REPLACED", "OTHER_BRANCH", "SAME_WINDOW", "COURIER_FREED"]
    assert isinstance(moved, Appointment)
    assert (moved.status, moved.courier_id) == (Status.BOOKED, None)
    assert sight_of(moved, Viewer(BO.caller, BO.courier_id), at=given.NOW) is None
    assert (await say(house, BO, Act.SET_OUT, promise)).refused
    await relay(house)
    assert await stops(house, BO, promise) == [StopState.REMOVED]
    assert (await now(house, promise)).offered_to == "cou_zhu"


@pytest.mark.row("C7")
async def test_a_courier_with_areas_of_their_own_is_kept_only_within_them(house: House):
    promise = await accepted(house)
    await house.mongo["couriers"].update_one({"_id": BO.courier_id}, {"$set": {"area_ids": [WEST]}})
    assert because(await redirect(house, promise, IN_THE_EAST, dry=True))[0] == Decision.REPLACED
    assert because(await redirect(house, promise, NEXT_DOOR, dry=True))[0] == Decision.PENDING


@pytest.mark.row("C7", "F10")
async def test_a_courier_it_is_taken_off_leaves_it_at_the_door_they_were_asked_about(house: House):
    asked = await pending(house, IN_THE_EAST)
    off = await house.dispatch.unassign(
        asked.id,
        given.attempt(house),
        expected_version=asked.version,
        reason="生病",
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )
    assert isinstance(off, Appointment)
    assert (off.status, off.address_id) == (Status.BOOKED, IN_THE_EAST)
    assert await active(house, asked) is None
    assert await budgets_add_up(house)


@pytest.mark.row("C7", "F3")
async def test_a_dispatcher_s_word_can_be_accepted_while_another_door_is_asked_for(house: House):
    promise = await given.booked(house)
    named = await assign(house, promise, BO)
    assert isinstance(named, Appointment)
    asked = await redirect(house, named, NEXT_DOOR)
    assert isinstance(asked, Appointment)
    assert (await accept(house, BO, asked)).accepted
    assert (await agree(house, asked)).accepted
    assert (await now(house, asked)).address_id == NEXT_DOOR


@pytest.mark.row("C7")
async def test_staff_see_the_pending_door_masked_and_its_courier_sees_all_of_it(house: House):
    asked = await pending(house, IN_THE_EAST)
    courier = sight_of(asked, Viewer(BO.caller, BO.courier_id), at=given.NOW)
    other = sight_of(asked, Viewer(CAI.caller, CAI.courier_id), at=given.NOW)
    staff = sight_of(asked, Viewer(given.DAN.caller), at=given.NOW)
    assert courier
    assert staff
    assert (courier.whole_address, staff.whole_address, other) == (True, False, None)
