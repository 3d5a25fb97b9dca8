"""A whole bureau, read from its folder and checked against itself. Touches no database.

A folder is complete in itself: whatever a row refers to is a row of the same folder. An id begins
with its kind (`are_…`), since slots and shifts make their own ids from it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from shapely.geometry import shape

from doorstep.accounts.model import Account
from doorstep.addresses import rules as address_rules
from doorstep.addresses.model import Address, AddressAsked, Beat, Coast, Place, ServiceArea
from doorstep.addresses.rules import AreaMap
from doorstep.calendar.model import BureauDay, Closure, FerryRoute, SailingPattern
from doorstep.capacity.model import SlotPattern, Terms
from doorstep.couriers.model import Courier, ShiftPattern, Vehicle
from doorstep.demo import offering, timetables
from doorstep.demo.crews import breaks_of, vehicle_of
from doorstep.demo.folder import Findings, Row, RowError, read_rows
from doorstep.demo.offering import check_apart
from doorstep.demo.outlines import outline_of, overlaps, read_features
from doorstep.demo.people import accounts_of
from doorstep.demo.timetables import check_season, check_times
from doorstep.kit.documents import Stored
from doorstep.organisation.model import OrgLevel, OrgUnit
from doorstep.rulebook.model import RuleRow

_COLUMNS: Final = {
    "units": ("id", "name", "level", "kind", "parent_id", "latitude", "longitude"),
    "places": ("id", "name", "division_code", "latitude", "longitude"),
    "beats": ("id", "area_id", "name", "keywords"),
    "vehicles": ("id", "plate", "capacity_kilograms", "capacity_litres", "branch_id"),
    "couriers": (
        *("id", "account_id", "name", "phone", "branch_id", "vehicle_id", "skills"),
        *("latitude", "longitude"),
    ),
    "shifts": ("id", "courier_id", "weekdays", "start", "length_minutes"),
    "slots": ("id", "area_id", "weekdays", "start", "length_minutes", "places"),
    "terms": offering.TERMS,
    "closures": ("id", "day", "unit_id", "reason"),
    "calendar_days": ("day", "is_workday", "in_lieu", "name", "citation"),
    "ferry_routes": (
        *("id", "name", "unit_id", "mainland", "island", "operator", "contract_ref"),
        "crossing_minutes",
    ),
    "sailings": ("id", "route_id", "weekdays", "departs", "returns", "valid_from", "valid_to"),
    "staff": ("account_id", "name", "phone", "role", "unit_id"),
    "customers": ("account_id", "name", "phone"),
    "addresses": (
        *("id", "account_id", "division_code", "line", "building", "unit", "room", "postcode"),
        *("latitude", "longitude", "label", "delivery_depth"),
    ),
    "rules": ("id", "key", "value", "unit", "valid_from", "valid_to", "citation"),
}
_AREAS: Final = "areas.geojson"
_COAST: Final = "coast.geojson"
_AREA_COLUMNS: Final = ("id", "name", "branch_id", "services", "ferry_route_id")
FILES: Final = (_AREAS, _COAST, *(f"{name}.csv" for name in _COLUMNS))

_PREFIX: Final = {
    "units": "org",
    "areas": "are",
    "places": "plc",
    "coasts": "cst",
    "beats": "bea",
    "vehicles": "veh",
    "couriers": "cou",
    "shifts": "pat",
    "slots": "slp",
    "terms": "trm",
    "closures": "clo",
    "ferry_routes": "fer",
    "sailings": "sap",
    "addresses": "adr",
    "rules": "rul",
}
_ID: Final = r"[A-Za-z0-9_.-]{1,60}"


@dataclass(frozen=True)
class Bureau:
    """What a folder says, as the rooms keep it; or a part of that."""

    units: tuple[OrgUnit, ...] = ()
    areas: tuple[ServiceArea, ...] = ()
    places: tuple[Place, ...] = ()
    coasts: tuple[Coast, ...] = ()
    beats: tuple[Beat, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    couriers: tuple[Courier, ...] = ()
    shifts: tuple[ShiftPattern, ...] = ()
    slots: tuple[SlotPattern, ...] = ()
    terms: tuple[Terms, ...] = ()
    closures: tuple[Closure, ...] = ()
    calendar_days: tuple[BureauDay, ...] = ()
    ferry_routes: tuple[FerryRoute, ...] = ()
    sailings: tuple[SailingPattern, ...] = ()
    accounts: tuple[Account, ...] = ()
    addresses: tuple[Address, ...] = ()
    rules: tuple[RuleRow, ...] = ()

    def records(self) -> Iterator[tuple[str, Stored]]:
        """Everything, each with the name of its kind."""
        for kind in fields(self):
            for record in getattr(self, kind.name):
                yield kind.name, record

    def __len__(self) -> int:
        return sum(len(getattr(self, kind.name)) for kind in fields(self))

    def only(self, wanted: Iterable[tuple[str, str]]) -> "Bureau":
        """The records whose kind and id are `wanted`."""
        keys = frozenset(wanted)
        return replace(
            self,
            **{
                kind.name: tuple(r for r in getattr(self, kind.name) if (kind.name, r.id) in keys)
                for kind in fields(self)
            },
        )


@dataclass(frozen=True)
class Reading:
    """A bureau, and the rows its records come from, by id."""

    bureau: Bureau
    rows: Mapping[str, Row]


def read_bureau(folder: Path, *, at: datetime) -> Reading | list[RowError]:
    """Everything in the folder, or everything that is wrong with it. `at`: when people joined."""
    findings: Findings = []
    sheets = _Sheets.read(folder, findings)
    bureau = _bureau(sheets, at)
    if findings:
        return sorted(set(findings))
    rows = {row["id"] or row["account_id"]: row for rows in sheets.rows.values() for row in rows}
    return Reading(bureau, rows | {row["account_id"]: row for row in sheets.people()})


# ------------------------------------------------------------ the files, and what refers to what


@dataclass(frozen=True)
class _Sheets:
    rows: Mapping[str, Sequence[Row]]
    paths: Mapping[str, str] = field(default_factory=dict)
    by_id: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    """Files that could not be read: whether a reference to them is good cannot be said."""

    @classmethod
    def read(cls, folder: Path, findings: Findings) -> "_Sheets":
        _check_names(folder, findings)
        rows: dict[str, Sequence[Row]] = {
            name: read_rows(folder / f"{name}.csv", columns, findings)
            for name, columns in _COLUMNS.items()
        }
        rows["areas"] = read_features(folder / _AREAS, findings)
        rows["coasts"] = read_features(folder / _COAST, findings)
        at_fault = {finding.file.partition(".")[0] for finding in findings}
        unread = frozenset(kind for kind in rows if kind in at_fault and not rows[kind])
        for kind, prefix in _PREFIX.items():
            _check_ids(rows[kind], prefix)
        by_id = {kind: {row["id"]: row for row in rows[kind]} for kind in _PREFIX}
        parents = {row["id"]: row["parent_id"] for row in rows["units"]}
        return cls(rows, {id: _path(id, parents) for id in parents}, by_id, unread)

    def people(self) -> list[Row]:
        return [*self.rows["customers"], *self.rows["couriers"], *self.rows["staff"]]

    def cell(self, kind: str, id: str, column: str) -> str:
        """What the row named `id` says there; "" if there is no such row."""
        row = self.by_id[kind].get(id)
        return row[column] if row else ""

    def path(self, row: Row, column: str) -> str:
        """The path of the unit that the cell names; the finding is made if there is none."""
        self.refer(row, column, "units")
        return self.paths.get(row[column], "")

    def refer(self, row: Row, column: str, kind: str) -> None:
        if row[column] and row[column] not in self.by_id[kind] and kind not in self.unread:
            row.wrong(column, f"there is no {row[column]} among the {kind} of this folder")


def _check_names(folder: Path, findings: Findings) -> None:
    """A misspelt file name would otherwise be a file that is silently left out."""
    found = sorted(f.name for f in folder.iterdir() if f.suffix in (".csv", ".geojson"))
    for name in found:
        if name not in FILES:
            findings.append(RowError(name, 0, "", f"is none of {', '.join(FILES)}"))
    if not found:
        findings.append(RowError(folder.name, 0, "", "holds no file of a bureau"))


def _check_ids(rows: Sequence[Row], prefix: str) -> None:
    first: dict[str, Row] = {}
    for row in rows:
        row.fits("id", f"{prefix}_{_ID}", f"is no id of the form {prefix}_…")
        if not row["id"]:
            row.wrong("id", "is empty, or no text")
        elif row["id"] in first:
            row.wrong("id", f"stands in row {first[row['id']].number} already")
        first.setdefault(row["id"], row)


def _path(id: str, parents: Mapping[str, str]) -> str:
    """From the root down to the unit. "": above it there is a circle, or nobody we know."""
    line = _upwards(id, parents)
    return f"/{'/'.join(reversed(line))}/" if line and not parents[line[-1]] else ""


def _upwards(id: str, parents: Mapping[str, str]) -> list[str]:
    """The unit and those above it, as far as they are known and new."""
    line: list[str] = []
    while id in parents and id not in line:
        line.append(id)
        id = parents[id]
    return line


# ------------------------------------------------------------ rows into records


def _bureau(sheets: _Sheets, at: datetime) -> Bureau:
    areas = tuple(_areas(sheets))
    places = tuple(_places(sheets))
    for row in sheets.rows["staff"]:
        sheets.refer(row, "unit_id", "units")
    accounts = accounts_of(
        sheets.rows["customers"], sheets.rows["couriers"], sheets.rows["staff"], sheets.paths, at
    )
    routes = tuple(timetables.ferry_routes(sheets.rows["ferry_routes"], sheets.path))
    return Bureau(
        units=tuple(_units(sheets)),
        areas=areas,
        places=places,
        coasts=tuple(_coasts(sheets)),
        beats=tuple(_beats(sheets)),
        vehicles=tuple(_vehicles(sheets)),
        couriers=tuple(_couriers(sheets, {account.id: account for account in accounts})),
        shifts=tuple(_shifts(sheets)),
        slots=tuple(_slots(sheets)),
        terms=tuple(offering.terms(sheets.rows["terms"], sheets.refer)),
        closures=tuple(timetables.closures(sheets.rows["closures"], sheets.path)),
        calendar_days=tuple(timetables.calendar_days(sheets.rows["calendar_days"])),
        ferry_routes=routes,
        sailings=tuple(
            timetables.sailings(
                sheets.rows["sailings"], sheets.refer, {route.id: route for route in routes}
            )
        ),
        accounts=accounts,
        addresses=tuple(_addresses(sheets, places, AreaMap.of(areas))),
        rules=tuple(_rules(sheets)),
    )


def _units(sheets: _Sheets) -> Iterator[OrgUnit]:
    parents = {row["id"]: row["parent_id"] for row in sheets.rows["units"]}
    for row in sheets.rows["units"]:
        sheets.refer(row, "parent_id", "units")
        if parents[_upwards(row["id"], parents)[-1]] in parents:
            row.wrong("parent_id", "the units above it stand in a circle")
        if not row["parent_id"] and row["level"] != OrgLevel.CITY_BUREAU:
            row.wrong("parent_id", "is empty, and only a city bureau has nobody above it")
        given = row.taken("id", "name", "level", "kind", "parent_id")
        path = sheets.paths[row["id"]]
        unit = row.made(OrgUnit, {**given, "path": path, "location": _point(row)})
        if unit:
            yield unit


def _areas(sheets: _Sheets) -> list[ServiceArea]:
    found: list[tuple[Row, ServiceArea]] = []
    for row in sheets.rows["areas"]:
        path, outline = sheets.path(row, "branch_id"), outline_of(row)
        sheets.refer(row, "ferry_route_id", "ferry_routes")
        given = {**row.taken(*_AREA_COLUMNS), "branch_path": path, "geometry": outline or {}}
        area = row.made(ServiceArea, given)
        if area and outline:
            found.append((row, area))
    for one, other in overlaps([shape(area.geometry) for _, area in found]):
        found[other][0].wrong("geometry", f"overlaps {found[one][1].id}")
    return [area for _, area in found]


def _coasts(sheets: _Sheets) -> Iterator[Coast]:
    for row in sheets.rows["coasts"]:
        given = {**row.taken("id", "name"), "geometry": outline_of(row) or {}}
        if coast := row.made(Coast, given):
            yield coast


def _places(sheets: _Sheets) -> Iterator[Place]:
    for row in sheets.rows["places"]:
        _check_division(row)
        given = row.taken("id", "name", "division_code")
        where, aliases = row.taken("longitude", "latitude"), row.parts("aliases")
        if place := row.made(Place, {**given, "location": where, "aliases": aliases}):
            yield place


def _beats(sheets: _Sheets) -> Iterator[Beat]:
    for row in sheets.rows["beats"]:
        sheets.refer(row, "area_id", "areas")
        branch = sheets.cell("areas", row["area_id"], "branch_id")
        given = {
            **row.taken("id", "area_id", "name"),
            "keywords": row.parts("keywords"),
            "branch_id": branch,
            "branch_path": sheets.paths.get(branch, ""),
        }
        if beat := row.made(Beat, given):
            yield beat


def _vehicles(sheets: _Sheets) -> Iterator[Vehicle]:
    plates: dict[str, Row] = {}
    for row in sheets.rows["vehicles"]:
        sheets.refer(row, "branch_id", "units")
        first = plates.setdefault(row["plate"], row)
        if row["plate"] and first is not row:
            row.wrong("plate", f"stands in row {first.number} already")
        if vehicle := row.made(Vehicle, {**row.taken(*_COLUMNS["vehicles"]), **vehicle_of(row)}):
            yield vehicle


def _couriers(sheets: _Sheets, accounts: Mapping[str, Account]) -> Iterator[Courier]:
    for row in sheets.rows["couriers"]:
        sheets.refer(row, "vehicle_id", "vehicles")
        _check_areas(row, sheets)
        path, account = sheets.path(row, "branch_id"), accounts.get(row["account_id"])
        courier = row.made(
            Courier,
            {
                **row.taken("id", "branch_id", "vehicle_id"),
                "account_id": row["account_id"],
                "name": row["name"],
                "phone": account.phone if account else None,
                "branch_path": path,
                "skills": row.parts("skills"),
                "area_ids": row.parts("area_ids"),
                "station": row.taken("longitude", "latitude"),
            },
        )
        if courier:
            yield courier


def _shifts(sheets: _Sheets) -> Iterator[ShiftPattern]:
    for row in sheets.rows["shifts"]:
        sheets.refer(row, "courier_id", "couriers")
        check_times(row, "start")
        given = row.taken("id", "courier_id", "start", "length_minutes")
        branch = sheets.cell("couriers", row["courier_id"], "branch_id")
        said = {"branch_id": branch, "weekdays": row.parts("weekdays"), "breaks": breaks_of(row)}
        if shift := row.made(ShiftPattern, {**given, **said}):
            yield shift


def _slots(sheets: _Sheets) -> Iterator[SlotPattern]:
    found: list[tuple[Row, SlotPattern]] = []
    for row in sheets.rows["slots"]:
        sheets.refer(row, "area_id", "areas")
        check_times(row, "start")
        branch = sheets.cell("areas", row["area_id"], "branch_id")
        slot = row.made(
            SlotPattern,
            {
                **row.taken("id", "area_id", "start", "length_minutes", "places"),
                "branch_id": branch,
                "branch_path": sheets.paths.get(branch, ""),
                "weekdays": row.parts("weekdays"),
                "route_id": sheets.cell("areas", row["area_id"], "ferry_route_id") or None,
            },
        )
        if slot:
            found.append((row, slot))
            yield slot
    check_apart(found)


def _addresses(sheets: _Sheets, places: Sequence[Place], areas: AreaMap) -> Iterator[Address]:
    people = frozenset(row["account_id"] for row in sheets.people())
    complete = not sheets.unread & {"customers", "couriers", "staff"}
    for row in sheets.rows["addresses"]:
        if complete and row["account_id"] and row["account_id"] not in people:
            row.wrong("account_id", f"nobody in this folder is {row['account_id']}")
        _check_division(row)
        door = {
            **row.taken("line", "building", "unit", "room", "postcode", "label"),
            "location": _point(row),
        }
        if not row["account_id"]:
            row.wrong("account_id", "is empty")
        given = row.taken("id", "division_code", "delivery_depth")
        address = row.made(
            Address, {**given, "owner_id": row["account_id"], "door": door, "area_id": None}
        )
        if address:
            yield _located(address, places, areas)


def _located(address: Address, places: Sequence[Place], areas: AreaMap) -> Address:
    """With its area; without coordinates, where the bureau's places say the line is, if they do."""
    door = address.door
    if door.location is None:
        county = [p for p in places if p.division_code[:6] == address.division_code[:6]]
        found = address_rules.certain(address_rules.candidates(AddressAsked(door=door), county))
        door = found.door if found else door
    area = areas.at(door.location) if door.location else None
    return address.model_copy(update={"door": door, "area_id": area.id if area else None})


def _rules(sheets: _Sheets) -> Iterator[RuleRow]:
    for row in sheets.rows["rules"]:
        check_season(row)
        if rule := row.made(RuleRow, row.taken(*_COLUMNS["rules"])):
            yield rule


# ------------------------------------------------------------ cells


def _point(row: Row) -> dict[str, Any] | None:
    """None: neither of the two is given."""
    return row.taken("longitude", "latitude") or None


def _check_division(row: Row) -> None:
    row.fits("division_code", r"\d{6}(\d{3}){0,2}", "is no division code of 6, 9 or 12 digits")


def _check_areas(row: Row, sheets: _Sheets) -> None:
    """A courier may serve some of their branch's areas. Without a word on it: all of them."""
    for area_id in row.parts("area_ids"):
        branch = sheets.cell("areas", area_id, "branch_id")
        if "areas" not in sheets.unread and branch != row["branch_id"]:
            row.wrong("area_ids", f"{area_id} is no area of {row['branch_id']} in this folder")
