"""The formulas of docs/kpis.md, by examples that can be reckoned by hand, and by law."""

from datetime import date, time, timedelta
from random import Random

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from doorstep.appointments.model import Appointment
from doorstep.appointments.rules import tried_again
from doorstep.catalogue.model import LineOutcome, ServiceKind
from doorstep.couriers.model import Break, Shift
from doorstep.kit.windows import at_local, day_span
from doorstep.reports.model import Cell, Figures, Grouping, Tally, total
from doorstep.reports.rules import (
    cell_of,
    figures,
    grouped,
    missed,
    percentile,
    recounted,
    rostered,
    unkept_in,
)
from tests import given
from tests.given import BO, CAI, TODAY, TOMORROW
from tests.reports.lives import (
    HANDED_OVER,
    finished,
    lives_on,
    promise,
    somebody_s,
    undone,
    visited,
)

pytestmark = pytest.mark.row("O1")
COLLECTED, DELIVERED = LineOutcome.COLLECTED, LineOutcome.DELIVERED
NOT_HOME, REFUSED = LineOutcome.NOT_HOME, LineOutcome.REFUSED
STATION = given.courier(BO, longitude=122.05, vehicle_id="veh_bo").station
STATIONS = {BO.courier_id: STATION, CAI.courier_id: STATION}


def of(*appointments: Appointment) -> Figures:
    """The figures of these visits, and of nothing else."""
    known = {each.id: each for each in appointments}
    days = recounted(appointments, known, STATIONS)
    return figures(total(day.whole for day in days), detour=1.4)


# ------------------------------------------------------------------ on time


@pytest.mark.parametrize(
    ("arrives", "told"),
    [
        pytest.param(-1, (0, 1, 0), id="a minute before the window"),
        pytest.param(0, (1, 0, 0), id="as it begins"),
        pytest.param(119, (1, 0, 0), id="in its last minute"),
        pytest.param(120, (0, 0, 1), id="as it ends, which is the next window's"),
    ],
)
def test_who_arrives_in_the_window_is_on_time(arrives, told):
    found = of(visited(promise(), arrives, COLLECTED))

    assert (found.on_time.part, found.tally.early, found.tally.late) == told
    assert found.on_time.whole == 1


def test_lateness_is_by_the_handheld_s_clock_however_late_we_learn_of_it():
    found = of(visited(promise(), 30, COLLECTED, late_by=timedelta(hours=9)))

    assert (found.on_time.value, found.minutes_per_stop.value) == (1, 5)


def test_a_visit_in_vain_was_on_time_and_one_that_nobody_made_was_not():
    came = visited(promise("apt_1"), 30, NOT_HOME)
    nobody, ahead = promise("apt_2"), promise("apt_3", hour=16)
    at = came.window.end

    cells = [*map(cell_of, recounted([came], {}, STATIONS))]
    cells += missed(unkept_in([came, nobody, ahead], at))
    found = figures(total(cell.whole for cell in cells), 1)

    assert (found.on_time.part, found.on_time.whole, found.tally.missed) == (1, 2, 1)
    assert unkept_in([nobody], at - timedelta(milliseconds=1)) == []


def test_what_was_a_mis_tap_did_not_happen():
    under_way = visited(promise(), 130)
    before = under_way.model_copy(update={"status": "EN_ROUTE"})
    taken_back = undone(under_way, before, under_way.window.end)

    assert recounted([taken_back], {}, STATIONS) == []
    assert len(unkept_in([taken_back], under_way.window.end)) == 1


# ------------------------------------------------------------------ attempts


def test_errands_are_counted_not_visits():
    found = of(visited(promise("apt_1", given.parcel(), HANDED_OVER), 10, COLLECTED, REFUSED))

    assert (found.first_attempt.part, found.first_attempt.whole) == (1, 2)
    assert (found.repeat_attempts.part, found.repeat_attempts.whole) == (0, 2)
    assert found.minutes_to_done.count == 0, "something was left"


