"""What is published of a slot as rosters change and operators cap it. One driver: the races of
places are asked of both.
"""

from datetime import timedelta

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.model import (
    Appointment,
    BookingRefused,
    ChangeRefusal,
    ChangeRefused,
)
from doorstep.capacity.model import (
    Cap,
    CapacityRefusal,
    CapRefused,
    EditionReason,
    Hold,
    Slot,
    SlotClosedReason,
    SlotRef,
    Terms,
    TermsRefused,
)
from doorstep.capacity.rules import Wish
from doorstep.catalogue.model import ServiceKind
from doorstep.kit.clock import StoppedClock
from doorstep.kit.pii import Keyring
from doorstep.settings import Settings
from doorstep.wiring import House
from tests import given
from tests.crowd import at_once, events
from tests.given import ADA, BO, DAN, EAST, EVE, OTTO, PARCEL, SU, TODAY, WEST

DAYS = 3
MS = timedelta(milliseconds=1)


async def publish(house: House) -> int:
    return await house.capacity.publish_all(TODAY, DAYS)


async def stands(house: House, ref: SlotRef | None = None) -> Slot:
    slot = await house.capacity.slots.get((ref or given.slot()).key)
    assert slot
    return slot


async def goes(house: House, courier_id: str = BO.courier_id) -> None:
    """Somebody falls ill: their shifts are struck out."""
    await house.mongo["shifts"].delete_many({"courier_id": courier_id})


async def cap(house: House, cap: Cap, *, edition: int = 1, by=DAN, dry: bool = False):
    return await house.capacity.cap_slot(
        given.slot().key,
        cap,
        given.attempt(house, dry=dry),
        expected_edition=edition,
        by=by.caller,
        note="人手不够",
    )


# ------------------------------------------------------------ the roster


@pytest.mark.row("B1", "B8")
async def test_when_somebody_falls_ill_there_is_another_edition_and_the_one_before_is_kept(
    house: House, clock: StoppedClock
):
    before = await stands(house)
    assert (before.edition, before.budget.load.minutes) == (1, 120)
    await goes(house)

    assert await publish(house) == 2 * 6 * DAYS

    after = await stands(house)
    assert (after.edition, after.budget.load.minutes) == (2, 60)
    (kept,) = (await house.capacity.editions([after.id]))[after.id]
    assert (kept.edition, kept.budget, kept.cap) == (1, before.budget, before.cap)
    assert (kept.until, kept.because, kept.by) == (clock.now(), EditionReason.ROSTER, None)
    assert await events(house, "CapacityChanged") == 2 * 6 * DAYS


@pytest.mark.row("B1")
async def test_a_roster_that_did_not_change_writes_nothing(house: House, clock: StoppedClock):
    before = await stands(house)
    for _ in range(2):
        assert await publish(house) == 0
        clock.advance(timedelta(minutes=5))

    assert await stands(house) == before
    assert await events(house, "CapacityChanged") == 0
    assert await house.mongo["slot_editions"].count_documents({}) == 0


@pytest.mark.row("B1")
async def test_two_workers_that_publish_at_once_publish_one_edition(
    house: House, settings: Settings, mongo_url: str, keyring: Keyring, clock: StoppedClock
):
    other = House.build(settings, url=mongo_url, keyring=keyring, clock=clock)
    await goes(house)
    try:
        counts = await at_once(publish(each) for each in (house, other))
    finally:
        await other.close()

    assert sum(counts) == 2 * 6 * DAYS
    assert (await stands(house)).edition == 2
    assert await house.mongo["slot_editions"].count_documents({}) == 2 * 6 * DAYS


@pytest.mark.row("B1", "B8")
async def test_a_courier_with_an_area_of_their_own_gives_it_all_their_time(house: House):
    await house.mongo["couriers"].update_one({"_id": BO.courier_id}, {"$set": {"area_ids": [WEST]}})
    await publish(house)

    assert (await stands(house)).budget.load.minutes == 120 + 60
    assert (await stands(house, given.slot(area_id=EAST))).budget.load.minutes == 60


# ------------------------------------------------------------ caps


