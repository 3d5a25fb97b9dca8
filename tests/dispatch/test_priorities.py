"""Which promise comes first, and what leaving it out costs."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given as every
from hypothesis import strategies as st

from doorstep.capacity.model import Demand, Load
from doorstep.catalogue.model import ServiceKind
from doorstep.dispatch.model import DispatchPolicy, Urgency
from doorstep.dispatch.rules import first_things_first, priority_of, prize
from doorstep.wiring import House
from tests import given
from tests.given import BO, CAI, NOW, TODAY, TOMORROW

pytestmark = pytest.mark.row("F9")

LEGAL, CARD, COMPLAINT, PARCEL = (
    ServiceKind.LEGAL_DOCUMENT_DELIVERY,
    ServiceKind.ID_CARD_DELIVERY,
    ServiceKind.COMPLAINT_VISIT,
    ServiceKind.PARCEL_PICKUP,
)
DEADLINES = {LEGAL: timedelta(days=5), CARD: timedelta(days=3), COMPLAINT: timedelta(days=1)}
WEIGHTS = DispatchPolicy().weights


@dataclass(frozen=True)
class Visit:
    id: str
    takes: Demand
    window: object
    booked_at: object = NOW


def visit(id, kind, *, day=TOMORROW, hour=10, booked_at=NOW):
    takes = Demand(services=frozenset({kind}), load=Load(minutes=10))
    return Visit(id, takes, given.window(hour, day=day), booked_at)


def order(*visits, now=NOW):
    return [each.id for each in first_things_first(visits, now=now, deadlines=DEADLINES)]


def priority(kind, *, day=TOMORROW, now=NOW, booked_at=NOW):
    window = given.window(10, day=day)
    return priority_of([kind], window, booked_at=booked_at, now=now, deadlines=DEADLINES)


def test_a_court_s_deadline_goes_before_a_card_a_complaint_a_promise_for_today_and_the_rest():
    assert order(
        visit("others", PARCEL),
        visit("today", PARCEL, day=TODAY),
        visit("complaint", COMPLAINT),
        visit("card", CARD),
        visit("legal", LEGAL),
    ) == ["legal", "card", "complaint", "today", "others"]


def test_of_two_of_a_class_the_one_that_is_due_the_sooner_goes_first():
    yesterday = NOW - timedelta(days=1)

    assert order(visit("new", LEGAL), visit("old", LEGAL, booked_at=yesterday)) == ["old", "new"]
    assert order(visit("late", PARCEL, hour=14), visit("soon", PARCEL)) == ["soon", "late"]


def test_a_promise_becomes_one_for_today_when_its_day_comes():
    tomorrow = NOW + timedelta(days=1)

    assert priority(PARCEL).urgency is Urgency.OTHERS
    assert priority(PARCEL, now=tomorrow).urgency is Urgency.SAME_DAY
    assert priority(PARCEL, now=tomorrow + timedelta(days=1)).urgency is Urgency.SAME_DAY


def test_of_several_services_in_one_visit_the_most_urgent_counts():
    window = given.window(10)

    both = priority_of([PARCEL, LEGAL], window, booked_at=NOW, now=NOW, deadlines=DEADLINES)

    assert (both.urgency, both.due) == (Urgency.LEGAL_DOCUMENT, NOW + timedelta(days=5))


def test_a_kind_whose_deadline_no_row_names_is_due_with_its_window():
    window = given.window(10)

    found = priority_of([LEGAL], window, booked_at=NOW, now=NOW, deadlines={})

    assert (found.urgency, found.due) == (Urgency.OTHERS, window.end)


@pytest.mark.parametrize(
    ("days", "weights"),
    [
        pytest.param(0, 1, id="fresh"),
        pytest.param(2.5, 1.5, id="half way"),
        pytest.param(5, 2, id="due"),
        pytest.param(9, 2, id="overdue"),
    ],
)
def test_leaving_it_out_costs_the_more_the_nearer_its_deadline_is(days, weights):
    legal = priority(LEGAL)

    cost = prize(legal, WEIGHTS, now=NOW + timedelta(days=days))

    assert cost == weights * WEIGHTS[Urgency.LEGAL_DOCUMENT]


@every(st.sampled_from([LEGAL, CARD, COMPLAINT, PARCEL]), st.integers(0, 240), st.integers(0, 240))
def test_no_prize_falls_as_time_goes_by(kind, hours, more):
    found = priority(kind)
    sooner, later = (NOW + timedelta(hours=each) for each in (hours, hours + more))

    assert prize(found, WEIGHTS, now=sooner) <= prize(found, WEIGHTS, now=later)


async def test_the_rule_table_names_the_deadlines_and_their_sources(house: House):
    await house.rulebook.put_ours()

    assert await house.catalogue.deadlines(TODAY) == DEADLINES
    table = await house.rulebook.table()
    assert "Art 6" in table.row("deadline.LEGAL_DOCUMENT_DELIVERY", TODAY).citation


async def test_what_is_urgent_is_asked_about_first_when_the_way_is_free_again(house: House):
    """Both found nobody before; there is one courier, with room for one stop."""
    services = {"services": [*given.SKILLS, LEGAL.value]}
    await house.mongo["service_areas"].update_many({}, {"$set": services})
    later = await given.booked(house, given.EVE, slot=given.slot(10))
    legal = await given.booked(house, given.ADA, slot=given.slot(10))
    takes = {"takes.services": [LEGAL.value]}
    await house.mongo["appointments"].update_one({"_id": legal.id}, {"$set": takes})

    await house.rulebook.put_ours()
    await house.mongo["shifts"].delete_many({"courier_id": CAI.courier_id})
    one = house.dispatch.policy.model_copy(update={"most_stops_in_window": 1})

    await replace(house.dispatch, policy=one).offer_anew(given.window(8, 20))

    now = await house.appointments.load([legal.id, later.id])
    assert now[legal.id].offered_to == BO.courier_id
    assert now[later.id].offered_to is None
