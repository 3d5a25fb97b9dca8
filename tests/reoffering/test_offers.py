"""What is offered instead of a promise that cannot be kept, and what becomes of it."""

from datetime import timedelta

import pytest

from doorstep.accounts.model import Role
from doorstep.appointments.events import AppointmentCancelled
from doorstep.appointments.model import (
    AffectedBecause,
    Appointment,
    EventKind,
    ReofferCode,
    ReofferState,
    Status,
    WaitState,
)
from doorstep.capacity.model import Cap
from doorstep.desk.model import AlarmKind
from doorstep.kit.clock import StoppedClock
from doorstep.kit.mongo.transactions import Tx
from doorstep.wiring import House
from tests import given
from tests.appointments import lists
from tests.crowd import budgets_add_up, codes, crowd, events
from tests.desk.test_actions import sweep
from tests.given import ADA, BO, BRANCH, EVE, TODAY, TOMORROW
from tests.moving import doors
from tests.reoffering.victims import (
    accept,
    decline,
    held,
    island,
    no_boat,
    offer_for,
    promised,
    reoffer,
    stands,
    told,
    typhoon,
)


async def causes(house: House) -> list[tuple[AffectedBecause, str]]:
    found = await house.appointments.affected_in("org_branch", TODAY, 15)
    return [(each.because, each.cause_id) for each in found]


@pytest.mark.row("B7")
async def test_whatever_shuts_a_slot_finds_its_victims_and_nobody_else(house: House):
    promise = await given.booked(house)
    await given.booked(house, EVE, slot=given.slot(14))
    assert await causes(house) == []
    block = await typhoon(house, promise.window, area_ids=(given.WEST,))
    assert await causes(house) == [(AffectedBecause.BLOCK, block.id)]
    unit = await house.organisation.unit("org_branch")
    closed = await house.calendar.close(
        unit, TOMORROW, "盘点", given.attempt(house), by=given.DAN.account_id
    )
    assert await causes(house) == [(AffectedBecause.CLOSURE, closed.id)] * 2
    for cause, victims in ((block.id, 1), (closed.id, 2)):
        by_cause = await house.appointments.affected_by_cause(cause, [BRANCH])
        assert len(by_cause or ()) == victims
        assert await house.appointments.affected_by_cause(cause, [given.OTHER_BRANCH]) == []
    assert await house.appointments.affected_by_cause("blk_none", [BRANCH]) is None


@pytest.mark.row("B7", "B1")
async def test_who_came_last_is_affected_when_there_is_less_to_give(house: House):
    first, last = [await given.booked(house, who) for who in (ADA, EVE)]
    slot = (await house.capacity.get_many([first.slot.key]))[first.slot.key]

    async def cap(tx: Tx) -> None:
        await house.capacity.cap(
            slot, Cap(visits=1), at=house.clock.now(), by="acc_dan", note="x", tx=tx
        )

    await house.mongo.transact(cap)
    assert await causes(house) == [(AffectedBecause.CAPACITY_SHORT, last.slot.text)]
    run = await reoffer(house, last.slot.text)
    assert [(o.appointment_id, o.code) for o in run.outcomes or ()] == [
        (last.id, ReofferCode.REOFFERED)
    ]


@pytest.mark.row("B7", "C1")
async def test_an_area_that_is_not_served_that_day_any_more_has_victims(house: House):
    await given.booked(house)
    ended = {"$set": {"valid_to": str(TODAY - timedelta(days=1))}}
    await house.mongo["service_areas"].update_one({"_id": given.WEST}, ended)
    house.addresses.city._areas.forget()  # noqa: SLF001
    assert await causes(house) == [(AffectedBecause.AREA_GONE, given.WEST)]
    assert len(await house.appointments.affected_by_cause(given.WEST, [BRANCH]) or ()) == 1
    (outcome,) = (await reoffer(house, given.WEST)).outcomes or ()
    assert outcome.code is ReofferCode.NO_SLOT_LEFT
    assert await told(house) == [0]