def test_a_remainder_is_a_repeat_and_took_as_long_as_since_the_first_booking():
    first = visited(promise("apt_1", given.parcel(), HANDED_OVER), 10, COLLECTED, NOT_HOME)
    again = promise("apt_2", HANDED_OVER, day=TOMORROW, remainder_of="apt_1")
    again = again.model_copy(
        update={
            "booked_at": first.window.end,
            "lines": (tried_again(first.lines[1]),),
        }
    )
    done = visited(again, 20, DELIVERED)

    found = of(first, done)

    assert (found.first_attempt.part, found.first_attempt.whole) == (1, 2)
    assert (found.repeat_attempts.part, found.repeat_attempts.whole) == (1, 3)
    # Booked today at 9:00, done tomorrow at 10:25.
    assert (found.minutes_to_done.median, found.minutes_to_done.count) == (24 * 60 + 85, 1)


def test_a_delivery_that_came_with_attempts_of_its_own_is_a_repeat():
    visit = promise("apt_1", HANDED_OVER)
    line = visit.lines[0].model_copy(update={"attempt_no": 3})
    found = of(visited(visit.model_copy(update={"lines": (line,)}), 20, DELIVERED))

    assert found.first_attempt.value is None
    assert found.repeat_attempts.value == 1


# ------------------------------------------------------------------ time and ways


def test_a_morning_of_three_doors():
    """Station and first door in one place; 0.01 degrees of longitude are 883 m there."""
    first = visited(promise("apt_1"), 0, COLLECTED, set_out=-20, stays=10)
    second = visited(promise("apt_2", longitude=122.06), 30, NOT_HOME, set_out=-25, stays=2)
    third = visited(promise("apt_3", longitude=122.06), 60, set_out=-10)

    found = of(third, second, first)

    assert (found.minutes_per_stop.total, found.minutes_per_stop.stops) == (12, 2)
    assert found.kilometres_per_stop.stops == 3
    assert found.kilometres_per_stop.total == pytest.approx(883 * 1.4 / 1000)
    # From 9:40 to 10:10, and from there to 10:32: five minutes of it were both.
    assert found.tally.busy_seconds == (30 + 22) * 60


def test_who_stood_at_two_doors_at_once_was_busy_once():
    one = visited(promise("apt_1"), 0, COLLECTED, stays=30)
    other = visited(promise("apt_2"), 10, COLLECTED, stays=10)

    assert of(one, other).tally.busy_seconds == 40 * 60


def test_a_clock_that_ran_backwards_at_the_door_says_nothing_of_how_long_it_took():
    there = visited(promise(), 30)
    back = finished(there, there.window.start, [COLLECTED])

    found = of(back)

    assert (found.minutes_per_stop.value, found.tally.busy_seconds) == (None, 0)
    assert found.tally.visits == 1


def test_a_door_that_is_forgotten_is_passed_by():
    gone = visited(promise("apt_1", longitude=122.06), 0, COLLECTED)
    door = gone.private.address.door.model_copy(update={"location": None})
    address = gone.private.address.model_copy(update={"door": door})
    gone = gone.model_copy(update={"private": gone.private.model_copy(update={"address": address})})
    then = visited(promise("apt_2", longitude=122.06), 30, COLLECTED)

    found = of(gone, then)

    assert (found.kilometres_per_stop.stops, found.tally.way_metres) == (1, 883)


def shift(start: int, hours: int, day: date = TODAY) -> Shift:
    at = at_local(day, time(start))
    end = at + timedelta(hours=hours)
    return Shift(id="sft_1", courier_id=BO.courier_id, branch_id="org_branch", start=at, end=end)


NOON = Break(start=at_local(TODAY, time(12)), minutes=30)


@pytest.mark.parametrize(
    ("shifts", "until", "hours"),
    [
        pytest.param([shift(8, 9)], day_span(TODAY).end, {TODAY: 9}, id="a day's"),
        pytest.param([shift(8, 9)], given.window(12, day=TODAY).start, {TODAY: 4}, id="so far"),
        pytest.param(
            [shift(8, 9).model_copy(update={"breaks": (NOON,)})],
            day_span(TODAY).end,
            {TODAY: 8.5},
            id="without its break",
        ),
        pytest.param([shift(12, 4)], given.window(12, day=TODAY).start, {}, id="not begun"),
        pytest.param(
            [shift(22, 8)], day_span(TOMORROW).end, {TODAY: 2, TOMORROW: 6}, id="past midnight"
        ),
        pytest.param(
            [shift(22, 8, TODAY - timedelta(days=1))],
            day_span(TODAY).end,
            {TODAY: 6},
            id="from the evening before the range",
        ),
    ],
)
def test_a_shift_counts_on_the_days_it_lies_in_as_far_as_it_was_worked(shifts, until, hours):
    cells = rostered(shifts, TODAY, TOMORROW, until)

    assert {cell.day: cell.whole.shift_seconds / 3600 for cell in cells} == hours


