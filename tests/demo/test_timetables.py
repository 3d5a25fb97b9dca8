"""Days, sea routes and the ferry's timetable, as a bureau hands them in."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from doorstep.calendar.model import CalendarSource
from doorstep.demo.bureau import Bureau, Reading, read_bureau
from doorstep.demo.city import write_city
from doorstep.demo.folder import RowError
from doorstep.demo.importer import Imported, Importing, import_folder
from doorstep.demo.scale import Size

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
ROUTES = (
    "id,name,unit_id,mainland,island,operator,contract_ref,crossing_minutes\n"
    "fer_1,一线,org_branch_1,港,岛,,,50\n"
)
HEADER = "id,route_id,weekdays,departs,returns,valid_from,valid_to\n"


@pytest.fixture
def folder(the_city: Path, tmp_path: Path) -> Path:
    """A city of its own, with a ferry."""
    copy = Path(shutil.copytree(the_city, tmp_path / "city"))
    (copy / "ferry_routes.csv").write_text(ROUTES, "utf-8")
    return copy


async def taken_in(folder: Path, importing: Importing) -> Imported:
    outcome = await import_folder(folder, importing)
    assert isinstance(outcome, Imported), outcome
    return outcome


@pytest.mark.row("B6", "C5")
async def test_a_bureau_s_own_days_and_boats_are_taken_in_and_an_override_outlives_the_repeat(
    folder, importing
):
    days, boats = folder / "calendar_days.csv", folder / "sailings.csv"
    boats.write_text(HEADER + "sap_1,fer_1,2|4|6,07:00,16:30,2026-11-01,2027-03-31\n", "utf-8")
    first = await taken_in(folder, importing)
    assert (first.new["calendar_days"], first.new["sailings"]) == (3, 1)

    new_year = (await importing.calendar.days(date(2027, 1, 1), 1, None))[0]
    assert new_year.layers[0].source is CalendarSource.BUREAU
    assert not new_year.layers[0].is_workday
    assert await importing.calendar.fill_sailings(date(2026, 11, 24), 7) == 3
    assert await importing.calendar.fill_sailings(date(2026, 11, 24), 7) == 0

    assert (await taken_in(folder, importing)).changes_nothing
    days.write_text(days.read_text("utf-8").replace("元旦", "新年"), "utf-8")
    assert (await taken_in(folder, importing)).changed == {"calendar_days": 1}
    again = (await importing.calendar.days(date(2027, 1, 1), 1, None))[0]
    assert (again.layers[0].name, again.version) == ("新年", 2)


@pytest.mark.row("C5")
async def test_a_changed_timetable_makes_no_second_boat_of_one_that_was_made(folder, importing):
    boats = folder / "sailings.csv"
    boats.write_text(HEADER + "sap_1,fer_1,2|4|6,07:00,16:30,,\n", "utf-8")
    await taken_in(folder, importing)
    await importing.calendar.fill_sailings(date(2026, 11, 24), 7)
    boats.write_text(HEADER + "sap_1,fer_1,2|4|6,07:30,16:30,,\n", "utf-8")
    await taken_in(folder, importing)

    assert await importing.calendar.fill_sailings(date(2026, 11, 24), 14) == 3

    found = await importing.calendar.sailings_of("fer_1", date(2026, 11, 24), 14)
    assert len({sailing.day for sailing in found}) == len(found) == 6
    assert [sailing.departs_at.minute for sailing in found] == [0, 0, 0, 30, 30, 30]


@pytest.mark.parametrize(
    ("file", "row", "column"),
    [
        pytest.param("calendar_days", "2027-1-3,false,false,,x", "day", id="no day"),
        pytest.param("calendar_days", "2027-01-01,false,false,,x", "day", id="a day twice"),
        pytest.param("calendar_days", "2027-01-03,perhaps,false,,x", "is_workday", id="perhaps"),
        pytest.param("calendar_days", "2027-01-03,true,false,,", "citation", id="nobody's word"),
        pytest.param("ferry_routes", "fer_2,二线,org_no,港,岛,,,50", "unit_id", id="no unit"),
        pytest.param("ferry_routes", "fer_2,二线,,港,岛,,,0", "crossing_minutes", id="no sea"),
        pytest.param("sailings", "sap_2,fer_9,1,07:00,16:30,,", "route_id", id="no route"),
        pytest.param("sailings", "sap_2,fer_1,1|8,07:00,16:30,,", "weekdays", id="an eighth day"),
        pytest.param("sailings", "sap_2,fer_1,1,7:00,16:30,,", "departs", id="no time"),
        pytest.param("sailings", "sap_2,fer_1,1,07:00,07:49,,", "returns", id="back too soon"),
        pytest.param("sailings", "sap_2,fer_1,2,08:00,16:30,,", "departs", id="there already"),
        pytest.param(
            "sailings", "sap_2,fer_1,1,07:00,16:30,2027-01-02,2027-01-01", "valid_to", id="ends"
        ),
    ],
)
def test_a_bad_row_is_named(folder, file, row, column):
    (folder / "sailings.csv").write_text(HEADER + "sap_1,fer_1,2,08:00,16:30,,\n", "utf-8")
    with (folder / f"{file}.csv").open("a", encoding="utf-8") as sheet:
        sheet.write(row + "\n")

    errors = read_bureau(folder, at=NOW)

    assert isinstance(errors, list)
    assert {(error.file, error.column) for error in errors} == {(f"{file}.csv", column)}
    assert all(isinstance(error, RowError) and error.message for error in errors)


# ------------------------------------------------------------ the large city's islands


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    folder = tmp_path_factory.mktemp("large")
    write_city(folder, size=Size.CITY)
    reading = read_bureau(folder, at=NOW)
    assert isinstance(reading, Reading), reading[:3]
    return reading.bureau


def boats_on(bureau: Bureau, day: date) -> int:
    routes = {route.id: route for route in bureau.ferry_routes}
    return sum(bool(each.on(day, routes[each.route_id])) for each in bureau.sailings)


@pytest.mark.row("C5")
def test_two_islands_have_a_boat_each_day_in_summer_and_fewer_in_winter(bureau):
    summer = [boats_on(bureau, date(2026, 7, day)) for day in range(6, 13)]
    winter = [boats_on(bureau, date(2026, 11, day)) for day in range(23, 30)]

    assert len(bureau.ferry_routes) == 2
    assert summer == [2] * 7
    assert 0 < sum(winter) < 14
    assert boats_on(bureau, date(2035, 11, 24)) > 0
