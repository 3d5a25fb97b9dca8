"""The accounts behind a folder's customers, couriers and staff.

One person may stand in several rows; then all of them give the same name and phone, and every row
adds its role.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from doorstep.accounts.model import CUSTOMER_ONLY, Account, Grant, Role, e164
from doorstep.demo.folder import Row

_ID: Final = r"acc_[A-Za-z0-9_.-]{1,60}"
_LONGEST_NAME: Final = 40
_STAFF: Final = tuple(role for role in Role if role not in (Role.CUSTOMER, Role.COURIER))


@dataclass
class _People:
    """Who was met so far, and whose each phone is."""

    met: dict[str, tuple[Row, Account]] = field(default_factory=dict)
    phones: dict[str, Row] = field(default_factory=dict)

    def meet(self, row: Row, grants: Sequence[Grant], at: datetime) -> None:
        id, name, phone = row["account_id"], row["name"], e164(row["phone"])
        if not _sound(row, phone) or phone is None:
            return
        self._check_phone(row, phone)
        person = Account(id=id, phone=phone, name=name, grants=tuple(grants), created_at=at)
        if id in self.met:
            person = self._again(row, person)
        self.met[id] = (row, person)

    def _check_phone(self, row: Row, phone: str) -> None:
        first = self.phones.setdefault(phone, row)
        if first["account_id"] != row["account_id"]:
            row.wrong("phone", f"is also that of {first['account_id']} ({first.place})")

    def _again(self, row: Row, person: Account) -> Account:
        first, known = self.met[person.id]
        if person.name != known.name:
            row.wrong("name", f"is not the name of {person.id} in {first.place}")
        if person.phone != known.phone:
            row.wrong("phone", f"is not the phone of {person.id} in {first.place}")
        together = dict.fromkeys((*known.grants, *person.grants))
        return known.model_copy(update={"grants": tuple(together)})


def accounts_of(
    customers: Sequence[Row],
    couriers: Sequence[Row],
    staff: Sequence[Row],
    paths: Mapping[str, str],
    at: datetime,
) -> tuple[Account, ...]:
    """One account a person. `paths`: those of the units, by id."""
    people = _People()
    for rows in (customers, couriers):
        _check_once(rows, ("account_id",))
    _check_once(staff, ("account_id", "role", "unit_id"))
    for row in customers:
        people.meet(row, CUSTOMER_ONLY, at)
    for row in couriers:
        people.meet(row, _granted(Role.COURIER, row["branch_id"], paths), at)
    for row in staff:
        people.meet(row, _staff_grants(row, paths), at)
    return tuple(person for _, person in people.met.values())


def _check_once(rows: Sequence[Row], columns: Sequence[str]) -> None:
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        other = first.setdefault(tuple(row[column] for column in columns), row)
        if other is not row and row["account_id"]:
            row.wrong("account_id", f"stands in row {other.number} already")


def _staff_grants(row: Row, paths: Mapping[str, str]) -> tuple[Grant, ...]:
    if row["role"] not in _STAFF:
        row.wrong("role", f"is none of {', '.join(_STAFF)}")
        return ()
    if not row["unit_id"]:
        row.wrong("unit_id", "is empty")
    return _granted(Role(row["role"]), row["unit_id"], paths)


def _granted(role: Role, unit_id: str, paths: Mapping[str, str]) -> tuple[Grant, ...]:
    """Nothing where the unit has no path: "" would grant the role everywhere."""
    path = paths.get(unit_id)
    return (Grant(role=role, path=path),) if path else ()


def _sound(row: Row, phone: str | None) -> bool:
    """Whether the row names somebody at all."""
    row.fits("account_id", _ID, "is no id of the form acc_…")
    if not row["account_id"]:
        row.wrong("account_id", "is empty: everybody has an account")
    if phone is None:
        row.wrong("phone", "is no phone number")
    if not 0 < len(row["name"]) <= _LONGEST_NAME:
        row.wrong("name", f"is empty, or longer than {_LONGEST_NAME} characters")
    return bool(row["account_id"])
