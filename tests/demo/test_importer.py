"""Taking in a bureau's folder: all or nothing, as often as one likes."""

import json
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from doorstep.accounts.model import Account, Role
from doorstep.accounts.store import ACCOUNTS
from doorstep.addresses.model import Address, Door
from doorstep.demo.cast import player
from doorstep.demo.folder import RowError
from doorstep.demo.importer import IMPORTS, PRINTS, Imported, Importing, import_folder
from doorstep.kit.mongo.transactions import Mongo, Tx

NOTHING: dict[str, int] = {}
ADA = player(Role.CUSTOMER, 1)


class Died(Exception):
    """As if the process had been killed there."""


@pytest.fixture
def folder(the_city: Path, tmp_path: Path) -> Path:
    """A city of its own, to be spoilt."""
    return Path(shutil.copytree(the_city, tmp_path / "city"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def append(file: Path, *lines: str) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in lines)


async def taken_in(folder: Path, importing: Importing) -> Imported:
    outcome = await import_folder(folder, importing)
    assert isinstance(outcome, Imported), outcome
    return outcome


async def refused(folder: Path, importing: Importing) -> list[RowError]:
    outcome = await import_folder(folder, importing)
    assert isinstance(outcome, list), outcome
    return outcome


def places_of(errors: list[RowError]) -> list[tuple[str, int, str]]:
    return [(error.file, error.row, error.column) for error in errors]


async def everything(mongo: Mongo) -> dict[str, Any]:
    """All that is stored, but for what only tells when."""
    names = sorted(await mongo.db.list_collection_names())
    dump = {name: [row async for row in mongo[name].find().sort("_id")] for name in names}
    return {name: rows for name, rows in dump.items() if rows}


async def ids(mongo: Mongo) -> dict[str, list[Any]]:
    """Which records there are; sealed fields differ with every sealing."""
    dump = await everything(mongo)
    return {name: [row["_id"] for row in rows] for name, rows in dump.items() if name != IMPORTS}


async def test_the_small_city_is_taken_in_within_ten_seconds(the_city, importing):
    began = time.perf_counter()
    imported = await taken_in(the_city, importing)
    took = time.perf_counter() - began

    assert took < 10
    assert imported.new == {
        "units": 6,
        "areas": 6,
        "places": 42,
        "coasts": 1,
        "beats": 42,
        "vehicles": 30,
        "couriers": 30,
        "shifts": 30,
        "slots": 36,
        "calendar_days": 3,
        "terms": 4,
        "accounts": 637,
        "addresses": 600,
    }


async def test_the_rooms_know_what_was_taken_in(the_city, importing):
    await taken_in(the_city, importing)

    account = await importing.accounts.by_phone(ADA.phone)
    assert account is not None
    assert (account.id, account.grants) == (ADA.account_id, ADA.grants)
    (address,) = await importing.addresses.all_of(ADA.account_id)
    assert address.area_id == "are_demo_1"
    courier = await importing.couriers.of_account(player(Role.COURIER, 1).account_id)
    assert courier is not None
    assert courier.branch_path == "/org_city/org_county_1/org_branch_1/"
    assert (await importing.organisation.unit("org_branch_3")) is not None
    assert await importing.couriers.fill_shifts(date(2026, 11, 23), 7) > 0
    assert await importing.capacity.fill_slots(date(2026, 11, 23), 1) == 36


async def test_taking_it_in_twice_changes_nothing(the_city, importing):
    first = await taken_in(the_city, importing)
    before = await everything(importing.mongo)

    second = await taken_in(the_city, importing)

    assert second.changes_nothing
    assert second.same == first.new
    assert await everything(importing.mongo) == before


@pytest.mark.parametrize("stage", ["accounts", "bureau", "places", "addresses", "rules"])
async def test_an_import_that_died_is_completed_by_repeating_it(the_city, importing, stage):
    def die(what: str, done: int, of: int) -> None:
        if what == stage and done >= min(of, 500):
            raise Died

    with pytest.raises(Died):
        await import_folder(the_city, importing, progress=die)
    assert not await importing.mongo[IMPORTS].find_one({})

    await taken_in(the_city, importing)

    dump = await ids(importing.mongo)
    assert len(dump["accounts"]) == 637
    assert len(dump["addresses"]) == 600
    assert len(dump["couriers"]) == 30
    assert len(dump[PRINTS]) == 637 + 600 + 30 + 30 + 30 + 36 + 4 + 42 + 42 + 6 + 6 + 3 + 1
    record = await importing.mongo[IMPORTS].find_one({})
    assert record is not None
    assert (await taken_in(the_city, importing)).folder_hash == record["folder_hash"]


async def test_each_piece_of_an_import_is_taken_whole_or_not_at_all(
    the_city, importing, monkeypatch
):
    """The bureau's own transaction fails at its end: nothing of the bureau is there."""
    original = Tx.insert

    def fail(self: Tx, collection: str, document: dict[str, Any]) -> None:
        if self.session is not None and document.get("_id") == "slots/slp_demo_6_18":
            raise Died
        original(self, collection, document)

    monkeypatch.setattr(Tx, "insert", fail)
    with pytest.raises(Died):
        await import_folder(the_city, importing)
    monkeypatch.undo()

    dump = await ids(importing.mongo)
    assert len(dump["accounts"]) == 637
    assert not {"org_units", "couriers", "service_areas", "slot_patterns"} & set(dump)


async def test_a_row_that_says_something_else_replaces_what_was_stored(folder, importing):
    await taken_in(folder, importing)
    courier = await importing.couriers.get("cou_demo_0007")
    assert courier is not None
    await on_duty(importing, courier.id)
    before = await importing.addresses.all_of(ADA.account_id)

    edit(folder / "couriers.csv", courier.name or "", "王新名")
    edit(folder / "addresses.csv", ",27号楼,1单元,", ",28号楼,1单元,")
    edit(folder / "customers.csv", ADA.phone[3:], "13800138000")
    imported = await taken_in(folder, importing)

    assert imported.changed == {"couriers": 1, "accounts": 2, "addresses": 1}
    assert imported.new == NOTHING
    renamed = await importing.couriers.get(courier.id)
    assert renamed is not None
    assert (renamed.name, renamed.on_duty) == ("王新名", True)
    (after,) = await importing.addresses.all_of(ADA.account_id)
    assert (after.door.building, after.version) == ("28号楼", before[0].version + 1)
    assert await importing.accounts.by_phone(ADA.phone) is None
    assert (await account_of(importing, "+8613800138000")).id == ADA.account_id


async def on_duty(importing: Importing, courier_id: str) -> None:
    async def body(tx: Tx) -> None:
        at = importing.clock.now()
        courier = await importing.couriers.get(courier_id)
        assert courier is not None
        await importing.couriers.set_duty(courier, on_duty=True, at=at, tx=tx)

    await importing.mongo.transact(body)


async def account_of(importing: Importing, phone: str) -> Account:
    account = await importing.accounts.by_phone(phone)
    assert account is not None
    return account


async def test_two_people_may_swap_their_phones(folder, importing):
    await taken_in(folder, importing)
    last = player(Role.CUSTOMER, 600)
    one, other = ADA.phone[3:], last.phone[3:]

    edit(folder / "customers.csv", f",{one}\n", ",swap\n")
    edit(folder / "customers.csv", f",{other}\n", f",{one}\n")
    edit(folder / "customers.csv", ",swap\n", f",{other}\n")
    await taken_in(folder, importing)

    assert (await account_of(importing, ADA.phone)).id == last.account_id
    assert (await account_of(importing, last.phone)).id == ADA.account_id


async def test_two_vehicles_may_swap_their_plates(folder, importing):
    await taken_in(folder, importing)
    plates = [line.split(",")[1] for line in (folder / "vehicles.csv").read_text().split("\n")[1:3]]

    edit(folder / "vehicles.csv", plates[0], "swap")
    edit(folder / "vehicles.csv", plates[1], plates[0])
    edit(folder / "vehicles.csv", "swap", plates[1])

    assert (await taken_in(folder, importing)).changed == {"vehicles": 2}


async def test_a_customers_own_correction_survives_the_old_folder(the_city, importing):
    await taken_in(the_city, importing)
    (before,) = await importing.addresses.all_of(ADA.account_id)
    corrected = before.model_copy(update={"door": Door(line="她自己写的"), "version": 2})
    await replace(importing, before, corrected)

    await taken_in(the_city, importing)

    assert await importing.addresses.all_of(ADA.account_id) == [corrected]


async def replace(importing: Importing, before: Address, after: Address) -> None:
    async def body(tx: Tx) -> None:
        assert await importing.addresses.replace(before, after, tx=tx)

    await importing.mongo.transact(body)


async def test_an_older_folder_may_be_taken_in_again(folder, importing):
    await taken_in(folder, importing)
    edit(folder / "units.csv", "渔港支局", "新港支局")
    newer = await taken_in(folder, importing)
    edit(folder / "units.csv", "新港支局", "渔港支局")
    older = await taken_in(folder, importing)

    assert newer.changed == older.changed == {"units": 1}
    unit = await importing.organisation.unit("org_branch_3")
    assert unit is not None
    assert unit.name == "渔港支局"


async def test_a_phone_that_somebody_outside_the_folder_has_is_an_error(the_city, importing):
    stranger = Account(
        id="acc_stranger", phone=ADA.phone, name="先到", created_at=importing.clock.now()
    )
    assert await importing.accounts.add(stranger)

    (error,) = await refused(the_city, importing)

    assert (error.file, error.row, error.column) == ("customers.csv", 2, "phone")
    assert "acc_stranger" in error.message
    assert await importing.mongo[ACCOUNTS].count_documents({}) == 1


async def test_a_repeated_import_finds_rules_and_closures_too(folder, importing):
    (folder / "rules.csv").write_text(
        "id,key,value,unit,valid_from,valid_to,citation\n"
        "rul_ours,parcel.weight,30000,g,2026-01-01,,our own\n"
    )
    (folder / "closures.csv").write_text(
        "id,day,unit_id,reason\n"
        "clo_snow,2026-12-24,org_county_1,snow\nclo_all,2027-02-06,,Spring Festival\n"
    )

    first, second = await taken_in(folder, importing), await taken_in(folder, importing)

    assert (first.new["rules"], first.new["closures"]) == (1, 2)
    assert second.changes_nothing
    assert await importing.rulebook.number("parcel.weight", date(2026, 11, 24)) == 30000
    closed = {closure.path for closure in await importing.calendar.closures()}
    assert closed == {"", "/org_city/org_county_1/"}


# ------------------------------------------------------------ what is refused, and how


def spoil(folder: Path) -> set[tuple[str, int, str]]:
    """One bad row of each kind; where each is to be found."""
    append(
        folder / "units.csv",
        "org_branch_1,再来一个,BRANCH_OFFICE,BRANCH,org_county_1,37.4,122.1",
        "org_lost,无主支局,BRANCH_OFFICE,BRANCH,org_nowhere,37.4,122.1",
        "org_swapped,颠倒支局,BRANCH_OFFICE,BRANCH,org_county_1,122.1,37.4",
        "org_x,甲,BRANCH_OFFICE,BRANCH,org_y,37.4,122.1",
        "org_y,乙,BRANCH_OFFICE,BRANCH,org_x,37.4,122.1",
    )
    append(
        folder / "customers.csv",
        "acc_twin,双胞胎,13900000001",
        "acc_deaf,无电话,12345",
        "acc_long,多一格,13800138001,,",
    )
    append(folder / "staff.csv", "acc_king,国王,13800138002,KING,org_city")
    append(
        folder / "couriers.csv",
        "cou_nobody,,无账户,13800138003,org_branch_1,,PARCEL_PICKUP,37.4,122.1",
        "cou_juggler,acc_juggler,杂耍,13800138004,org_branch_1,veh_none,JUGGLING,37.4,122.1",
    )
    append(folder / "shifts.csv", "pat_odd,cou_demo_0002,1|9,25:00,540")
    append(folder / "slots.csv", "slp_many,are_demo_1,1,21:00,120,99999999999999999999")
    append(folder / "addresses.csv", "adr_x,acc_none,3710,路,,,,26420,37.4,122.1,,CHIMNEY")
    append(folder / "vehicles.csv", "veh_weak,鲁K0,VAN,0,100,org_branch_1")
    return {
        ("units.csv", 8, "id"),
        ("units.csv", 9, "parent_id"),
        ("units.csv", 10, "latitude"),
        ("units.csv", 11, "parent_id"),
        ("units.csv", 12, "parent_id"),
        ("customers.csv", 602, "phone"),
        ("customers.csv", 603, "phone"),
        ("customers.csv", 604, ""),
        ("staff.csv", 9, "role"),
        ("couriers.csv", 32, "account_id"),
        ("couriers.csv", 33, "vehicle_id"),
        ("couriers.csv", 33, "skills"),
        ("shifts.csv", 32, "weekdays"),
        ("shifts.csv", 32, "start"),
        ("slots.csv", 38, "places"),
        ("addresses.csv", 602, "account_id"),
        ("addresses.csv", 602, "division_code"),
        ("addresses.csv", 602, "postcode"),
        ("addresses.csv", 602, "delivery_depth"),
        ("vehicles.csv", 32, "capacity_kilograms"),
    }


async def test_every_bad_row_is_named_and_nothing_is_taken_in(folder, importing):
    expected = spoil(folder)
    before = await everything(importing.mongo)

    errors = await refused(folder, importing)

    assert set(places_of(errors)) == expected
    assert all(error.message for error in errors)
    assert await everything(importing.mongo) == before
    assert await importing.mongo.keys_db["pii_keys"].count_documents({}) == 0


Spoil = Callable[[dict[str, Any]], object]


def _bow_tie(feature: dict[str, Any]) -> None:
    feature["geometry"]["coordinates"] = [[[122, 37], [123, 38], [123, 37], [122, 38], [122, 37]]]


@pytest.mark.row("C1")
@pytest.mark.parametrize(
    ("spoilt", "column"),
    [
        pytest.param(_bow_tie, "geometry", id="crosses itself"),
        pytest.param(lambda f: f["geometry"].update(type="Point"), "geometry", id="a point"),
        pytest.param(lambda f: f.pop("geometry"), "geometry", id="no outline"),
        pytest.param(
            lambda f: f["geometry"].update(coordinates=[[[1, 2], [3, 4]]]), "geometry", id="a line"
        ),
        pytest.param(
            lambda f: f["geometry"].update(
                coordinates=[[[37, 122], [38, 122], [38, 123], [37, 122]]]
            ),
            "geometry",
            id="latitude first",
        ),
        pytest.param(
            lambda f: f["properties"].update(branch_id="org_no"), "branch_id", id="branch"
        ),
        pytest.param(lambda f: f["properties"].update(services=["FLY"]), "services", id="service"),
        pytest.param(lambda f: f["properties"].pop("name"), "name", id="no name"),
        pytest.param(lambda f: f["properties"].update(id=7), "id", id="a number for an id"),
    ],
)
async def test_a_bad_area_is_named_by_the_line_it_begins_on(
    folder, importing, spoilt: Spoil, column
):
    file = folder / "areas.geojson"
    lines = file.read_text("utf-8").split("\n")
    feature = json.loads(lines[4].rstrip(","))
    spoilt(feature)
    lines[4] = json.dumps(feature) + ","
    file.write_text("\n".join(lines), "utf-8")

    errors = await refused(folder, importing)

    assert ("areas.geojson", 5, column) in places_of(errors)


@pytest.mark.row("C1")
async def test_two_areas_on_the_same_ground_are_refused(folder, importing):
    file = folder / "areas.geojson"
    lines = file.read_text("utf-8").split("\n")
    lines.insert(2, lines[1].replace("are_demo_1", "are_again"))
    file.write_text("\n".join(lines), "utf-8")

    (error,) = await refused(folder, importing)

    assert (error.row, error.message) == (3, "overlaps are_demo_1")


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        pytest.param("places.csv", b"id,name\n", ("places.csv", 1, "division_code"), id="column"),
        pytest.param("places.csv", b"", ("places.csv", 1, "id"), id="empty file"),
        pytest.param("customers.csv", b"\nx\n\xce\xd2\n", ("customers.csv", 3, ""), id="GBK"),
        pytest.param("place.csv", b"id\n", ("place.csv", 0, ""), id="misspelt file name"),
        pytest.param("areas.geojson", b"{\n nope", ("areas.geojson", 2, ""), id="no JSON"),
        pytest.param("areas.geojson", b"[]", ("areas.geojson", 1, "features"), id="no features"),
        pytest.param(
            "closures.csv",
            b'id,day,unit_id,reason\n"clo_x,2026-12-24,,snow\n',
            ("closures.csv", 2, ""),
            id="a quote that never ends",
        ),
    ],
)
async def test_a_file_that_cannot_be_read_is_named(folder, importing, name, content, place):
    (folder / name).write_bytes(content)

    found = places_of(await refused(folder, importing))

    assert place in found
    assert {file for file, _, _ in found} == {name}