@pytest.mark.row("B7")
async def test_what_is_offered_is_kept_and_taking_it_counts_against_nobody(
    house: House, clock: StoppedClock
):
    promise = await given.booked(house, slot=given.slot(12, day=TODAY))
    spent = {"$set": {"changes": house.appointments.policy.most_changes}}
    await house.mongo["appointments"].update_one({"_id": promise.id}, spent)
    assigned = await house.dispatch.assign(
        promise.id,
        BO.courier_id,
        given.attempt(house),
        expected_version=1,
        may=[BRANCH],
        by_role=Role.DISPATCHER,
    )
    assert isinstance(assigned, Appointment)
    block = await typhoon(house, promise.window)
    run = await reoffer(house, block.id)
    offer = await offer_for(house, promise)
    assert [(o.code, o.reoffer_id) for o in run.outcomes or ()] == [
        (ReofferCode.REOFFERED, offer.id)
    ]
    assert [ref.start.hour + 8 for ref in offer.slots] == [14, 16, 18]
    assert await held(house) == 1
    views = await house.appointments.slots_offered(offer)
    assert not any(view.closed for view in views)

    for who in await crowd(house, 20):  # the one who is offered it keeps the last place
        await house.appointments.book(given.request(who, slot=offer.held), given.attempt(house))
    clock.advance(promise.cancellable_until - clock.now() + timedelta(minutes=15))
    after = await accept(house, ADA, offer)
    assert isinstance(after, Appointment), after
    assert (after.slot, after.changes, after.version) == (offer.held, spent["$set"]["changes"], 3)
    assert (after.courier_id, after.status) == (None, Status.BOOKED)
    await sweep(house)
    bo = await house.couriers.get(BO.courier_id)
    assert bo
    assert not (await house.dispatch.round_of(bo, TODAY)).open_in(promise.window)
    assert await held(house) == 0
    assert await budgets_add_up(house)
    assert codes([await accept(house, ADA, offer)]) == {"ALREADY_ANSWERED": 1}
    assert codes([await accept(house, EVE, offer)]) == {"NOT_FOUND": 1}


@pytest.mark.row("B7")
async def test_an_offer_nobody_answers_lapses_and_the_desk_is_told(
    house: House, clock: StoppedClock
):
    promise = await given.booked(house, slot=given.slot(18))
    block = await typhoon(house, promise.window)
    await reoffer(house, block.id)
    offer = await offer_for(house, promise)
    clock.advance(offer.expires_at - clock.now())

    late = await accept(house, ADA, offer)
    assert codes([late]) == {"LAPSED": 1}
    instead = await house.appointments.instead_of(offer)
    assert await house.appointments.end_lapsed_reoffers() == 1
    assert await house.appointments.end_lapsed_reoffers() == 0
    await sweep(house)
    stood = await stands(house, promise)
    assert (stood.status, stood.version) == (Status.BOOKED, 1)
    assert [entry.kind for entry in stood.history][-1] is EventKind.REOFFER_LAPSED
    (alarm,) = await house.desk.open_alarms("org_branch", TOMORROW)
    assert (alarm.kind, alarm.appointment_id) == (AlarmKind.REOFFER_LAPSED, promise.id)
    assert len(await causes(house)) == 1

    moved = await accept(house, ADA, offer, instead[0].ref)
    assert isinstance(moved, Appointment), moved
    assert await house.desk.open_alarms("org_branch", TOMORROW) == []
    assert (await offer_for(house, promise)).state is ReofferState.TAKEN
    assert await budgets_add_up(house)


@pytest.mark.row("B7")
async def test_who_declines_is_free_and_so_are_both_places(house: House):
    promise = await given.booked(house)
    await reoffer(house, (await typhoon(house)).id)
    over = await decline(house, ADA, await offer_for(house, promise))
    assert (over.status, over.history[-1].by_role) == (Status.CANCELLED, None)
    assert (await offer_for(house, promise)).state is ReofferState.DECLINED
    assert await held(house) == 0
    assert await budgets_add_up(house)
    assert await causes(house) == []


