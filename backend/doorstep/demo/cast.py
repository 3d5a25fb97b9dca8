"""Who plays whom in the demo city, known without a database.

The generator writes these people into the bureau's folder, and `doorstep token` speaks for them:
both ask `player`, so they cannot disagree.

Phones   +861390000NNNN; the first two of the four digits tell roles apart
Sign-in  everybody's code is DEMO_CODE, and only where the data folder is marked as a demo's
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from doorstep.accounts.model import Grant, Role

DEMO_PHONE_PREFIX: Final = "+861390000"
DEMO_CODE: Final = "000000"
BRANCHES: Final = 3
AREAS: Final = 6
CUSTOMERS_AN_AREA: Final = 100
COURIERS_A_BRANCH: Final = 10

CITY: Final = "org_city"
_COUNTY_OF_BRANCH: Final = (1, 1, 2)
_PHONE_DIGITS: Final = len(DEMO_PHONE_PREFIX) + 4
_MARKER: Final = "demo.json"


@dataclass(frozen=True)
class _Part:
    """How many play a role, and where their phones begin."""

    players: int
    first_phone: int


_PARTS: Final = {
    Role.CUSTOMER: _Part(AREAS * CUSTOMERS_AN_AREA, 0),
    Role.COURIER: _Part(BRANCHES * COURIERS_A_BRANCH, 1000),
    Role.DISPATCHER: _Part(BRANCHES, 2000),
    Role.AGENT: _Part(1, 3000),
    Role.CLIENT_MANAGER: _Part(1, 4000),
    Role.SUPERVISOR: _Part(1, 5000),
    Role.ADMIN: _Part(1, 6000),
}


@dataclass(frozen=True)
class Player:
    """One person of the demo: the `number`th to play `role`, counted from 1."""

    role: Role
    number: int
    account_id: str
    phone: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Cast:
    """Everybody in the demo city."""

    players: tuple[Player, ...]

    @classmethod
    def everybody(cls) -> "Cast":
        return cls(
            tuple(player(role, n) for role, part in _PARTS.items() for n in _numbers(part.players))
        )

    def of(self, role: Role) -> tuple[Player, ...]:
        return tuple(player for player in self.players if player.role is role)


def player(role: Role, number: int) -> Player:
    """Who plays `role` as number `number`. Raises LookupError with the numbers there are."""
    part = _PARTS[role]
    if number not in _numbers(part.players):
        raise LookupError(
            f"the demo city has no {role.lower()} {number}: they are numbered 1 to {part.players}"
        )
    return Player(
        role=role,
        number=number,
        account_id=f"acc_demo_{role.lower()}_{number:04}",
        phone=f"{DEMO_PHONE_PREFIX}{part.first_phone + number:04}",
        grants=(Grant(role=role, path=_path(role, number)),),
    )


def _path(role: Role, number: int) -> str:
    match role:
        case Role.CUSTOMER:
            return ""
        case Role.COURIER:
            return branch_path(branch_of_courier(number))
        case Role.DISPATCHER:
            return branch_path(number)
        case Role.CLIENT_MANAGER | Role.SUPERVISOR:
            return f"/{CITY}/{county_id(1)}/"
        case Role.AGENT | Role.ADMIN:
            return f"/{CITY}/"


def is_demo_phone(e164: str) -> bool:
    """Whether the phone lies in the block that the demo keeps for itself."""
    block = e164.startswith(DEMO_PHONE_PREFIX) and len(e164) == _PHONE_DIGITS
    return block and e164.isascii() and e164[1:].isdigit()


# ------------------------------------------------------------ the ids of what they live and work in


def county_id(number: int) -> str:
    return f"org_county_{number}"


def county_of_branch(number: int) -> int:
    return _COUNTY_OF_BRANCH[number - 1]


def branch_id(number: int) -> str:
    return f"org_branch_{number}"


def branch_path(number: int) -> str:
    return f"/{CITY}/{county_id(county_of_branch(number))}/{branch_id(number)}/"


def area_id(number: int) -> str:
    return f"are_demo_{number}"


def branch_of_area(number: int) -> int:
    """Two areas a branch."""
    return (number + 1) // 2


def courier_id(number: int) -> str:
    return f"cou_demo_{number:04}"


def branch_of_courier(number: int) -> int:
    return (number - 1) // COURIERS_A_BRANCH + 1


def address_id(customer: int) -> str:
    return f"adr_demo_{customer:04}"


def area_of_customer(number: int) -> int:
    return (number - 1) // CUSTOMERS_AN_AREA + 1


# ------------------------------------------------------------ the marker


def mark_demo(data: Path) -> None:
    """Say that this data folder holds the demo city, whose sign-in code everybody knows."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data / _MARKER).write_text(json.dumps({"city": "demo"}) + "\n", encoding="utf-8")


def is_demo(data: Path) -> bool:
    return (data / _MARKER).is_file()


def _numbers(players: int) -> range:
    return range(1, players + 1)