async def test_rows_are_numbered_as_an_editor_shows_them(folder, importing):
    """After a byte order mark, an empty line, and a cell that spans two lines."""
    text = 'id,day,unit_id,reason\r\n\r\nclo_a,2026-12-24,,"two\r\nlines"\r\nclo_b,24.12.,,snow\r\n'
    (folder / "closures.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())

    errors = await refused(folder, importing)

    assert {(error.row, error.column) for error in errors} == {(3, "reason"), (5, "day")}
    assert str(errors[0]).startswith("closures.csv:3: reason: ")


async def test_one_person_with_two_names_is_refused(folder, importing):
    courier = player(Role.COURIER, 3)
    append(folder / "customers.csv", f"{courier.account_id},另一个名字,{courier.phone}")

    (error,) = await refused(folder, importing)

    assert (error.file, error.row, error.column) == ("couriers.csv", 4, "name")


async def test_one_person_may_have_several_roles(folder, importing):
    staff = (folder / "staff.csv").read_text("utf-8").split("\n")[1].split(",")
    append(folder / "staff.csv", ",".join([*staff[:3], "AGENT", "org_branch_2"]))
    append(folder / "customers.csv", ",".join(staff[:3]))

    await taken_in(folder, importing)

    account = await importing.accounts.get(staff[0])
    assert account is not None
    assert {(grant.role, grant.path) for grant in account.grants} == {
        (Role.CUSTOMER, ""),
        (Role.DISPATCHER, "/org_city/org_county_1/org_branch_1/"),
        (Role.AGENT, "/org_city/org_county_1/org_branch_2/"),
    }


async def test_an_address_without_coordinates_is_placed_by_the_name_in_it(folder, importing):
    append(
        folder / "addresses.csv",
        f"adr_named,{ADA.account_id},371002,观海路1号望海小区,,,,264200,,,,",
        f"adr_unknown,{ADA.account_id},371002,没人听说过的地方,,,,264200,,,,",
    )

    await taken_in(folder, importing)

    named, unknown = (
        await importing.addresses.get("adr_named"),
        await importing.addresses.get("adr_unknown"),
    )
    assert named is not None
    assert named.area_id == "are_demo_1"
    assert unknown is not None
    assert unknown.area_id is None


@pytest.mark.row("F6")
async def test_a_folder_from_before_has_no_kinds_and_large_vehicles_are_vans(folder, importing):
    file = folder / "vehicles.csv"
    rows = [line.split(",") for line in file.read_text("utf-8").splitlines()]
    said = {row[0]: row[2] for row in rows[1:]}
    file.write_text("\n".join(",".join([*row[:2], *row[3:]]) for row in rows) + "\n", "utf-8")
    await taken_in(folder, importing)
    stored = importing.mongo["vehicles"].find({}, {"kind": 1})
    assert {row["_id"]: row["kind"] async for row in stored} == said


@pytest.mark.row("F6")
async def test_a_folder_may_say_breaks_and_until_when_a_vehicle_is_insured(folder, importing):
    for name, columns, cells in (
        ("vehicles.csv", "insured_until", "2027-01-31"),
        ("shifts.csv", "break_at,break_minutes", "12:00|15:30,30|15"),
    ):
        header, *rows = (folder / name).read_text("utf-8").splitlines()
        lines = [f"{header},{columns}", *(f"{row},{cells}" for row in rows)]
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    await taken_in(folder, importing)
    van = await importing.mongo["vehicles"].find_one({})
    pattern = await importing.mongo["shift_patterns"].find_one({})
    assert van["insured_until"] == "2027-01-31"
    assert pattern["breaks"] == [
        {"at": "12:00:00", "minutes": 30},
        {"at": "15:30:00", "minutes": 15},
    ]
    edit(folder / "shifts.csv", "30|15", "30|15|5")
    edit(folder / "vehicles.csv", "2027-01-31", "soon")
    assert {(each.file, each.column) for each in await refused(folder, importing)} == {
        ("shifts.csv", "break_minutes"),
        ("vehicles.csv", "insured_until"),
    }


async def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path, importing):
    with pytest.raises(FileNotFoundError):
        await import_folder(tmp_path / "none", importing)
    (error,) = await refused(tmp_path, importing)
    assert error.row == 0