@pytest.mark.row("B7")
async def test_an_offer_is_taken_back_when_the_way_is_free_after_all(house: House):
    promise = await given.booked(house)
    block = await typhoon(house)
    await reoffer(house, block.id)
    offer = await offer_for(house, promise)
    await house.calendar.lift_block(
        block.id, given.attempt(house), expected_version=1, may=[BRANCH]
    )
    await sweep(house)
    await house.appointments.carry_out_due()
    assert (await offer_for(house, promise)).state is ReofferState.WITHDRAWN
    stood = await stands(house, promise)
    assert stood.history[-1].kind is EventKind.REOFFER_WITHDRAWN
    assert await held(house) == 0
    assert codes([await accept(house, ADA, offer)]) == {"WITHDRAWN": 1}
    await reoffer(house, (await typhoon(house)).id)
    assert await told(house) == [2]


@pytest.mark.row("B7")
async def test_no_courier_is_asked_to_go_where_nobody_can(house: House):
    promise = await given.booked(house)
    block = await typhoon(house)
    await sweep(house)
    assert (await stands(house, promise)).offered_to is None
    assert await events(house, "OfferUntaken") == 0
    await house.calendar.lift_block(
        block.id, given.attempt(house), expected_version=1, may=[BRANCH]
    )
    await sweep(house)
    assert (await stands(house, promise)).offered_to == BO.courier_id


@pytest.mark.row("B7", "C5")
async def test_when_a_boat_does_not_go_the_house_offers_another_by_itself(
    house: House, clock: StoppedClock
):
    await island(house)
    promise = await given.booked(house)
    boat = await no_boat(house)
    await sweep(house)
    assert await house.appointments.carry_out_due() == 1
    offer = await offer_for(house, promise)
    assert (offer.because, offer.cause_id) == (AffectedBecause.SAILING_CANCELLED, boat)
    assert offer.held.start - promise.window.start == timedelta(days=1)
    assert (await reoffer(house, boat)).outcomes[0].code is ReofferCode.ALREADY_REOFFERED  # type: ignore[index]

    slot = given.slot(12)  # another process did not know of it yet
    late = promise.model_copy(update={"id": "apt_late", "slot": slot, "sequence": 1})

    async def add(tx: Tx) -> None:
        await house.appointments.store.add(late, tx=tx)

    await house.mongo.transact(add)
    assert await house.appointments.carry_out_due() == 0
    clock.advance(house.appointments.reoffering.look_again_after)
    assert await house.appointments.carry_out_due() == 2
    assert (await offer_for(house, late)).state is ReofferState.OPEN
    assert await house.appointments.carry_out_due() == 0
    assert await told(house) == [1, 1]


@pytest.mark.row("B7")
async def test_who_helps_themselves_needs_no_offer(house: House):
    promise = await given.booked(house, slot=given.slot(14))
    await reoffer(house, (await typhoon(house, promise.window)).id)
    moved = await house.appointments.reschedule(
        promise.id,
        ADA.account_id,
        given.slot(18),
        given.attempt(house),
        expected_version=1,
        by_role=Role.CUSTOMER,
        reason=None,
    )
    assert isinstance(moved, Appointment)
    await sweep(house)
    assert (await offer_for(house, promise)).state is ReofferState.WITHDRAWN
    assert await held(house) == 0


@pytest.mark.row("B7")
async def test_where_nothing_is_left_nobody_is_told_and_it_can_be_asked_again(empty_house: House):
    house = empty_house
    await given.town(house, places=1, days=2)
    promises = await promised(house, 6, *[given.slot(hour) for hour in range(8, 20, 2)])
    today = [given.slot(hour, day=TODAY) for hour in range(12, 20, 2)]
    block = await typhoon(house)
    run = await reoffer(house, block.id)
    assert codes(run.outcomes or ()) == {"REOFFERED": len(today), "NO_SLOT_LEFT": 2}
    assert sum(await told(house)) == len(today)
    taken = [o.appointment_id for o in run.outcomes or () if o.reoffer_id]
    first = next(each for each in promises if each.id in taken)
    await decline(house, given.Person(first.customer_id, "", "", ()), await offer_for(house, first))
    again = await reoffer(house, block.id)
    assert codes(again.outcomes or ()) == {
        "ALREADY_REOFFERED": len(today) - 1,
        "REOFFERED": 1,
        "NO_SLOT_LEFT": 1,
    }


