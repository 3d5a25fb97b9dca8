"""How large a demo city is, and which number belongs to which. Known without a map or a database.

The small city is the beginning of the large one: whoever has a number in both has the same branch,
area, id and phone in both.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Final


class Size(StrEnum):
    """`doorstep demo --size`."""

    SMALL = "small"
    CITY = "city"


@dataclass(frozen=True)
class Scale:
    """How many there are of what."""

    counties: int
    branches: int
    areas: int
    couriers: int
    customers: int
    stations: int = 0
    campuses: int = 0
    villages: int = 0


SCALES: Final = {
    Size.SMALL: Scale(counties=2, branches=3, areas=6, couriers=30, customers=600),
    Size.CITY: Scale(
        counties=4,
        branches=97,
        areas=110,
        couriers=300,
        customers=5000,
        stations=11,
        campuses=2,
        villages=860,
    ),
}

LARGE, MIDDLE, PAIR, ALONE = 10, 5, 2, 1
"""How many couriers an office may have: three large ones, 32 in towns, 48 and 14 in the country."""
HANDS: Final = (LARGE,) * 3 + (MIDDLE,) * 32 + (PAIR,) * 48 + (ALONE,) * 14
"""Couriers of each branch."""
TOWNS: Final = 3 + 32
"""Branches up to this one lie in a town and serve no villages."""
ISLANDS: Final = (96, 97)
"""The branches that have an island each."""
ROUND_THE_CLOCK: Final = 4
"""The branch whose first area is served at night too."""

_LAST_COURIERS: Final = tuple(accumulate(HANDS))
_WITH_TWO_AREAS: Final = 13
_FIRST_COUNTIES: Final = (1, 1, 2)
_FIRST_AREAS, _CUSTOMERS_OF_EACH = 6, 100


def county_of_branch(number: int) -> int:
    if number <= len(_FIRST_COUNTIES):
        return _FIRST_COUNTIES[number - 1]
    return number % SCALES[Size.CITY].counties + 1


def branch_of_area(number: int) -> int:
    """Two areas for each of the first branches, one for each of the others."""
    if number <= 2 * _WITH_TWO_AREAS:
        return (number + 1) // 2
    return number - _WITH_TWO_AREAS


def areas_of_branch(number: int) -> Sequence[int]:
    if number <= _WITH_TWO_AREAS:
        return (2 * number - 1, 2 * number)
    return (number + _WITH_TWO_AREAS,)


def branch_of_courier(number: int) -> int:
    return bisect_left(_LAST_COURIERS, number) + 1


def seat_of_courier(number: int) -> int:
    """Which of their branch's couriers this is, from 1."""
    branch = branch_of_courier(number)
    return number - _LAST_COURIERS[branch - 1] + HANDS[branch - 1]


def area_of_customer(number: int) -> int:
    """A hundred in each of the first six areas; the others share the rest evenly."""
    crowded = _FIRST_AREAS * _CUSTOMERS_OF_EACH
    if number <= crowded:
        return (number - 1) // _CUSTOMERS_OF_EACH + 1
    others = SCALES[Size.CITY].areas - _FIRST_AREAS
    return _FIRST_AREAS + 1 + (number - crowded - 1) % others