@pytest.mark.row("B1")
async def test_a_cap_is_an_edition_with_a_name_and_a_note(house: House):
    capped = await cap(house, Cap(visits=2, minutes=30))

    assert isinstance(capped, Slot)
    assert (capped.edition, capped.cap) == (2, Cap(visits=2, minutes=30))
    assert await stands(house) == capped.model_copy(update={"revision": 1})
    (kept,) = (await house.capacity.editions([capped.id]))[capped.id]
    assert (kept.because, kept.by, kept.note) == (EditionReason.CAP, DAN.account_id, "人手不够")
    assert kept.cap == Cap(visits=20)


@pytest.mark.row("B1", "Q6")
async def test_who_may_not_cap_a_slot_and_when(house: House):
    await goes(house)
    await publish(house)

    stale = await cap(house, Cap(visits=1))
    assert isinstance(stale, CapRefused)
    assert (stale.code, stale.current) == (CapacityRefusal.STALE_VERSION, await stands(house))
    theirs = await cap(house, Cap(visits=1), edition=2, by=OTTO)
    assert theirs == CapRefused(code=CapacityRefusal.NOT_FOUND, path=("slotId",))
    dry = await cap(house, Cap(visits=1), edition=2, dry=True)
    assert isinstance(dry, Slot)
    assert (dry.cap.visits, (await stands(house)).edition) == (1, 2)


@pytest.mark.row("B1")
async def test_of_two_who_cap_at_once_one_is_told_that_it_has_changed(house: House):
    outcomes = await at_once(cap(house, Cap(visits=visits)) for visits in range(1, 6))

    assert [type(each) for each in outcomes].count(Slot) == 1
    refused = [each.code for each in outcomes if isinstance(each, CapRefused)]
    assert refused == [CapacityRefusal.STALE_VERSION] * 4
    assert (await stands(house)).edition == 2


@pytest.mark.row("B1", "B4")
async def test_a_cap_holds_for_bookings_that_come_at_the_same_time(house: House):
    outcomes = await at_once(
        [
            cap(house, Cap(visits=1)),
            given.booked(house),
        ]
    )

    promise, slot = outcomes[1], await stands(house)
    assert (slot.cap.visits, slot.booked.visits) == (1, 1)
    view = await house.capacity.view(given.slot(), at=house.clock.now())
    assert view.closed is SlotClosedReason.FULL
    assert await house.appointments.affected_by(slot) == []
    lower = await cap(house, Cap(visits=0), edition=2)
    assert [each.id for each in await house.appointments.affected_by(lower)] == [promise.id]


@pytest.mark.row("A3", "B1")
async def test_who_holds_a_place_still_gets_it_when_the_cap_goes_below_it(house: House):
    await given.real_costs(house)
    hold = await house.appointments.hold(ADA.account_id, given.asked(), given.attempt(house))
    assert isinstance(hold, Hold)
    assert isinstance(await cap(house, Cap(visits=0)), Slot)

    other = await house.appointments.book(given.request(EVE), given.attempt(house))
    assert isinstance(other, BookingRefused)
    assert other.code == "SLOT_FULL"
    assert isinstance(await given.booked(house, hold_id=hold.id), Appointment)
    assert (await stands(house)).booked.visits == 1


# ------------------------------------------------------------ terms


async def put(house: House, by=SU, *, version: int | None = None, **said):
    terms = Terms(**{"id": "trm_1", "area_id": WEST, "service": ServiceKind.PARCEL_PICKUP, **said})
    return await house.capacity.put_terms(
        terms, given.attempt(house), expected_version=version, by=by.caller
    )


async def why(house: House, at, ref: SlotRef | None = None):
    view = await house.capacity.view(ref or given.slot(), Wish.of(PARCEL), at=at)
    assert view
    return view.closed, view.cutoff_at


@pytest.mark.row("A12", "B5")
async def test_a_cut_off_is_kept_to_the_millisecond(house: House):
    start = given.slot().start
    default = start - timedelta(minutes=60)
    assert await why(house, default - MS) == (None, default)
    assert await why(house, default) == (SlotClosedReason.CUTOFF_PASSED, default)

    assert isinstance(await put(house, notice_minutes=4 * 60), Terms)
    earlier = start - timedelta(hours=4)
    assert await why(house, earlier - MS) == (None, earlier)
    assert await why(house, earlier) == (SlotClosedReason.CUTOFF_PASSED, earlier)
    east = given.slot(area_id=EAST)
    assert await why(house, default - MS, east) == (None, default)


