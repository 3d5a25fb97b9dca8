"""What a folder says may be promised: slots that lie apart, couriers' areas, terms of booking."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from doorstep.capacity.model import Terms
from doorstep.catalogue.model import ServiceKind
from doorstep.demo.bureau import Reading, read_bureau
from doorstep.demo.folder import RowError
from doorstep.demo.importer import Imported, Importing, import_folder
from tests import given

SLOTS = "id,area_id,weekdays,start,length_minutes,places\n"
TERMS = (
    "id,service,area_id,notice_minutes,cutoff_time,cutoff_days,cancel_minutes,horizon_days,"
    "buffer_minutes,workdays_only,valid_from,valid_to\n"
)


@pytest.fixture
def folder(the_city: Path, tmp_path: Path) -> Path:
    """A city of its own, to be changed."""
    return Path(shutil.copytree(the_city, tmp_path / "city"))


def read(folder: Path) -> Reading:
    found = read_bureau(folder, at=given.NOW)
    assert isinstance(found, Reading), found
    return found


def faults(folder: Path) -> list[RowError]:
    found = read_bureau(folder, at=given.NOW)
    return found if isinstance(found, list) else []


def slots(folder: Path, *rows: str) -> None:
    lines = [f"slp_{number},are_demo_{row}\n" for number, row in enumerate(rows)]
    (folder / "slots.csv").write_text(SLOTS + "".join(lines), "utf-8")


@pytest.mark.row("B1")
@pytest.mark.parametrize(
    ("rows", "rows_at_fault"),
    [
        pytest.param(("1,1,08:00,120,5", "1,1,10:00,120,5"), [], id="one begins as one ends"),
        pytest.param(("1,1,08:00,121,5", "1,1,10:00,120,5"), [3], id="a minute too long"),
        pytest.param(("1,1,10:00,120,5", "1,1,08:00,121,5"), [3], id="the later row is at fault"),
        pytest.param(("1,1,08:00,120,5", "1,2,09:00,120,5"), [], id="on different days"),
        pytest.param(("1,1,08:00,120,5", "2,1,09:00,120,5"), [], id="in different areas"),
        pytest.param(("1,1|2,08:00,120,5", "1,2|3,08:00,120,5"), [3], id="at the same time"),
        pytest.param(("1,1,22:00,240,5", "1,2,01:00,120,5"), [3], id="past midnight"),
        pytest.param(("1,1,01:00,120,5", "1,7,22:00,240,5"), [3], id="from Sunday into Monday"),
        pytest.param(
            ("1,1,08:00,600,5", "1,1,09:00,60,5", "1,1,11:00,60,5"), [3, 4], id="two within one"
        ),
    ],
)
def test_minutes_are_not_sold_twice(folder: Path, rows, rows_at_fault):
    slots(folder, *rows)

    found = faults(folder)

    assert [(fault.row, fault.column) for fault in found] == [(r, "start") for r in rows_at_fault]


@pytest.mark.row("B1")
def test_a_slot_without_places_has_no_cap(folder: Path):
    slots(folder, "1,1,08:00,120,", "1,1,10:00,120,7")

    assert [slot.places for slot in read(folder).bureau.slots] == [None, 7]


@pytest.mark.row("B8")
def test_a_courier_may_have_areas_of_their_own(folder: Path):
    file = folder / "couriers.csv"
    header, *rows = file.read_text("utf-8").splitlines()
    assert {courier.area_ids for courier in read(folder).bureau.couriers} == {()}
    cells = ["are_demo_1", "are_demo_1|are_demo_2", "are_demo_3", *[""] * (len(rows) - 3)]
    lines = [f"{row},{cell}" for row, cell in zip(rows, cells, strict=True)]
    file.write_text("\n".join([f"{header},area_ids", *lines]) + "\n", "utf-8")

    (fault,) = faults(folder)

    assert (fault.file, fault.row, fault.column) == ("couriers.csv", 4, "area_ids")
    assert "are_demo_3 is no area of org_branch_1" in fault.message
    file.write_text("\n".join([f"{header},area_ids", *lines[:2]]) + "\n", "utf-8")
    (folder / "shifts.csv").unlink()
    found = read(folder).bureau.couriers
    assert [each.area_ids for each in found] == [("are_demo_1",), ("are_demo_1", "are_demo_2")]


@pytest.mark.row("B5")
async def test_a_bureau_s_terms_hold_from_the_import_on(folder: Path, importing: Importing):
    imported = await import_folder(folder, importing)
    assert isinstance(imported, Imported)

    def bounds(kind: ServiceKind):
        return importing.capacity.bounds([kind], "are_demo_1", given.TODAY)

    bulky = await bounds(ServiceKind.BULKY_PICKUP)
    assert bulky.notice == timedelta(hours=4)
    visit = await bounds(ServiceKind.SUBSCRIPTION_VISIT)
    assert [(days, f"{at:%H:%M}") for days, at in visit.cutoffs] == [(1, "17:00")]
    assert (await bounds(ServiceKind.KEY_ACCOUNT_COLLECTION)).workdays_only
    assert not (await bounds(ServiceKind.PARCEL_PICKUP)).workdays_only

    (folder / "terms.csv").write_text(
        TERMS + "trm_demo_bulky_pickup,BULKY_PICKUP,,90,,,,,,,,\n", "utf-8"
    )
    again = await import_folder(folder, importing)
    assert isinstance(again, Imported)
    assert again.changed == {"terms": 1}
    stored = {row.id: row for row in await importing.capacity.terms.all()}
    changed: Terms = stored["trm_demo_bulky_pickup"]
    assert (changed.notice_minutes, changed.version) == (90, 2)
    assert len(stored) == 4


@pytest.mark.row("B5")
@pytest.mark.parametrize(
    ("row", "column"),
    [
        pytest.param("trm_x,FLYING,,,,,,,,,,", "service", id="no such service"),
        pytest.param("trm_x,,are_none,,,,,,,,,", "area_id", id="no such area"),
        pytest.param("trm_x,,,-1,,,,,,,,", "notice_minutes", id="less than nothing"),
        pytest.param("trm_x,,,,17,,,,,,,", "cutoff_time", id="no time"),
        pytest.param("trm_x,,,,,,,61,,,,", "horizon_days", id="farther than we look"),
        pytest.param("trm_x,,,,,,,,,,2026-12-02,2026-12-01", "valid_to", id="ends first"),
        pytest.param("x,,,,,,,,,,,", "id", id="no id"),
    ],
)
def test_bad_terms_are_named(folder: Path, row: str, column: str):
    (folder / "terms.csv").write_text(f"{TERMS}{row}\n", "utf-8")

    assert {(fault.row, fault.column) for fault in faults(folder)} == {(2, column)}
