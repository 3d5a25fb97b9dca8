"""What leave leaves of shifts, who stands in, who drives what. Pure."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from doorstep.couriers.model import (
    BreakPattern,
    Dedication,
    Leave,
    Outage,
    Shift,
    VehicleBooking,
    VehicleRefusal,
)
from doorstep.couriers.rules import Garage, Roster, beside, judge_booking, worked
from doorstep.kit.windows import TimeWindow, at_local
from tests import given
from tests.given import ADA, BO, CAI, EAST, NOW, TOMORROW, WEST, window

BO_S = given.courier(BO, longitude=122.05, vehicle_id="veh_bo")
CAI_S = given.courier(CAI, longitude=122.15, vehicle_id="veh_cai")
VANS = {id: given.vehicle(id, id) for id in ("veh_bo", "veh_cai")}


def shift(start: int, end: int, courier_id: str = BO.courier_id) -> Shift:
    span = window(start, end)
    return Shift(
        id=f"sft_{courier_id}_{start}",
        courier_id=courier_id,
        branch_id="org_branch",
        start=span.start,
        end=span.end,
    )


def leave(start: int, end: int, courier_id: str = BO.courier_id) -> Leave:
    span = window(start, end)
    return Leave(
        id=f"lea_{start}",
        courier_id=courier_id,
        branch_id="org_branch",
        start=span.start,
        end=span.end,
        reason="休假",
        by="acc_dan",
        at=NOW,
    )


@pytest.mark.row("F5")
@pytest.mark.parametrize(
    ("away", "left"),
    [
        pytest.param([(8, 17)], [], id="all of it"),
        pytest.param([(6, 20)], [], id="more than it"),
        pytest.param([(8, 12)], [(12, 17)], id="the morning, and from noon on they are there"),
        pytest.param([(12, 14)], [(8, 12), (14, 17)], id="the middle"),
        pytest.param([(17, 20)], [(8, 17)], id="from the instant at which it ends"),
        pytest.param([(9, 10), (11, 12)], [(8, 9), (10, 11), (12, 17)], id="twice"),
    ],
)
def test_leave_takes_its_part_of_a_shift_and_no_more(away, left):
    found = worked([shift(8, 17)], [leave(*span) for span in away])

    assert [each.window for each in found] == [window(*span) for span in left]
    assert worked([shift(8, 17)], [leave(start, end, "cou_cai") for start, end in away]) == [
        shift(8, 17)
    ]


SPANS = st.tuples(st.integers(0, 22), st.integers(1, 23)).filter(lambda each: each[0] < each[1])


@pytest.mark.row("F5")
@drawn(whole=SPANS, taken=st.lists(SPANS, max_size=5), hour=st.integers(0, 22))
def test_every_hour_of_a_span_is_either_taken_or_left(whole, taken, hour):
    left = beside(window(*whole), [window(*each) for each in taken])

    held = any(each.covers(window(hour, hour + 1)) for each in left)
    inside = whole[0] <= hour < whole[1]
    assert held is (inside and not any(start <= hour < end for start, end in taken))


def test_a_pattern_s_breaks_fall_into_its_shift_also_past_midnight():
    late = given.shifts(BO.courier_id).model_copy(
        update={
            "start": time(20),
            "length_minutes": 9 * 60,
            "breaks": (
                BreakPattern.model_validate({"at": "22:00", "minutes": 30}),
                BreakPattern.model_validate({"at": "01:00", "minutes": 15}),
            ),
        }
    )
    found = late.on(TOMORROW)
    assert found
    assert all(found.window.covers(each.window) for each in found.breaks)
    assert [each.minutes for each in found.breaks] == [30, 15]
    (left,) = worked([found], [leave(18, 23)])
    assert [each.minutes for each in left.breaks] == [15]


# ------------------------------------------------------------ dedications


def kept(**changed) -> Dedication:
    said = {
        "id": "ded_1",
        "branch_id": "org_branch",
        "courier_id": BO.courier_id,
        "substitute_ids": (CAI.courier_id,),
        "area_id": WEST,
        "weekdays": given.ALL_WEEK,
        "start_time": "10:00",
        "end_time": "12:00",
    }
    return Dedication.model_validate(said | changed)


def elsewhere(dedication: Dedication, *shifts: Shift, who=BO, hours=(10, 12), **asked) -> bool:
    roster = Roster((BO_S, CAI_S), shifts or (shift(8, 17),), (dedication,))
    return roster.dedicated_elsewhere(who.courier_id, window(*hours), **asked) is not None


@pytest.mark.row("N3")
@pytest.mark.parametrize(
    ("changed", "asked", "answer"),
    [
        pytest.param({}, {"area_id": EAST}, True, id="another area"),
        pytest.param({}, {"area_id": WEST}, False, id="their area"),
        pytest.param({"beat_id": "bea_1"}, {"area_id": WEST}, False, id="its beat is not known"),
        pytest.param(
            {"beat_id": "bea_1"}, {"area_id": WEST, "beat_id": "bea_2"}, True, id="another beat"
        ),
        pytest.param(
            {"area_id": None, "customer_id": "acc_eve"},
            {"area_id": WEST, "customer_id": ADA.account_id},
            True,
            id="another customer",
        ),
        pytest.param(
            {"area_id": None, "customer_id": ADA.account_id},
            {"area_id": EAST, "customer_id": ADA.account_id},
            False,
            id="their customer, wherever",
        ),
        pytest.param({"weekdays": (2,)}, {"area_id": EAST}, False, id="on Tuesdays"),
        pytest.param({"valid_to": "2026-11-24"}, {"area_id": EAST}, False, id="until yesterday"),
        pytest.param({"valid_from": "2026-11-25"}, {"area_id": EAST}, True, id="from today"),
        pytest.param({"ended_at": NOW}, {"area_id": EAST}, False, id="ended"),
        pytest.param({}, {"area_id": EAST, "hours": (12, 14)}, False, id="from its end on"),
        pytest.param({"end_time": "00:00"}, {"area_id": EAST, "hours": (22, 23)}, True, id="night"),
    ],
)
def test_whoever_is_kept_for_one_thing_is_kept_from_others(changed, asked, answer):
    assert elsewhere(kept(**changed), shift(8, 23), **asked) is answer


@pytest.mark.row("N3")
def test_the_first_substitute_who_works_stands_in_and_is_kept_instead():
    zhu = "cou_zhu"
    dedication = kept(substitute_ids=(CAI.courier_id, zhu))
    everybody = [shift(8, 17, id) for id in (BO.courier_id, CAI.courier_id, zhu)]
    roster = Roster((), tuple(everybody), (dedication,))
    assert roster.stand_in(dedication, window(10)) == BO.courier_id
    without_bo = worked(everybody, [leave(10, 11)])
    roster = Roster((), tuple(without_bo), (dedication,))
    assert roster.stand_in(dedication, window(10)) == CAI.courier_id
    assert not roster.dedicated_elsewhere(BO.courier_id, window(10), area_id=EAST)
    assert roster.dedicated_elsewhere(CAI.courier_id, window(10), area_id=EAST)
    assert not roster.dedicated_elsewhere(zhu, window(10), area_id=EAST)
    assert Roster((), (), (dedication,)).stand_in(dedication, window(10)) is None


# ------------------------------------------------------------ vehicles


def booked(start: int, end: int, who=CAI, vehicle_id: str = "veh_bo") -> VehicleBooking:
    span = window(start, end)
    return VehicleBooking(
        id=f"vbk_{start}_{who.name}",
        vehicle_id=vehicle_id,
        courier_id=who.courier_id,
        branch_id="org_branch",
        start=span.start,
        end=span.end,
        by="acc_dan",
        at=NOW,
    )


def out(start: int, end: int) -> Outage:
    span = window(start, end)
    return Outage(
        id="vou_1",
        vehicle_id="veh_bo",
        branch_id="org_branch",
        start=span.start,
        end=span.end,
        reason="年检",
        by="acc_dan",
        at=NOW,
    )


@pytest.mark.row("F6")
def test_they_drive_what_is_booked_else_their_own_unless_another_has_it():
    garage = Garage(VANS, (booked(10, 12),))

    def drives(courier, *hours: int) -> str | None:
        found = garage.driven_by(courier, window(*hours))
        return found.id if found else None

    assert (drives(BO_S, 8, 10), drives(CAI_S, 8, 10)) == ("veh_bo", "veh_cai")
    assert (drives(BO_S, 10, 12), drives(CAI_S, 10, 12)) == (None, "veh_bo")
    assert (drives(BO_S, 12, 14), drives(CAI_S, 12, 14)) == ("veh_bo", "veh_cai")


@pytest.mark.row("F6")
@drawn(
    bookings=st.lists(
        st.tuples(SPANS, st.sampled_from([BO, CAI]), st.sampled_from(sorted(VANS))), max_size=5
    ),
    hour=st.integers(0, 22),
)
def test_no_two_drive_one_vehicle_whatever_is_booked(bookings, hour):
    """As the store lets bookings be: those of one vehicle do not overlap."""
    standing: list[VehicleBooking] = []
    for (start, end), who, vehicle in bookings:
        each = booked(start, end, who, vehicle)
        if not any(o.vehicle_id == vehicle and o.window.touches(each.window) for o in standing):
            standing.append(each)
    garage, at = Garage(VANS, tuple(standing)), window(hour, hour + 1)
    driven = [v.id for c in (BO_S, CAI_S) if (v := garage.driven_by(c, at))]
    assert len(set(driven)) == len(driven)


@pytest.mark.row("F6")
@pytest.mark.parametrize(
    ("said", "shifts", "code", "holder"),
    [
        pytest.param({}, (), None, None, id="nobody has it"),
        pytest.param({}, ((8, 17),), "VEHICLE_TAKEN", "cou_bo", id="its owner works"),
        pytest.param({}, ((12, 17),), None, None, id="its owner works from then on"),
        pytest.param(
            {"bookings": (booked(11, 13, BO, "veh_cai"),)},
            ((11, 13),),
            None,
            None,
            id="its owner works with another",
        ),
        pytest.param({"outages": (out(11, 13),)}, (), "OUT_OF_SERVICE", None, id="in the workshop"),
        pytest.param({"outages": (out(12, 13),)}, (), None, None, id="in the workshop later"),
        pytest.param(
            {"bookings": (booked(8, 11, CAI, "veh_cai"),)},
            (),
            "COURIER_HAS_ANOTHER",
            "cou_cai",
            id="they have another",
        ),
    ],
)
def test_why_a_vehicle_cannot_be_had_and_who_has_it(said, shifts, code, holder):
    refused = judge_booking(
        booked(10, 12),
        VANS["veh_bo"],
        Garage(VANS, **said),
        (BO_S, CAI_S),
        [shift(*each) for each in shifts],
    )
    assert (refused.code if refused else None, refused.held_by if refused else None) == (
        code,
        holder,
    )


@pytest.mark.row("F6")
def test_a_vehicle_is_insured_through_the_last_day_and_no_longer():
    van = VANS["veh_bo"].model_copy(update={"insured_until": date(2026, 11, 25)})
    midnight = TimeWindow(start=window(10).start, end=at_local(date(2026, 11, 26), time.min))
    assert van.insured(midnight)
    later = TimeWindow(start=midnight.start, end=midnight.end + timedelta(milliseconds=1))
    assert not van.insured(later)
    assert Garage({}).fit(van, later) is VehicleRefusal.NOT_INSURED