@pytest.mark.row("A7", "B5")
async def test_a_promise_can_be_taken_back_until_the_millisecond_its_terms_said(
    house: House, clock: StoppedClock
):
    await put(house, cancel_minutes=180)
    promise = await given.booked(house)
    assert promise.cancellable_until == promise.window.start - timedelta(minutes=180)
    await put(house, version=1, cancel_minutes=600)

    clock.set(promise.cancellable_until)
    late = await cancel(house, promise)
    clock.set(promise.cancellable_until - MS)
    in_time = await cancel(house, promise)

    assert isinstance(late, ChangeRefused)
    assert late.code is ChangeRefusal.CUTOFF_PASSED
    assert isinstance(in_time, Appointment)


async def cancel(house: House, promise: Appointment):
    return await house.appointments.cancel(
        promise.id,
        promise.customer_id,
        given.attempt(house),
        expected_version=promise.version,
        by_role=Role.CUSTOMER,
        reason=None,
    )


@pytest.mark.row("B5")
async def test_room_is_kept_around_a_visit(house: House):
    await put(house, buffer_minutes=7)

    promise = await given.booked(house)

    assert promise.takes.load.minutes == 1 + 7
    assert (await stands(house)).booked.load.minutes == 8


@pytest.mark.row("B5")
async def test_a_nearer_horizon_hides_what_lies_beyond_it(house: House):
    area = await house.addresses.area(WEST)
    assert area
    await put(house, horizon_days=1)

    found = await house.capacity.open_slots(area, Wish.of(PARCEL), at=house.clock.now(), most=100)

    assert {view.slot.day for view in found} == {TODAY, given.TOMORROW}
    assert await house.capacity.farthest_days() == 14
    await put(house, version=1, horizon_days=30)
    assert await house.capacity.farthest_days() == 30


@pytest.mark.row("B5", "Q6")
async def test_terms_are_changed_by_those_whose_part_it_is(house: House):
    made = await put(house, notice_minutes=10)
    assert isinstance(made, Terms)
    assert (made.version, made.changed_by) == (1, SU.account_id)

    for refused in (
        await put(house, DAN, version=1),
        await put(house, area_id="are_none"),
        await put(house, version=1, id="trm_none"),
    ):
        assert isinstance(refused, TermsRefused)
        assert refused.code is CapacityRefusal.NOT_FOUND
    stale = await put(house, version=7)
    assert isinstance(stale, TermsRefused)
    assert (stale.code, stale.current) == (CapacityRefusal.STALE_VERSION, made)


@pytest.mark.row("B5", "Q6")
async def test_terms_of_all_areas_are_theirs_who_have_all_areas(house: House):
    branch = given.person("Wu", "+8613900003009", Role.SUPERVISOR, given.OTHER_BRANCH)

    theirs = await put(house, branch, area_id=None, horizon_days=3)
    whole = await put(house, area_id=None, horizon_days=3)

    assert isinstance(theirs, TermsRefused)
    assert isinstance(whole, Terms)


@pytest.mark.row("B5")
async def test_terms_that_are_dropped_hold_no_longer_and_are_not_forgotten(house: House):
    await put(house, notice_minutes=24 * 60)
    early = given.slot().start - timedelta(hours=2)
    assert (await why(house, early))[0] is SlotClosedReason.CUTOFF_PASSED

    dropped = await house.capacity.drop_terms(
        "trm_1", given.attempt(house), expected_version=1, by=SU.caller
    )

    assert isinstance(dropped, Terms)
    assert (await why(house, early))[0] is None
    again = await put(house, version=2, notice_minutes=1)
    assert isinstance(again, TermsRefused)
    kept = await house.capacity.terms.get("trm_1")
    assert kept
    assert (kept.dropped, kept.version, kept.notice_minutes) == (True, 2, 24 * 60)