def test_utilisation_is_of_shifts_and_of_no_service():
    day = map(cell_of, recounted([visited(promise(), 0, COLLECTED, set_out=-55)], {}, STATIONS))
    cells = [*day, *rostered([shift(8, 10)], TODAY, TODAY, day_span(TODAY).end)]

    (courier,) = grouped(cells, Grouping.COURIER, 1)
    (service,) = grouped(cells, Grouping.SERVICE, 1)

    assert courier.figures.utilisation.value == 0.1
    assert service.figures.utilisation.value is None


# ------------------------------------------------------------------ nothing, and everything


def test_of_nothing_there_is_no_ratio():
    found = figures(Tally(), 1.4)

    shares = (found.on_time, found.first_attempt, found.repeat_attempts, found.utilisation)
    assert {share.value for share in shares} == {None}
    assert found.minutes_per_stop.value is found.kilometres_per_stop.value is None
    assert found.minutes_to_done.median is found.minutes_to_done.p90 is None


@pytest.mark.parametrize(
    ("of_them", "median", "p90"),
    [((7,), 7, 7), ((1, 2), 1, 2), (tuple(range(1, 11)), 5, 9), (tuple(range(1, 12)), 6, 10)],
)
def test_a_percentile_is_one_that_was(of_them, median, p90):
    assert (percentile(of_them, 50), percentile(of_them, 90)) == (median, p90)


def _lives(seed: int) -> list[Appointment]:
    random = Random(seed)
    return [
        lives_on(random, somebody_s(random, number), random.randrange(12)) for number in range(15)
    ]


def _cells(appointments: list[Appointment]) -> list[Cell]:
    at = given.window(10, day=TOMORROW).end
    return [
        *map(cell_of, recounted(appointments, {}, STATIONS)),
        *missed(unkept_in(appointments, at)),
    ]


@settings(max_examples=40, deadline=None)
@drawn(seed=st.integers(0, 10**9))
def test_the_days_of_a_range_and_its_couriers_add_up_to_the_whole(seed):
    cells = _cells(_lives(seed))
    whole = total(cell.whole for cell in cells)

    for by in (Grouping.DAY, Grouping.COURIER):
        assert total(group.figures.tally for group in grouped(cells, by, 1)) == whole
    services = total(group.figures.tally for group in grouped(cells, Grouping.SERVICE, 1))
    assert (services.first, services.again) == (whole.first, whole.again), "each errand is one's"
    assert services.visits >= whole.visits


@settings(max_examples=40, deadline=None)
@drawn(seed=st.integers(0, 10**9))
def test_each_promise_is_a_visit_or_missed_or_neither_and_never_both(seed):
    lives = _lives(seed)
    whole = total(cell.whole for cell in _cells(lives))

    assert whole.visits + whole.missed <= len(lives)
    assert whole.early + whole.late <= whole.visits
    assert len(whole.minutes_to_done) <= whole.stays + whole.visits
    assert whole.busy_seconds >= 0
    shuffled = sorted(lives, key=lambda each: hash((seed, each.id)))
    assert _days(shuffled) == _days(lives), "in whatever order they are read"


def _days(appointments: list[Appointment]) -> dict[str, object]:
    return {day.id: day for day in recounted(appointments, {}, STATIONS)}


def test_a_visit_for_two_services_counts_for_each():
    visit = visited(promise("apt_1", given.parcel(), HANDED_OVER), 10, COLLECTED, NOT_HOME)
    cells = [*map(cell_of, recounted([visit], {}, STATIONS))]

    pickup, delivery = grouped(cells, Grouping.SERVICE, 1)

    assert (pickup.service, delivery.service) == (
        ServiceKind.PARCEL_PICKUP,
        ServiceKind.PARCEL_DELIVERY,
    )
    assert pickup.figures.tally.visits == delivery.figures.tally.visits == 1
    assert (pickup.figures.first_attempt.value, delivery.figures.first_attempt.value) == (1, 0)