@pytest.mark.row("B7", "A14")
@pytest.mark.parametrize("ends", ["declined", "lapsed"])
async def test_a_place_that_was_kept_in_vain_goes_to_who_waits_for_it(
    house: House, clock: StoppedClock, ends: str
):
    promise = await given.booked(house)
    await reoffer(house, (await typhoon(house, promise.window)).id)
    offer = await offer_for(house, promise)
    await lists.only(house, offer.held, 1)
    entry = await lists.waiting(house, EVE, offer.held)
    assert await lists.state(house, entry) is WaitState.WAITING

    if ends == "declined":
        await decline(house, ADA, offer)
    else:
        clock.advance(offer.expires_at - clock.now())
        await house.appointments.end_lapsed_reoffers()
    assert await lists.state(house, entry) is WaitState.OFFERED
    assert await budgets_add_up(house)


@pytest.mark.row("B7")
async def test_the_very_slot_that_was_kept_can_be_asked_for_by_name_when_it_is_too_late(
    house: House, clock: StoppedClock
):
    promise = await given.booked(house)
    await reoffer(house, (await typhoon(house, promise.window)).id)
    offer = await offer_for(house, promise)
    clock.advance(offer.expires_at - clock.now())

    moved = await accept(house, ADA, offer, offer.held)
    assert isinstance(moved, Appointment), moved
    assert moved.slot.key == offer.held.key
    assert await house.appointments.end_lapsed_reoffers() == 0
    assert await held(house) == 0
    assert await budgets_add_up(house)


@pytest.mark.row("B7", "B11")
async def test_who_cancels_what_we_could_not_keep_has_no_mark_however_late(
    house: House, clock: StoppedClock
):
    promise = await given.booked(house)
    await reoffer(house, (await typhoon(house, promise.window)).id)
    clock.set(promise.window.start - timedelta(minutes=90))
    cancelled = await lists.cancel(house, await stands(house, promise))
    assert isinstance(cancelled, Appointment), cancelled
    await house.appointments.mind(AppointmentCancelled.of(cancelled))
    assert await house.appointments.marks_of(ADA.account_id) == []


@pytest.mark.row("B7", "C7")
async def test_an_offer_ends_when_the_visit_goes_where_the_way_is_free(house: House):
    await doors.build(house)
    promise = await given.booked(house)
    await reoffer(house, (await typhoon(house, promise.window, area_ids=(given.WEST,))).id)
    moved = await doors.redirect(house, await stands(house, promise), doors.IN_THE_EAST)
    assert isinstance(moved, Appointment), moved
    await sweep(house)
    assert (await offer_for(house, promise)).state is ReofferState.WITHDRAWN
    assert await held(house) == 0


@pytest.mark.row("B7")
async def test_a_lapsed_offer_is_no_way_out_once_the_way_is_free_again(
    house: House, clock: StoppedClock
):
    promise = await given.booked(house)
    block = await typhoon(house, promise.window)
    await reoffer(house, block.id)
    offer = await offer_for(house, promise)
    clock.advance(offer.expires_at - clock.now())
    await house.appointments.end_lapsed_reoffers()
    await house.calendar.lift_block(
        block.id, given.attempt(house), expected_version=1, may=[BRANCH]
    )
    answers = [await decline(house, ADA, offer), await accept(house, ADA, offer, offer.slots[-1])]
    assert codes(answers) == {"WITHDRAWN": 2}
    assert (await stands(house, promise)).status is Status.BOOKED
