"""Who plays whom in the demo city, known without a database.

The generator writes these people into the bureau's folder, and `doorstep token` speaks for them:
both ask `player`, so they cannot disagree.

Phones   +861390000NNNN, where the first of the four digits tells roles apart; the demo city's
         customers from 1000 on have +861390001NNNN
Sign-in  everybody's code is DEMO_CODE, and only where the data folder is marked as a demo's
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from doorstep.accounts.model import Grant, Role
from doorstep.demo.scale import SCALES, Size, branch_of_courier, county_of_branch

DEMO_PHONE_PREFIX: Final = "+861390000"
_SECOND_PREFIX: Final = "+861390001"
_LAST_OF_FIRST_BLOCK: Final = 999
DEMO_CODE: Final = "000000"

CITY: Final = "org_city"
_PHONE_DIGITS: Final = len(DEMO_PHONE_PREFIX) + 4
_MARKER: Final = "demo.json"

_FIRST_PHONES: Final = {
    Role.CUSTOMER: 0,
    Role.COURIER: 1000,
    Role.DISPATCHER: 2000,
    Role.AGENT: 3000,
    Role.CLIENT_MANAGER: 4000,
    Role.SUPERVISOR: 5000,
    Role.ADMIN: 6000,
}


def players(role: Role, size: Size) -> int:
    """How many play the role in a city of this size."""
    scale = SCALES[size]
    a_county = scale.counties if size is Size.CITY else 1
    return {
        Role.CUSTOMER: scale.customers,
        Role.COURIER: scale.couriers,
        Role.DISPATCHER: scale.branches,
        Role.CLIENT_MANAGER: a_county,
        Role.SUPERVISOR: a_county,
    }.get(role, 1)


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
    def everybody(cls, size: Size = Size.SMALL) -> "Cast":
        return cls(
            tuple(
                player(role, number, size)
                for role in _FIRST_PHONES
                for number in _numbers(role, size)
            )
        )

    def of(self, role: Role) -> tuple[Player, ...]:
        return tuple(player for player in self.players if player.role is role)


def player(role: Role, number: int, size: Size = Size.SMALL) -> Player:
    """Who plays `role` as number `number`. Raises LookupError with the numbers there are."""
    numbers = _numbers(role, size)
    if number not in numbers:
        raise LookupError(
            f"the demo city has no {role.lower()} {number}: they are numbered 1 to {numbers[-1]}"
        )
    return Player(
        role=role,
        number=number,
        account_id=f"acc_demo_{role.lower()}_{number:04}",
        phone=_phone(role, number),
        grants=(Grant(role=role, path=_path(role, number)),),
    )


def _numbers(role: Role, size: Size) -> range:
    return range(1, players(role, size) + 1)


def _phone(role: Role, number: int) -> str:
    """Customers beyond the first block have one of their own."""
    if role is Role.CUSTOMER and number > _LAST_OF_FIRST_BLOCK:
        return f"{_SECOND_PREFIX}{number:04}"
    return f"{DEMO_PHONE_PREFIX}{_FIRST_PHONES[role] + number:04}"


def _path(role: Role, number: int) -> str:
    match role:
        case Role.CUSTOMER:
            return ""
        case Role.COURIER:
            return branch_path(branch_of_courier(number))
        case Role.DISPATCHER:
            return branch_path(number)
        case Role.CLIENT_MANAGER | Role.SUPERVISOR:
            return f"/{CITY}/{county_id(number)}/"
        case Role.AGENT | Role.ADMIN:
            return f"/{CITY}/"


def is_demo_phone(e164: str) -> bool:
    """Whether the phone lies in the blocks that the demo keeps for itself."""
    block = e164.startswith((DEMO_PHONE_PREFIX, _SECOND_PREFIX)) and len(e164) == _PHONE_DIGITS
    return block and e164.isascii() and e164[1:].isdigit()


# ------------------------------------------------------------ the ids of what they live and work in


def county_id(number: int) -> str:
    return f"org_county_{number}"


def branch_id(number: int) -> str:
    return f"org_branch_{number}"


def branch_path(number: int) -> str:
    return f"/{CITY}/{county_id(county_of_branch(number))}/{branch_id(number)}/"


def area_id(number: int) -> str:
    return f"are_demo_{number}"


def courier_id(number: int) -> str:
    return f"cou_demo_{number:04}"


def address_id(customer: int) -> str:
    return f"adr_demo_{customer:04}"


def second_address_id(customer: int) -> str:
    return f"{address_id(customer)}_2"


# ------------------------------------------------------------ the marker


def mark_demo(data: Path, size: Size = Size.SMALL) -> None:
    """Say that this data folder holds the demo city, whose sign-in code everybody knows."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    marker = json.dumps({"city": "demo", "size": size})
    (data / _MARKER).write_text(marker + "\n", encoding="utf-8")


def is_demo(data: Path) -> bool:
    return (data / _MARKER).is_file()


def size_of(data: Path) -> Size:
    """How large the demo city in this data folder is; those of old were small and did not say."""
    marker = json.loads((data / _MARKER).read_text(encoding="utf-8"))
    return Size(marker.get("size", Size.SMALL))
